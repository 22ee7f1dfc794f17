//! Policies: what a team wants to hold, and what the data say about it. Pure: parse, assess, explain.
//!
//! Must not do I/O, read a clock, or know where windows come from. Percentages are 0..=1 inside, written with `%` outside.

pub mod assessment;
pub mod observation;
pub mod parse;
pub mod presets;
pub mod rule;
pub mod units;

pub use assessment::{Assessment, MetricSummary, RuleState, RuleStatus};
pub use observation::{MetricSeries, Observation, Paired, SourceState};
pub use parse::{PolicyError, RawPolicy};
pub use rule::{Action, Evidence, Limit, Policy, Rule, Stage};

/// STUB
pub fn assess(_policy: &Policy, observation: &Observation) -> Assessment {
    Assessment {
        health: crate::domain::Health::Unknown,
        sentence: "no".into(),
        rules: vec![],
        metrics: vec![],
        through: Some(observation.at),
    }
}
