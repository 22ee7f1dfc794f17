//! Plans that tie the rollouts of several apps together: `[plan.NAME]`.

use chrono::TimeDelta;

use crate::domain::{AppId, Exposure, PlainText};

/// A plan. Its steps are further wants of gates: they open none by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossPlan {
    pub name: PlainText,
    /// In the order in which they are first named.
    pub apps: Vec<AppId>,
    pub on_halt: OnHalt,
    pub steps: Vec<CrossStep>,
}

/// What a halt or pause of one app does to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnHalt {
    /// They are held until it is lifted.
    #[default]
    Hold,
    Ignore,
}

/// What must have come before an app enters a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossStep {
    pub app: AppId,
    pub to: StepTo,
    /// Another app's rollout has come so far and stayed well.
    pub after: Option<After>,
    /// Not before this day of the plan: 1 is the first 24 hours since its first app was offered to anybody.
    pub day: Option<u32>,
}

/// Where a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepTo {
    /// A release that waits begins.
    Start,
    Stage(Exposure),
}

/// `after = { app = "shop-android", at = "30%", healthy_for = "12h" }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    pub app: AppId,
    /// Offered to at least so many.
    pub at: Exposure,
    /// Healthy for so long at that exposure or above, up to now.
    pub healthy_for: TimeDelta,
}
