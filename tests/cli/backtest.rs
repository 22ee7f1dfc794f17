//! `haltline backtest`: files, the journal and made-up rollouts in; words, a picture and JSON out.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;
use tempfile::TempDir;

use crate::bench::{ANDROID, BREACHING, Bench, HEALTHY, IOS};
use crate::support::{Ran, haltline, run};

/// Monday, 2 November 2026.
const START: i64 = 1_793_577_600;
const HOUR: i64 = 3_600;
const SCHEMA: &str = "haltline/backtest/v1";

/// A folder with recordings, where the binary is run.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(TempDir::with_prefix("haltline-backtest-").unwrap())
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let mut child = haltline(std::iter::once(&"backtest").chain(args))
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let out = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            code: out.status.code(),
            stdout: String::from_utf8(out.stdout).unwrap(),
            stderr: String::from_utf8(out.stderr).unwrap(),
        }
    }

    #[track_caller]
    fn document(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--json"]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let [document] = ran.lines().try_into().unwrap();
        let document: Value = document;
        assert_eq!(document["schema"], SCHEMA);
        document
    }
}

/// Counts that keep to their rate as closely as whole numbers can.
struct Steady {
    rate: f64,
    carried: f64,
}

impl Steady {
    fn new(rate: f64) -> Self {
        Self { rate, carried: 0.0 }
    }

    fn of(&mut self, trials: u64) -> u64 {
        self.carried += trials as f64 * self.rate;
        let failures = self.carried.floor();
        self.carried -= failures;
        failures as u64
    }
}

/// Two rollouts of hourly windows, 480,000 sessions a day: a week of the baseline alone, then 1, 5, 20 and 100 %, a day each.
/// 8.43.0 is as good as 8.42.0; 8.44.0 crashes ten times as often.
fn recording() -> String {
    let mut csv = String::from(
        "app,version,baseline,start,seconds,n,failures,n_baseline,failures_baseline,exposure\n",
    );
    for (version, baseline, day, times) in
        [("8.43.0", "8.42.0", 7, 1.0), ("8.44.0", "8.43.0", 18, 10.0)]
    {
        let (mut new, mut old) = (Steady::new(0.0005 * times), Steady::new(0.0005));
        for hour in -7 * 24..4 * 24 {
            let percent = match hour / 24 {
                _ if hour < 0 => 0,
                0 => 1,
                1 => 5,
                2 => 20,
                _ => 100,
            };
            let n = 200 * percent;
            let (start, rest) = (START + (24 * day + hour) * HOUR, 20_000 - n);
            writeln!(
                csv,
                "Shop,{version},{baseline},{start},3600,{n},{},{rest},{},{percent}%",
                new.of(n),
                old.of(rest)
            )
            .unwrap();
        }
    }
    csv
}

fn labels() -> String {
    let onset = START + 18 * 24 * HOUR;
    format!("app,version,onset\nShop,8.43.0,healthy\nShop,8.44.0,{onset}\n")
}

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
fn ndjson_comes_from_standard_input_too() {
    let desk = Desk::new();
    let lines: String = recording()
        .lines()
        .skip(1)
        .map(|line| {
            let [app, version, baseline, start, seconds, n, failures, n_baseline, failures_baseline, exposure] =
                line.split(',').collect::<Vec<_>>().try_into().unwrap();
            format!(
                "{{\"app\":\"{app}\",\"version\":\"{version}\",\"baseline\":\"{baseline}\",\"start\":{start},\"seconds\":{seconds},\
                 \"n\":{n},\"failures\":{failures},\"n_baseline\":{n_baseline},\"failures_baseline\":{failures_baseline},\
                 \"exposure\":\"{exposure}\"}}\n"
            )
        })
        .collect();
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
    assert!(done >= 1 && done < 100_000, "{done}");
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

/// Everything that a terminal gets to see.
fn on_a_terminal(desk: &Desk, args: &[&str], no_color: bool) -> String {
    let size = PtySize {
        rows: 40,
        cols: 100,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_haltline"));
    command.arg("backtest");
    command.args(args);
    command.env_clear();
    command.env("HOME", "/nonexistent");
    command.cwd(desk.0.path());
    if no_color {
        command.env("NO_COLOR", "1");
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut bytes = Vec::new();
    // A terminal whose last writer has gone away answers with an error.
    drop(reader.read_to_end(&mut bytes));
    assert!(child.wait().unwrap().success());
    String::from_utf8(bytes).unwrap()
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
