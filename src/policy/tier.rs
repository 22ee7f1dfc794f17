//! Tiers: named answers by how bad it is, by numbers or by what a person declares.

use chrono::TimeDelta;
use serde::Serialize;

use super::rule::Action;
use super::units::Condition;
use crate::domain::{Fix, PlainText};

/// `[[policy.NAME.tier]]`, worst last or first: the strongest answer that holds is the one that counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tier {
    pub name: PlainText,
    pub when: When,
    pub respond: Action,
    /// What the person on call should do.
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
