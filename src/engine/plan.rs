//! What the engine is told once: the apps, their policies, and how much the machine may do alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::rollout::InReview;
use crate::domain::{AppId, PlainText, StoreKind};
use crate::policy::{Budgets, Policy};

/// The static part of a watcher. Not journalled: the journal holds what came of it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub apps: BTreeMap<AppId, AppPlan>,
    pub budgets: Budgets,
    /// The guard that a test has taken out.
    #[cfg(test)]
    pub(super) without: Option<super::guard::Guard>,
}

impl Plan {
    pub fn new(apps: BTreeMap<AppId, AppPlan>, budgets: Budgets) -> Self {
        Self {
            apps,
            budgets,
            #[cfg(test)]
            without: None,
        }
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
}
