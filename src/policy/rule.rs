//! What a policy is made of, resolved: units gone, defaults filled in.

use std::cmp::Ordering;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stage::Stage;
use super::tier::Tier;
use crate::domain::{Exposure, Metric, PlainText, Unit, Verb};

/// A policy, as the engine and the screen use it.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub name: PlainText,
    pub description: PlainText,
    /// In order of exposure; empty for a rollout that people move.
    pub stages: Vec<Stage>,
    /// As written, and after them one for each tier whose answer acts by a metric.
    pub rules: Vec<Rule>,
    pub tiers: Vec<Tier>,
    /// Hex SHA-256 of the policy's canonical form: what a rollout is pinned to.
    pub hash: String,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    pub id: PlainText,
    pub metric: Metric,
    pub limit: Limit,
    pub action: Action,
    /// Live only while the exposure is within; `None` is the whole rollout.
    pub during: Option<(Exposure, Exposure)>,
    pub evidence: Evidence,
    /// The act is announced and counted down for so long, and may be held once.
    pub grace: TimeDelta,
    /// Halts on a late source too, before others could have spoken.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub insist: bool,
    /// It is a tier's: its name is the id, and the policy's text has it as a tier.
    #[serde(skip)]
    pub of_tier: bool,
    /// Live only while no train leaves within so long; of a tier's stronger answer.
    #[serde(skip)]
    pub unless_train: Option<TimeDelta>,
}

impl Rule {
    /// Where nobody runs the baseline any more, a limit against it goes on against what the baseline was, at this margin. It
    /// cannot tell an outage from a bad version, so that it never halts: only rules that do less have it.
    pub fn history_margin(&self) -> Option<f64> {
        match self.limit {
            Limit::TimesBaseline { ratio }
                if self.action < Action::Halt
                    && self.evidence == Evidence::Sequential
                    && !self.metric.counts_successes() =>
            {
                Some(ratio)
            }
            _ => None,
        }
    }

    /// `rule crash-ratio`, `tier pause and hotfix`
    pub fn called(&self) -> String {
        called(&self.id, self.of_tier)
    }

    /// Whether its absolute limit is for worse numbers than the other's.
    pub fn depth(&self, other: &Self) -> Ordering {
        let failing = |rule: &Self| match rule.limit {
            Limit::Failures { at_most } => at_most,
            Limit::TimesBaseline { .. }
            | Limit::WorseByPoints { .. }
            | Limit::LevelAtMost { .. }
            | Limit::LevelAtLeast { .. } => 0.0,
        };
        failing(self).total_cmp(&failing(other))
    }

    /// How many tests it makes, among which the error share of its action is divided; a level cannot be tested.
    pub fn tests(&self) -> usize {
        if self.metric.is_level() {
            return 0;
        }
        1 + usize::from(self.history_margin().is_some())
    }
}

/// What people call a rule that may be a tier's.
pub(super) fn called(id: &PlainText, of_tier: bool) -> String {
    let kind = if of_tier { "tier" } else { "rule" };
    format!("{kind} {id}")
}

/// The limit that a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "limit", rename_all = "kebab-case")]
pub enum Limit {
    /// Absolute: failures at most this share of the trials (0..=1). `floor = "99.85%"` of a good share is 0.0015 here,
    /// `ceiling = "5%"` of a bad share 0.05.
    Failures { at_most: f64 },
    /// Failures at most so many times the baseline's; of a level, its figure.
    TimesBaseline { ratio: f64 },
    /// The share at most so much worse than the baseline's: `"2pt"` is 0.02.
    WorseByPoints { points: f64 },
    /// A level's figure at most this.
    LevelAtMost { value: f64, unit: Unit },
    /// A level's figure at least this.
    LevelAtLeast { value: f64, unit: Unit },
}

/// What a rule does once it fires.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Notify,
    Hold,
    Pause,
    Halt,
}

impl Action {
    /// The verb that carries it out; none for `notify`.
    pub fn verb(self) -> Option<Verb> {
        match self {
            Self::Notify => None,
            Self::Hold => Some(Verb::Hold),
            Self::Pause => Some(Verb::Pause),
            Self::Halt => Some(Verb::Halt),
        }
    }

    /// One step stronger; nothing is stronger than a halt.
    #[must_use]
    pub fn stronger(self) -> Self {
        match self {
            Self::Notify => Self::Hold,
            Self::Hold => Self::Pause,
            Self::Pause | Self::Halt => Self::Halt,
        }
    }

    /// As a policy writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Hold => "hold",
            Self::Pause => "pause",
            Self::Halt => "halt",
        }
    }
}

/// How a rule looks at the data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Evidence {
    /// Anytime-valid: fires once the evidence against the limit reaches the error share of the action.
    Sequential,
    /// The plain comparison over the last `window`, with at least `min_sessions` trials, true for `polls` polls with newer
    /// data in a row.
    Observed {
        window: TimeDelta,
        min_sessions: u64,
        polls: u32,
    },
}
