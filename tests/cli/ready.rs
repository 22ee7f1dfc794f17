//! `haltline ready`: a checklist before a rollout, and an exit code for pipelines.

use haltline::simulator::fault::Vendor;
use serde_json::Value;

use crate::bench::{ANDROID, Bench, HEALTHY, World, status};

/// A bench whose Android app says all that a config can say.
async fn prepared(world: World) -> Bench {
    let bench = Bench::new(world).await;
    let head = format!("id = \"{ANDROID}\"\n");
    bench.replace(
        &head,
        &format!("{head}train = \"weekly\"\nfallback = \"flag:new-checkout\"\n"),
    );
    bench.edit(|text| {
        text + "\n[train.weekly]\nzone = \"Europe/Berlin\"\nevery = \"1w\"\nfirst = 2026-03-02\nrollout = \"1d\"\n\
                owners = [\"alice\", \"bob\"]\n"
    });
    bench
}

/// How each item stands.
fn marks(document: &Value) -> Vec<String> {
    let items = document["items"].as_array().unwrap();
    let mark = |item: &Value| {
        let text = |key: &str| item[key].as_str().unwrap().to_owned();
        format!("{} {}", text("item"), text("mark"))
    };
    items.iter().map(mark).collect()
}

/// A floor of 99.85 % sees five times 0.05 %, and not twice as much.
const SEEN: [&str; 4] = ["ready", ANDROID, "--regression", "5"];

#[tokio::test(flavor = "multi_thread")]
async fn all_is_ready() {
    let bench = prepared(HEALTHY).await;
    let run = bench.run(&SEEN).await.ends_with(0);
    run.tells(&[
        "shop-android: no release waits to be begun; 84300 is in progress at 5% on Google Play",
        " ✓ rights      all ",
        " ✓ sources     fresh: sentry",
        " ✓ baseline    8.42.0 (84200): crash-free sessions 99.9",
        " ✓ rules       policy sim: 2 rules would stop it at 5%: crash-free-floor, crash-free-limit",
        " ✓ halts       sentry may halt by itself",
        " ✓ sight       5% of ",
        " ! automation  no watcher runs",
        "is on watch until Mon 20",
        " ✓ fallback    the flag new-checkout",
        "\nready\n",
    ]);
    assert!(bench.writes().is_empty());
    assert!(!bench.state().exists(), "looking makes no journal");
    let watch = bench.watching().await;
    let json = [&SEEN[..], &["--json"]].concat();
    let told = bench.run(&json).await.ends_with(0);
    let told = told.document("haltline/ready/v1");
    assert_eq!(told["ready"], true);
    assert_eq!(told["exposure"], "5%");
    assert!(
        marks(&told).iter().all(|mark| mark.ends_with(" ready")),
        "{told}"
    );
    watch.stop().await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_said_is_not_ready() {
    let bench = Bench::new(HEALTHY).await;
    let run = bench.run(&SEEN).await.ends_with(13);
    run.tells(&[
        " ✗ fallback    nobody has said",
        "→ write fallback = \"flag:NAME\"",
        " ! watch       nobody is named",
        "not ready: fallback\n",
    ]);
    // Nothing is an answer too, once it is said.
    let head = format!("id = \"{ANDROID}\"\n");
    bench.replace(&head, &format!("{head}fallback = \"none\"\n"));
    bench
        .run(&SEEN)
        .await
        .ends_with(0)
        .tells(&["none, as the config says"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_that_would_show_too_little_is_not_ready() {
    let bench = prepared(HEALTHY).await;
    let run = bench.run(&["ready", ANDROID, "--exposure", "1%"]).await;
    let run = run.ends_with(13);
    run.tells(&[
        " ✗ sight       1% of ",
        "2× goes unseen",
        "not ready: sight\n",
    ]);
    // Rules that are live from 20 % on stop nothing at 5 %.
    bench.edit(|text| {
        text.replace(
            "action = ",
            "during = { exposure = \"20%..100%\" }\naction = ",
        )
    });
    let run = bench.run(&SEEN).await.ends_with(13);
    run.tells(&[" ✗ rules       no rule of the policy sim pauses or halts at 5%"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_red_button_and_missing_rights_are_in_the_way() {
    let bench = prepared(HEALTHY).await;
    let pressed = ["disarm", "--for", "2h", "--reason", "moving house"];
    bench.run(&pressed).await.ends_with(0);
    let run = bench.run(&SEEN).await.ends_with(13);
    run.tells(&[" ✗ automation  disarmed until 20", "moving house"]);
    bench.switch(serde_json::json!({ "no_right": true }));
    let run = bench.run(&SEEN).await.ends_with(3);
    run.tells(&[" ✗ rights      ", "halt", "not ready: rights, automation\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_known_is_not_ready_either() {
    let bench = prepared(HEALTHY).await;
    bench.fault(Vendor::Sentry, "", status(503));
    let json = [&SEEN[..], &["--json"]].concat();
    let told = bench.run(&json).await.ends_with(15);
    let told = told.document("haltline/ready/v1");
    assert_eq!(told["ready"], false);
    let marks = marks(&told);
    for item in ["rights", "sources", "baseline", "sight"] {
        assert!(marks.contains(&format!("{item} unknown")), "{told}");
    }
    assert!(marks.contains(&"fallback ready".to_owned()), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_app_and_no_regression_are_wrong_use() {
    let bench = Bench::new(HEALTHY).await;
    bench
        .run(&["ready", "shop"])
        .await
        .ends_with(2)
        .tells(&[ANDROID]);
    bench
        .run(&["ready", ANDROID, "--regression", "1"])
        .await
        .ends_with(2);
}
