//! A backtest as JSON: one document, `haltline/backtest/v1`.

use serde::Serialize;

use super::given::{About, Happened};
use crate::backtest::{Contender, Outcome, Report, Summary};
use crate::cli::say;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// Stopped before it was done: only the first rollouts are in it.
    partial: bool,
    of: usize,
    done: usize,
    /// Seconds from poll to poll.
    every: i64,
    source: &'a About,
    contenders: Vec<Told<'a>>,
    /// What really happened to each rollout, where the journal knows.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    in_truth: &'a [Vec<Happened>],
}

#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    /// Hex SHA-256 of a policy; none of a rule that others use.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_hash: Option<&'a str>,
    summary: &'a Summary,
    /// Of recorded rollouts only: made-up ones are many, and all alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    rollouts: Option<&'a [Outcome]>,
}

/// Prints it.
pub(super) fn tell(
    report: &Report,
    contenders: &[Contender],
    every: chrono::TimeDelta,
    about: &About,
    in_truth: &[Vec<Happened>],
    each: bool,
) {
    let contenders = contenders
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
        .collect();
    say::json(&Document {
        schema: "haltline/backtest/v1",
        partial: report.is_partial(),
        of: report.of,
        done: report.done,
        every: every.num_seconds(),
        source: about,
        contenders,
        in_truth,
    });
}
