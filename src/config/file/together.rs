//! The raw shape of what several apps and persons share: plans and access.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::tree::At;
use crate::policy::OnHalt;
use crate::policy::units::{Duration, Share, Target};

/// A plan that ties the rollouts of several apps together.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [plan.NAME]"
)]
pub struct RawPlan {
    /// What a halt of one app, or a pause by a rule, does to the others: "hold" (default) or "ignore".
    #[schemars(with = "Option<OnHalt>")]
    pub on_halt: Option<At<String>>,
    /// What must have come before an app enters a stage.
    pub step: Vec<At<RawStep>>,
}

/// What must have come before an app enters a stage.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [[plan.NAME.step]]"
)]
pub struct RawStep {
    /// The id of the app that waits.
    pub app: Option<At<String>>,
    /// "start", or the exposure of one of its stages.
    pub to: Option<At<Target>>,
    /// Another app's rollout has come so far.
    pub after: Option<At<RawAfter>>,
    /// Not before this day of the plan; 1 is the first 24 hours since one of its apps was offered to anybody.
    pub day: Option<At<u32>>,
}

/// How far another app's rollout must have come.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written { app = \"shop-android\", at = \"30%\", healthy_for = \"12h\" }"
)]
pub struct RawAfter {
    /// The id of the app that goes first.
    pub app: Option<At<String>>,
    /// The exposure of one of its stages: it is offered to at least so many.
    pub at: Option<At<Share>>,
    /// Healthy for so long at that exposure or above, up to now. Default "0s": healthy now.
    pub healthy_for: Option<At<Duration>>,
}

/// Roles, by the names that people log in with, or the groups that they are in: "@release-managers". Where nobody is named, the
/// user that the watcher runs as and root are admins, and everybody else only looks.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table, written [access]")]
pub struct RawAccess {
    /// They lift halts and loosen policies, beside all that operators do: logins, and groups written "@NAME".
    pub admins: Vec<At<String>>,
    /// They move rollouts, approve, and tighten policies: logins, and groups written "@NAME".
    pub operators: Vec<At<String>>,
    /// A loosening takes a second admin. Default false.
    pub two_person: Option<At<bool>>,
}
