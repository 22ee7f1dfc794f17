//! Policies: what a team wants to hold, and what the data say about it. Pure: parse, assess, explain.
//!
//! Must not do I/O, read a clock, or know where windows come from. Percentages are 0..=1 inside, written with `%` outside.

pub mod access;
pub mod assess;
pub mod assessment;
mod budgets;
pub mod calendar;
pub mod change;
pub mod crashes;
pub mod cross_plan;
pub mod dark;
pub mod disagree;
pub mod explain;
pub mod figures;
pub mod import;
pub mod ledger;
pub mod observation;
pub mod parse;
pub mod planner;
pub mod presets;
pub mod quality;
pub mod readiness;
pub mod rights;
pub mod rule;
pub mod stage;
mod start;
pub mod telling;
pub mod threshold;
pub mod tier;
pub mod train;
pub mod units;
pub mod written;

pub use access::{Access, Role};
pub use assess::assess;
pub use assessment::{
    Assessment, Disagreement, GateStatus, LevelSummary, MetricSummary, Opinion, RuleState,
    RuleStatus, TierStatus, Want, WantKind,
};
pub use budgets::Budgets;
pub use cross_plan::{After, CrossPlan, CrossStep, OnHalt, StepTo};
pub use ledger::{Driver, Ledger, Terms};
pub use observation::{
    Beside, DataState, LevelPair, MetricSeries, NextTrain, Observation, Paired, SourceState,
};
pub use parse::{PolicyError, RawPolicy};
pub use rights::{Stakes, Takes, takes};
pub use rule::{Action, Evidence, Limit, Policy, Rule};
pub use stage::{Approval, Stage};
pub use start::Start;
pub use telling::Telling;
pub use tier::{Condition, Tier, When};
