//! Vendors that are not well: the watcher goes on with the other app, says which request failed and what to do, and the
//! halt that it owes is not lost.

use haltline::simulator::fault::{Fault, Vendor};

use crate::bench::{ANDROID, BREACHING, Bench, HEALTHY, IOS, Run, World, status};

fn ill() -> Vec<(Fault, &'static str)> {
    vec![
        (Fault::Html, "not what this API documents"),
        (Fault::Truncated, "no complete answer"),
        (Fault::Huge { bytes: 100 << 20 }, "larger than"),
        (
            Fault::Redirect {
                to: "http://127.0.0.1:1/elsewhere?token=x".into(),
            },
            "redirect",
        ),
        (status(500), ""),
        (body("null"), ""),
        (body("{}"), ""),
        (body("[null]"), ""),
        (
            body(r#"{"releases":null,"groups":null,"data":null,"tracks":[null]}"#),
            "",
        ),
        (body(""), ""),
    ]
}

fn body(text: &str) -> Fault {
    Fault::Status {
        code: 200,
        body: Some(text.into()),
        retry_after: None,
        applied: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ill_play_leaves_the_app_store_watched() {
    let bench = Bench::new(World {
        ios: "3%",
        ..HEALTHY
    })
    .await;
    let mut written = 0;
    for (fault, word) in ill() {
        bench.sim.world.faults().clear();
        bench.fault(Vendor::GooglePlay, "/applications/", fault.clone());
        bench.run(&["watch", "--once"]).await;
        let run = bench.run(&["status", ANDROID]).await;
        let run = named(run, word, "/com.example.shop/");
        assert_eq!(run.code, Some(15), "{fault:?}: {run}");
        bench.run(&["status", IOS]).await.ends_with(10);
        written = bench.writes().len();
    }
    assert_eq!(written, 1, "paused once");
    bench.sim.world.faults().clear();
    bench.run(&["watch", "--once"]).await.ends_with(10);
    bench.run(&["status", ANDROID]).await.ends_with(0);
    bench.run(&["audit", "--verify"]).await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ill_app_store_leaves_play_watched() {
    let bench = Bench::new(BREACHING).await;
    for (fault, word) in ill() {
        bench.sim.world.faults().clear();
        bench.fault(Vendor::AppStore, "/v1/", fault.clone());
        bench.run(&["watch", "--once"]).await;
        let run = bench.run(&["status", IOS]).await;
        let run = named(run, word, "/v1/apps");
        assert_eq!(run.code, Some(15), "{fault:?}: {run}");
        bench.run(&["status", ANDROID]).await.ends_with(10);
    }
    assert_eq!(bench.writes(), ["halted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ill_sentry_is_unknown_health_and_nothing_is_halted() {
    let bench = Bench::new(BREACHING).await;
    for (fault, word) in ill() {
        bench.sim.world.faults().clear();
        bench.fault(Vendor::Sentry, "/sessions/", fault.clone());
        let run = bench.run(&["watch", "--once"]).await;
        assert_eq!(run.code, Some(15), "{fault:?}: {run}");
        named(run, word, "/sessions/");
    }
    assert!(bench.writes().is_empty());
    bench.sim.world.faults().clear();
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await.ends_with(10);
}

/// The halt is owed, the store is ill at the commit: it is done once the store is well, by whoever watches then.
#[tokio::test(flavor = "multi_thread")]
async fn a_halt_that_the_store_could_not_take_is_done_later() {
    for fault in [status(500), Fault::Html, body("null")] {
        let bench = Bench::new(BREACHING).await;
        bench.fault(Vendor::GooglePlay, ":commit", fault);
        let mut watch = bench.start(&["watch", "--once", "--json"]);
        watch
            .until("the write", |out| out.contains("write-started"))
            .await;
        watch.stop().await.ends_with(11);
        bench
            .run(&["status", ANDROID])
            .await
            .ends_with(11)
            .tells(&["halt requested, not confirmed"]);
        bench.sim.world.faults().clear();
        bench.run(&["watch", "--once"]).await.ends_with(10);
        assert_eq!(bench.writes(), ["halted"]);
    }
}

/// A redirect is no illness that passes: a person is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_halt_that_cannot_be_done_is_told() {
    let bench = Bench::new(BREACHING).await;
    let to = "http://127.0.0.1:1/".into();
    bench.fault(Vendor::GooglePlay, ":commit", Fault::Redirect { to });
    bench.run(&["watch", "--once"]).await;
    bench
        .run(&["status", ANDROID])
        .await
        .ends_with(11)
        .tells(&["halt FAILED", "a person is needed", "redirect"])
        .tells_not(&["halted on purpose"]);
}

/// A clock that runs behind signs tokens that are not taken: said as what it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_named() {
    let bench = Bench::new(HEALTHY).await;
    bench.sim.time.advance(chrono::TimeDelta::hours(3));
    bench.run(&["watch", "--once"]).await.ends_with(15);
    bench.run(&["status"]).await.ends_with(15).tells(&[
        "clock",
        "behind Google's",
        "behind Apple's",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_is_not_there_is_named() {
    let bench = Bench::new(HEALTHY).await;
    bench.replace(
        "package = \"com.example.shop\"",
        "package = \"com.example.nope\"",
    );
    bench.run(&["watch", "--once"]).await.ends_with(15);
    bench
        .run(&["status", ANDROID])
        .await
        .tells(&["com.example.nope"]);
    bench.run(&["status", IOS]).await.ends_with(0);
    bench
        .run(&["halt", ANDROID, "--reason", "x"])
        .await
        .ends_with(13)
        .tells(&["com.example.nope"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_not_there_is_no_release_to_watch() {
    let bench = Bench::new(HEALTHY).await;
    bench.replace(
        "track = \"production\"",
        "track = \"production\"\nversion_code = 99999",
    );
    bench.run(&["watch", "--once"]).await.ends_with(15);
    bench
        .run(&["halt", ANDROID, "--reason", "x"])
        .await
        .ends_with(13)
        .tells(&["shows no release"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_reached_is_named_with_what_to_check() {
    let bench = Bench::new(HEALTHY).await;
    bench.replace(&bench.sim.urls.google_play, "http://127.0.0.1:1");
    bench.run(&["watch", "--once"]).await.ends_with(15);
    bench
        .run(&["status", ANDROID])
        .await
        .ends_with(15)
        .tells(&["cannot reach", "base_url"]);
    bench.run(&["status", IOS]).await.ends_with(0);
}

/// The error says the request and the word for what was wrong.
#[track_caller]
fn named(run: Run, word: &str, place: &str) -> Run {
    run.tells(&[word, place]).tells_not(&["token=x"])
}
