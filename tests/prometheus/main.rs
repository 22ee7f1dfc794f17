//! The Prometheus adapter, and the fake Prometheus, against a real one: over the same samples both answer the same, and what the
//! adapter reads is what the counters say.
//!
//! Needs the programs `prometheus` and `promtool`: beside each other where `HALTLINE_PROMETHEUS` says, or on the path. Where there
//! are none the tests say so, and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test's own helpers may fail the test, and say why it does nothing"
)]

mod real;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use haltline::domain::{
    Counts, FailureKind, Metric, PlainText, Reach, SourceId, Timestamp, Unit, Version,
};
use haltline::health::prometheus::{Figures, Prometheus, Settings};
use haltline::http::{BaseUrl, Client, Limits};
use haltline::ports::{HealthQuery, HealthSource, SimClock};
use haltline::simulator::prometheus::{Series, Server, router_over};
use real::{Real, ask};

/// When the counters begin, a whole hour.
const BEGIN: i64 = 1_763_629_200;
/// Seconds between two scrapes.
const SCRAPE: i64 = 15;
/// Nothing is scraped after so many seconds.
const END: i64 = 7_350;

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(BEGIN + seconds, 0).unwrap()
}

/// A counter that grows by `step` a scrape, but for the scrapes that are missed.
fn counter(labels: &[(&str, &str)], from: i64, step: f64, missed: std::ops::Range<i64>) -> Series {
    let times = (0..=END / SCRAPE).map(|n| n * SCRAPE);
    let scraped = times.filter(|t| *t >= from && !missed.contains(t));
    let value = |t: i64| ((t - from) / SCRAPE) as f64 * step;
    let pairs = labels
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Series {
        labels: pairs.collect(),
        samples: scraped.map(|t| ((BEGIN + t) * 1000, value(t))).collect(),
    }
}

/// Two versions: 84300 begins after half an hour, has no series of crashes before the end of the first hour, and is not scraped
/// for a quarter of an hour later on.
fn samples() -> Vec<Series> {
    let hole = 4_500..5_415;
    let none = 0..0;
    let of = |name: &'static str, build: &'static str| [("__name__", name), ("build", build)];
    let (sessions, crashed) = ("app_sessions_total", "app_crashed_total");
    let mut all = vec![
        counter(&of(sessions, "84200"), 0, 40.0, none.clone()),
        counter(&of(crashed, "84200"), 0, 1.0, none.clone()),
        counter(&of(sessions, "84300"), 1_800, 4.0, hole.clone()),
        counter(&of(crashed, "84300"), 3_600, 1.0, hole),
    ];
    for (le, step) in [("1", 1.0), ("2", 3.0), ("5", 4.0), ("+Inf", 4.0)] {
        let labels = [("__name__", "start_bucket"), ("build", "84300"), ("le", le)];
        all.push(counter(&labels, 1_800, step, none.clone()));
    }
    all
}

async fn fake() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = router_over(Server::default(), Arc::new(samples()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

#[tokio::test]
async fn the_fake_answers_as_the_real_one() {
    let Some(real) = Real::start(&samples()).await else {
        return;
    };
    let fake = fake().await;
    let range = |query: &str, from: i64, to: i64, step: i64| {
        vec![
            ("query", query.to_owned()),
            ("start", (BEGIN + from).to_string()),
            ("end", (BEGIN + to).to_string()),
            ("step", step.to_string()),
        ]
    };
    let mut questions = Vec::new();
    for query in [
        "app_sessions_total",
        "sum(app_sessions_total)",
        r#"sum by (build) (increase(app_sessions_total{build="84300"}[5m]))"#,
        r#"sum(increase(app_crashed_total{build="84300"}[5m])) or 0 * sum(increase(app_sessions_total{build="84300"}[5m]))"#,
        r#"rate(app_sessions_total{build=~"84.*",build!="84200"}[150s])"#,
        "1 - sum(increase(app_crashed_total[10m])) / sum(increase(app_sessions_total[10m]))",
        "histogram_quantile(0.9, sum by (le) (rate(start_bucket[5m])))",
        r#"app_crashed_total{build="84300"} / 0"#,
        "0 * app_crashed_total / (app_sessions_total - app_sessions_total)",
        r#"label_replace(app_sessions_total, "os", "$1", "build", "(.*)")"#,
        "vector(1) unless app_sessions_total",
        "app_sessions_total and app_crashed_total",
        "max(app_sessions_total) - scalar(min(app_sessions_total))",
        "count without (build) (app_sessions_total)",
        "-time() + 1.5",
        "app_nothing_total",
    ] {
        questions.push(("query_range", range(query, -600, END + 900, 100)));
    }
    for query in [
        "",
        "sum(",
        r#"x{a="1""#,
        "x or",
        "increase(x[5m)",
        "x y",
        "sum by os (x)",
        "x[5m",
        "rate(x[5m]))",
        "1 +",
        "increase(1)",
        "histogram_quantile(x)",
        "x{a=b}",
        "{}",
        "sum(1)",
        "vector(x)",
        "1 or x",
        "foo(x)",
        "x[5m]",
        "\"abc\"",
        r#"x{v="\""#,
    ] {
        questions.push(("query_range", range(query, 0, 300, 60)));
    }
    questions.push(("query_range", range("x", 0, 20_000, 1)));
    questions.push(("query_range", range("x", 10, 0, 1)));
    questions.push(("query_range", range("x", 0, 10, 0)));
    questions.push((
        "label/build/values",
        vec![("match[]", "app_crashed_total".into())],
    ));
    questions.push(("nothing", Vec::new()));
    let mut wrong = Vec::new();
    for (path, pairs) in &questions {
        let (theirs, ours) = (
            ask(&real.base, path, pairs).await,
            ask(&fake, path, pairs).await,
        );
        if !real::same(&theirs.1, &ours.1) || theirs.0 != ours.0 {
            wrong.push(format!("{path} {pairs:?}\n  {theirs:?}\n  {ours:?}"));
        }
    }
    eprintln!(
        "{} questions to a real Prometheus and to the fake",
        questions.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const TRIALS: &str = r#"sum(increase(app_sessions_total{build="{build}"}[{window}]))"#;
const FAILURES: &str = r#"sum(increase(app_crashed_total{build="{build}"}[{window}]))"#;

fn adapter(base: &str, clock: &Arc<SimClock>, failures: &str, window: TimeDelta) -> Prometheus {
    let counts = |failures: &str, trials: &str| Figures::Counts {
        failures: failures.into(),
        trials: trials.into(),
    };
    let value =
        r#"histogram_quantile(0.9, sum by (le) (rate(start_bucket{build="{build}"}[{window}])))"#;
    let level = Figures::Value {
        value: value.into(),
        unit: Unit::Seconds,
        scale: 1,
    };
    let settings = Settings {
        id: SourceId("prometheus".into()),
        user: None,
        token: None,
        tenant: None,
        figures: BTreeMap::from([
            (Metric::CrashFreeSessions, counts(failures, TRIALS)),
            (
                Metric::ErrorFreeSessions,
                counts(
                    "sum(increase(app_crashed_total{build=\"{build}\"}[{window}])",
                    TRIALS,
                ),
            ),
            (Metric::Level("cold_start_p90".into()), level),
        ]),
        window,
        strata: Vec::new(),
        release: "{build}".into(),
        package: "com.example.shop".into(),
        reach: Reach::Halt,
    };
    let client = Client::new(Limits::default()).unwrap();
    Prometheus::new(
        settings,
        client,
        BaseUrl::parse(base).unwrap(),
        Arc::clone(clock) as _,
    )
    .unwrap()
}

fn query(now: Timestamp) -> HealthQuery {
    HealthQuery {
        version: Version::from_code(84300),
        also: Vec::new(),
        baseline: Some(Version::from_code(84200)),
        since: None,
        past: false,
        now,
    }
}

#[tokio::test]
async fn what_is_read_is_what_the_counters_say() {
    let Some(real) = Real::start(&samples()).await else {
        return;
    };
    let clock = Arc::new(SimClock::starting_at(at(END)));
    let or_zero = format!("{FAILURES} or 0 * {TRIALS}");
    for (failures, first_known) in [(FAILURES, 3_600), (or_zero.as_str(), 1_800)] {
        let source = adapter(&real.base, &clock, failures, TimeDelta::minutes(5));
        let report = source.poll(&query(at(END))).await.unwrap();
        assert_eq!(report.read_through, Some(at(END)));
        assert_eq!(report.first_session, Some(at(1_800)));
        let notes: Vec<&str> = report.notes.iter().map(PlainText::as_str).collect();
        let said = notes.join("\n");
        assert_eq!(said.contains("or 0 *"), first_known == 3_600, "{said}");
        assert!(
            said.contains("failures of error_free_sessions")
                && said.contains("unclosed left parenthesis"),
            "{said}"
        );
        let of = |version: &str| -> BTreeMap<i64, Counts> {
            let own = report.readings.iter().filter(|r| r.version == version);
            own.map(|r| (r.start.timestamp() - BEGIN, r.counts))
                .collect()
        };
        let old = of("84200");
        assert_eq!(
            old.keys().next(),
            Some(&1_800),
            "evidence begins with the version"
        );
        for (start, counts) in &old {
            let scrapes = ((END - start).min(300) / SCRAPE) as u64;
            assert_eq!(
                *counts,
                Counts::new(40 * scrapes, scrapes).unwrap(),
                "{start}"
            );
        }
        let new = of("84300");
        assert_eq!(new.keys().next(), Some(&first_known));
        assert_eq!(new[&3_900], Counts::new(80, 20).unwrap());
        for hole in [4_500, 4_800] {
            assert_eq!(
                new.get(&hole),
                None,
                "what was not scraped is missing, not zero"
            );
        }
        let p90 = report
            .levels
            .iter()
            .find(|level| level.version == "84300")
            .unwrap();
        assert!((p90.value - 3.8).abs() < 1e-6, "{}", p90.value);

        // Nothing comes any more: it is read as far as the last window that had a sample.
        let later = source.poll(&query(at(END + 1_500))).await.unwrap();
        assert_eq!(later.read_through, Some(at(7_500)));
    }
    // More points than one answer may have are asked for in pieces.
    let fine = adapter(&real.base, &clock, &or_zero, TimeDelta::minutes(1));
    let report = fine.poll(&query(at(END))).await.unwrap();
    let of_new = report.readings.iter().filter(|r| r.version == "84300");
    let sum: Counts = of_new
        .filter(|r| r.start < at(4_500))
        .map(|r| r.counts)
        .sum();
    assert_eq!(sum, Counts::new(4 * 180, 60).unwrap());
    let wrong = adapter(
        &real.base,
        &clock,
        "sum(app_crashed_total{build=\"{build}\"}[{window}]",
        TimeDelta::minutes(5),
    );
    let failure = wrong.poll(&query(at(END))).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(
        failure.what.as_str().contains("crash_free_sessions"),
        "{failure}"
    );
}
