//! Rollouts that haltline carries out, as the command line has them: declared flows, starts, approvals, changes of the policy.

use haltline::simulator::scenario::ConsoleAct;

use crate::bench::{ANDROID, Bench, HEALTHY, Run};

/// Below `[policy.sim]`.
const TIERS: &str = "\n[[policy.sim.tier]]\nname = \"stop\"\nwhen = \"critical_flow\"\nfix = \"unknown\"\nrespond = \"pause\"\n\
    say = \"find the fix\"\n[[policy.sim.tier]]\nname = \"fix forward\"\nwhen = \"critical_flow\"\nfix = \"known\"\n\
    respond = \"notify\"\nsay = \"ship it\"\n";

async fn declare(bench: &Bench, more: &[&str]) -> Run {
    let args = [
        "declare",
        ANDROID,
        "--critical-flow",
        "checkout",
        "--reason",
        "no orders",
        "--json",
    ];
    bench.run(&[&args[..], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_flow_is_answered_by_its_tier_though_nobody_watches() {
    let bench = Bench::new(HEALTHY).await;
    bench.edit(|text| text + TIERS);
    let run = declare(&bench, &["--fix", "known"]).await.ends_with(0);
    let told = run.document("haltline/act/v1");
    assert_eq!(
        (&told["verb"], &told["result"]),
        (&"declare".into(), &"done".into())
    );
    assert!(bench.writes().is_empty());
    let run = declare(&bench, &["--fix", "unknown"]).await.ends_with(0);
    assert_eq!(run.document("haltline/act/v1")["result"], "confirmed");
    run.tells(&[
        "checkout is declared broken, its fix unknown; paused at 5%: Google Play was read back",
    ]);
    assert_eq!(bench.writes(), ["halted"]);
    bench.run(&["status", ANDROID]).await.ends_with(11).tells(&[
        "declared checkout broken, its fix unknown",
        "tier stop: find the fix",
    ]);
    let run = declare(&bench, &["--withdraw"]).await.ends_with(0);
    assert_eq!(run.document("haltline/act/v1")["verb"], "withdraw");
    declare(&bench, &["--withdraw"]).await.ends_with(13);
    // What it stopped, a person resumes.
    bench
        .run(&["status", ANDROID])
        .await
        .ends_with(11)
        .tells_not(&["declared checkout"]);
    assert_eq!(bench.writes(), ["halted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_wrongly_is_two() {
    let bench = Bench::new(HEALTHY).await;
    declare(&bench, &[]).await.ends_with(2);
    declare(&bench, &["--fix", "perhaps"])
        .await
        .ends_with(2)
        .tells(&["known or unknown"]);
    declare(&bench, &["--fix", "known", "--withdraw"])
        .await
        .ends_with(2);
    let over = ["override", ANDROID, "crash-free-limit", "--reason", "x"];
    for more in [
        &[][..],
        &["--off"],
        &["--for", "2h"],
        &["--off", "--limit", "99%", "--for", "2h"],
        &["--end", "--for", "2h"],
        &["--action", "panic", "--for", "2h"],
    ] {
        bench.run(&[&over[..], more].concat()).await.ends_with(2);
    }
    bench
        .run(&["start", ANDROID])
        .await
        .ends_with(2)
        .tells(&["--reason"]);
    assert!(!bench.state().exists());
}

/// What raises exposure or loosens what guards it is asked back, and refused where nobody can be asked.
#[tokio::test(flavor = "multi_thread")]
async fn what_raises_or_loosens_needs_a_yes() {
    let bench = Bench::new(HEALTHY).await;
    for (args, told) in [
        (
            &["start", ANDROID][..],
            "start shop-android on Google Play: haltline advances it stage by stage",
        ),
        (
            &["start", ANDROID, "--to", "8%"],
            "start shop-android to 8% on Google Play",
        ),
        (
            &["approve", ANDROID],
            "haltline raises exposure on Google Play once nothing else",
        ),
    ] {
        let run = bench
            .run(&[args, &["--reason", "go", "--json"]].concat())
            .await;
        let run = run.ends_with(13).tells(&["--yes", told]);
        assert_eq!(run.document("haltline/act/v1")["result"], "refused");
    }
    assert!(bench.writes().is_empty());
}

/// Below `[policy.sim]`: 5 %, 25 %, everybody, each after a minute.
fn stages(more_of_the_second: &str) -> String {
    let stage = |exposure: &str, more: &str| {
        format!("\n[[policy.sim.stage]]\nexposure = \"{exposure}\"\nsoak = \"1m\"\n{more}\n")
    };
    [
        stage("5%", ""),
        stage("25%", more_of_the_second),
        stage("100%", ""),
    ]
    .concat()
}

/// A minute is half a second. A watcher looks every 30 s of that.
async fn quick(more_of_the_second: &str) -> Bench {
    let bench = Bench::at_speed(HEALTHY, 120.0).await;
    bench
        .edit(|text| text.replace("poll = \"1s\"", "poll = \"30s\"") + &stages(more_of_the_second));
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_is_started_goes_to_everybody_and_the_pipeline_hears_of_it() {
    let bench = quick("").await;
    let watch = bench.watching().await;
    bench
        .run(&["status", ANDROID])
        .await
        .tells(&["people move it on; haltline start shop-android"]);
    let start = [
        "start",
        ANDROID,
        "--reason",
        "weekly train",
        "--yes",
        "--json",
    ];
    let run = bench.run(&start).await.ends_with(0);
    assert_eq!(run.document("haltline/act/v1")["verb"], "start");
    run.tells_not(&["nobody is watching"]);
    let wait = [
        "wait",
        ANDROID,
        "--until",
        "completed",
        "--timeout",
        "50s",
        "--json",
    ];
    let run = bench.run(&wait).await.ends_with(0);
    let told = run.document("haltline/wait/v1");
    assert_eq!(told["climbs"], true);
    assert_eq!(
        (&told["status"], &told["exposure"]),
        (&"completed".into(), &"100%".into())
    );
    assert_eq!(bench.writes(), ["inProgress 25%", "completed"]);
    watch.stop().await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_begun_and_told_that_nobody_watches() {
    let bench = Bench::new(HEALTHY).await;
    bench.edit(|text| text + &stages(""));
    bench.console(ANDROID, &ConsoleAct::Complete);
    bench.console(ANDROID, &ConsoleAct::Prepare);
    bench.run(&["watch", "--once"]).await;
    bench
        .run(&["status", ANDROID])
        .await
        .tells(&["84400 waits to be begun: haltline start shop-android"]);
    let goal = ["wait", ANDROID, "--until", "stage=5%", "--timeout", "1s"];
    bench
        .run(&goal)
        .await
        .ends_with(11)
        .tells(&["waits for somebody to begin it"]);
    bench
        .run(&["start", ANDROID, "--reason", "weekly train", "--yes"])
        .await
        .ends_with(0)
        .tells(&["started at 5%", "nobody is watching"]);
    assert_eq!(bench.writes(), ["inProgress 5%"]);
    let goal = [
        "wait",
        ANDROID,
        "--until",
        "stage=5%",
        "--timeout",
        "20s",
        "--json",
    ];
    let run = bench.run(&goal).await.ends_with(0);
    assert_eq!(run.document("haltline/wait/v1")["build"], "84400");
}

/// The whole way of a check: the gate wants it, the program says no, then yes.
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_is_entered_once_its_program_says_yes() {
    let bench = quick(
        "check = { exec = [\"test\", \"-e\", \"signed-off\"], timeout = \"10s\", every = \"1m\" }",
    )
    .await;
    let watch = bench.watching().await;
    let start = ["start", ANDROID, "--reason", "weekly train", "--yes"];
    bench.run(&start).await.ends_with(0);
    let args = [
        "wait",
        ANDROID,
        "--until",
        "stage=25%",
        "--timeout",
        "50s",
        "--json",
    ];
    let mut waiting = bench.start(&args);
    let mut audit = bench.run(&["audit", ANDROID, "--json"]).await;
    while !audit.out.contains("\"event\":\"check-ended\"") {
        audit = bench.run(&["audit", ANDROID, "--json"]).await;
    }
    assert!(
        audit.out.contains("\"says\":\"it ended with 1\""),
        "{audit}"
    );
    assert!(bench.writes().is_empty());
    waiting.until_log("the gate to 25% wants").await;
    bench.put("signed-off", "");
    waiting.end().await.ends_with(0);
    assert_eq!(bench.writes()[0], "inProgress 25%");
    watch.stop().await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_guards_a_rollout_is_tightened_freely_and_loosened_on_purpose() {
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["watch", "--once"]).await.ends_with(0);
    let over = |more: &'static [&'static str]| {
        let args = [
            "override",
            ANDROID,
            "crash-free-limit",
            "--reason",
            "noise",
            "--json",
        ];
        let (bench, args) = (&bench, [&args[..], more].concat());
        async move { bench.run(&args).await }
    };
    // Tighter, and back again is looser.
    over(&["--limit", "99.70%", "--for", "2h"])
        .await
        .ends_with(0)
        .tells(&["(tighter)"]);
    bench.run(&["status", ANDROID]).await.tells(&[
        "OVERRIDE of rule crash-free-limit until ",
        "; OVERRIDDEN until ",
    ]);
    let end = over(&["--end"]).await.ends_with(13);
    assert_eq!(end.document("haltline/act/v1")["verb"], "end-override");
    end.tells(&["(looser)", "loosens what guards", "--yes"]);
    over(&["--end", "--yes"]).await.ends_with(0);
    over(&["--off", "--for", "2h"])
        .await
        .ends_with(13)
        .tells(&["(looser)", "--yes"]);
    over(&["--action", "notify", "--for", "2h", "--yes"])
        .await
        .ends_with(0);
    bench
        .run(&[
            "override",
            ANDROID,
            "crash-fre-limit",
            "--off",
            "--for",
            "2h",
            "--reason",
            "x",
        ])
        .await
        .ends_with(13)
        .tells(&["crash-free-limit"]);
    bench
        .run(&["audit", ANDROID])
        .await
        .tells(&["crash-free-limit", "noise"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_policy_is_applied_on_purpose() {
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["watch", "--once"]).await.ends_with(0);
    bench.replace("99.50%", "99.60%");
    bench.run(&["watch", "--once"]).await.ends_with(0);
    bench
        .run(&["status", ANDROID])
        .await
        .tells(&["(limit ≥ 99.5%)", "haltline policy apply shop-android"]);
    let apply = ["policy", "apply", ANDROID, "--reason", "reviewed"];
    bench.run(&apply).await.ends_with(0).tells(&["(tighter)"]);
    bench
        .run(&["status", ANDROID])
        .await
        .tells(&["(limit ≥ 99.6%)"]);
    bench.replace("99.60%", "99.00%");
    bench
        .run(&apply)
        .await
        .ends_with(13)
        .tells(&["(looser)", "--yes"]);
    bench
        .run(&[&apply[..], &["--yes"]].concat())
        .await
        .ends_with(0);
    bench
        .run(&["status", ANDROID])
        .await
        .tells(&["(limit ≥ 99%)"])
        .tells_not(&["policy apply"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loosening_waits_for_a_second_person() {
    let bench = Bench::new(HEALTHY).await;
    // Who runs the tests as root is root, whatever USER says.
    bench.edit(|text| {
        text + "\n[access]\nadmins = [\"ada\", \"root\", \"bob\"]\ntwo_person = true\n"
    });
    bench.run(&["watch", "--once"]).await.ends_with(0);
    let off = [
        "override",
        ANDROID,
        "crash-free-limit",
        "--off",
        "--for",
        "2h",
        "--reason",
        "noise",
        "--yes",
        "--json",
    ];
    let run = bench.run(&off).await;
    if nix::unistd::geteuid().is_root() {
        // Root may be anybody, and so neither the first person nor the second.
        let told = run.ends_with(13).document("haltline/act/v1");
        assert_eq!(
            (&told["result"], &told["kind"]),
            (&"refused".into(), &"rights".into())
        );
        return;
    }
    let told = run.ends_with(11).document("haltline/act/v1");
    assert_eq!(told["result"], "waits");
    bench
        .run(&["status", ANDROID])
        .await
        .tells(&["A SECOND PERSON IS WANTED", "haltline approve shop-android"]);
    bench
        .run(&["approve", ANDROID, "--reason", "it is", "--yes"])
        .await
        .ends_with(13);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_opens_the_gate_and_the_pipeline_goes_on() {
    let bench = quick("approval = \"operator\"").await;
    let watch = bench.watching().await;
    let start = ["start", ANDROID, "--reason", "weekly train", "--yes"];
    bench.run(&start).await.ends_with(0);
    let goal = [
        "wait",
        ANDROID,
        "--until",
        "stage=25%",
        "--timeout",
        "50s",
        "--json",
    ];
    let mut waiting = bench.start(&goal);
    waiting
        .until_log("the next gate wants a person: haltline approve shop-android")
        .await;
    let short = ["wait", ANDROID, "--until", "stage=25%", "--timeout", "1s"];
    bench
        .run(&short)
        .await
        .ends_with(11)
        .tells(&["it waits for a person"]);
    assert!(bench.writes().is_empty());
    bench
        .run(&["approve", ANDROID, "--reason", "metrics look good", "--yes"])
        .await
        .ends_with(0)
        .tells(&["approved"]);
    let run = waiting.end().await.ends_with(0);
    // The stage after it asks for nothing, so that it may have come too by the time of the answer.
    let reached = &run.document("haltline/wait/v1")["exposure"];
    assert!(reached == "25%" || reached == "100%", "{reached}");
    assert_eq!(bench.writes()[0], "inProgress 25%");
    watch.stop().await.ends_with(0);
}
