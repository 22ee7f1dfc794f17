//! The gate at the end of a stage: it wants evidence of health, which is more than the absence of alarms.
//!
//! What is not known keeps it closed. It only says what leaving a stage wants and how that stands; what entering the next one
//! wants (approval, window, check, plans) is the engine's to add. Must not act.

mod health;
mod seen;
mod variance;

use chrono::TimeDelta;

use super::{Watched, of, unknown};
use crate::domain::{Health, PlainText, Timestamp};
use crate::policy::assessment::{GateStatus, RuleState, RuleStatus, Want, WantKind};
use crate::policy::ledger::LN_NOTICE;
use crate::policy::observation::Observation;
use crate::policy::rule::Policy;
use crate::policy::stage::Stage;

/// Windows count as evidence of health once they are so old: sessions come first and their crashes after them, so that young
/// windows look better than they are.
const SETTLE: TimeDelta = TimeDelta::hours(1);

/// ln 20: a version that is exactly at a limit passes with a probability of at most 5 %, however often one looks.
const LN_ENOUGH: f64 = LN_NOTICE;

/// The gate that ends the stage at the present exposure; `None` between stages, on the last one, and where the exposure is not
/// known.
pub(super) fn status(
    policy: &Policy,
    observation: &Observation,
    watched: &[Watched<'_>],
    rules: &[RuleStatus],
    verdict: (Health, &PlainText),
) -> Option<GateStatus> {
    let exposure = observation.exposure?;
    let place = policy
        .stages
        .iter()
        .rposition(|stage| stage.exposure <= exposure)?;
    let stage = policy.stages.get(place)?;
    let next = policy.stages.get(place + 1)?;
    let mut wants = vec![
        data(observation, watched, rules, verdict),
        quiet(watched, rules),
    ];
    wants.extend(stage.min_users.map(|least| seen::users(least, watched)));
    wants.extend(
        stage
            .min_sessions
            .map(|least| seen::sessions(least, watched)),
    );
    let shares = stage.healthy_if.iter();
    wants
        .extend(shares.map(|(metric, share)| health::want_of(metric, *share, of(watched, metric))));
    let required = stage.required.iter();
    wants.extend(required.map(|metric| seen::required(metric, of(watched, metric), observation)));
    let coverage = stage.coverage.iter();
    wants.extend(coverage.map(|(kind, least)| seen::coverage(kind.as_str(), *least, watched)));
    let losses = stage.variance.iter();
    wants.extend(
        losses.map(|(metric, loss)| {
            variance::want_of(metric, *loss, of(watched, metric), observation)
        }),
    );
    wants.extend(soak(stage, observation));
    Some(GateStatus {
        stage: stage.exposure,
        next: next.exposure,
        open: verdict.0 == Health::Healthy && wants.iter().all(|want| want.met == Some(true)),
        wants,
    })
}

fn want(
    kind: WantKind,
    what: impl Into<PlainText>,
    met: Option<bool>,
    now: impl Into<PlainText>,
) -> Want {
    Want {
        kind,
        what: what.into(),
        met,
        now: now.into(),
    }
}

fn data(
    observation: &Observation,
    watched: &[Watched<'_>],
    rules: &[RuleStatus],
    (verdict, sentence): (Health, &PlainText),
) -> Want {
    let what = "fresh data";
    match unknown(observation, watched, rules) {
        Some(why) => want(WantKind::Data, what, None, why),
        None if verdict == Health::Unknown => {
            let why = sentence.as_str();
            want(
                WantKind::Data,
                what,
                None,
                why.strip_prefix("Unknown: ").unwrap_or(why),
            )
        }
        None => want(WantKind::Data, what, Some(true), "fresh"),
    }
}

fn quiet(watched: &[Watched<'_>], rules: &[RuleStatus]) -> Want {
    let loud = rules.iter().find_map(|rule| {
        let word = match rule.state {
            RuleState::Breached => "is breached",
            RuleState::Blameless => "sees both versions worse",
            RuleState::Warning => "warns",
            RuleState::Off | RuleState::Armed | RuleState::Unknown { .. } => return None,
        };
        Some(format!("{} {word}", rule.called()))
    });
    let noticed = || {
        let noticed = watched.iter().find(|watched| watched.warns())?;
        Some(format!("{} are worth a look", noticed.metric().label()))
    };
    let what = "no warning";
    match loud.or_else(noticed) {
        Some(why) => want(WantKind::Quiet, what, Some(false), why),
        None => want(WantKind::Quiet, what, Some(true), "none"),
    }
}

/// Up to when its windows are old enough to be believed.
fn settled(watched: &Watched<'_>) -> Option<Timestamp> {
    watched.through()?.checked_sub_signed(SETTLE)
}

/// How long it has been offered to so many.
fn soak(stage: &Stage, observation: &Observation) -> Option<Want> {
    let long = |time: TimeDelta| {
        let minutes = time.num_minutes().max(0).unsigned_abs();
        humantime::format_duration(std::time::Duration::from_secs(minutes * 60)).to_string()
    };
    if stage.soak <= TimeDelta::zero() {
        return None;
    }
    let what = format!("{} at {}", long(stage.soak), stage.exposure);
    let out = observation
        .exposed_since
        .map(|since| observation.at - since);
    Some(match out {
        Some(out) if out < stage.soak => want(
            WantKind::Soak,
            what,
            Some(false),
            format!("{} so far", long(out)),
        ),
        Some(out) => want(WantKind::Soak, what, Some(true), long(out)),
        None => want(WantKind::Soak, what, None, "nobody knows since when"),
    })
}

#[cfg(test)]
mod tests;
