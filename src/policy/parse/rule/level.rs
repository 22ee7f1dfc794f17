//! A rule on a figure without counts: what it may say, which is less than of counts.

use chrono::TimeDelta;

use super::{Kind, RuleError, RuleTable, many};
use crate::domain::{Metric, PlainText, Unit};
use crate::policy::rule::{Action, Evidence, Limit};

/// A figure of fewer is a matter of who was asked.
const LEAST_TRIALS: u64 = 100;

/// What is wrong with a rule on a level.
#[derive(Debug, thiserror::Error)]
pub(super) enum LevelError {
    #[error("rule \"{0}\" needs exactly one of floor, ceiling and worse_than_baseline; it has {1}")]
    OneLimit(PlainText, usize),
    #[error(
        "rule \"{0}\": a figure without counts cannot be tested, so that it never halts: action = \"pause\" is the most"
    )]
    Halts(PlainText),
    #[error(
        "rule \"{0}\": a figure without counts cannot be tested, so that its evidence is \"observed\", and {1} has no meaning"
    )]
    Tested(PlainText, &'static str),
    #[error(
        "rule \"{0}\": drop_from_baseline is for shares with counts: write worse_than_baseline, or an absolute limit"
    )]
    Points(PlainText),
    #[error("rule \"{0}\": {1} is measured in {2}")]
    Unit(PlainText, Metric, &'static str),
    #[error("rule \"{0}\": of stars more is better: write a floor, such as \"4.2\"")]
    Stars(PlainText),
}

/// Limit and evidence of a rule on a level.
pub(super) fn judged(table: &RuleTable) -> Result<(Limit, Evidence), RuleError> {
    let (id, metric) = (&table.id, &table.metric.0);
    let limit = match (
        table.floor,
        table.ceiling,
        table.worse_than_baseline,
        table.drop_from_baseline,
    ) {
        (Some(floor), None, None, None) => {
            let (value, unit) = floor.figure();
            Limit::LevelAtLeast { value, unit }
        }
        (None, Some(ceiling), None, None) => {
            let (value, unit) = ceiling.figure();
            Limit::LevelAtMost { value, unit }
        }
        (None, None, Some(times), None) => Limit::TimesBaseline { ratio: times.0 },
        (None, None, None, Some(_)) => return Err(LevelError::Points(id.clone()).into()),
        (floor, ceiling, times, points) => {
            let given = [
                floor.is_some(),
                ceiling.is_some(),
                times.is_some(),
                points.is_some(),
            ];
            return Err(LevelError::OneLimit(id.clone(), many(given)).into());
        }
    };
    match limit {
        Limit::LevelAtMost { value, .. } | Limit::LevelAtLeast { value, .. } if value <= 0.0 => {
            return Err(RuleError::Zero(id.clone(), "the limit"));
        }
        Limit::LevelAtMost { unit, .. } | Limit::LevelAtLeast { unit, .. } => {
            let (wanted, words) = usual(metric).unwrap_or((unit, ""));
            if wanted != unit {
                return Err(LevelError::Unit(id.clone(), metric.clone(), words).into());
            }
        }
        _ => {}
    }
    let is_ceiling = !matches!(limit, Limit::LevelAtLeast { .. });
    if is_ceiling && usual(metric).is_some_and(|(unit, _)| unit == Unit::Plain) {
        return Err(LevelError::Stars(id.clone()).into());
    }
    if table.action == Action::Halt {
        return Err(LevelError::Halts(id.clone()).into());
    }
    let tested = [
        (table.evidence == Some(Kind::Sequential), "\"sequential\""),
        (table.window.is_some(), "window"),
    ];
    if let Some((_, what)) = tested.into_iter().find(|(given, _)| *given) {
        return Err(LevelError::Tested(id.clone(), what).into());
    }
    let polls = table.polls.unwrap_or(2);
    if polls == 0 {
        return Err(RuleError::Zero(id.clone(), "for"));
    }
    let evidence = Evidence::Observed {
        // It comes with a time of its own.
        window: TimeDelta::zero(),
        min_sessions: table.min_sessions.unwrap_or(LEAST_TRIALS),
        polls,
    };
    Ok((limit, evidence))
}

/// What the levels with names of their own are counted in, and an example of it.
fn usual(metric: &Metric) -> Option<(Unit, &'static str)> {
    let Metric::Level(name) = metric else {
        return None;
    };
    match name.as_str() {
        "rating" => Some((
            Unit::Plain,
            "stars from 1 to 5, written as a number in quotes: \"4.2\"",
        )),
        "cold_start_p50" | "cold_start_p90" | "cold_start_p99" | "request_p95" => {
            Some((Unit::Seconds, "time: write \"4.5s\" or \"850ms\""))
        }
        _ => None,
    }
}
