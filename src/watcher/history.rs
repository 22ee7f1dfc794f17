//! What charts are drawn of: both versions by the age of the rollout, from the journal.

use super::driver::Watcher;
use crate::api::wire::History;
use crate::domain::{AppId, Failure, FailureKind};

impl Watcher {
    /// The present rollout of `app` and the one before it.
    pub(super) fn history(&self, _app: &AppId) -> Result<History, Failure> {
        Err(Failure::new(FailureKind::Unsupported, "not built yet"))
    }
}
