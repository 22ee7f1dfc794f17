//! What a shell sees: help, wrong use, configs, pipes, colours.

use std::io::Read as _;
use std::process::Stdio;

use crate::bench::{ANDROID, BREACHING, Bench, HEALTHY};

const COMMANDS: [&str; 19] = [
    "demo", "init", "watch", "status", "pause", "resume", "halt", "hold", "advance", "complete",
    "disarm", "arm", "policy", "plan", "audit", "journal", "config", "doctor", "sim",
];

#[tokio::test(flavor = "multi_thread")]
async fn everything_has_help_without_a_config() {
    let bench = Bench::new(HEALTHY).await;
    std::fs::remove_file(&bench.sim.config).unwrap();
    bench.run(&["--help"]).await.ends_with(0).tells(&COMMANDS);
    bench
        .run(&["--version"])
        .await
        .ends_with(0)
        .tells(&["haltline 0."]);
    for command in COMMANDS {
        let run = bench.run(&[command, "--help"]).await.ends_with(0);
        assert!(run.out.contains("Usage:") && run.err.is_empty(), "{run}");
    }
    for inner in [
        ["config", "check"],
        ["config", "schema"],
        ["config", "example"],
        ["journal", "accept"],
        ["policy", "check"],
        ["policy", "show"],
        ["policy", "presets"],
    ] {
        bench
            .run(&[inner[0], inner[1], "--help"])
            .await
            .ends_with(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_use_is_two_and_goes_to_stderr() {
    let bench = Bench::new(HEALTHY).await;
    for args in [
        &["frobnicate"][..],
        &["halt", ANDROID],
        &["advance", ANDROID, "--reason", "x", "--to", "25"],
        &["advance", ANDROID, "--reason", "x", "--to", "250%"],
        &["halt", "bad id!", "--reason", "x"],
        &["halt", ANDROID, "--reason", ""],
        &["sim"],
    ] {
        let run = bench.run(args).await.ends_with(2);
        assert!(run.out.is_empty() && !run.err.is_empty(), "{run}");
    }
}

/// Before anything is read or opened: nothing is journalled, no red button is pressed.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_acts_is_done_with_readonly() {
    let bench = Bench::new(HEALTHY).await;
    let why = ["--reason", "a look"];
    for args in [
        &["watch", "--once"][..],
        &[&["halt", ANDROID][..], &why].concat(),
        &[&["resume", ANDROID, "--yes"][..], &why].concat(),
        &[&["disarm", "--for", "1h"][..], &why].concat(),
        &[&["journal", "accept"][..], &why].concat(),
        &[&["policy", "apply", ANDROID][..], &why].concat(),
        &["note", ANDROID, "a look"],
    ] {
        let first = [&["--readonly"][..], args].concat();
        let last = [args, &["--readonly"]].concat();
        for args in [first, last] {
            let run = bench.run(&args).await.ends_with(2);
            assert_eq!(run.out, "", "{run}");
            run.tells(&["read-only: it was started with --readonly; leave it out to act"]);
        }
    }
    assert!(bench.writes().is_empty());
    let state = std::fs::read_dir(bench.state());
    assert_eq!(state.map_or(0, Iterator::count), 0, "nothing was opened");
    // Who only looks may say so.
    bench.run(&["status", "--readonly"]).await.ends_with(15);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_config_says_where_it_was_looked_for() {
    let bench = Bench::new(HEALTHY).await;
    std::fs::remove_file(&bench.sim.config).unwrap();
    for args in [
        &["status"][..],
        &["watch", "--once"],
        &["doctor"],
        &["audit"],
        &["config", "check"],
        &[],
    ] {
        let run = bench.run(args).await.ends_with(2);
        assert!(run.out.is_empty(), "{run}");
        run.tells(&["haltline.toml"]);
    }
    bench
        .run(&["--config", "/nonexistent/x.toml", "status"])
        .await
        .ends_with(2)
        .tells(&["/nonexistent/x.toml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_is_checked_explained_and_begun_with() {
    let bench = Bench::new(HEALTHY).await;
    let run = bench.run(&["config", "check", "--json"]).await.ends_with(0);
    let told = run.document("haltline/config-check/v1");
    assert_eq!(told["ok"], true);
    let schema = bench.run(&["config", "schema"]).await.ends_with(0);
    let schema: serde_json::Value = serde_json::from_str(&schema.out).unwrap();
    assert!(schema["properties"]["app"].is_object());
    let example = bench.run(&["config", "example"]).await.ends_with(0);
    assert!(toml::from_str::<toml::Table>(&example.out).is_ok());

    bench.replace("floor = \"99.85%\"", "floor = 99.85");
    let line = 1 + std::fs::read_to_string(&bench.sim.config)
        .unwrap()
        .lines()
        .position(|line| line == "floor = 99.85")
        .unwrap();
    let place = format!("haltline.toml:{line}:");
    bench
        .run(&["config", "check"])
        .await
        .ends_with(2)
        .tells(&[&place, "\"99.85%\""]);
    bench.run(&["status"]).await.ends_with(2).tells(&[&place]);
    let run = bench.run(&["config", "check", "--json"]).await.ends_with(2);
    let told = run.document("haltline/config-check/v1");
    assert_eq!(told["problems"][0]["line"], line);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_file_is_three_for_the_check() {
    let bench = Bench::new(HEALTHY).await;
    std::fs::remove_file(bench.dir.path().join("config/play.json")).unwrap();
    bench
        .run(&["config", "check"])
        .await
        .ends_with(3)
        .tells(&["play.json"]);
    bench
        .run(&["doctor"])
        .await
        .ends_with(3)
        .tells(&["play.json"]);
}

/// `haltline audit | head -1`: no panic, no message.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_is_no_error() {
    let bench = Bench::new(BREACHING).await;
    bench.run(&["watch", "--once"]).await;
    for args in [
        &["audit"][..],
        &["status"],
        &["config", "schema"],
        &["config", "example"],
        &["config", "check"],
    ] {
        let mut child = bench.command(args).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        let code = child.wait().unwrap().code();
        assert!(
            !said.contains("panick") && said.is_empty(),
            "{args:?}: {said}"
        );
        assert_ne!(code, Some(1), "{args:?}");
    }
}

/// Output that is no terminal has no escape sequences, and NO_COLOR takes them away anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_coloured_in_a_pipe() {
    let mut bench = Bench::new(BREACHING).await;
    for vars in [
        vec![],
        vec![("NO_COLOR", "1".to_owned()), ("CI", "true".to_owned())],
    ] {
        bench.vars = vars;
        for args in [
            &["watch", "--once"][..],
            &["status"],
            &["audit"],
            &["doctor"],
            &["--help"],
            &["frobnicate"],
        ] {
            bench.run(args).await.tells_not(&["\u{1b}"]);
        }
    }
}
