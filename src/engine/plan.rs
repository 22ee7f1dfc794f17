//! What the engine is told once: the apps, their policies, and how much the machine may do alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::rollout::InReview;
use crate::domain::{AppId, PlainText, StoreKind, Timestamp};
use crate::policy::calendar::Freeze;
use crate::policy::train::Train;
use crate::policy::{Access, Budgets, CrossPlan, NextTrain, Policy, Start, Telling};

/// The static part of a watcher. Not journalled: the journal holds what came of it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub apps: BTreeMap<AppId, AppPlan>,
    pub budgets: Budgets,
    /// What ties apps together. An app is in one of them at most.
    pub plans: Vec<CrossPlan>,
    /// Nothing is raised by itself in them.
    pub freezes: Vec<Freeze>,
    pub access: Access,
    pub trains: Vec<Train>,
    /// Who is told what.
    pub telling: Telling,
    /// The guard that a test has taken out.
    #[cfg(test)]
    pub(super) without: Option<super::guard::Guard>,
}

impl Plan {
    pub fn new(apps: BTreeMap<AppId, AppPlan>, budgets: Budgets) -> Self {
        Self {
            apps,
            budgets,
            plans: Vec::new(),
            freezes: Vec::new(),
            access: Access::default(),
            trains: Vec::new(),
            telling: Telling::default(),
            #[cfg(test)]
            without: None,
        }
    }

    /// When the next train of this app leaves.
    pub fn next_train(&self, app: &AppPlan, now: Timestamp) -> NextTrain {
        let named = |train: &&Train| Some(&train.name) == app.train.as_ref();
        let leaves = self.trains.iter().find(named);
        let leaves = leaves.and_then(|train| train.next_departure(now));
        leaves.map_or(NextTrain::Never, NextTrain::At)
    }
}

/// One app.
#[derive(Clone, Debug)]
pub struct AppPlan {
    pub name: PlainText,
    pub store: StoreKind,
    pub policy: Arc<Policy>,
    /// `mode = "advise"`: decide, show and tell, do not act.
    pub advise: bool,
    pub in_review: InReview,
    pub start: Start,
    /// The train that its releases ride.
    pub train: Option<PlainText>,
    /// The team that owns it: messages are routed by it.
    pub owner: Option<PlainText>,
    /// A rollout that has not moved for so long is announced.
    pub stalled_after: TimeDelta,
}
