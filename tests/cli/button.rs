//! The red button: `disarm` and `arm`, with a watcher, without one, and where nearly everything else is broken.

use std::fs;

use crate::bench::{ANDROID, BREACHING, Bench, HEALTHY};

const DISARM: [&str; 5] = ["disarm", "--for", "2h", "--reason", "a false alarm"];

#[tokio::test(flavor = "multi_thread")]
async fn without_a_watcher_it_holds_for_the_next_one_until_it_is_armed() {
    let bench = Bench::new(BREACHING).await;
    let run = bench.run(&DISARM).await.ends_with(0).tells(&["DISARMED"]);
    assert_eq!(run.out, "");
    bench
        .run(&["status"])
        .await
        .tells(&["DISARMED until", "a false alarm"]);
    for _ in 0..2 {
        bench.run(&["watch", "--once"]).await.ends_with(11);
    }
    assert!(bench.writes().is_empty());
    // A person may act all the same.
    bench
        .run(&["pause", ANDROID, "--reason", "x"])
        .await
        .ends_with(0);
    bench.run(&["arm"]).await.ends_with(0).tells(&["armed"]);
    bench.run(&["status"]).await.tells_not(&["DISARMED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn armed_again_the_machine_acts() {
    let bench = Bench::new(BREACHING).await;
    bench.run(&DISARM).await.ends_with(0);
    bench.run(&["watch", "--once"]).await;
    bench.run(&["arm"]).await.ends_with(0);
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await.ends_with(10);
    assert_eq!(bench.writes(), ["halted"]);
}

/// The act is announced and counts down; the button stops it.
#[tokio::test(flavor = "multi_thread")]
async fn it_stops_an_announced_act_of_a_running_watcher() {
    let bench = Bench::new(BREACHING).await;
    bench.replace("grace = \"0s\"", "grace = \"15s\"");
    let mut watch = bench.start(&["watch", "--json"]);
    watch
        .until("the announcement", |out| out.contains("act-announced"))
        .await;
    bench
        .run(&["status", ANDROID])
        .await
        .ends_with(11)
        .tells(&["unless held"]);
    let run = bench
        .run(&["disarm", ANDROID, "--for", "1h", "--reason", "x", "--json"])
        .await
        .ends_with(0);
    let told = run.document("haltline/disarm/v1");
    assert_eq!(
        (&told["disarmed"], &told["app"]),
        (&true.into(), &ANDROID.into())
    );
    watch
        .until("the withdrawal", |out| {
            out.contains("\"event\":\"disarmed\"")
                && (out.contains("act-cancelled") || out.contains("act-withheld"))
        })
        .await;
    watch.stop().await.ends_with(0);
    assert!(bench.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_with_a_broken_config() {
    let bench = Bench::new(HEALTHY).await;
    bench.edit(|text| text.replace("floor = ", "flor = ") + "\nnonsense = 1\n");
    bench.run(&["watch", "--once"]).await.ends_with(2);
    bench.run(&DISARM).await.ends_with(0).tells(&["DISARMED"]);
    assert!(bench.state().join("disarmed.json").exists());
    bench
        .run(&["arm", "--json"])
        .await
        .ends_with(0)
        .document("haltline/disarm/v1");
    // Not even TOML: the default state folder is not this one, so it must not pretend.
    fs::write(&bench.sim.config, "[watcher\nstate = ").unwrap();
    bench
        .run(&DISARM)
        .await
        .ends_with(0)
        .tells(&["the config has errors", "DISARM"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_folder_that_cannot_be_written_is_a_plain_error() {
    let bench = Bench::new(HEALTHY).await;
    fs::write(bench.state(), "a file where the folder should be").unwrap();
    let state = bench.state().display().to_string();
    let run = bench
        .run(&[&DISARM[..], &["--json"]].concat())
        .await
        .ends_with(1)
        .tells(&["cannot be written", &state]);
    let told = run.document("haltline/disarm/v1");
    assert!(
        told["problem"]
            .as_str()
            .unwrap()
            .contains("cannot be written")
    );

    bench
        .run(&["watch", "--once"])
        .await
        .ends_with(1)
        .tells(&[&state]);
    bench
        .run(&["halt", ANDROID, "--reason", "x"])
        .await
        .ends_with(1)
        .tells(&[&state]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_dropped_by_hand_disarms_and_arm_says_what_remains() {
    let bench = Bench::new(BREACHING).await;
    bench
        .run(&["disarm", "--for", "1m", "--reason", "makes the folder"])
        .await;
    fs::write(bench.state().join("DISARM"), "").unwrap();
    let run = bench
        .run(&["arm", "--json"])
        .await
        .ends_with(1)
        .tells(&["DISARM", "remove"]);
    assert_eq!(run.document("haltline/disarm/v1")["disarmed"], true);
    for _ in 0..2 {
        bench.run(&["watch", "--once"]).await.ends_with(11);
    }
    assert!(bench.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_use_is_told() {
    let bench = Bench::new(HEALTHY).await;
    for args in [
        &["disarm", "--reason", "x"][..],
        &["disarm", "--for", "2", "--reason", "x"],
        &["disarm", "--for", "2h"],
        &["disarm", "--for", "0s", "--reason", "x"],
    ] {
        bench.run(args).await.ends_with(2);
    }
}
