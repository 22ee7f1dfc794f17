//! `haltline backtest` on files: words, a picture and JSON out, and what it says of bad input.

use std::fmt::Write as _;

use serde_json::Value;

use crate::recordings::{Desk, HOUR, START, Steady, labels, on_a_terminal, recording};
use crate::support::{Ran, run};

#[test]
fn a_recording_is_told_rollout_by_rollout_and_all_together() {
    let desk = Desk::new();
    desk.put("past.csv", &recording());
    desk.put("labels.csv", &labels());
    let args = [
        "past.csv",
        "--labels",
        "labels.csv",
        "--against",
        "naive-99.85,z-test",
    ];
    let ran = desk.run(&args);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    for part in [
        "Shop 8.43.0 against 8.42.0: 2026-11-09 00:00 UTC to 2026-11-13 00:00 UTC, 604,800 sessions",
        "default: would not have stopped it",
        "Shop 8.44.0 against 8.43.0: 2026-11-20 00:00 UTC",
        "bad since 2026-11-20 00:00 UTC",
        "default: PAUSE 2026-11-20 ",
        "8.44.0 crashes 10",
        "Rule crash-",
        "1%",
        "━━━",
        "stopped by mistake",
        "0 of 1, 0%",
        "0% to 97.5%",
        "bad ones missed",
        "sessions to the stop, mean",
        "time unknown",
        "naive-99.85",
        "z-test",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in\n{}", ran.stdout);
    }
    assert!(
        !ran.stdout.contains('\u{1b}'),
        "no colours where nobody sees them"
    );
    let plain = desk.run(&["past.csv", "--ascii"]);
    let cells: Vec<&str> = plain
        .stdout
        .lines()
        .filter(|line| line.starts_with("  default  "))
        .collect();
    assert_eq!(cells.len(), 2, "{}", plain.stdout);
    assert!(cells.iter().all(|line| line.is_ascii()), "{cells:?}");
    assert!(
        cells[0].contains("-----") && !cells[0].contains(['P', 'H', '#']),
        "{cells:?}"
    );
    assert!(
        cells[1].contains('P') && cells[1].contains("###"),
        "{cells:?}"
    );
}

#[test]
fn json_is_one_document_with_every_moment() {
    let desk = Desk::new();
    desk.put("past.csv", &recording());
    desk.put("labels.csv", &labels());
    let told = desk.document(&[
        "past.csv",
        "--labels",
        "labels.csv",
        "--against",
        "argo",
        "--policy",
        "safe-production",
    ]);
    assert_eq!(
        (&told["partial"], &told["of"], &told["done"]),
        (&false.into(), &2.into(), &2.into())
    );
    assert_eq!(told["every"], 300);
    let source = &told["source"];
    assert_eq!(source["kind"], "files");
    assert_eq!(
        (&source["lines"], &source["left_out"]),
        (&530.into(), &0.into())
    );
    assert_eq!(
        (&source["labels"]["bad"], &source["labels"]["healthy"]),
        (&1.into(), &1.into())
    );
    let ours = &told["contenders"][0];
    assert_eq!(ours["name"], "safe-production");
    assert_eq!(ours["policy_hash"].as_str().unwrap().len(), 64);
    let (good, bad) = (&ours["rollouts"][0], &ours["rollouts"][1]);
    assert_eq!(
        (&good["version"], &good["pause"], &good["halt"]),
        (&"8.43.0".into(), &Value::Null, &Value::Null)
    );
    assert_eq!(bad["pause"]["verb"], "pause");
    assert!(
        bad["pause"]["exposure"] == "1%" || bad["pause"]["exposure"] == "5%",
        "{bad}"
    );
    assert_eq!(
        bad["halt"]["rule"], "crash-ratio-halt",
        "the baseline's own rollout is its past: halts are not capped"
    );
    assert!(
        bad["trail"].as_array().unwrap().len() > 24,
        "a verdict an hour"
    );
    let summary = &ours["summary"];
    assert_eq!(summary["pause"]["false_acts"]["hits"], 0);
    assert_eq!(summary["pause"]["missed"]["hits"], 0);
    assert_eq!(summary["pause"]["delay"]["caught"], 1);
    assert_eq!(told["contenders"][1]["name"], "argo");
    assert!(told["contenders"][1]["policy_hash"].is_null());
}

#[test]
fn of_many_rollouts_each_gets_a_line() {
    let mut csv = String::from(
        "app,version,baseline,start,seconds,n,failures,n_baseline,failures_baseline\n",
    );
    for version in 1..=45i64 {
        let rate = if version == 44 { 0.02 } else { 0.0005 };
        let (mut new, mut old) = (Steady::new(rate), Steady::new(0.0005));
        for hour in 0..24 {
            let start = START + (version * 24 + hour) * HOUR;
            let (failures, before) = (new.of(1_000), old.of(9_000));
            let baseline = version - 1;
            writeln!(
                csv,
                "Shop,{version},{baseline},{start},3600,1000,{failures},9000,{before}"
            )
            .unwrap();
        }
    }
    let desk = Desk::new();
    desk.put("past.csv", &csv);
    let ran = desk.run(&["past.csv", "--every", "1h"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let line = |version: &str| {
        ran.stdout
            .lines()
            .find(|line| line.starts_with(&format!("Shop {version} ")))
    };
    assert!(
        line("1").unwrap().ends_with("not stopped"),
        "{}",
        ran.stdout
    );
    // Those that nothing happened to are not all told, those that were stopped are.
    assert_eq!(line("43"), None);
    assert!(line("44").unwrap().contains("after "), "{}", ran.stdout);
    for part in [
        "and 4 more that nothing was done to",
        "1 of 45, 2.22%",
        "Nobody has said which of them were bad",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in\n{}", ran.stdout);
    }
}

#[test]
fn ndjson_comes_from_standard_input_too() {
    let desk = Desk::new();
    let names = recording().lines().next().unwrap().to_owned();
    let mut lines = String::new();
    for line in recording().lines().skip(1) {
        let fields = names.split(',').zip(line.split(','));
        let value = |text: &str| {
            text.parse::<u64>()
                .map_or_else(|_| text.into(), Value::from)
        };
        let object: serde_json::Map<String, Value> = fields
            .map(|(name, text)| (name.to_owned(), value(text)))
            .collect();
        writeln!(lines, "{}", Value::Object(object)).unwrap();
    }
    let piped = desk.run_with(&["-", "--json"], &lines);
    desk.put("past.csv", &recording());
    let file = desk.run(&["past.csv", "--json"]);
    let contenders = |ran: &Ran| ran.lines()[0]["contenders"].clone();
    assert_eq!(piped.code, Some(0), "{}", piped.stderr);
    assert_eq!(contenders(&piped), contenders(&file));
}

#[test]
fn a_bad_line_is_named_and_left_out_only_where_that_is_asked_for() {
    let desk = Desk::new();
    let broken = recording().replacen(",3600,200,", ",3600,NaN,", 1);
    let line = 1 + broken
        .lines()
        .position(|line| line.contains("NaN"))
        .unwrap();
    desk.put("past.csv", &broken);
    let ran = desk.run(&["past.csv", "--json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    let told = format!(
        "haltline: past.csv:{line}: n: NaN is no count; write a whole number from 0 up; with --keep-going"
    );
    assert!(ran.stderr.starts_with(&told), "{}", ran.stderr);
    let ran = desk.run(&["past.csv", "--json", "--keep-going"]);
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.stderr.contains("1 of 528 lines are wrong and left out"),
        "{}",
        ran.stderr
    );
    let source = &ran.lines()[0]["source"];
    assert_eq!(
        (&source["lines"], &source["left_out"]),
        (&528.into(), &1.into())
    );
    assert!(
        source["first_left_out"][0]
            .as_str()
            .unwrap()
            .starts_with(&format!("past.csv:{line}: n: "))
    );
}

#[test]
fn one_broken_line_of_a_million_is_named_by_its_number() {
    let mut text = String::from("app,version,start,seconds,n,failures\n");
    for line in 2..=1_000_000i64 {
        let n = if line == 765_432 { "-1" } else { "9" };
        writeln!(text, "Shop,2,{},60,{n},0", line * 60).unwrap();
    }
    let ran = Desk::new().run_with(&["-"], &text);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr
            .starts_with("haltline: standard input:765432: n: -1 is no count"),
        "{}",
        ran.stderr
    );
}

#[test]
fn wrong_use_is_two_and_says_what_to_write() {
    let nothing = run(["backtest"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(2), ""));
    let told = "say what to replay: a FILE, --app APP, or --simulate";
    assert!(nothing.stderr.contains(told), "{}", nothing.stderr);
    let desk = Desk::new();
    desk.put("empty.csv", "");
    desk.put("header.csv", "app,version,start,seconds,n\n");
    desk.put("past.csv", &recording());
    for (args, told) in [
        (
            &[][..],
            "say what to replay: a FILE, --app APP, or --simulate",
        ),
        (&["missing.csv"][..], "missing.csv cannot be opened"),
        (
            &["empty.csv"],
            "empty.csv is empty; write a JSON object a line",
        ),
        (&["header.csv"], "header.csv:1: the header lacks failures"),
        (&["past.csv", "--simulate"], "cannot be used with"),
        (
            &["past.csv", "--against", "magic"],
            "known are naive-99.85, argo, z-test",
        ),
        (
            &["past.csv", "--policy", "unheard-of"],
            "there is no policy \"unheard-of\"",
        ),
        (
            &["past.csv", "--placebo", "strata"],
            "no baseline here has counts in two strata",
        ),
        (&["--simulate", "--regression", "0.5"], "from 1 up"),
        (&["--simulate", "--baseline", "99.95"], "99.95%"),
        (
            &["--simulate", "--ramp", "0h:5%,24h:1%"],
            "a ramp goes forward and up",
        ),
        (&["--simulate", "--outage", "60h"], "60h,2h,20"),
        (&["--rollouts", "3"], "--simulate"),
    ] {
        let ran = desk.run(args);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(2), ""),
            "{args:?}: {}",
            ran.stderr
        );
        assert!(ran.stderr.contains(told), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_terminal_gets_a_bar_and_colours() {
    let desk = Desk::new();
    desk.put("past.csv", &recording());
    let shown = on_a_terminal(&desk, &["past.csv"], false);
    assert!(
        shown.contains("] 2 of 2 rollouts, about 0 s left"),
        "{shown}"
    );
    assert!(shown.contains("\u{1b}[32m━"), "healthy is green: {shown}");
    assert!(shown.contains("\u{1b}[31m█"), "breached is red: {shown}");
    // The bar is taken away before anything is told.
    let told = shown.split("\r\u{1b}[K").last().unwrap();
    assert!(told.starts_with("Shop 8.43.0 against 8.42.0"), "{told}");
    let shown = on_a_terminal(&desk, &["past.csv"], true);
    assert!(
        !shown.contains("\u{1b}[32m") && shown.contains('━'),
        "{shown}"
    );
}
