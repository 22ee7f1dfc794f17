//! Rollouts that haltline carries out, as the command line has them: declared flows, starts, approvals, changes of the policy.

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
