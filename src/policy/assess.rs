//! The verdict: what the stored windows say about a policy, now.
//!
//! Pure: the same observation makes the same assessment, however often and in whatever order its windows were polled. Guards
//! that count polls belong to the engine, which is told here how many it shall count. Must not act, and must not remember.

use super::assessment::{Assessment, MetricSummary, RuleState, RuleStatus};
use super::explain::Comparison;
use super::observation::{Baseline, MetricSeries, Observation, SourceState};
use super::rule::{Action, Policy};
use crate::domain::{Counts, Health, Metric, PlainText, SourceId, Timestamp};
use crate::evidence::bound;

mod rule;
mod timeline;

use timeline::{LN_NOTICE, Timeline};

/// Windows in a sparkline.
const TREND: usize = 60;

/// One metric with everything that is asked of it more than once.
struct Watched<'a> {
    metric: &'a Metric,
    timeline: Timeline,
    /// `None` where nothing is known of the source.
    source: Option<&'a SourceState>,
    source_id: &'a SourceId,
    totals: (Counts, Counts),
    ratio: Option<f64>,
    ratio_lower: Option<f64>,
}

impl<'a> Watched<'a> {
    fn new(series: &'a MetricSeries, observation: &'a Observation) -> Self {
        let timeline = Timeline::new(series, observation.evidence_from);
        let pairs = timeline.pairs();
        Self {
            metric: &series.metric,
            totals: timeline.totals(),
            ratio: bound::ratio(&pairs),
            ratio_lower: bound::ratio_lower_bound(&pairs, 0.05),
            timeline,
            source: observation
                .sources
                .iter()
                .find(|source| source.id == series.source),
            source_id: &series.source,
        }
    }

    /// How far the data reach: how far the source was read, since an open window grows without moving its end.
    fn through(&self) -> Option<Timestamp> {
        self.source
            .and_then(|source| source.read_through)
            .or_else(|| self.timeline.last())
    }

    /// Why the data cannot be trusted now; `None` where they can.
    fn stale(&self) -> Option<PlainText> {
        match self.source {
            Some(source) if source.fresh => None,
            Some(source) => Some(why_stale(source)),
            None => Some(format!("{} has never been read", self.source_id).into()),
        }
    }

    fn comparison<'n>(&'n self, observation: &'n Observation) -> Comparison<'n> {
        let (new, old) = self.totals;
        let has_baseline = observation.baseline != Baseline::None;
        let old_name = observation.old_name.as_ref().map(PlainText::as_str);
        Comparison {
            metric: self.metric,
            new_name: observation.new_name.as_str(),
            old_name: old_name.filter(|_| has_baseline),
            new,
            old,
            ratio: self.ratio,
            ratio_lower: self.ratio_lower,
        }
    }

    /// Evidence of 20 that the new version is worse.
    fn is_noticed(&self) -> bool {
        self.timeline
            .worse()
            .is_some_and(|worse| worse >= LN_NOTICE)
    }

    /// Why nothing can be said of this metric; `None` where something can.
    fn unknown(&self, observation: &Observation) -> Option<PlainText> {
        self.stale().or_else(|| self.missing(observation))
    }

    /// Which version has no data.
    fn missing(&self, observation: &Observation) -> Option<PlainText> {
        let (new, old) = self.totals;
        let word = self.metric.trial_word();
        if new.trials == 0 {
            return Some(format!("no {word} of {} yet", observation.new_name).into());
        }
        let name = old_name(observation);
        match observation.baseline {
            Baseline::Unread => Some(format!("the baseline {name} could not be read").into()),
            Baseline::Read if old.trials == 0 => {
                Some(format!("no {word} of {name} to compare with").into())
            }
            Baseline::Read | Baseline::None => None,
        }
    }

    fn summary(&self, observation: &Observation, rules: &[RuleStatus]) -> MetricSummary {
        let breached =
            |rule: &&RuleStatus| rule.state == RuleState::Breached && rule.metric == *self.metric;
        let worst = rules.iter().filter(breached).map(|rule| rule.action).max();
        let health = match worst {
            Some(Action::Pause | Action::Halt) => Health::Breached,
            _ if self.unknown(observation).is_some() => Health::Unknown,
            Some(Action::Notify | Action::Hold) => Health::Warning,
            None if self.is_noticed() => Health::Warning,
            None => Health::Healthy,
        };
        let (new, old) = self.totals;
        MetricSummary {
            metric: self.metric.clone(),
            source: self.source_id.0.clone(),
            new,
            old,
            ratio: self.ratio,
            ratio_lower: self.ratio_lower,
            ln_evidence: self.timeline.worse(),
            health,
            through: self.through(),
            trend: self.timeline.trend(TREND),
        }
    }
}

/// Judges everything that was known about an app at one moment.
///
/// *Breached* needs a fresh source: evidence in stored windows stays and breaches again once the source is back, but nothing is
/// done on data that nobody can confirm. *Healthy* needs every required source fresh, trials of both versions (of the new one
/// alone without baseline), an answer from every live rule whose source is not optional, and nothing at warning.
pub fn assess(policy: &Policy, observation: &Observation) -> Assessment {
    let watched: Vec<Watched<'_>> = observation
        .metrics
        .iter()
        .map(|series| Watched::new(series, observation))
        .collect();
    let rules: Vec<RuleStatus> = policy
        .rules
        .iter()
        .map(|rule| {
            let watched = watched
                .iter()
                .find(|watched| *watched.metric == rule.metric);
            rule::status(rule, policy, observation, watched)
        })
        .collect();
    let (health, sentence) = verdict(observation, &watched, &rules);
    let metrics = watched
        .iter()
        .map(|watched| watched.summary(observation, &rules))
        .collect();
    let required = observation.sources.iter().filter(|source| source.required);
    Assessment {
        health,
        sentence,
        rules,
        metrics,
        through: required.filter_map(|source| source.read_through).min(),
    }
}

fn verdict(
    observation: &Observation,
    watched: &[Watched<'_>],
    rules: &[RuleStatus],
) -> (Health, PlainText) {
    let breached = |least: Action| {
        rules
            .iter()
            .filter(|rule| rule.state == RuleState::Breached && rule.action >= least)
            .max_by_key(|rule| rule.action)
    };
    let sentence = |rule: &RuleStatus| {
        let finding = rule.finding.as_ref();
        finding.map_or_else(|| rule.rule.clone(), |finding| finding.sentence.clone())
    };
    if let Some(rule) = breached(Action::Pause) {
        return (Health::Breached, sentence(rule));
    }
    if let Some(why) = unknown(observation, watched, rules) {
        return (Health::Unknown, format!("Unknown: {why}").into());
    }
    if let Some(rule) = breached(Action::Notify) {
        return (Health::Warning, sentence(rule));
    }
    if let Some(rule) = rules.iter().find(|rule| rule.state == RuleState::Blameless) {
        return (Health::Warning, sentence(rule));
    }
    if let Some(worst) = watched
        .iter()
        .filter(|watched| watched.is_noticed())
        .max_by(|a, b| {
            let evidence =
                |watched: &Watched<'_>| watched.timeline.worse().unwrap_or(f64::NEG_INFINITY);
            evidence(a).total_cmp(&evidence(b))
        })
    {
        let evidence = worst.timeline.worse().unwrap_or(LN_NOTICE);
        return (
            Health::Warning,
            worst.comparison(observation).worth_a_look(evidence),
        );
    }
    if let Some(rule) = rules.iter().find(|rule| rule.state == RuleState::Warning) {
        let text = format!(
            "Worth a look: {} {} ({}, rule {}); the limit is not broken yet",
            rule.metric.label(),
            rule.now,
            rule.limit,
            rule.rule
        );
        return (Health::Warning, text.into());
    }
    match watched
        .iter()
        .find(|watched| watched.unknown(observation).is_none())
    {
        Some(watched) => (Health::Healthy, watched.comparison(observation).healthy()),
        None => (Health::Unknown, "Unknown: there are no data yet".into()),
    }
}

/// The first reason why nobody can say that all is well.
fn unknown(
    observation: &Observation,
    watched: &[Watched<'_>],
    rules: &[RuleStatus],
) -> Option<PlainText> {
    let stale = |source: &&SourceState| source.required && !source.fresh;
    if let Some(source) = observation.sources.iter().find(stale) {
        return Some(why_stale(source));
    }
    let optional = |metric: &Metric| {
        let of = watched.iter().find(|watched| watched.metric == metric);
        of.and_then(|watched| watched.source)
            .is_some_and(|source| !source.required)
    };
    let rule = rules.iter().find_map(|rule| match &rule.state {
        RuleState::Unknown { why } if !optional(&rule.metric) => Some(why.clone()),
        _ => None,
    });
    if rule.is_some()
        || watched
            .iter()
            .any(|watched| watched.unknown(observation).is_none())
    {
        return rule;
    }
    let first = watched
        .iter()
        .find_map(|watched| watched.unknown(observation));
    Some(first.unwrap_or_else(|| format!("no data of {} yet", observation.new_name).into()))
}

fn why_stale(source: &SourceState) -> PlainText {
    let silent = || format!("{} is not up to date", source.id).into();
    source.why.clone().unwrap_or_else(silent)
}

fn old_name(observation: &Observation) -> &str {
    observation
        .old_name
        .as_ref()
        .map_or("version", PlainText::as_str)
}

#[cfg(test)]
mod tests;
