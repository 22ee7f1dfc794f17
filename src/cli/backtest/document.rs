//! A backtest as JSON: one document, `haltline/backtest/v1`.

use serde::Serialize;

use super::given::{About, AboutPlacebo, Happened};
use crate::backtest::{Contender, Outcome, Report, Summary};

#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub schema: &'static str,
    /// Stopped before it was done: only the first rollouts are in it.
    pub partial: bool,
    pub of: usize,
    pub done: usize,
    /// Seconds from poll to poll.
    pub every: i64,
    pub source: &'a About,
    /// Where the stable versions were split instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placebo: Option<&'a AboutPlacebo>,
    pub contenders: Vec<Told<'a>>,
    /// What really happened to each rollout, where the journal knows.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub in_truth: &'a [Vec<Happened>],
}

/// One contender.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    name: &'a str,
    /// Hex SHA-256 of a policy; none of a rule that others use.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_hash: Option<&'a str>,
    summary: &'a Summary,
    /// Of recorded rollouts only: made-up ones are many, and all alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    rollouts: Option<&'a [Outcome]>,
}

/// Every contender, with `each` of its rollouts.
pub(super) fn contenders<'a>(
    report: &'a Report,
    contenders: &'a [Contender],
    each: bool,
) -> Vec<Told<'a>> {
    contenders
        .iter()
        .zip(&report.contenders)
        .map(|(contender, one)| Told {
            name: &one.name,
            policy_hash: match contender {
                Contender::Policy(policy) => Some(policy.hash.as_str()),
                Contender::Rival(_) => None,
            },
            summary: &one.summary,
            rollouts: each.then_some(one.outcomes.as_slice()),
        })
        .collect()
}
