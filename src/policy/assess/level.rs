//! Rules on figures without counts: the plain comparison is all that there is.

use super::rule::{Cap, cap, live};
use super::{old_name, why_stale};
use crate::domain::event::Finding;
use crate::domain::{Counts, Health, PlainText};
use crate::policy::assessment::{LevelSummary, RuleState, RuleStatus};
use crate::policy::explain::{self, LevelComparison};
use crate::policy::observation::{Baseline, LevelPair, Observation, SourceState};
use crate::policy::rule::{Action, Evidence, Limit, Rule};

/// What a rule came to.
struct Outcome<'a> {
    state: RuleState,
    closeness: f64,
    /// What it looked at, where any source gives it.
    looked_at: Option<(&'a LevelPair, &'a SourceState)>,
    cap: Option<Cap>,
}

impl Outcome<'_> {
    fn action(&self, rule: &Rule) -> Action {
        // A policy that was pinned says what it said: that nothing here halts holds for each.
        let asked = rule.action.min(Action::Pause);
        self.cap
            .as_ref()
            .map_or(asked, |(most, _)| asked.min(*most))
    }

    fn polls(&self, rule: &Rule) -> u32 {
        match (&self.state, &rule.evidence) {
            (RuleState::Breached, Evidence::Observed { polls, .. }) => *polls,
            (RuleState::Breached, Evidence::Sequential) => 1,
            _ => 0,
        }
    }
}

pub(super) fn status(rule: &Rule, observation: &Observation) -> RuleStatus {
    let outcome = judge(rule, observation);
    let capped = outcome.cap.as_ref().map(|(_, why)| why);
    let comparison = outcome
        .looked_at
        .map(|(pair, source)| comparison(pair, source, observation));
    let finding = comparison.and_then(|comparison| {
        let sentence = match outcome.state {
            RuleState::Breached => comparison.breach(rule, capped.map(PlainText::as_str)),
            RuleState::Blameless => comparison.blameless(rule),
            _ => return None,
        };
        Some(Finding {
            sentence,
            new: Counts::default(),
            old: None,
            ln_evidence: None,
            ln_threshold: None,
            through: comparison.through?,
        })
    });
    let now = comparison.map_or_else(|| "–".into(), |it| it.observed(rule.limit));
    RuleStatus {
        rule: rule.id.clone(),
        metric: rule.metric.clone(),
        of_tier: rule.of_tier,
        action: outcome.action(rule),
        limit: explain::limit(&rule.metric, rule.limit).into(),
        now: now.into(),
        margin: None,
        closeness: outcome.closeness,
        change: None,
        polls_needed: outcome.polls(rule),
        capped: capped.cloned(),
        state: outcome.state,
        finding,
    }
}

pub(super) fn standing(rule: &Rule, observation: &Observation) -> (RuleState, u32, Action) {
    let outcome = judge(rule, observation);
    let (polls, action) = (outcome.polls(rule), outcome.action(rule));
    (outcome.state, polls, action)
}

/// Each figure, for the screen.
pub(super) fn summaries(observation: &Observation, rules: &[RuleStatus]) -> Vec<LevelSummary> {
    let summary = |pair: &LevelPair| {
        let breached = rules
            .iter()
            .filter(|rule| rule.metric == pair.metric && rule.state == RuleState::Breached);
        let health = match breached.map(|rule| rule.action).max() {
            Some(Action::Pause | Action::Halt) => Health::Breached,
            _ if pair.new.is_none() || stale(pair, observation).is_some() => Health::Unknown,
            Some(Action::Notify | Action::Hold) => Health::Warning,
            None => Health::Healthy,
        };
        LevelSummary {
            figures: pair.clone(),
            health,
        }
    };
    observation.beside.levels.iter().map(summary).collect()
}

/// The source of a figure.
pub(super) fn source<'a>(
    pair: &LevelPair,
    observation: &'a Observation,
) -> Option<&'a SourceState> {
    let mut sources = observation.sources.iter();
    sources.find(|source| source.id == pair.source)
}

fn stale(pair: &LevelPair, observation: &Observation) -> Option<PlainText> {
    match source(pair, observation) {
        Some(source) if source.is_fresh() => None,
        Some(source) => Some(why_stale(source)),
        None => Some(format!("{} has never been read", pair.source).into()),
    }
}

fn comparison<'a>(
    pair: &'a LevelPair,
    source: &SourceState,
    observation: &'a Observation,
) -> LevelComparison<'a> {
    let old_name = observation.old_name.as_ref().map(PlainText::as_str);
    LevelComparison {
        pair,
        new_name: observation.new_name.as_str(),
        old_name: old_name.filter(|_| observation.baseline() != Baseline::None),
        through: source.read_through.or(pair.through),
    }
}

fn judge<'a>(rule: &Rule, observation: &'a Observation) -> Outcome<'a> {
    let idle = |state, looked_at| Outcome {
        state,
        closeness: 0.0,
        looked_at,
        cap: None,
    };
    if let Err(state) = live(rule, observation) {
        return idle(state, None);
    }
    let mut levels = observation.beside.levels.iter();
    let pair = levels.find(|pair| pair.metric == rule.metric);
    let looked_at = pair.and_then(|pair| Some((pair, source(pair, observation)?)));
    let found = looked_at
        .ok_or_else(|| format!("no source gives {}", rule.metric.label()).into())
        .and_then(|(pair, _)| compare(rule, pair, observation));
    let (pair_and_source, compared) = match (looked_at, found) {
        (Some(looked_at), Ok(compared)) => (looked_at, compared),
        (_, Ok(_)) => return idle(RuleState::Armed, None),
        (_, Err(why)) => return idle(RuleState::Unknown { why }, looked_at),
    };
    let mut outcome = Outcome {
        cap: cap(rule, observation, pair_and_source.1),
        closeness: compared.closeness,
        ..idle(RuleState::Armed, looked_at)
    };
    let tells = outcome.action(rule) == Action::Notify;
    outcome.state = match (compared.broken, compared.by_both && !tells) {
        (true, false) => RuleState::Breached,
        // What only tells has nobody to blame.
        (true, true) => RuleState::Blameless,
        (false, _) => RuleState::Armed,
    };
    outcome
}

struct Compared {
    broken: bool,
    /// The baseline breaks an absolute limit too: an outage, not this version's doing.
    by_both: bool,
    closeness: f64,
}

/// The figures against the limit, or why they cannot be held against it.
fn compare(
    rule: &Rule,
    pair: &LevelPair,
    observation: &Observation,
) -> Result<Compared, PlainText> {
    if let Some(why) = stale(pair, observation) {
        return Err(why);
    }
    let label = rule.metric.label();
    let Some(new) = pair.new else {
        return Err(format!("no {label} of {} yet", observation.new_name).into());
    };
    let least = match rule.evidence {
        Evidence::Observed { min_sessions, .. } => min_sessions,
        Evidence::Sequential => 0,
    };
    let few = |trials: Option<u64>| trials.filter(|trials| *trials < least);
    if let Some(trials) = few(pair.new_trials) {
        return Err(format!(
            "{label} was measured on {} of the {} that rule {} asks for",
            explain::count(trials),
            explain::count(least),
            rule.id
        )
        .into());
    }
    let old = pair.old.filter(|_| few(pair.old_trials).is_none());
    let unread = observation.baseline() == Baseline::Unread;
    if unread
        && (matches!(rule.limit, Limit::TimesBaseline { .. }) || rule.action != Action::Notify)
    {
        return Err(format!("the baseline {} could not be read", old_name(observation)).into());
    }
    let near = |found: f64, most: f64| {
        if most > 0.0 {
            (found / most).clamp(0.0, 1.0)
        } else {
            0.0
        }
    };
    let absolute = |unit, breaks: &dyn Fn(f64) -> bool, closeness| {
        if unit != pair.unit {
            return Err(format!(
                "{} gives {label} in another unit than rule {} has its limit in",
                pair.source, rule.id
            )
            .into());
        }
        Ok(Compared {
            broken: breaks(new),
            by_both: observation.baseline() == Baseline::Read && old.is_some_and(breaks),
            closeness,
        })
    };
    match rule.limit {
        Limit::LevelAtMost { value, unit } => absolute(unit, &|it| it > value, near(new, value)),
        Limit::LevelAtLeast { value, unit } => absolute(unit, &|it| it < value, near(value, new)),
        Limit::TimesBaseline { ratio } => {
            let Some(old) = old.filter(|old| *old > 0.0) else {
                let name = old_name(observation);
                return Err(format!("no {label} of {name} to compare with").into());
            };
            Ok(Compared {
                broken: new > ratio * old,
                by_both: false,
                closeness: near(new, ratio * old),
            })
        }
        Limit::Failures { .. } | Limit::WorseByPoints { .. } => {
            Err(format!("{label} has no counts").into())
        }
    }
}
