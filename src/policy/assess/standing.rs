//! Where an assessment stands, without its words and figures: what has to change before an engine would decide anything anew.

use super::super::assessment::RuleState;
use super::super::dark::dark;
use super::super::observation::{DataState, Observation};
use super::super::rule::{Action, Policy};
use super::{ledger_for, of, rule, watched};

/// Two observations with the same standing make an engine that has seen the first do nothing at the second, unless it is
/// counting polls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All is well: [`is_quiet`](super::is_quiet).
    Quiet,
    Other {
        /// One a rule: its state, the polls that it asks for, and what it may do.
        rules: Vec<(RuleState, u32, Action)>,
        /// One a metric: worth a look, and not known.
        metrics: Vec<(bool, bool)>,
        /// One a source.
        sources: Vec<DataState>,
        /// The version is offered and not seen.
        dark: bool,
    },
}

/// Where an assessment that is not quiet stands.
pub fn standing(policy: &Policy, observation: &Observation) -> Standing {
    let ledger = ledger_for(policy, observation);
    let watched = watched(&ledger, observation);
    let sources = observation.sources.iter();
    let rules = policy.rules.iter().enumerate().map(|(place, rule)| {
        rule::standing(place, rule, policy, observation, of(&watched, &rule.metric))
    });
    let metrics = watched
        .iter()
        .map(|watched| (watched.is_noticed(), watched.unknown(observation).is_some()));
    Standing::Other {
        rules: rules.collect(),
        metrics: metrics.collect(),
        sources: sources.map(|source| source.state).collect(),
        dark: dark(observation).is_some(),
    }
}
