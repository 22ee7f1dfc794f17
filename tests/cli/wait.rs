//! `haltline wait`: what a pipeline sees of a rollout.

use std::path::PathBuf;

use haltline::simulator::scenario::ConsoleAct;

use crate::bench::{ANDROID, Bench, HEALTHY, Started};

const SCHEMA: &str = "haltline/wait/v1";

fn wait(bench: &Bench, goal: &str, more: &[&str]) -> Started {
    let args = [
        "wait",
        ANDROID,
        "--until",
        goal,
        "--timeout",
        "50s",
        "--json",
    ];
    bench.start(&[&args[..], more].concat())
}

/// A release at 5 % that a watcher has looked at once.
async fn seen() -> Bench {
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["watch", "--once"]).await.ends_with(0);
    bench
}

fn read(bench: &Bench, name: &str) -> String {
    let path: PathBuf = bench.dir.path().join(name);
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reached_already_ends_at_once_in_every_form() {
    let bench = seen().await;
    let files = ["--summary-file", "../summary.md", "--junit", "../junit.xml"];
    let run = wait(&bench, "stage=5%", &files).end().await.ends_with(0);
    let told = run.document(SCHEMA);
    assert_eq!(told["result"], "reached");
    assert_eq!(
        (&told["exit"], &told["watched"]),
        (&0.into(), &false.into())
    );
    assert_eq!(
        (&told["exposure"], &told["build"]),
        (&"5%".into(), &"84300".into())
    );
    run.tells(&["nobody is watching", "it has reached 5%"]);
    let summary = read(&bench, "summary.md");
    assert!(
        summary.starts_with("## ✓ shop-android: reached\n"),
        "{summary}"
    );
    assert!(summary.contains("### Rules") && summary.contains("NOBODY IS WATCHING"));
    let junit = read(&bench, "junit.xml");
    let junit = roxmltree::Document::parse(&junit).unwrap();
    let suite = junit.root_element().first_element_child().unwrap();
    assert_eq!(suite.attribute("failures"), Some("0"));
    assert!(suite.attribute("tests") > Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_time_is_up_it_is_twelve_or_says_what_is_unknown() {
    let bench = seen().await;
    let late = ["wait", ANDROID, "--until", "stage=25%", "--timeout", "1s"];
    let run = bench.run(&late).await.ends_with(12);
    assert_eq!(run.out, "", "words are for stderr");
    run.tells(&["nobody is watching", "still fine"]);
    // A journal that nobody has begun.
    let bench = Bench::new(HEALTHY).await;
    bench
        .run(&late)
        .await
        .ends_with(12)
        .tells(&["has not been seen yet"]);
    assert!(!bench.state().exists(), "waiting makes no journal");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_once_the_stage_is_reached() {
    let bench = Bench::new(HEALTHY).await;
    let watch = bench.watching().await;
    let mut waiting = wait(&bench, "stage=25%", &[]);
    waiting.until_log("in progress at 5%").await;
    bench
        .run(&["advance", ANDROID, "--to", "25%", "--reason", "x", "--yes"])
        .await
        .ends_with(0);
    let run = waiting
        .end()
        .await
        .ends_with(0)
        .tells_not(&["nobody is watching"]);
    let told = run.document(SCHEMA);
    assert_eq!(
        (&told["exposure"], &told["watched"]),
        (&"25%".into(), &true.into())
    );
    watch.stop().await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_is_ten_and_github_is_told() {
    let bench = seen().await;
    let path = |name: &str| bench.dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("output"), "before=1\n").unwrap();
    let args = [
        "wait",
        ANDROID,
        "--until",
        "completed",
        "--timeout",
        "50s",
        "--json",
    ];
    let (output, summary) = (path("output"), path("summary"));
    let vars = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_OUTPUT", output.as_str()),
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
    ];
    let mut waiting = bench.start_with(&args, &vars);
    waiting
        .until_log("::warning title=haltline shop-android::nobody is watching")
        .await;
    bench
        .run(&["halt", ANDROID, "--reason", "it crashes"])
        .await
        .ends_with(0);
    let run = waiting.end().await.ends_with(10);
    assert_eq!(run.document(SCHEMA)["result"], "halted");
    let error = run.err.lines().find(|line| line.starts_with("::error "));
    let error = error.unwrap_or_else(|| panic!("{run}"));
    assert!(
        error.starts_with("::error title=haltline shop-android::completed: it is halted at 5%"),
        "{error}"
    );
    let output = read(&bench, "output");
    assert!(
        output.starts_with("before=1\nresult=halted\nexit_code=10\n"),
        "{output}"
    );
    assert!(output.contains("\nexposure=5%\n"), "{output}");
    assert!(read(&bench, "summary").starts_with("## ✗ shop-android: halted\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_eleven_unless_it_may_be_lifted() {
    let bench = seen().await;
    bench
        .run(&["pause", ANDROID, "--reason", "x"])
        .await
        .ends_with(0);
    let run = wait(&bench, "stage=25%", &[]).end().await.ends_with(11);
    assert_eq!(run.document(SCHEMA)["result"], "stopped");
    let mut waiting = wait(&bench, "stage=25%", &["--on-halt", "wait"]);
    waiting.until_log("halted at 5%").await;
    let go_on = ["--reason", "x", "--yes"];
    bench
        .run(&[&["resume", ANDROID][..], &go_on].concat())
        .await
        .ends_with(0);
    bench
        .run(&[&["advance", ANDROID, "--to", "50%"][..], &go_on].concat())
        .await
        .ends_with(0);
    waiting.end().await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_the_wait_leaves_the_rollout_alone() {
    let bench = seen().await;
    let mut waiting = wait(&bench, "completed", &[]);
    waiting.until_log("in progress at 5%").await;
    let run = waiting.stop().await.ends_with(12);
    assert_eq!(run.document(SCHEMA)["result"], "interrupted");
    assert!(bench.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_release_in_its_place_is_thirteen() {
    let bench = seen().await;
    let mut waiting = wait(&bench, "completed", &[]);
    waiting.until_log("in progress at 5%").await;
    bench.console(ANDROID, &ConsoleAct::NewRelease { to: None });
    bench.run(&["watch", "--once"]).await;
    let run = waiting.end().await.ends_with(13);
    assert_eq!(run.document(SCHEMA)["result"], "gone");
    run.tells(&["replaced by"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_use_is_two_and_a_file_that_cannot_be_written_is_no_success() {
    let bench = seen().await;
    for goal in ["stage=25", "done"] {
        let args = ["wait", ANDROID, "--until", goal, "--timeout", "1s"];
        bench.run(&args).await.ends_with(2);
    }
    let args = [
        "wait",
        "shop-androit",
        "--until",
        "healthy",
        "--timeout",
        "1s",
    ];
    bench.run(&args).await.ends_with(2).tells(&[ANDROID]);
    let nowhere = ["--junit", "/nonexistent/junit.xml"];
    wait(&bench, "healthy", &nowhere)
        .end()
        .await
        .ends_with(1)
        .tells(&["cannot write /nonexistent/junit.xml"]);
}
