//! `haltline doctor`: every credential tried, each missing right named by the verbs that need it.

use haltline::simulator::fault::Vendor;
use haltline::simulator::sentry::{Server, router_of};
use haltline::simulator::wire;
use tokio::net::TcpListener;

use crate::bench::{Bench, HEALTHY};

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well() {
    let bench = Bench::new(HEALTHY).await;
    let run = bench.run(&["doctor"]).await.ends_with(0);
    run.tells(&[
        "ok ",
        "shop-android: Google Play",
        "shop-ios: App Store",
        "sentry",
    ])
    .tells_not(&["MISSING"]);
    let run = bench.run(&["doctor", "--json"]).await.ends_with(0);
    let told = run.document("haltline/doctor/v1");
    let checks = told["checks"].as_array().unwrap();
    assert!(
        checks.len() >= 5 && checks.iter().all(|check| check["ok"] == true),
        "{told}"
    );
    assert!(bench.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_a_scope_is_named_by_what_it_stops() {
    let bench = Bench::new(HEALTHY).await;
    let server = Server {
        scopes: vec!["org:read"],
        ..Server::default()
    };
    let (world, keys) = (&bench.sim.world, &bench.sim.keys);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let router = router_of(server, world.clone(), keys.clone());
    let sentry = wire::serve(listener, Some(Vendor::Sentry), world, router).unwrap();
    bench.replace(
        &bench.sim.urls.sentry,
        &format!("http://{}", sentry.address),
    );
    let run = bench.run(&["doctor"]).await.ends_with(3);
    run.tells(&["MISSING", "event:read"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_key_and_an_unknown_package_are_named() {
    let bench = Bench::new(HEALTHY).await;
    let other = haltline::simulator::Keys::generate(3).unwrap();
    let token = format!("{}/token", bench.sim.urls.google_play);
    bench.put("play.json", &other.service_account.key_file(&token));
    bench.replace(
        "bundle_id = \"com.example.shop\"",
        "bundle_id = \"com.example.nope\"",
    );
    let run = bench.run(&["doctor", "--json"]).await.ends_with(3);
    let told = run.document("haltline/doctor/v1");
    let problem = |subject: &str| {
        let checks = told["checks"].as_array().unwrap();
        let of = |check: &&serde_json::Value| {
            check["subject"].as_str().unwrap().starts_with(subject) && check["ok"] == false
        };
        let found: Vec<String> = checks.iter().filter(of).map(ToString::to_string).collect();
        found.join("\n")
    };
    assert!(
        problem("shop-android: Google Play").contains("POST /token"),
        "{told}"
    );
    assert!(
        problem("shop-ios: App Store").contains("com.example.nope"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_names_the_verbs_that_need_it() {
    let bench = Bench::new(HEALTHY).await;
    bench.switch(serde_json::json!({ "no_right": true }));
    let run = bench.run(&["doctor"]).await.ends_with(3);
    run.tells(&["MISSING", "halt", "resume"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_host_is_named_with_what_to_check() {
    let bench = Bench::new(HEALTHY).await;
    bench.replace(&bench.sim.urls.sentry, "http://127.0.0.1:1");
    bench
        .run(&["doctor"])
        .await
        .ends_with(3)
        .tells(&["cannot reach", "base_url"]);
}
