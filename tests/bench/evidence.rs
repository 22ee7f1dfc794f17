//! Evidence as it comes in: what a poll costs at every age of a rollout, what a restated window costs, and what the backtest pays a
//! window.

#![expect(
    clippy::unwrap_used,
    reason = "a bench fails by panicking, its helpers too"
)]

mod figures;
mod stopwatch;

use std::hint::black_box;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use figures::Figures;
use haltline::domain::{Counts, Exposure, Metric, SourceId, StoreKind, Timestamp};
use haltline::policy::assess::is_quiet;
use haltline::policy::observation::Baseline;
use haltline::policy::{
    DataState, Ledger, MetricSeries, Observation, Paired, Policy, RawPolicy, SourceState, Terms,
    assess,
};
use stopwatch::{ms, now};

const RUNS: usize = 200;

/// Windows of the baseline alone, in hours: two weeks.
const PAST: i64 = 14 * 24;

/// Rules of which six, two and two are about one metric each.
const TEN: [(&str, &str, &str); 10] = [
    ("crash_free_sessions", "floor = \"99.85%\"", "pause"),
    ("crash_free_sessions", "floor = \"99.50%\"", "halt"),
    ("crash_free_sessions", "worse_than_baseline = 1.25", "pause"),
    ("crash_free_sessions", "worse_than_baseline = 2.0", "halt"),
    (
        "crash_free_sessions",
        "drop_from_baseline = \"0.5pt\"",
        "pause",
    ),
    ("crash_free_sessions", "floor = \"99.90%\"", "notify"),
    ("frustration_free_sessions", "floor = \"99%\"", "pause"),
    (
        "frustration_free_sessions",
        "worse_than_baseline = 2.0",
        "halt",
    ),
    ("error_free_sessions", "floor = \"98%\"", "pause"),
    ("error_free_sessions", "worse_than_baseline = 2.0", "halt"),
];

fn main() {
    let mut figures = Figures::new("evidence");
    let ten = policy(&TEN);
    for (age, windows) in [
        ("an hour", 12),
        ("a day", 288),
        ("a week", 2_016),
        ("two weeks", 4_032),
    ] {
        for bad in [false, true] {
            let (mut observation, tails) = rollout(&ten, windows, bad);
            let mut failures = 0;
            let samples = time(RUNS, || {
                failures += 1;
                poll(&ten, &mut observation, &tails, failures % 3);
                black_box(assess(black_box(&ten), &observation));
            });
            let how = if bad {
                "worse since an hour ago"
            } else {
                "healthy"
            };
            let name = format!("a poll of ten rules after {age}, {how}");
            figures.add(name, "us", samples, (!bad).then_some(20.0));
            let samples = time(RUNS, || {
                failures += 1;
                poll(&ten, &mut observation, &tails, failures % 3);
            });
            figures.add("  of that, taking the windows in", "us", samples, None);
        }
    }
    for (age, back) in [
        ("an hour", 12),
        ("a day", 288),
        ("half a week", 1_008),
        ("a week", 2_010),
    ] {
        let (mut observation, _) = rollout(&ten, 2_016, false);
        let mut failures = 0;
        let metric = Metric::CrashFreeSessions;
        let samples = time(RUNS, || {
            failures += 1;
            let mut window = paired(2_016 - back, false);
            window.new.failures = failures % 3;
            let ledger = Arc::make_mut(&mut observation.ledger);
            ledger.push(&ten, &metric, &source(), window);
        });
        let name = format!("a window of {age} ago restated, after a week, six rules");
        figures.add(name, "us", samples, None);
    }
    for rules in [1, 4] {
        let policy = policy(TEN.get(..rules).unwrap_or_default());
        let samples = time(20, || stream(&policy, true));
        let per_window = |ms: f64| ms / f64::from(WINDOWS);
        let samples = samples.into_iter().map(per_window).collect();
        let name = format!("a window streamed: push and is_quiet, {rules} rules");
        figures.add(name, "us", samples, (rules == 4).then_some(1.5));
    }
    let four = policy(TEN.get(..4).unwrap_or_default());
    let samples = time(20, || stream(&four, false));
    let per_window = |us: f64| us / f64::from(WINDOWS);
    let samples = samples.into_iter().map(per_window).collect();
    figures.add(
        "a window streamed: push alone, 4 rules",
        "us",
        samples,
        None,
    );
    let samples = time(20, || {
        black_box(rollout(&ten, 2_016, false));
    });
    figures.add(
        "a week of three metrics weighed anew, ten rules",
        "us",
        samples,
        None,
    );
    figures.print();
}

/// Microseconds of each run.
fn time(runs: usize, mut work: impl FnMut()) -> Vec<f64> {
    let once = |_| {
        let start = now();
        work();
        ms(start) * 1e3
    };
    (0..runs).map(once).collect()
}

fn policy(rules: &[(&str, &str, &str)]) -> Policy {
    let rule = |(n, (metric, limit, action)): (usize, &(&str, &str, &str))| {
        format!(
            "[[rule]]\nid = \"rule-{n}\"\nmetric = \"{metric}\"\n{limit}\naction = \"{action}\"\n"
        )
    };
    let rules: String = rules.iter().enumerate().map(rule).collect();
    let raw: RawPolicy = toml::from_str(&rules).unwrap();
    raw.resolve("bench").unwrap().0
}

fn source() -> SourceId {
    SourceId("sentry".into())
}

fn instant() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// The `k`-th window of five minutes, of a million sessions a day at 5 %.
fn paired(k: i64, bad: bool) -> Paired {
    let failures = if bad { 2 } else { u64::from(k % 11 == 0) };
    Paired {
        start: instant() + TimeDelta::minutes(5 * k),
        seconds: 300,
        stratum: String::new(),
        new: Counts::new(173, failures).unwrap(),
        old: Counts::new(3_299, u64::from(k % 3 != 0) + 1).unwrap(),
    }
}

fn past() -> impl Iterator<Item = Paired> {
    (-PAST..0).map(|hour| Paired {
        start: instant() + TimeDelta::hours(hour),
        seconds: 3_600,
        stratum: String::new(),
        new: Counts::default(),
        old: Counts::new(41_667, 18 + hour.unsigned_abs() % 7).unwrap(),
    })
}

/// A rollout after so many windows, and what the source says of each metric at the next poll: the last two hours.
fn rollout(policy: &Policy, windows: i64, bad: bool) -> (Observation, Vec<(Metric, Vec<Paired>)>) {
    let all = || (0..windows).map(|k| paired(k, bad && k >= windows - 12));
    let metrics = [
        Metric::CrashFreeSessions,
        Metric::FrustrationFreeSessions,
        Metric::ErrorFreeSessions,
    ];
    let series = metrics.clone().map(|metric| MetricSeries {
        metric,
        source: source(),
        windows: past().chain(all()).collect(),
    });
    let tail = || {
        all()
            .skip(usize::try_from(windows - 24).unwrap_or(0))
            .collect()
    };
    let tails = metrics.map(|metric| (metric, tail())).into();
    (
        observation(Ledger::of(policy, Terms::of(Baseline::Read), series)),
        tails,
    )
}

fn observation(ledger: Ledger) -> Observation {
    Observation {
        at: instant(),
        store: StoreKind::GooglePlay,
        exposure: Some(Exposure::from_percent(5)),
        new_name: "8.43.0 (84300)".into(),
        old_name: Some("8.42.0 (84200)".into()),
        exposed_since: None,
        resumes: 0,
        ledger: Arc::new(ledger),
        dark: None,
        sources: vec![SourceState {
            id: source(),
            required: true,
            read_through: Some(instant()),
            state: DataState::Fresh,
            why: None,
            stale_after: 1_800,
            reach: haltline::domain::Reach::Halt,
        }],
        issues: Vec::new(),
        shares: Vec::new(),
        out_since: None,
        beside: haltline::policy::Beside::default(),
        next_train: haltline::policy::NextTrain::Unsaid,
    }
}

/// Takes in the last two hours, of which only the open window has changed.
fn poll(
    policy: &Policy,
    observation: &mut Observation,
    tails: &[(Metric, Vec<Paired>)],
    failures: u64,
) {
    let ledger = Arc::make_mut(&mut observation.ledger);
    for (metric, tail) in tails {
        let mut tail = tail.clone();
        let since = tail.first().map(|window| window.start);
        if let Some(open) = tail.last_mut() {
            open.new.failures = failures;
        }
        ledger.set(policy, metric, &source(), since, tail);
    }
}

/// Windows of a streamed rollout: six days.
const WINDOWS: u32 = 1_728;

/// A healthy rollout as the backtest sees it, window by window.
fn stream(policy: &Policy, ask: bool) {
    let metric = Metric::CrashFreeSessions;
    let series = MetricSeries {
        metric: metric.clone(),
        source: source(),
        windows: past().collect(),
    };
    let mut observation = observation(Ledger::of(policy, Terms::of(Baseline::Read), [series]));
    let source = source();
    for k in 0..i64::from(WINDOWS) {
        let ledger = Arc::make_mut(&mut observation.ledger);
        ledger.push(policy, &metric, &source, paired(k, false));
        if ask {
            black_box(is_quiet(policy, &observation));
        }
    }
    black_box(&observation);
}
