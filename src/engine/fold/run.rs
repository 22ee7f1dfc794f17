//! What the run of a policy does to the state of an app: executions, gates, approvals, the pinned policy, tiers.

use std::sync::Arc;

use super::super::state::{
    AppState, CheckState, Execution, Gate, Override, Pinned, Proposal, Starting, TierAnswer,
};
use crate::domain::{Event, PolicyChange, Timestamp};

impl AppState {
    pub(super) fn apply_run(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::ExecutionMoved {
                number,
                version,
                to,
                actor,
                reason,
                ..
            } => {
                self.executions = self.executions.max(*number);
                let moved = Execution {
                    number: *number,
                    version: version.clone(),
                    phase: *to,
                    since: at,
                    actor: actor.clone(),
                    reason: reason.clone(),
                };
                let watched = self.release.as_ref().map(|release| &release.version);
                if watched == Some(version) {
                    self.execution = Some(moved);
                } else {
                    self.pending = Some(moved).filter(|moved| !moved.phase.is_over());
                }
            }
            Event::LadderTaken { actor, .. } => self.ladder = Some(actor.clone()),
            Event::WaitingChanged { release } => self.waits(at, release.as_ref()),
            Event::StartAsked {
                version,
                actor,
                reason,
                to,
            } => {
                self.starting = Some(Starting {
                    version: version.clone(),
                    actor: actor.clone(),
                    reason: reason.clone(),
                    to: *to,
                });
            }
            Event::Stalled { why } => self.stalled = Some(why.clone()),
            Event::StallOver => self.stalled = None,
            Event::Declared {
                flow, fix, actor, ..
            } => {
                self.declared.insert(flow.clone(), (*fix, actor.clone()));
            }
            Event::Withdrawn { flow, .. } => {
                self.declared.remove(flow);
            }
            Event::TierChanged { to, say, verb } => {
                self.tier = to.clone().map(|name| TierAnswer {
                    name,
                    say: say.clone(),
                    verb: *verb,
                });
            }
            _ => {
                self.apply_gate(at, event);
                self.apply_ratchet(at, event);
            }
        }
    }

    fn apply_gate(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::GateMoved {
                stage,
                next,
                open,
                why,
            } => {
                let moved = (*stage, *next, *open);
                let known = self.gate.take();
                let same = known.filter(|known| (known.stage, known.next, known.open) == moved);
                // What a gate could not do is asked of it anew.
                let withheld = self.withheld.take_if(|act| same.is_none() && act.of_gate());
                if withheld.is_some() {
                    self.needs_person = None;
                }
                self.gate = Some(Gate {
                    stage: *stage,
                    next: *next,
                    open: *open,
                    since: same.map_or(at, |known| known.since),
                    why: why.clone(),
                });
            }
            Event::GateOverruled { next, .. } => self.overruled = self.overruled.max(Some(*next)),
            Event::Approved {
                stage,
                actor,
                standing,
                ..
            } => {
                let approval = (*stage, actor.clone(), standing.clone());
                self.approvals.push(approval);
            }
            Event::CheckStarted { stage, attempt } => {
                self.checks.insert(*stage, check(at, *attempt, None, ""));
            }
            Event::CheckEnded {
                stage,
                attempt,
                passed,
                says,
            } => {
                let ended = check(at, *attempt, Some(*passed), says.as_str());
                self.checks.insert(*stage, ended);
            }
            _ => {}
        }
    }

    fn apply_ratchet(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::PolicyPinned {
                name, hash, toml, ..
            } => {
                self.proposal = None;
                self.differs = None;
                self.pinned = Some(Pinned {
                    name: name.clone(),
                    hash: hash.clone(),
                    toml: Arc::from(toml.as_str()),
                });
            }
            Event::OverrideSet {
                rule,
                with,
                until,
                actor,
                reason,
                changes,
            } => {
                self.proposal = None;
                let set = Override {
                    with: with.clone(),
                    until: *until,
                    actor: actor.clone(),
                    reason: reason.clone(),
                    changes: changes.clone(),
                };
                self.overrides.insert(rule.clone(), set);
            }
            Event::OverrideEnded { rule, .. } => {
                self.overrides.remove(rule);
                let ends = PolicyChange::EndOverride { rule: rule.clone() };
                self.proposal.take_if(|proposal| proposal.change == ends);
            }
            Event::ChangeProposed {
                change,
                actor,
                reason,
                changes,
            } => {
                self.proposal = Some(Proposal {
                    change: change.clone(),
                    actor: actor.clone(),
                    reason: reason.clone(),
                    changes: changes.clone(),
                    since: at,
                });
            }
            Event::ProposalEnded { .. } => self.proposal = None,
            Event::PolicyDiffers { hash, changes } => {
                self.differs = (!changes.is_empty()).then(|| hash.clone());
            }
            _ => {}
        }
    }
}

fn check(at: Timestamp, attempt: u32, passed: Option<bool>, says: &str) -> CheckState {
    CheckState {
        attempt,
        passed,
        says: says.into(),
        at,
    }
}
