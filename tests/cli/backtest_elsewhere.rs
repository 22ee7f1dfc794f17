//! `haltline backtest` on what is in no file: made-up rollouts, splits of a stable version, and the watcher's own journal.

use std::fmt::Write as _;

use crate::bench::{ANDROID, BREACHING, Bench, HEALTHY, IOS};
use crate::recordings::{Desk, HOUR, SCHEMA, START, Steady};

#[test]
fn made_up_rollouts_are_the_same_for_the_same_seed() {
    let desk = Desk::new();
    let world = [
        "--simulate",
        "--rollouts",
        "3",
        "--sessions-per-day",
        "100k",
        "--ramp",
        "0h:1%,12h:20%",
        "--every",
        "30m",
    ];
    let bad = [&world[..], &["--regression", "30", "--against", "argo"]].concat();
    let told = desk.document(&bad);
    assert_eq!(told, desk.document(&bad));
    assert_ne!(
        told["contenders"],
        desk.document(&[&bad[..], &["--seed", "2"]].concat())["contenders"]
    );
    let ours = &told["contenders"][0];
    assert_eq!(ours["summary"]["pause"]["delay"]["caught"], 3);
    assert!(ours["rollouts"].is_null(), "they are many, and all alike");
    let healthy = desk.document(&world);
    let summary = &healthy["contenders"][0]["summary"];
    assert_eq!(summary["pause"]["false_acts"]["hits"], 0);
    assert!(
        summary["pause"]["false_acts"]["high"].as_f64().unwrap() > 0.7,
        "three say little"
    );
}

#[test]
fn a_placebo_says_how_often_nothing_is_stopped() {
    let desk = Desk::new();
    let mut csv = String::from(
        "app,version,baseline,start,seconds,stratum,n,failures,n_baseline,failures_baseline\n",
    );
    let mut rates = [0.0004, 0.0005, 0.0006, 0.01].map(Steady::new);
    for hour in 0..12 * 24 {
        for (stratum, steady) in ["a", "b", "c", "odd"].iter().zip(&mut rates) {
            let start = START + hour * HOUR;
            writeln!(
                csv,
                "Shop,2,1,{start},3600,{stratum},0,0,5000,{}",
                steady.of(5_000)
            )
            .unwrap();
        }
    }
    desk.put("stable.csv", &csv);
    let hours = desk.document(&[
        "stable.csv",
        "--placebo",
        "hours",
        "--splits",
        "20",
        "--policy",
        "safe-production",
    ]);
    assert_eq!(
        (&hours["of"], &hours["placebo"]["split"]),
        (&20.into(), &"hours".into())
    );
    let version = &hours["placebo"]["versions"][0];
    assert_eq!(
        (&version["version"], &version["phi"]),
        (&"1".into(), &1.0.into())
    );
    assert_eq!(
        hours["contenders"][0]["summary"]["pause"]["false_acts"]["hits"],
        0
    );
    // Whichever side the odd one is on looks worse: a difference that no version made.
    let strata = desk.document(&[
        "stable.csv",
        "--placebo",
        "strata",
        "--policy",
        "safe-production",
    ]);
    assert_eq!(strata["of"], 6, "two of four");
    let false_acts = &strata["contenders"][0]["summary"]["pause"]["false_acts"];
    assert_eq!(
        (&false_acts["hits"], &false_acts["of"]),
        (&3.into(), &6.into())
    );
    assert!(
        strata["placebo"]["versions"][0]["largest_ratio"]
            .as_f64()
            .unwrap()
            > 9.0
    );
    let words = desk.run(&["stable.csv", "--placebo", "strata"]);
    assert!(
        words
            .stdout
            .contains("Shop 1 against itself, 6 splits: failures cluster by 1.00"),
        "{}",
        words.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_leaves_a_part_that_says_so() {
    let bench = Bench::new(HEALTHY).await;
    let mut run = bench.start_with(
        &["backtest", "--simulate", "--rollouts", "100000", "--json"],
        &[("HALTLINE_LOG", "info")],
    );
    run.until_log("replayed").await;
    run.signal(rustix::process::Signal::INT);
    let run = run.end().await.ends_with(12);
    let told = run.document(SCHEMA);
    assert_eq!(told["partial"], true);
    let done = told["done"].as_u64().unwrap();
    assert!((1..100_000).contains(&done), "{done}");
    assert_eq!(told["contenders"][0]["summary"]["rollouts"], done);
    run.tells(&["PARTIAL: stopped after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_of_an_app_comes_from_its_journal() {
    let bench = Bench::new(BREACHING).await;
    let run = bench
        .run(&["backtest", "--app", ANDROID])
        .await
        .ends_with(2);
    run.tells(&["there is no journal in"]);
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await.ends_with(10);
    let run = bench
        .run(&["backtest", "--app", ANDROID, "--json"])
        .await
        .ends_with(0);
    let told = run.document(SCHEMA);
    assert_eq!(
        (&told["source"]["kind"], &told["of"]),
        (&"journal".into(), &1.into())
    );
    let rollout = &told["contenders"][0]["rollouts"][0];
    assert_eq!(rollout["version"], "84300");
    assert!(
        rollout["pause"].is_object() || rollout["halt"].is_object(),
        "{rollout}"
    );
    let truth = told["in_truth"][0].as_array().unwrap();
    assert!(
        truth
            .iter()
            .any(|act| act["verb"] == "halt" && act["confirmed"].is_string()),
        "{truth:?}"
    );
    bench
        .run(&["backtest", "--app", ANDROID])
        .await
        .ends_with(0)
        .tells(&[
            "Shop 84300 against 84200",
            "in truth: halted at ",
            "by rule crash-",
        ]);
    // Somebody who knows that it was bad says so.
    bench.put(
        "bad.csv",
        &format!("app,version,onset\n{ANDROID},84300,2020-01-01T00:00:00Z\n{ANDROID},7,healthy\n"),
    );
    let run = bench
        .run(&[
            "backtest", "--app", ANDROID, "--labels", "bad.csv", "--json",
        ])
        .await
        .ends_with(0)
        .tells(&["the label of shop-android 7 is of no rollout here"]);
    let told = run.document(SCHEMA);
    assert_eq!(told["source"]["labels"]["bad"], 1);
    assert_eq!(
        told["contenders"][0]["summary"]["pause"]["missed"]["hits"],
        0
    );
    // The healthy one is left alone, by the policy and in truth.
    let run = bench
        .run(&["backtest", "--app", IOS, "--json"])
        .await
        .ends_with(0);
    let told = run.document(SCHEMA);
    let rollout = &told["contenders"][0]["rollouts"][0];
    assert!(
        rollout["pause"].is_null() && rollout["halt"].is_null(),
        "{rollout}"
    );
    assert_eq!(told["in_truth"][0].as_array().unwrap().len(), 0);
    bench
        .run(&["backtest", "--app", "nobody"])
        .await
        .ends_with(2)
        .tells(&["there is no app nobody"]);
}
