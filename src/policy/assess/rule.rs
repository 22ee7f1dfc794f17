//! Where one rule stands.

use chrono::TimeDelta;

use super::{Watched, level, old_name};
use crate::domain::event::Finding;
use crate::domain::{Counts, PlainText, Reach, Timestamp};
use crate::evidence::bound;
use crate::policy::assessment::{RuleState, RuleStatus};
use crate::policy::explain::{self, Comparison, Grounds};
use crate::policy::ledger::{Basis, HISTORY_MARGIN, LN_NOTICE, Weight};
use crate::policy::observation::{Baseline, Observation, SourceState};
use crate::policy::rule::{Action, Evidence, Limit, Policy, Rule};
use crate::policy::threshold::{LEAST_AFFECTED, ln_threshold};

/// Polls with newer data that must agree, and how many times the threshold makes one enough: guards against a broken
/// pipeline, not against chance.
const POLLS: u32 = 2;
const LN_AT_ONCE: f64 = std::f64::consts::LN_10;

/// So many failed sessions of one user are believed at most: where users are counted, their number may lag behind.
const SESSIONS_A_USER: u64 = 10;

/// Less than a rule asks for, and why.
pub(super) type Cap = (Action, PlainText);

/// What a rule came to, before it is put into words.
struct Outcome {
    state: RuleState,
    closeness: f64,
    polls_needed: u32,
    /// ln E and its threshold.
    evidence: Option<(f64, f64)>,
    /// What the rule looked at, where that is not everything.
    looked_at: Option<(Counts, Counts)>,
    /// Since when the version has most likely been worse, where that is later than its beginning.
    since: Option<Timestamp>,
    basis: Option<Basis>,
    /// The most that it may do, where that is less than the rule asks for, and why.
    cap: Option<Cap>,
    /// Fewer users are affected than an act asks for.
    few: bool,
}

impl Outcome {
    fn idle(state: RuleState) -> Self {
        Self {
            state,
            closeness: 0.0,
            polls_needed: 0,
            evidence: None,
            looked_at: None,
            since: None,
            basis: None,
            cap: None,
            few: false,
        }
    }

    /// What the rule does.
    fn action(&self, rule: &Rule) -> Action {
        self.cap
            .as_ref()
            .map_or(rule.action, |(most, _)| rule.action.min(*most))
    }

    fn unknown(why: impl Into<PlainText>) -> Self {
        Self::idle(unknown(why))
    }
}

fn unknown(why: impl Into<PlainText>) -> RuleState {
    RuleState::Unknown { why: why.into() }
}

/// The status of `rule`, which has this `place` in `policy`; `watched` is its metric's data, where any source carries it.
pub(super) fn status(
    place: usize,
    rule: &Rule,
    policy: &Policy,
    observation: &Observation,
    watched: Option<&Watched<'_>>,
) -> RuleStatus {
    if rule.metric.is_level() {
        return level::status(rule, observation);
    }
    let outcome = judge(place, rule, policy, observation, watched);
    let breached = outcome.state == RuleState::Breached;
    let driver = watched.filter(|_| breached);
    let driver = driver.and_then(|watched| watched.book.driver(outcome.since));
    let comparison = watched.map(|watched| {
        let whole = watched.comparison(observation, outcome.since);
        match outcome.looked_at {
            Some((new, old)) if outcome.since.is_none() => Comparison {
                new,
                old,
                ratio: bound::ratio(&[(new, old)]),
                ..whole
            },
            looked_at => {
                let (new, old) = looked_at.unwrap_or((whole.new, whole.old));
                let ratio_lower = breached.then(|| watched.ratio_lower(outcome.since));
                Comparison {
                    new,
                    old,
                    ratio_lower: ratio_lower.flatten(),
                    ..whole
                }
            }
        }
    });
    let past = outcome.basis.and(watched.and_then(Watched::past));
    let comparison = comparison.map(|comparison| match past {
        Some((basis, old)) => Comparison {
            old,
            ratio: bound::ratio(&[(comparison.new, old)]),
            ratio_lower: None,
            basis: Some(basis),
            ..comparison
        },
        None => comparison,
    });
    let comparison = comparison.map(|comparison| Comparison {
        driver: driver.as_ref(),
        ..comparison
    });
    let finding = comparison.and_then(|comparison| {
        let sentence = match outcome.state {
            RuleState::Breached => comparison.breach(
                rule,
                Grounds {
                    evidence: outcome.evidence,
                    margin: past
                        .and(rule.history_margin())
                        .map(|margin| margin.max(HISTORY_MARGIN)),
                    capped: outcome.cap.as_ref().map(|(_, why)| why.as_str()),
                },
            ),
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
    let known = comparison.filter(|_| !matches!(outcome.state, RuleState::Unknown { .. }));
    let margin = known.and_then(|comparison| comparison.margin(rule.limit));
    RuleStatus {
        rule: rule.id.clone(),
        metric: rule.metric.clone(),
        of_tier: rule.of_tier,
        action: outcome.action(rule),
        limit: explain::limit(&rule.metric, rule.limit).into(),
        now: now.into(),
        margin: margin.map(PlainText::from),
        closeness: outcome.closeness,
        change: outcome
            .evidence
            .filter(|_| matches!(outcome.state, RuleState::Armed | RuleState::Warning))
            .map(|evidence| explain::change(rule.action, evidence, outcome.few)),
        state: outcome.state,
        polls_needed: outcome.polls_needed,
        finding,
        capped: outcome.cap.map(|(_, why)| why),
    }
}

/// Whether the rule has nothing to report.
pub(super) fn is_quiet(
    place: usize,
    rule: &Rule,
    policy: &Policy,
    observation: &Observation,
    watched: Option<&Watched<'_>>,
) -> bool {
    if rule.metric.is_level() {
        let (state, ..) = level::standing(rule, observation);
        return matches!(state, RuleState::Off | RuleState::Armed);
    }
    let watched = match ready(place, rule, observation, watched) {
        Ok(watched) => watched,
        Err(state) => return state == RuleState::Off,
    };
    match rule.evidence {
        Evidence::Sequential => watched.book.is_quiet(place) && !watched.is_noticed(),
        Evidence::Observed { .. } => {
            let outcome = judge(place, rule, policy, observation, Some(watched));
            outcome.state == RuleState::Armed
        }
    }
}

/// Where the rule stands: its state, the polls that it asks for, and what it may do.
pub(super) fn standing(
    place: usize,
    rule: &Rule,
    policy: &Policy,
    observation: &Observation,
    watched: Option<&Watched<'_>>,
) -> (RuleState, u32, Action) {
    if rule.metric.is_level() {
        return level::standing(rule, observation);
    }
    let outcome = judge(place, rule, policy, observation, watched);
    let action = outcome.action(rule);
    (outcome.state, outcome.polls_needed, action)
}

fn judge(
    place: usize,
    rule: &Rule,
    policy: &Policy,
    observation: &Observation,
    watched: Option<&Watched<'_>>,
) -> Outcome {
    let watched = match ready(place, rule, observation, watched) {
        Ok(watched) => watched,
        Err(state) => return Outcome::idle(state),
    };
    let mut outcome = match rule.evidence {
        Evidence::Sequential => sequential(place, rule, policy, observation, watched),
        Evidence::Observed {
            window,
            min_sessions,
            polls,
        } => observed(rule, observation, watched, window, min_sessions, polls),
    };
    let by_source = watched
        .source
        .and_then(|source| cap(rule, observation, source));
    outcome.cap = [outcome.cap, by_source]
        .into_iter()
        .flatten()
        .min_by_key(|(most, _)| *most);
    // What only tells does not hold for an outage either.
    if outcome.state == RuleState::Blameless && outcome.action(rule) == Action::Notify {
        outcome.state = RuleState::Armed;
    }
    outcome
}

/// What keeps a rule from doing what it asks for by the data of this source alone.
pub(super) fn cap(rule: &Rule, observation: &Observation, source: &SourceState) -> Option<Cap> {
    let reach = match source.reach {
        Reach::HaltAfterHours(hours) => {
            let late = TimeDelta::hours(hours.into());
            let out = observation.out_since.map(|since| observation.at - since);
            let heard = rule.insist || out.is_some_and(|out| out >= late);
            if heard { Reach::Halt } else { source.reach }
        }
        reach => reach,
    };
    let cap = explain::reach(&source.id, reach);
    (rule.action > cap.0).then_some(cap)
}

/// The data of a rule that can be judged by them, or where it stands without.
fn ready<'w, 'a>(
    place: usize,
    rule: &Rule,
    observation: &Observation,
    watched: Option<&'w Watched<'a>>,
) -> Result<&'w Watched<'a>, RuleState> {
    live(rule, observation)?;
    let compares = compares(rule);
    let Some(watched) = watched else {
        return Err(unknown(format!("no source gives {}", rule.metric.label())));
    };
    if let Some(why) = watched.stale() {
        return Err(unknown(why));
    }
    let name = old_name(observation);
    let (new, old) = watched.book.totals();
    if new.trials == 0 {
        let why = format!(
            "no {} of {} yet",
            rule.metric.trial_word(),
            observation.new_name
        );
        return Err(unknown(why));
    }
    // An act on an absolute limit needs the baseline too: it must be this version's fault.
    if observation.baseline() == Baseline::Unread && (compares || rule.action != Action::Notify) {
        return Err(unknown(format!("the baseline {name} could not be read")));
    }
    if compares && old.trials == 0 && !watched.book.has_history(place) {
        let why = format!("no {} of {name} to compare with", rule.metric.trial_word());
        return Err(unknown(why));
    }
    Ok(watched)
}

/// The rule needs a baseline.
fn compares(rule: &Rule) -> bool {
    matches!(
        rule.limit,
        Limit::TimesBaseline { .. } | Limit::WorseByPoints { .. }
    )
}

/// Why the rule is not looked at now.
pub(super) fn live(rule: &Rule, observation: &Observation) -> Result<(), RuleState> {
    if compares(rule) && observation.baseline() == Baseline::None {
        return Err(RuleState::Off);
    }
    if let Some((low, high)) = rule.during {
        match observation.exposure {
            Some(now) if now < low || now > high => return Err(RuleState::Off),
            Some(_) => {}
            None => {
                let why = "the store has not been read, so that the stage is unknown";
                return Err(unknown(why));
            }
        }
    }
    match rule.unless_train {
        Some(within) if observation.next_train.leaves_within(within, observation.at) => {
            Err(RuleState::Off)
        }
        _ => Ok(()),
    }
}

fn sequential(
    place: usize,
    rule: &Rule,
    policy: &Policy,
    observation: &Observation,
    watched: &Watched<'_>,
) -> Outcome {
    let Some(weight) = watched.book.weight(place) else {
        return Outcome::idle(RuleState::Armed);
    };
    let Weight { to_blame, now, .. } = weight;
    let threshold = ln_threshold(rule.action, policy, observation.resumes);
    let capped = rule.action == Action::Halt && !watched.book.may_halt();
    let context = watched
        .source
        .is_some_and(|source| source.reach == Reach::Context);
    let enough = affected(rule.action, weight.failures, weight.failing_since, watched);
    let fires = to_blame >= threshold && enough >= 1.0;
    let state = if fires {
        RuleState::Breached
    } else if now >= threshold && enough >= 1.0 {
        RuleState::Blameless
    } else if !context && (to_blame.max(now) >= LN_NOTICE || watched.is_noticed()) {
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
        looked_at: (weight.counts != watched.book.totals()).then_some(weight.counts),
        since: weight.since,
        basis: weight.basis,
        cap: capped.then(|| (Action::Pause, explain::CAPPED.into())),
        few: enough < 1.0,
    }
}

/// How near the affected users are to the number that an act needs; 1 and more is enough. Where users are counted too, they are
/// those of one range since the `failures` are counted; where nobody counts them, failures stand for them.
fn affected(action: Action, failures: u64, since: Option<Timestamp>, watched: &Watched<'_>) -> f64 {
    match action {
        Action::Notify | Action::Hold => 1.0,
        Action::Pause | Action::Halt => {
            let people = watched.users.map_or(failures, |users| {
                let users = users.most_failures(since);
                users.max(failures / SESSIONS_A_USER).min(failures)
            });
            people as f64 / LEAST_AFFECTED as f64
        }
    }
}

/// The plain comparison. An absolute limit is to blame on the new version where the baseline, over the same window,
/// holds it or is too small to tell.
fn observed(
    rule: &Rule,
    observation: &Observation,
    watched: &Watched<'_>,
    window: TimeDelta,
    min_sessions: u64,
    polls: u32,
) -> Outcome {
    let looked_at = watched.book.lately(window);
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
        (Limit::LevelAtMost { .. } | Limit::LevelAtLeast { .. }, Some(_)) => (0.0, 1.0),
        (_, None) => {
            let name = old_name(observation);
            let why = format!(
                "too few {word} of {name} for the comparison of rule {}",
                rule.id
            );
            return Outcome::unknown(why);
        }
    };
    let long_ago = watched
        .book
        .through()
        .and_then(|through| through.checked_sub_signed(window));
    let enough = affected(rule.action, new.failures, long_ago, watched);
    let broken = found > most && enough >= 1.0;
    let both = match rule.limit {
        Limit::Failures { at_most }
            if rule.action != Action::Notify && observation.baseline() == Baseline::Read =>
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
        looked_at: Some(looked_at),
        ..Outcome::idle(state)
    }
}
