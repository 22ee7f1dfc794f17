//! `haltline watch --once`: one cycle, and the verdict's exit code.

use haltline::simulator::fault::{Fault, Vendor};

use crate::bench::{ANDROID, BREACHING, Bench, HEALTHY, IOS, status};

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_world_is_zero_and_says_so() {
    let bench = Bench::new(HEALTHY).await;
    let run = bench.run(&["watch", "--once"]).await.ends_with(0);
    assert_eq!(run.out, "", "words are for stderr");
    run.tells(&["shop-android: healthy", "shop-ios: healthy"]);
    assert!(bench.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breaching_release_is_halted_and_read_back_within_two_runs() {
    let bench = Bench::new(BREACHING).await;
    let first = bench.run(&["watch", "--once", "--json"]).await;
    assert!(matches!(first.code, Some(10 | 11)), "{first}");
    let run = bench.run(&["watch", "--once"]).await.ends_with(10);
    run.tells(&["shop-android: breached", "shop-ios: healthy"]);
    assert_eq!(bench.writes(), ["halted"]);

    let audit = bench.run(&["audit", ANDROID, "--json"]).await.ends_with(0);
    let records = audit.json("haltline/audit/v1");
    let count = |event: &str| records.iter().filter(|r| r["event"] == event).count();
    assert_eq!(count("desire-confirmed"), 1, "{audit}");
    let place = |event: &str| records.iter().position(|r| r["event"] == event).unwrap();
    assert!(
        place("write-started") < place("desire-confirmed"),
        "{audit}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ios_release_is_paused_and_the_way_out_is_shown() {
    let bench = Bench::new(crate::bench::World {
        ios: "3%",
        ..HEALTHY
    })
    .await;
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await.ends_with(10);
    assert_eq!(bench.writes(), ["PAUSED"]);
    bench.run(&["status", IOS]).await.ends_with(10).tells(&[
        "expedited review",
        "new build number",
        "tell users",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_events_and_nothing_else() {
    let bench = Bench::new(BREACHING).await;
    let run = bench.run(&["watch", "--once", "--json"]).await;
    let events = run.json("haltline/event/v1");
    assert_eq!(events[0]["event"], "watcher-started");
    assert_eq!(events.last().unwrap()["event"], "watcher-stopped");
    let numbers: Vec<u64> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_is_unknown_and_never_healthy() {
    let bench = Bench::new(HEALTHY).await;
    bench.fault(Vendor::Sentry, "", status(503));
    bench
        .run(&["watch", "--once"])
        .await
        .ends_with(15)
        .tells(&["shop-android: unknown", "shop-ios: unknown"]);
    bench
        .run(&["status"])
        .await
        .ends_with(15)
        .tells(&["MISSING: "]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_gone_after_it_was_read_does_not_stay_green() {
    let bench = Bench::new(HEALTHY).await;
    bench.replace("token = ", "stale_after = \"1s\"\ntoken = ");
    bench.run(&["watch", "--once"]).await;
    bench.fault(Vendor::Sentry, "", Fault::Reset { applied: false });
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    bench.run(&["watch", "--once"]).await.ends_with(15);
}

/// A key that the store refuses takes its own app down, not the other.
#[tokio::test(flavor = "multi_thread")]
async fn where_a_key_is_refused_the_other_app_goes_on() {
    let bench = Bench::new(crate::bench::World {
        ios: "3%",
        ..HEALTHY
    })
    .await;
    let other = haltline::simulator::Keys::generate(2).unwrap();
    let token = format!("{}/token", bench.sim.urls.google_play);
    bench.put("play.json", &other.service_account.key_file(&token));
    bench.run(&["watch", "--once"]).await;
    bench
        .run(&["watch", "--once"])
        .await
        .ends_with(10)
        .tells(&["shop-ios: breached"]);
    assert_eq!(bench.writes(), ["PAUSED"]);
    bench
        .run(&["status", ANDROID])
        .await
        .ends_with(15)
        .tells(&["shop-android: unknown", "POST /token"]);
    bench
        .run(&["halt", ANDROID, "--reason", "it crashes"])
        .await
        .ends_with(3)
        .tells(&["POST /token"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_others_may_read_takes_only_its_app_down() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new(HEALTHY).await;
    let key = bench.dir.path().join("config/play.json");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    bench
        .run(&["watch", "--once"])
        .await
        .ends_with(15)
        .tells(&["chmod 600", "shop-ios: healthy"]);
}

/// The vendor takes the request and never answers: the run ends by its own limit, and says what it knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_hangs_does_not_keep_cron_waiting() {
    let bench = Bench::new(HEALTHY).await;
    bench.fault(
        Vendor::GooglePlay,
        "",
        Fault::Hang {
            ms: 3_600_000,
            applied: false,
        },
    );
    bench
        .run(&["watch", "--once"])
        .await
        .ends_with(15)
        .tells(&["shop-ios: healthy"]);
}
