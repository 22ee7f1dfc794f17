//! The verdict: what the stored windows say about a policy, now.
//!
//! Pure: the same observation makes the same assessment, however often and in whatever order its windows were polled. Guards
//! that count polls belong to the engine, which is told here how many it shall count. Must not act, and must not remember.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use super::assessment::{Assessment, MetricSummary, RuleState, RuleStatus};
use super::dark::dark;
use super::disagree::disagreements;
use super::explain::{Comparison, Visible};
use super::ledger::{Basis, Book, Ledger};
use super::observation::{Baseline, Observation, SourceState};
use super::rule::{Action, Policy};
use crate::domain::{Counts, Health, Metric, PlainText, Reach, Timestamp};

mod gate;
mod level;
mod rule;
mod standing;
mod tier;
mod visible;

pub use standing::{Standing, standing};

use super::ledger::LN_NOTICE;

/// Windows in a sparkline.
const TREND: usize = 60;

/// Chance that a shown lower bound is too high, at any time.
const BOUND_ERROR: f64 = 0.05;

/// One metric with where it comes from.
struct Watched<'a> {
    book: &'a Book,
    /// `None` where nothing is known of the source.
    source: Option<&'a SourceState>,
    /// The metric of the users whom the same failures hit, where it is read too.
    users: Option<&'a Book>,
    /// The lower bound that was asked for last, and since when: rules, summary and sentence mostly ask for the same one, and it
    /// is the dearest of all figures.
    lower: Cell<Option<(Option<Timestamp>, Option<f64>)>>,
    /// What would have been seen by now, once it is asked for.
    visible: OnceCell<Option<Visible>>,
}

impl<'a> Watched<'a> {
    fn new(book: &'a Book, ledger: &'a Ledger, observation: &'a Observation) -> Self {
        let users = book
            .metric()
            .of_users()
            .and_then(|metric| ledger.book(&metric));
        Self {
            book,
            source: observation
                .sources
                .iter()
                .find(|source| source.id == *book.source()),
            users: users.filter(|users| users.source() == book.source()),
            lower: Cell::new(None),
            visible: OnceCell::new(),
        }
    }

    fn metric(&self) -> &'a Metric {
        self.book.metric()
    }

    /// How far the data reach: how far the source was read, since an open window grows without moving its end.
    fn through(&self) -> Option<Timestamp> {
        self.source
            .and_then(|source| source.read_through)
            .or_else(|| self.book.through())
    }

    /// Why the data cannot be trusted now; `None` where they can.
    fn stale(&self) -> Option<PlainText> {
        match self.source {
            Some(source) if source.is_fresh() => None,
            Some(source) => Some(why_stale(source)),
            None => Some(format!("{} has never been read", self.book.source()).into()),
        }
    }

    /// Both versions over everything, or over what began at `since`.
    fn comparison<'n>(
        &'n self,
        observation: &'n Observation,
        since: Option<Timestamp>,
    ) -> Comparison<'n> {
        let (new, old) = self.book.counts_since(since);
        let has_baseline = observation.baseline() != Baseline::None;
        let old_name = observation.old_name.as_ref().map(PlainText::as_str);
        Comparison {
            metric: self.metric(),
            new_name: observation.new_name.as_str(),
            old_name: old_name.filter(|_| has_baseline),
            new,
            old,
            ratio: self.book.ratio(since),
            ratio_lower: None,
            since,
            basis: None,
            clustering: self.book.past().clustering,
            driver: None,
            through: self.through(),
        }
    }

    /// What the baseline was, for a version as old as this one is now.
    fn past(&self) -> Option<(Basis, Counts)> {
        let age = self.book.through()? - self.book.first()?;
        self.book
            .past()
            .at(usize::try_from(age.num_days()).unwrap_or(0))
    }

    /// Below the notice a bound would be no more than 1, and is not worth its price.
    fn ratio_lower(&self, since: Option<Timestamp>) -> Option<f64> {
        if !self.is_noticed() {
            return None;
        }
        match self.lower.get() {
            Some((known, bound)) if known == since => bound,
            _ => {
                let bound = self.book.ratio_lower(since, BOUND_ERROR);
                self.lower.set(Some((since, bound)));
                bound
            }
        }
    }

    /// Evidence of 20 that the new version is worse.
    fn is_noticed(&self) -> bool {
        self.book.worse().is_some_and(|worse| worse >= LN_NOTICE)
    }

    /// The same from a source that may do more than tell where a rule says so.
    fn warns(&self) -> bool {
        let context = |source: &SourceState| source.reach == Reach::Context;
        self.is_noticed() && !self.source.is_some_and(context)
    }

    /// Why nothing can be said of this metric; `None` where something can.
    fn unknown(&self, observation: &Observation) -> Option<PlainText> {
        self.stale().or_else(|| self.missing(observation))
    }

    /// Which version has no data.
    fn missing(&self, observation: &Observation) -> Option<PlainText> {
        let (new, old) = self.book.totals();
        let word = self.metric().trial_word();
        if new.trials == 0 {
            return Some(format!("no {word} of {} yet", observation.new_name).into());
        }
        let name = old_name(observation);
        match observation.baseline() {
            Baseline::Unread => Some(format!("the baseline {name} could not be read").into()),
            Baseline::Read if old.trials == 0 => {
                Some(format!("no {word} of {name} to compare with").into())
            }
            Baseline::Read | Baseline::None => None,
        }
    }

    /// What would have been seen by now.
    fn seen(
        &self,
        policy: &Policy,
        observation: &Observation,
        rules: &[RuleStatus],
    ) -> Option<Visible> {
        *self
            .visible
            .get_or_init(|| visible::visible(self, policy, observation, rules))
    }

    fn summary(
        &self,
        policy: &Policy,
        observation: &Observation,
        rules: &[RuleStatus],
        dark: bool,
    ) -> MetricSummary {
        let breached =
            |rule: &&RuleStatus| rule.state == RuleState::Breached && rule.metric == *self.metric();
        let worst = rules.iter().filter(breached).map(|rule| rule.action).max();
        let health = match worst {
            Some(Action::Pause | Action::Halt) => Health::Breached,
            // What hardly anybody is seen to run is not seen to be well.
            _ if dark || self.unknown(observation).is_some() => Health::Unknown,
            Some(Action::Notify | Action::Hold) => Health::Warning,
            None if self.warns() => Health::Warning,
            None => Health::Healthy,
        };
        let (new, old) = self.book.totals();
        let noticed = self.is_noticed();
        let since = noticed.then(|| self.book.worse_since()).flatten();
        MetricSummary {
            metric: self.metric().clone(),
            source: self.book.source().0.clone(),
            new,
            old,
            ratio: self.book.ratio(since),
            ratio_lower: self.ratio_lower(since),
            since,
            ln_evidence: self.book.worse(),
            visible: self
                .seen(policy, observation, rules)
                .and_then(Visible::ratio),
            clustering: self.book.past().clustering,
            health,
            through: self.through(),
            trend: self.book.trend(TREND),
            driver: noticed.then(|| self.book.driver(since)).flatten(),
        }
    }
}

/// Judges everything that was known about an app at one moment.
///
/// *Breached* needs a fresh source: evidence in stored windows stays and breaches again once the source is back, but nothing is
/// done on data that nobody can confirm. *Healthy* needs every required source fresh, trials of both versions (of the new one
/// alone without baseline), an answer from every live rule whose source is not optional, nothing at warning, and no
/// dark launch.
pub fn assess(policy: &Policy, observation: &Observation) -> Assessment {
    let ledger = ledger_for(policy, observation);
    let watched = watched(&ledger, observation);
    let rules: Vec<RuleStatus> = policy
        .rules
        .iter()
        .enumerate()
        .map(|(place, rule)| {
            rule::status(place, rule, policy, observation, of(&watched, &rule.metric))
        })
        .collect();
    let dark = dark(observation);
    let (health, sentence) = verdict(policy, observation, &watched, &rules, dark.as_ref());
    let metrics = watched
        .iter()
        .map(|watched| watched.summary(policy, observation, &rules, dark.is_some()))
        .collect();
    let gate = gate::status(policy, observation, &watched, &rules, (health, &sentence));
    let tier = tier::status(policy, observation, &watched, &rules);
    let required = observation.sources.iter().filter(|source| source.required);
    let levels = level::summaries(observation, &rules);
    Assessment {
        health,
        sentence,
        rules,
        metrics,
        levels,
        disagreements: disagreements(&ledger, observation),
        dark,
        through: required.filter_map(|source| source.read_through).min(),
        gate,
        tier,
    }
}

/// Whether an assessment would say no more than that all is well: the same answer, without its words.
pub fn is_quiet(policy: &Policy, observation: &Observation) -> bool {
    let ledger = ledger_for(policy, observation);
    let watched = watched(&ledger, observation);
    let quiet = |(place, rule): (usize, &super::Rule)| {
        let watched = of(&watched, &rule.metric);
        rule::is_quiet(place, rule, policy, observation, watched)
    };
    let fresh = |source: &SourceState| !source.required || source.is_fresh();
    watched
        .iter()
        .all(|watched| !watched.is_noticed() && watched.unknown(observation).is_none())
        && observation.sources.iter().all(fresh)
        && dark(observation).is_none()
        && policy.rules.iter().enumerate().all(quiet)
}

/// The ledger, which is made anew where it was made for another policy.
fn ledger_for<'a>(policy: &Policy, observation: &'a Observation) -> Cow<'a, Ledger> {
    let ledger = observation.ledger.as_ref();
    if ledger.is_for(policy) {
        Cow::Borrowed(ledger)
    } else {
        Cow::Owned(ledger.anew(policy, *ledger.terms()))
    }
}

fn watched<'a>(ledger: &'a Ledger, observation: &'a Observation) -> Vec<Watched<'a>> {
    let books = ledger.books().iter();
    books
        .map(|book| Watched::new(book, ledger, observation))
        .collect()
}

fn of<'w, 'a>(watched: &'w [Watched<'a>], metric: &Metric) -> Option<&'w Watched<'a>> {
    watched.iter().find(|watched| watched.metric() == metric)
}

fn verdict(
    policy: &Policy,
    observation: &Observation,
    watched: &[Watched<'_>],
    rules: &[RuleStatus],
    dark: Option<&PlainText>,
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
    if let Some(dark) = dark {
        return (Health::Unknown, format!("Unknown: {dark}").into());
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
        .filter(|watched| watched.warns())
        .max_by(|a, b| {
            let evidence =
                |watched: &Watched<'_>| watched.book.worse().unwrap_or(f64::NEG_INFINITY);
            evidence(a).total_cmp(&evidence(b))
        })
    {
        let evidence = worst.book.worse().unwrap_or(LN_NOTICE);
        let since = worst.book.worse_since();
        let driver = worst.book.driver(since);
        let comparison = Comparison {
            ratio_lower: worst.ratio_lower(since),
            driver: driver.as_ref(),
            ..worst.comparison(observation, since)
        };
        let next = nearest(rules, worst.metric());
        let next = next.as_ref().map(|(rule, change)| (rule.as_str(), *change));
        return (Health::Warning, comparison.worth_a_look(evidence, next));
    }
    let mut both = policy.rules.iter().zip(rules);
    if let Some((rule, status)) = both.find(|(_, status)| status.state == RuleState::Warning) {
        let comparison = of(watched, &rule.metric).map(|it| it.comparison(observation, None));
        let change = status.change.as_ref().map_or("", PlainText::as_str);
        let text = comparison.map(|comparison| comparison.near_a_limit(rule, change));
        return (Health::Warning, text.unwrap_or_else(|| rule.id.clone()));
    }
    match watched
        .iter()
        .find(|watched| watched.unknown(observation).is_none())
    {
        Some(watched) => (
            Health::Healthy,
            watched
                .comparison(observation, None)
                .healthy(watched.seen(policy, observation, rules)),
        ),
        None => (Health::Unknown, "Unknown: there are no data yet".into()),
    }
}

/// The live rule of this metric that is nearest to acting, and what would make it.
fn nearest<'r>(rules: &'r [RuleStatus], metric: &Metric) -> Option<(String, &'r str)> {
    let acts = |rule: &&RuleStatus| rule.metric == *metric && rule.action > Action::Notify;
    rules
        .iter()
        .filter(acts)
        .filter_map(|rule| Some((rule, rule.change.as_ref()?)))
        .max_by(|(a, _), (b, _)| a.closeness.total_cmp(&b.closeness))
        .map(|(rule, change)| (rule.called(), change.as_str()))
}

/// The first reason why nobody can say that all is well.
fn unknown(
    observation: &Observation,
    watched: &[Watched<'_>],
    rules: &[RuleStatus],
) -> Option<PlainText> {
    let stale = |source: &&SourceState| source.required && !source.is_fresh();
    if let Some(source) = observation.sources.iter().find(stale) {
        return Some(why_stale(source));
    }
    let optional = |metric: &Metric| {
        let mut levels = observation.beside.levels.iter();
        let counted = of(watched, metric).and_then(|watched| watched.source);
        counted
            .or_else(|| {
                let pair = levels.find(|pair| pair.metric == *metric)?;
                level::source(pair, observation)
            })
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
pub(super) mod tests;
