use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::domain::{Counts, Exposure, StoreKind};
use crate::policy::observation::{DataState, NextTrain, Observation, SourceState};
use crate::policy::parse::RawPolicy;
use crate::policy::{Assessment, assess};

mod past;
mod semantics;
mod strata;
mod ways;

fn at(minute: i64) -> Timestamp {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap() + TimeDelta::minutes(minute)
}

fn source() -> SourceId {
    SourceId("sentry".into())
}

fn counts(trials: u64, failures: u64) -> Counts {
    Counts { trials, failures }
}

fn window(start: i64, minutes: i64, new: (u64, u64), old: (u64, u64)) -> Paired {
    Paired {
        start: at(start),
        seconds: u32::try_from(minutes * 60).unwrap(),
        stratum: String::new(),
        new: counts(new.0, new.1),
        old: counts(old.0, old.1),
    }
}

fn policy(rules: &str) -> Policy {
    toml::from_str::<RawPolicy>(rules)
        .unwrap()
        .resolve("test")
        .unwrap()
        .0
}

/// One rule.
fn one(metric: &str, limit: &str, action: &str) -> Policy {
    policy(&format!(
        "[[rule]]\nid = \"r\"\nmetric = \"{metric}\"\n{limit}\naction = \"{action}\"\n"
    ))
}

/// Rules of every kind, about sessions, users and a journey.
static EVERY_KIND: LazyLock<Policy> = LazyLock::new(|| {
    let mut toml = String::new();
    for metric in [
        "crash_free_sessions",
        "crash_free_users",
        "journey_success:checkout",
    ] {
        for (k, limit) in [
            "floor = \"97%\"",
            "worse_than_baseline = 1.25",
            "drop_from_baseline = \"1pt\"",
        ]
        .into_iter()
        .enumerate()
        {
            for action in ["notify", "pause", "halt"] {
                write!(
                    toml,
                    "[[rule]]\nid = \"{k}-{action}-{}\"\nmetric = \"{metric}\"\n{limit}\naction = \"{action}\"\n",
                    metric.replace([':', '_'], "-")
                )
                .unwrap();
            }
        }
    }
    policy(&toml)
});

fn observe(ledger: &Ledger) -> Observation {
    Observation {
        at: at(0),
        store: StoreKind::GooglePlay,
        exposure: Some(Exposure::from_percent(5)),
        new_name: "3.5.0".into(),
        old_name: Some("3.4.0".into()),
        exposed_since: None,
        dark: None,
        resumes: 0,
        ledger: Arc::new(ledger.clone()),
        sources: vec![SourceState {
            id: source(),
            required: true,
            read_through: Some(at(0)),
            state: DataState::Fresh,
            why: None,
            stale_after: 1_800,
            reach: crate::domain::Reach::Halt,
        }],
        issues: vec![],
        shares: vec![],
        out_since: None,
        beside: crate::policy::Beside::default(),
        next_train: NextTrain::Unsaid,
    }
}

fn judge(policy: &Policy, ledger: &Ledger) -> Assessment {
    assess(policy, &observe(ledger))
}

fn ledger_of(policy: &Policy, terms: Terms, metric: &Metric, windows: Vec<Paired>) -> Ledger {
    let series = MetricSeries {
        metric: metric.clone(),
        source: source(),
        windows,
    };
    Ledger::of(policy, terms, [series])
}
