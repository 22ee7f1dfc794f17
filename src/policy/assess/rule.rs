//! Where one rule stands.

use super::timeline::{LN_NOTICE, Weight};
use super::{Watched, old_name};
use crate::domain::event::Finding;
use crate::domain::{Counts, PlainText};
use crate::policy::assessment::{RuleState, RuleStatus};
use crate::policy::explain::{self, Comparison};
use crate::policy::observation::{Baseline, Observation};
use crate::policy::rule::{Action, Evidence, Limit, Policy, Rule};

/// A pause or halt needs at least so many failures: fewer may be one user's bad day, whatever the evidence says.
const LEAST_FAILURES: u64 = 4;

/// Polls with newer data that must agree, and how many times the threshold makes one enough: guards against a broken
/// pipeline, not against chance.
const POLLS: u32 = 2;
const LN_AT_ONCE: f64 = std::f64::consts::LN_10;

/// What a rule came to, before it is put into words.
struct Outcome {
    state: RuleState,
    closeness: f64,
    polls_needed: u32,
    /// ln E and its threshold.
    evidence: Option<(f64, f64)>,
    /// What the rule looked at, where that is not everything.
    looked_at: Option<(Counts, Counts)>,
}

impl Outcome {
    fn idle(state: RuleState) -> Self {
        Self {
            state,
            closeness: 0.0,
            polls_needed: 0,
            evidence: None,
            looked_at: None,
        }
    }

    fn unknown(why: impl Into<PlainText>) -> Self {
        Self::idle(RuleState::Unknown { why: why.into() })
    }
}

/// The status of `rule` of `policy`; `watched` is its metric's data, where any source carries it.
pub(super) fn status(
    rule: &Rule,
    policy: &Policy,
    observation: &Observation,
    watched: Option<&Watched<'_>>,
) -> RuleStatus {
    let outcome = judge(rule, policy, observation, watched);
    let comparison = watched.map(|watched| {
        let whole = watched.comparison(observation);
        outcome.looked_at.map_or(whole, |(new, old)| Comparison {
            new,
            old,
            ratio: crate::evidence::bound::ratio(&[(new, old)]),
            ratio_lower: None,
            ..whole
        })
    });
    let finding = comparison.and_then(|comparison| {
        let sentence = match outcome.state {
            RuleState::Breached => comparison.breach(rule, outcome.evidence),
            RuleState::Blameless => comparison.blameless(rule),
            _ => return None,
        };
        Some(Finding {
            sentence,
            new: comparison.new,
            old: comparison.old_name.map(|_| comparison.old),
            ln_evidence: outcome.evidence.map(|(evidence, _)| evidence),
            ln_threshold: outcome.evidence.map(|(_, threshold)| threshold),
            through: watched?.through()?,
        })
    });
    let now = comparison.map_or_else(|| "–".into(), |comparison| comparison.observed(rule.limit));
    RuleStatus {
        rule: rule.id.clone(),
        metric: rule.metric.clone(),
        action: rule.action,
        limit: explain::limit(&rule.metric, rule.limit).into(),
        now: now.into(),
        closeness: outcome.closeness,
        state: outcome.state,
        polls_needed: outcome.polls_needed,
        finding,
    }
}

fn judge(
    rule: &Rule,
    policy: &Policy,
    observation: &Observation,
    watched: Option<&Watched<'_>>,
) -> Outcome {
    let compares = !matches!(rule.limit, Limit::Failures { .. });
    if compares && observation.baseline == Baseline::None {
        return Outcome::idle(RuleState::Off);
    }
    if let Some((low, high)) = rule.during {
        match observation.exposure {
            Some(now) if now < low || now > high => return Outcome::idle(RuleState::Off),
            Some(_) => {}
            None => {
                return Outcome::unknown(
                    "the store has not been read, so that the stage is unknown",
                );
            }
        }
    }
    let Some(watched) = watched else {
        return Outcome::unknown(format!("no source gives {}", rule.metric.label()));
    };
    if let Some(why) = watched.stale() {
        return Outcome::unknown(why);
    }
    let name = old_name(observation);
    let (new, old) = watched.totals;
    if new.trials == 0 {
        let why = format!(
            "no {} of {} yet",
            rule.metric.trial_word(),
            observation.new_name
        );
        return Outcome::unknown(why);
    }
    // An act on an absolute limit needs the baseline too: it must be this version's fault.
    if observation.baseline == Baseline::Unread && (compares || rule.action != Action::Notify) {
        return Outcome::unknown(format!("the baseline {name} could not be read"));
    }
    if compares && old.trials == 0 {
        let why = format!("no {} of {name} to compare with", rule.metric.trial_word());
        return Outcome::unknown(why);
    }
    match rule.evidence {
        Evidence::Sequential => sequential(rule, policy, observation, watched),
        Evidence::Observed {
            window,
            min_sessions,
            polls,
        } => {
            let looked_at = watched.timeline.lately(window);
            observed(rule, observation, looked_at, min_sessions, polls)
        }
    }
}

/// ln of the evidence at which a rule fires: its share of the error a rollout may spend, halved by every resume.
fn ln_threshold(action: Action, policy: &Policy, resumes: u32) -> f64 {
    let error: f64 = match action {
        Action::Notify => return LN_NOTICE,
        Action::Hold | Action::Pause => 0.01,
        Action::Halt => 0.001,
    };
    let sharing = policy
        .rules
        .iter()
        .filter(|rule| rule.action == action)
        .count()
        .max(1);
    (sharing as f64 / error).ln() + f64::from(resumes) * std::f64::consts::LN_2
}

fn sequential(
    rule: &Rule,
    policy: &Policy,
    observation: &Observation,
    watched: &Watched<'_>,
) -> Outcome {
    // Telling people needs nobody to blame.
    let baseline = match rule.action {
        Action::Notify => Baseline::None,
        _ => observation.baseline,
    };
    let threshold = ln_threshold(rule.action, policy, observation.resumes);
    let Weight {
        to_blame,
        now,
        counts,
    } = watched.timeline.weigh(rule.limit, baseline);
    let enough = affected(rule.action, counts.0);
    let fires = to_blame >= threshold && enough >= 1.0;
    let state = if fires {
        RuleState::Breached
    } else if now >= threshold && enough >= 1.0 {
        RuleState::Blameless
    } else if to_blame.max(now) >= LN_NOTICE || watched.is_noticed() {
        RuleState::Warning
    } else {
        RuleState::Armed
    };
    let at_once = to_blame >= threshold + LN_AT_ONCE || rule.action == Action::Notify;
    let evidence = to_blame.max(now);
    Outcome {
        state,
        closeness: (evidence / threshold).min(enough).clamp(0.0, 1.0),
        polls_needed: match (fires, at_once) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => POLLS,
        },
        evidence: Some((if fires { to_blame } else { evidence }, threshold)),
        looked_at: (counts != watched.totals).then_some(counts),
    }
}

/// How near the failures are to the number that an act needs; 1 and more is enough.
fn affected(action: Action, new: Counts) -> f64 {
    match action {
        Action::Notify | Action::Hold => 1.0,
        Action::Pause | Action::Halt => new.failures as f64 / LEAST_FAILURES as f64,
    }
}

/// The plain comparison. An absolute limit is to blame on the new version where the baseline, over the same window,
/// holds it or is too small to tell.
fn observed(
    rule: &Rule,
    observation: &Observation,
    looked_at: (Counts, Counts),
    min_sessions: u64,
    polls: u32,
) -> Outcome {
    let (new, old) = looked_at;
    let word = rule.metric.trial_word();
    let few = |counts: Counts| counts.trials == 0 || counts.trials < min_sessions;
    let (Some(rate), false) = (new.failure_rate(), few(new)) else {
        let (have, want) = (explain::count(new.trials), explain::count(min_sessions));
        return Outcome::unknown(format!(
            "only {have} of the {want} {word} that rule {} asks for",
            rule.id
        ));
    };
    let compared = old.failure_rate().filter(|_| !few(old));
    let (found, most) = match (rule.limit, compared) {
        (Limit::Failures { at_most }, _) => (rate, at_most),
        (Limit::TimesBaseline { ratio }, Some(base)) => (rate, ratio * base),
        (Limit::WorseByPoints { points }, Some(base)) => (rate - base, points),
        (_, None) => {
            let name = old_name(observation);
            let why = format!(
                "too few {word} of {name} for the comparison of rule {}",
                rule.id
            );
            return Outcome::unknown(why);
        }
    };
    let enough = affected(rule.action, new);
    let broken = found > most && enough >= 1.0;
    let both = match rule.limit {
        Limit::Failures { at_most }
            if rule.action != Action::Notify && observation.baseline == Baseline::Read =>
        {
            compared.is_some_and(|base| base > at_most)
        }
        _ => false,
    };
    let state = match (broken, both) {
        (true, true) => RuleState::Blameless,
        (true, false) => RuleState::Breached,
        (false, _) => RuleState::Armed,
    };
    let near = if found > most {
        1.0
    } else if most > 0.0 {
        found / most
    } else {
        0.0
    };
    Outcome {
        polls_needed: if state == RuleState::Breached {
            polls
        } else {
            0
        },
        closeness: near.min(enough).clamp(0.0, 1.0),
        state,
        evidence: None,
        looked_at: Some(looked_at),
    }
}
