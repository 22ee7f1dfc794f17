//! Readiness: before a rollout, whether a bad version would be noticed and stopped. Owns what a checklist is, and those of its items
//! that follow from the policy and the version before.
//!
//! Pure: what was measured is given.

mod halts;
mod sight;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Serialize;

pub use halts::halts;
pub use sight::{Aim, sight};

use super::explain::{self, count, percent};
use super::ledger::Clustering;
use super::planner::history;
use super::rule::{Action, Limit, Policy, Rule};
use crate::domain::{Counts, Exposure, Metric, PlainText, Timestamp};
use crate::evidence::bound;

/// Fewer trials in a day say nothing of a version.
const LEAST_TRIALS: u64 = 1_000;

/// How sure it has to be that the version before breaks a limit: wrong at most once in a hundred looks.
const BETA: f64 = 0.01;

/// One thing that should be there before a rollout begins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// `baseline`, `sources`, …
    pub item: &'static str,
    pub mark: Mark,
    /// How it stands, in words.
    pub finding: PlainText,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub todo: Option<PlainText>,
}

/// How an item stands, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    Ready,
    /// Worth a thought; a rollout may begin all the same.
    Warning,
    /// It could not be known.
    Unknown,
    Failed,
}

impl Item {
    pub fn ready(item: &'static str, finding: impl Into<PlainText>) -> Self {
        Self {
            item,
            mark: Mark::Ready,
            finding: finding.into(),
            todo: None,
        }
    }

    /// Anything but ready, and what to do.
    pub fn not_ready(
        item: &'static str,
        mark: Mark,
        finding: impl Into<PlainText>,
        todo: impl Into<PlainText>,
    ) -> Self {
        Self {
            mark,
            todo: Some(todo.into()),
            ..Self::ready(item, finding)
        }
    }
}

/// The version that the new one will be compared with, as its sources count it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    pub name: PlainText,
    /// Without metrics of users, which nobody can add up.
    pub metrics: BTreeMap<Metric, Measured>,
    /// Its part of all sessions of the last day, 0..=1.
    pub part: f64,
}

/// One metric of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Of the last day.
    pub day: Counts,
    /// Of all that was read, two weeks at most.
    pub all: Counts,
    pub clustering: Clustering,
}

impl Measured {
    /// From its windows, by their starts.
    pub fn of(windows: &[(Timestamp, Counts)], now: Timestamp) -> Self {
        let counts = |(_, counts): &(Timestamp, Counts)| *counts;
        let day = windows
            .iter()
            .filter(|(start, _)| *start >= now - TimeDelta::days(1));
        let phi = history::clustering(windows);
        Self {
            day: day.map(counts).sum(),
            all: windows.iter().map(counts).sum(),
            clustering: phi.map_or(Clustering::Unknown, |phi| Clustering::Measured { phi }),
        }
    }
}

/// Whether rules are there that stop a rollout while so many have it.
pub fn rules(policy: &Policy, exposure: Exposure) -> Item {
    let acting: Vec<&str> = acting(policy, exposure)
        .map(|rule| rule.id.as_str())
        .collect();
    if acting.is_empty() {
        return Item::not_ready(
            "rules",
            Mark::Failed,
            format!(
                "no rule of the policy {} pauses or halts at {exposure}",
                policy.name
            ),
            "give the policy a rule with action = \"pause\" or \"halt\" that is live from the first stage on",
        );
    }
    let finding = format!(
        "policy {}: {} stop it at {exposure}: {}",
        policy.name,
        match acting.len() {
            1 => "one rule would".to_owned(),
            n => format!("{n} rules would"),
        },
        acting.join(", ")
    );
    Item::ready("rules", finding)
}

/// Whether the version before is healthy by the limits that the new one is held to: else the new one is stopped for what the
/// old one does, or its gates never open.
pub fn baseline(policy: &Policy, exposure: Exposure, baseline: &Baseline) -> Item {
    let name = &baseline.name;
    let seen: Vec<(&Metric, &Measured)> = baseline.metrics.iter().collect();
    let most = seen.iter().map(|(_, measured)| measured.day.trials).max();
    let most = most.unwrap_or_default();
    if most < LEAST_TRIALS {
        let finding = format!(
            "{name} had {} trials in the last day: too few to say",
            count(most)
        );
        let todo = "see that the sources count this version, as `haltline doctor` does; or wait for its users";
        return Item::not_ready("baseline", Mark::Unknown, finding, todo);
    }
    let proposal =
        "give limits that the app meets today: `haltline plan --from-history` proposes some";
    for rule in acting(policy, exposure) {
        let Limit::Failures { at_most } = rule.limit else {
            continue;
        };
        let Some(day) = of(baseline, &rule.metric).map(|measured| measured.day) else {
            continue;
        };
        let limit = explain::limit(&rule.metric, rule.limit);
        if day.failure_rate().is_some_and(|rate| rate > at_most) {
            let sure = bound::share_lower_bound(day, BETA) > at_most;
            let (mark, word) = if sure {
                (Mark::Failed, "breaks")
            } else {
                (Mark::Warning, "is just beyond")
            };
            let finding = format!(
                "{}, which {word} {limit} of rule {}",
                measured(name, &rule.metric, day),
                rule.id
            );
            return Item::not_ready("baseline", mark, finding, proposal);
        }
    }
    for stage in &policy.stages {
        for (metric, share) in &stage.healthy_if {
            let all = of(baseline, metric).map(|measured| measured.all);
            let never =
                all.filter(|all| all.failure_rate().is_some_and(|rate| rate >= 1.0 - share));
            if let Some(all) = never {
                let finding = format!(
                    "{}, and the gate that ends {} wants evidence of {} ≥ {}: it would hardly open",
                    measured(name, metric, all),
                    stage.exposure,
                    metric.label(),
                    percent(*share)
                );
                return Item::not_ready("baseline", Mark::Warning, finding, proposal);
            }
        }
    }
    let main = main_metric(policy, exposure, baseline).and_then(|metric| {
        let day = of(baseline, metric)?.day;
        Some(format!("{} in the last day", measured(name, metric, day)))
    });
    let finding = main.unwrap_or_else(|| {
        format!(
            "{name} had {} trials in the last day, of metrics that no rule is on",
            count(most)
        )
    });
    Item::ready("baseline", finding)
}

/// `8.42.0: crash-free sessions 99.95% (306 of 611,204 sessions crashed)`
fn measured(name: &PlainText, metric: &Metric, counts: Counts) -> String {
    format!(
        "{name}: {} {} ({} of {} {} {})",
        metric.label(),
        explain::share(metric, counts),
        count(counts.failures),
        count(counts.trials),
        metric.trial_word(),
        metric.failure_word()
    )
}

fn of<'a>(baseline: &'a Baseline, metric: &Metric) -> Option<&'a Measured> {
    let measured = baseline.metrics.get(metric)?;
    (measured.day.trials > 0).then_some(measured)
}

/// The rules that stop a rollout while so many have it.
fn acting(policy: &Policy, exposure: Exposure) -> impl Iterator<Item = &Rule> {
    policy.rules.iter().filter(move |rule| {
        let during = rule.during;
        let live = during.is_none_or(|(low, high)| low <= exposure && exposure <= high);
        rule.action >= Action::Pause && live
    })
}

/// What most is known of: crashes, else the first metric with a rule that acts.
fn main_metric<'a>(
    policy: &'a Policy,
    exposure: Exposure,
    baseline: &Baseline,
) -> Option<&'a Metric> {
    let known = || acting(policy, exposure).filter(|rule| of(baseline, &rule.metric).is_some());
    let crashes = known().find(|rule| rule.metric == Metric::CrashFreeSessions);
    crashes.or_else(|| known().next()).map(|rule| &rule.metric)
}
