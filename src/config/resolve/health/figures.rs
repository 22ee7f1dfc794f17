//! What several kinds have in common: queries by metric, journeys, strata, bounds of what is slow.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::config::file::{RawFigures, RawHealth, RawJourney};
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::config::{Figures, Journey};
use crate::domain::{Metric, Unit};

/// From which duration on a cold start, and a request, is slow. Five seconds is what Play calls a slow cold start.
const SLOW_COLD_START: TimeDelta = TimeDelta::seconds(5);
const SLOW_REQUEST: TimeDelta = TimeDelta::seconds(2);

/// `slow_cold_start` and `slow_request`.
pub(super) fn slow(ctx: &mut Ctx<'_>, raw: &RawHealth) -> (TimeDelta, TimeDelta) {
    (
        ctx.positive(
            "slow_cold_start",
            raw.slow_cold_start.as_ref(),
            SLOW_COLD_START,
        ),
        ctx.positive("slow_request", raw.slow_request.as_ref(), SLOW_REQUEST),
    )
}

/// `strata`, each one of `known`; any where `known` is empty. `None` where one is wrong.
pub(super) fn strata(ctx: &mut Ctx<'_>, raw: &RawHealth, known: &[&str]) -> Option<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    let mut fine = true;
    for at in raw.strata.iter().flatten() {
        let words: Vec<(&str, ())> = known.iter().map(|word| (*word, ())).collect();
        if !known.is_empty() && ctx.one_of("strata", at, &words).is_none() {
            fine = false;
        } else if all.contains(&at.value) {
            let what = format!("strata names {:?} twice", at.value);
            ctx.push(Problem::error(at.span.clone(), what));
            fine = false;
        }
        all.push(at.value.clone());
    }
    fine.then_some(all)
}

/// `[app.health.journey.NAME]`; `None` where one is wrong.
pub(super) fn journeys(
    ctx: &mut Ctx<'_>,
    raw: &BTreeMap<String, At<RawJourney>>,
) -> Option<BTreeMap<String, Journey>> {
    let mut journeys = BTreeMap::new();
    let mut fine = true;
    for (name, at) in raw {
        if let Err(error) = format!("journey_success:{name}").parse::<Metric>() {
            ctx.push(Problem::error(at.span.clone(), error.to_string()));
            fine = false;
            continue;
        }
        let help = "in the source's own query language, as the README shows";
        let started = ctx.required(&at.span, "started", at.value.started.as_ref(), help);
        let completed = ctx.required(&at.span, "completed", at.value.completed.as_ref(), help);
        match (started, completed) {
            (Some(started), Some(completed)) => {
                let journey = Journey {
                    started: started.value.clone(),
                    completed: completed.value.clone(),
                };
                journeys.insert(name.clone(), journey);
            }
            _ => fine = false,
        }
    }
    fine.then_some(journeys)
}

/// `[app.health.metric.NAME]`: counts of a proportion, or the value of a level. `None` where one is wrong or there is none.
pub(super) fn figures(
    ctx: &mut Ctx<'_>,
    health: &At<RawHealth>,
) -> Option<BTreeMap<Metric, Figures>> {
    let raw = &health.value.metric;
    if raw.is_empty() {
        let help = "add [app.health.metric.crash_free_sessions] with failures and trials";
        ctx.missing(&health.span, "metric", help);
        return None;
    }
    let mut all = BTreeMap::new();
    let mut fine = true;
    for (name, at) in raw {
        let metric = match name.parse::<Metric>() {
            Ok(metric) => metric,
            Err(error) => {
                ctx.push(Problem::error(at.span.clone(), error.to_string()));
                fine = false;
                continue;
            }
        };
        match of_metric(ctx, &metric, at) {
            Some(figures) => {
                all.insert(metric, figures);
            }
            None => fine = false,
        }
    }
    fine.then_some(all)
}

fn of_metric(ctx: &mut Ctx<'_>, metric: &Metric, at: &At<RawFigures>) -> Option<Figures> {
    let raw = &at.value;
    let given = (&raw.failures, &raw.trials, &raw.value);
    match (metric.is_level(), given) {
        (false, (Some(failures), Some(trials), None)) if raw.unit.is_none() => {
            Some(Figures::Counts {
                failures: failures.value.clone(),
                trials: trials.value.clone(),
            })
        }
        (true, (None, None, Some(value))) => {
            let units = [
                ("plain", (Unit::Plain, 1)),
                ("seconds", (Unit::Seconds, 1)),
                ("milliseconds", (Unit::Seconds, 1000)),
                ("share", (Unit::Share, 1)),
                ("percent", (Unit::Share, 100)),
            ];
            let (unit, scale) = match &raw.unit {
                Some(unit) => ctx.one_of("unit", unit, &units)?,
                None => (Unit::Plain, 1),
            };
            Some(Figures::Value {
                value: value.value.clone(),
                unit,
                scale,
            })
        }
        (level, _) => {
            let what = if level {
                format!(
                    "{metric} is a figure without counts: it needs a value, and neither failures nor trials"
                )
            } else {
                format!(
                    "{metric} is a proportion: it needs failures and trials, and neither value nor unit"
                )
            };
            let help = "proportions can be tested and halt a rollout; a level:NAME pauses at most";
            ctx.push(Problem::error(at.span.clone(), what).help(help));
            None
        }
    }
}
