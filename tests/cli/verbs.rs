//! The verbs where no watcher runs: each acts by itself and ends once the store was read back.

use haltline::simulator::fault::{Fault, Vendor};
use haltline::simulator::scenario::ConsoleAct;

use crate::bench::{ANDROID, Bench, HEALTHY, IOS, status};

#[tokio::test(flavor = "multi_thread")]
async fn pause_resume_advance_and_complete_on_play() {
    let bench = Bench::new(HEALTHY).await;
    let pause = bench.run(&["pause", ANDROID, "--reason", "a look"]).await;
    let pause = pause.ends_with(0).tells(&["paused at 5%", "read back"]);
    assert_eq!(pause.out, "");
    bench.run(&["status", ANDROID]).await.ends_with(11);
    let act = |verb: &'static str, more: &'static [&'static str]| {
        let args = [
            &[verb, ANDROID, "--reason", "a look", "--yes", "--json"],
            more,
        ]
        .concat();
        let bench = &bench;
        async move {
            bench
                .run(&args)
                .await
                .ends_with(0)
                .document("haltline/act/v1")
        }
    };
    let resumed = act("resume", &[]).await;
    assert_eq!(resumed["result"], "confirmed");
    assert_eq!(resumed["exposure"], "5%");
    assert_eq!(resumed["verb"], "resume");
    assert_eq!(act("advance", &["--to", "25%"]).await["exposure"], "25%");
    assert_eq!(act("complete", &[]).await["exposure"], "100%");
    assert_eq!(
        bench.writes(),
        ["halted", "inProgress 5%", "inProgress 25%", "completed"]
    );
    // Play can halt what everybody has.
    assert_eq!(act("halt", &[]).await["result"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verb_writes_nothing_where_the_store_is_so_already() {
    let bench = Bench::new(HEALTHY).await;
    bench.console(ANDROID, &ConsoleAct::Halt);
    let halt = bench
        .run(&["halt", ANDROID, "--reason", "again", "--json"])
        .await
        .ends_with(0);
    assert_eq!(halt.document("haltline/act/v1")["result"], "confirmed");
    bench
        .run(&["halt", ANDROID, "--reason", "and again"])
        .await
        .ends_with(0);
    assert!(bench.writes().is_empty());
    bench.run(&["status", ANDROID]).await.ends_with(10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_latched_halt_is_lifted_by_a_resume_with_a_reason() {
    let bench = Bench::new(HEALTHY).await;
    bench
        .run(&["halt", ANDROID, "--reason", "it crashes"])
        .await
        .ends_with(0);
    bench.run(&["status", ANDROID]).await.ends_with(10);
    bench.run(&["resume", ANDROID, "--yes"]).await.ends_with(2);
    bench
        .run(&["advance", ANDROID, "--to", "50%", "--yes", "--reason", "x"])
        .await
        .ends_with(13)
        .tells(&["resume it first"]);
    bench
        .run(&["resume", ANDROID, "--yes", "--reason", "fixed by a switch"])
        .await
        .ends_with(0);
    bench.run(&["watch", "--once"]).await;
    assert_eq!(bench.writes(), ["halted", "inProgress 5%"]);
    bench
        .run(&["audit", ANDROID])
        .await
        .tells(&["fixed by a switch", "resume it first"]);
}

/// What raises exposure is asked back; where nobody can be asked it is refused.
#[tokio::test(flavor = "multi_thread")]
async fn raising_needs_a_yes() {
    let bench = Bench::new(HEALTHY).await;
    bench.console(ANDROID, &ConsoleAct::Halt);
    for verb in ["resume", "advance", "complete"] {
        let run = bench
            .run(&[verb, ANDROID, "--reason", "go", "--json"])
            .await;
        let run = run.ends_with(13).tells(&["--yes"]);
        assert_eq!(run.document("haltline/act/v1")["result"], "refused");
    }
    assert!(bench.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn advance_goes_to_the_next_stage_of_the_policy() {
    let bench = Bench::new(HEALTHY).await;
    let advance = ["advance", ANDROID, "--reason", "all is well", "--yes"];
    bench
        .run(&advance)
        .await
        .ends_with(13)
        .tells(&["no further stage", "--to"]);
    bench.edit(|text| {
        text + "\n[[policy.sim.stage]]\nexposure = \"5%\"\n[[policy.sim.stage]]\nexposure = \"20%\"\n\
                [[policy.sim.stage]]\nexposure = \"100%\"\n"
    });
    // The rollout goes by the policy that it began with, until a person says otherwise.
    bench.run(&advance).await.ends_with(13);
    let apply = ["policy", "apply", ANDROID, "--reason", "stages", "--yes"];
    bench.run(&apply).await.ends_with(0);
    bench.run(&advance).await.ends_with(0).tells(&["20%"]);
    let down = [&advance[..], &["--to", "10%"]].concat();
    bench
        .run(&down)
        .await
        .ends_with(13)
        .tells(&["cannot be lowered"]);
    assert_eq!(bench.writes(), ["inProgress 20%"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_revision_is_refused() {
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["watch", "--once"]).await.ends_with(0);
    let shown = bench.run(&["status", "--json"]).await;
    let shown = shown.document("haltline/snapshot/v1");
    let revision = shown["apps"][0]["revision"].as_u64().unwrap();
    let at = |revision: u64| {
        let revision = revision.to_string();
        let bench = &bench;
        async move {
            let args = ["halt", ANDROID, "--reason", "x", "--expect", &revision];
            bench.run(&args).await
        }
    };
    at(revision).await.ends_with(0);
    at(revision).await.ends_with(13).tells(&["revision"]);
    assert_eq!(bench.writes(), ["halted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_leaves_play_alone_and_waits_for_a_person() {
    let bench = Bench::new(HEALTHY).await;
    bench
        .run(&["hold", ANDROID, "--reason", "the weekend"])
        .await
        .ends_with(0)
        .tells(&["held"]);
    assert!(bench.writes().is_empty());
    bench
        .run(&["status", ANDROID])
        .await
        .ends_with(11)
        .tells(&["held by"]);
    bench
        .run(&["resume", ANDROID, "--reason", "monday", "--yes"])
        .await
        .ends_with(0);
    bench
        .run(&["status", ANDROID])
        .await
        .tells_not(&["held by"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_store_pauses_goes_on_and_completes() {
    let bench = Bench::new(HEALTHY).await;
    bench
        .run(&["hold", IOS, "--reason", "x"])
        .await
        .ends_with(0);
    bench
        .run(&["resume", IOS, "--reason", "x", "--yes"])
        .await
        .ends_with(0);
    bench
        .run(&["pause", IOS, "--reason", "x"])
        .await
        .ends_with(0);
    bench
        .run(&["resume", IOS, "--reason", "x", "--yes"])
        .await
        .ends_with(0);
    bench
        .run(&["advance", IOS, "--reason", "x", "--to", "50%", "--yes"])
        .await
        .ends_with(13)
        .tells(&["only one way forward: complete"]);
    bench
        .run(&["complete", IOS, "--reason", "x", "--yes"])
        .await
        .ends_with(0);
    bench
        .run(&["halt", IOS, "--reason", "x"])
        .await
        .ends_with(13)
        .tells(&["stops nothing after COMPLETE", "expedited review"]);
    assert_eq!(bench.writes(), ["PAUSED", "ACTIVE", "COMPLETE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_app_is_wrong_use_and_the_known_ones_are_named() {
    let bench = Bench::new(HEALTHY).await;
    for args in [
        &["halt", "shop-androit", "--reason", "x"][..],
        &["status", "shop-androit"],
        &["disarm", "shop-androit", "--for", "1h", "--reason", "x"],
        &["arm", "shop-androit"],
        &["audit", "shop-androit"],
    ] {
        bench
            .run(args)
            .await
            .ends_with(2)
            .tells(&[ANDROID, IOS, "shop-androit"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_down_for_a_moment_does_not_lose_the_halt() {
    let bench = Bench::new(HEALTHY).await;
    bench.fault_times(Vendor::GooglePlay, ":commit", 2, status(503));
    bench
        .run(&["halt", ANDROID, "--reason", "x"])
        .await
        .ends_with(0);
    assert_eq!(bench.writes(), ["halted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_after_the_store_did_it_is_found_by_reading() {
    let bench = Bench::new(HEALTHY).await;
    bench.fault_times(
        Vendor::GooglePlay,
        ":commit",
        1,
        Fault::Reset { applied: true },
    );
    bench
        .run(&["halt", ANDROID, "--reason", "x"])
        .await
        .ends_with(0);
    assert_eq!(bench.writes(), ["halted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_three_and_says_whom_to_ask() {
    let bench = Bench::new(HEALTHY).await;
    bench.switch(serde_json::json!({ "no_right": true }));
    let run = bench
        .run(&["halt", ANDROID, "--reason", "x", "--json"])
        .await
        .ends_with(3);
    let told = run.document("haltline/act/v1");
    assert_eq!(told["result"], "failed");
    assert_eq!(told["failure"]["kind"], "rights", "{told}");
}
