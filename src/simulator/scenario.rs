//! A scenario: what happens in a simulated world, as a person writes it down in TOML (`assets/scenarios/*.toml`).
//!
//! Owns the file format and the scenarios that come with haltline. Plain data: what becomes of it is the world's matter.

mod load;
mod people;
mod stratum;
mod units;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::Deserialize;

use super::fault::PlannedFault;
use crate::domain::{AppId, Exposure, Recurrence, StoreKind, Timestamp};
pub use load::ScenarioError;
pub use people::{Asks, Person};
pub use stratum::StratumPlan;
pub use units::{Share, Span, Steps};

/// The policy of the ready config, by name.
pub const READY_POLICY: &str = "sim";

/// What happens in a world. Every time in it is relative to the start of the world; before it is negative (`-2d`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's name without `.toml`.
    #[serde(skip)]
    pub name: String,
    pub description: String,
    /// When a simulated clock starts; fixed, so that a run can be repeated.
    #[serde(default = "default_start")]
    pub start: Timestamp,
    /// How far into the scenario the clock starts.
    #[serde(default)]
    pub at: Span,
    #[serde(default)]
    pub watch: Watch,
    #[serde(rename = "app")]
    pub apps: Vec<AppPlan>,
    /// What a person does at a console, in any order.
    #[serde(default, rename = "event")]
    pub events: Vec<Scripted>,
    /// What people ask haltline for, in any order; only where haltline runs in one process with the world.
    #[serde(default, rename = "person")]
    pub people: Vec<Person>,
    #[serde(default, rename = "fault")]
    pub faults: Vec<PlannedFault>,
}

/// What the ready `haltline.toml` of this scenario says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    pub poll: Span,
    /// Of the pause and halt rules that come with every config.
    pub grace: Span,
    /// Simulated seconds a wall second, where a person watches.
    pub speed: f64,
    /// Further rules, copied as they are into `[[policy.sim.rule]]`; stages and tiers likewise.
    pub rules: Vec<toml::Table>,
    pub stages: Vec<toml::Table>,
    pub tiers: Vec<toml::Table>,
    /// Further keys of every `[[app]]`: `{ start = "automatic" }`.
    pub app: toml::Table,
    /// Kinds of the sources of every app, in order; default: Sentry alone.
    pub health: Vec<String>,
    /// Further keys of every `[[app.health]]`: `{ stale_after = "15m" }`.
    pub source: toml::Table,
    /// Further text of the config: plans, trains, freezes, further policies.
    pub config: String,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            poll: Span(TimeDelta::minutes(1)),
            grace: Span(TimeDelta::zero()),
            speed: 1.0,
            rules: Vec::new(),
            stages: Vec::new(),
            tiers: Vec::new(),
            app: toml::Table::new(),
            health: vec!["sentry".into()],
            source: toml::Table::new(),
            config: String::new(),
        }
    }
}

/// One app on one store.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppPlan {
    pub id: AppId,
    pub name: String,
    pub store: StoreKind,
    /// Package name or bundle id.
    pub package: String,
    /// Play only.
    #[serde(default = "production")]
    pub track: String,
    /// Over all versions.
    pub sessions_per_day: u64,
    /// Swing of the traffic over the day, 0 to 1: `0.4` is 40 % above the mean at 14:00 UTC, 40 % below at 02:00.
    #[serde(default)]
    pub day_and_night: f64,
    /// Time constant with which users follow an offer; `0s`: at once.
    #[serde(default = "six_hours")]
    pub lag: Span,
    /// Oldest first.
    #[serde(rename = "version")]
    pub versions: Vec<VersionPlan>,
    /// What hits every version alike, and so is nobody's fault.
    #[serde(default, rename = "outage")]
    pub outages: Vec<Outage>,
    /// When sessions are counted several times over, by every source.
    #[serde(default, rename = "miscount")]
    pub miscounts: Vec<Miscount>,
    #[serde(default, rename = "issue")]
    pub issues: Vec<IssuePlan>,
    /// Who the users are, for the sources that part them; their shares add up to `100%`. None: nobody knows.
    #[serde(default, rename = "stratum")]
    pub strata: Vec<StratumPlan>,
    /// At the store, over all versions, on a day with the usual sessions.
    #[serde(default = "twelve")]
    pub reviews_per_day: u64,
    /// Further keys of its `[[app]]` in the ready config, over those of [`Watch::app`]: `{ policy = "ios" }`.
    #[serde(default)]
    pub watch: toml::Table,
}

impl AppPlan {
    /// Names of the journeys of any version; an app that has some is traced, and its ready config asks for what the spans tell.
    pub fn journeys(&self) -> BTreeSet<&str> {
        let all = self.versions.iter().flat_map(|v| v.journeys.keys());
        all.map(String::as_str).collect()
    }

    /// The first version with this role.
    pub fn with_role(&self, role: Role) -> Option<&VersionPlan> {
        self.versions.iter().find(|v| v.role == role)
    }
}

/// What a version is to the rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// No longer offered, still installed: `share` of the users who do not have the new version.
    Old,
    /// What the store serves to everybody else.
    Baseline,
    /// Being rolled out when the world starts.
    New,
    /// Waits for somebody to release it.
    Next,
}

/// One version of an app, and how it fares.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionPlan {
    pub name: String,
    /// Version code or build number.
    pub build: String,
    pub role: Role,
    /// First offered; default: long ago (`old`, `baseline`), the start of the world (`new`).
    #[serde(default)]
    pub started: Option<Span>,
    /// Offered to so many users. On the App Store Apple's days count from `started` instead.
    #[serde(default)]
    pub exposure: Option<Exposure>,
    /// `old` only.
    #[serde(default)]
    pub share: Share,
    /// `next` only: whether it lies at the store from the start, as a draft (Play, default: no) or approved and waiting for its
    /// developer (App Store, default: yes). Else it comes with `do = "prepare"`.
    #[serde(default)]
    pub waits: Option<bool>,
    /// Share of its sessions that come to be counted at all: `0%` crashes before anybody hears of it.
    #[serde(default = "Steps::all")]
    pub counted: Steps,
    /// Shares of the sessions; what ends in one of the three ways is counted in that one only.
    #[serde(default)]
    pub crash: Steps,
    #[serde(default)]
    pub abnormal: Steps,
    #[serde(default)]
    pub errored: Steps,
    /// Share of its cold starts that take longer than 5 s.
    #[serde(default = "Steps::two_percent")]
    pub slow_cold: Steps,
    /// Share of its requests that take longer than 2 s.
    #[serde(default = "Steps::two_percent")]
    pub slow_request: Steps,
    /// Share of its journeys that fail, by name: `{ checkout = "8%" }`.
    #[serde(default)]
    pub journeys: BTreeMap<String, Steps>,
    /// Share of its reviews with one or two stars; default: 8 %, and more the more it crashes.
    #[serde(default)]
    pub unhappy: Option<Steps>,
}

/// A time in which something outside the app breaks sessions of every version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    pub from: Span,
    pub until: Span,
    #[serde(default)]
    pub crash: Share,
    #[serde(default)]
    pub abnormal: Share,
    #[serde(default)]
    pub errored: Share,
}

/// A time in which every session of every version is counted so many times.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Miscount {
    pub from: Span,
    pub until: Span,
    pub times: u64,
}

/// A crash group. What a version crashes no more than the baseline goes to the recurring issues, what it crashes beyond
/// that to the new and regressed ones, what an outage adds to the issues of the outage.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuePlan {
    pub title: String,
    /// Where in the code.
    pub place: String,
    pub kind: Recurrence,
    #[serde(default)]
    pub of: Ending,
    #[serde(default)]
    pub outage: bool,
    /// Weight within its group.
    #[serde(default = "one")]
    pub weight: f64,
    /// Default: 30 days before the world (recurring, regressed), the first event (new).
    #[serde(default)]
    pub first_seen: Option<Span>,
}

/// How a session ended that did not end well enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    #[default]
    Crash,
    /// ANR, hang, force-closed.
    Abnormal,
}

/// An act of a person at a console, planned.
#[derive(Clone, Debug, Deserialize)]
pub struct Scripted {
    pub after: Span,
    pub app: AppId,
    #[serde(flatten)]
    pub act: ConsoleAct,
}

/// What a person can do at a store's console, behind haltline's back.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum ConsoleAct {
    Halt,
    Resume,
    /// Play only: another fraction.
    Raise {
        to: Exposure,
    },
    Complete,
    /// The version with role `next` comes to wait: a draft on Play, approved and waiting for its developer on the App Store.
    Prepare,
    /// Rolls the version with role `next` out.
    NewRelease {
        #[serde(default)]
        to: Option<Exposure>,
    },
    /// Changes of the app go into review, or come out of it.
    StartReview,
    EndReview,
    /// Anything that has nothing to do with the rollout, such as a new store text: kills open edits on Play.
    Touch,
}

impl Scenario {
    pub fn app(&self, id: &AppId) -> Option<&AppPlan> {
        self.apps.iter().find(|a| a.id == *id)
    }
}

fn default_start() -> Timestamp {
    // 2026-03-02T08:00:00Z, a Monday morning.
    Timestamp::from_timestamp(1_772_438_400, 0).unwrap_or_default()
}

fn production() -> String {
    "production".into()
}

fn six_hours() -> Span {
    Span(TimeDelta::hours(6))
}

fn twelve() -> u64 {
    12
}

fn one() -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_start_is_a_monday_morning() {
        assert_eq!(default_start().to_rfc3339(), "2026-03-02T08:00:00+00:00");
    }
}
