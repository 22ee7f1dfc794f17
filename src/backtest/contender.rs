//! Who decides: a policy of ours, or a rule that others use.

use std::sync::Arc;

use super::replay::replay;
use super::run::Options;
use super::{Outcome, Rival, Rollout};
use crate::policy::Policy;

/// What a rollout is replayed with.
#[derive(Clone, Debug)]
pub enum Contender {
    Policy(Arc<Policy>),
    Rival(Rival),
}

impl Contender {
    /// As people name it: the policy's name, or [`Rival::name`].
    pub fn name(&self) -> String {
        match self {
            Self::Policy(policy) => policy.name.to_string(),
            Self::Rival(rival) => rival.name().to_owned(),
        }
    }

    /// What it would have done.
    pub fn replay(&self, rollout: &Rollout, options: &Options) -> Outcome {
        match self {
            Self::Policy(policy) => replay(policy, rollout, options),
            Self::Rival(rival) => rival.replay(rollout, options),
        }
    }
}
