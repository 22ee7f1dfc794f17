//! How much evidence an act asks for: the error that one rollout may spend on it.

use super::ledger::LN_NOTICE;
use super::rule::{Action, Policy, Rule};

/// A pause or halt needs at least so many affected users: fewer may be one user's bad day, whatever the evidence says.
pub(super) const LEAST_AFFECTED: u64 = 4;

/// ln of the evidence at which a rule with this action fires: the error that a rollout may spend on it, divided by the number of
/// tests that share it (Bonferroni, so that each act has one rule to name), halved by every resume.
pub fn ln_threshold(action: Action, policy: &Policy, resumes: u32) -> f64 {
    let error: f64 = match action {
        Action::Notify => return LN_NOTICE,
        Action::Hold | Action::Pause => 0.01,
        Action::Halt => 0.001,
    };
    let sharing: usize = policy
        .rules
        .iter()
        .filter(|rule| rule.action == action)
        .map(Rule::tests)
        .sum();
    (sharing.max(1) as f64 / error).ln() + f64::from(resumes) * std::f64::consts::LN_2
}
