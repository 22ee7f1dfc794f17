//! Tiers: named answers by how bad it is, by numbers or by what a person declares.
//!
//! A tier that asks for evidence of a bad number becomes a [`Rule`], so that all that holds for rules holds for it: evidence, error
//! shares, plans, backtests. The others are judged in [`super::assess`] and by the engine. Must not read TOML.

use std::fmt;

use chrono::TimeDelta;
use serde::Serialize;

use super::observation::NextTrain;
use super::rule::{Action, Evidence, Limit, Policy, Rule};
use crate::domain::{Fix, Metric, PlainText, Timestamp};

/// `when` of a tier that people declare.
pub(super) const CRITICAL_FLOW: &str = "critical_flow";

/// `[[policy.NAME.tier]]`, worst last or first: the strongest answer that holds is the one that counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tier {
    pub name: PlainText,
    pub when: When,
    pub respond: Action,
    /// What the person on call should do; may be empty.
    pub say: PlainText,
    /// Holds as written only while a train leaves within so long; else the answer is one step stronger.
    pub next_train: Option<TimeDelta>,
}

/// What a tier is for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// `crash_free_sessions < 99.00%`: there is evidence that it is worse, as for a floor. `> 99.80%`: there is evidence that the
    /// new version is worse than the baseline, and none that it is below.
    Metric(Condition),
    /// A person declared a critical flow broken, with its fix known or not; `None` is either.
    CriticalFlow { fix: Option<Fix> },
}

/// A condition on a metric, `crash_free_sessions > 99.80%` or `99.00% <= crash_free_sessions < 99.80%`; shares are 0..=1, as people
/// write the metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    pub metric: Metric,
    /// True for `>`, false for `<`. Evidence knows no difference between `<` and `<=`.
    pub above: bool,
    pub share: f64,
    /// Where a stronger tier takes over. It is checked to, and changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<f64>,
}

impl Condition {
    /// It asks for evidence of a number on the wrong side, as a floor or a ceiling does; else for one on the right side of it.
    pub fn is_limit(&self) -> bool {
        self.above != self.metric.is_good_share()
    }

    /// The share of failures at its bound, 0..=1, to the digit that a floor or a ceiling there has.
    pub fn failing(&self) -> f64 {
        if self.metric.is_good_share() {
            // 1 − 0.9985 is not 0.0015 in binary, and people mean 0.0015.
            ((1.0 - self.share) * 1e11).round() / 1e11
        } else {
            self.share
        }
    }
}

/// As people write it.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| (share * 1e11).round() / 1e9;
        let (metric, share) = (&self.metric, percent(self.share));
        match (self.until.map(percent), self.above) {
            (None, true) => write!(f, "{metric} > {share}%"),
            (None, false) => write!(f, "{metric} < {share}%"),
            (Some(until), true) => write!(f, "{share}% < {metric} <= {until}%"),
            (Some(until), false) => write!(f, "{until}% <= {metric} < {share}%"),
        }
    }
}

/// As people write it; whether the fix is known is a key of its own.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metric(condition) => condition.fmt(f),
            Self::CriticalFlow { .. } => f.write_str(CRITICAL_FLOW),
        }
    }
}

impl Tier {
    /// Whether it asks for evidence of a bad number, so that it is among the rules.
    pub fn is_rule(&self) -> bool {
        matches!(&self.when, When::Metric(condition) if condition.is_limit())
    }

    /// What it answers at `now`.
    pub fn answer(&self, next: NextTrain, now: Timestamp) -> Action {
        match self.next_train {
            Some(within) if !next.leaves_within(within, now) => self.respond.stronger(),
            _ => self.respond,
        }
    }

    /// Whether it answers a warning: the number is worse than the baseline's, and within the bound.
    pub fn answers_warnings(&self) -> bool {
        matches!(&self.when, When::Metric(condition) if !condition.is_limit())
    }

    /// The rules that it comes to: the answer as written, and the stronger one, live while no train leaves in time, which is a test
    /// of its own among those that share the error of their action.
    pub(super) fn rules(&self) -> Vec<Rule> {
        let When::Metric(condition) = &self.when else {
            return Vec::new();
        };
        if !self.is_rule() {
            return Vec::new();
        }
        let rule = Rule {
            id: self.name.clone(),
            metric: condition.metric.clone(),
            limit: Limit::Failures {
                at_most: condition.failing(),
            },
            action: self.respond,
            during: None,
            evidence: Evidence::Sequential,
            grace: TimeDelta::zero(),
            insist: false,
            of_tier: true,
            unless_train: None,
        };
        let stronger = self.next_train.map(|within| Rule {
            id: self.without_train(),
            action: self.respond.stronger(),
            unless_train: Some(within),
            ..rule.clone()
        });
        std::iter::once(rule).chain(stronger).collect()
    }

    /// What its stronger answer is called.
    pub fn without_train(&self) -> PlainText {
        format!("{}, no train", self.name).into()
    }
}

impl Policy {
    /// The tier that a rule was made of.
    pub fn tier_of(&self, rule: &PlainText) -> Option<&Tier> {
        let made = self.rules.iter().any(|it| it.id == *rule && it.of_tier);
        let mut tiers = self.tiers.iter();
        tiers.find(|tier| made && (tier.name == *rule || tier.without_train() == *rule))
    }
}
