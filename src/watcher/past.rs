//! The picture of a moment of the past, from the journal alone. Must not touch the present state.

use std::sync::Arc;

use super::driver::Watcher;
use crate::api::Snapshot;
use crate::api::wire::When;
use crate::domain::{Failure, FailureKind};

impl Watcher {
    /// The picture as it was then.
    pub(super) fn past(&self, _when: When) -> Result<Arc<Snapshot>, Failure> {
        Err(Failure::new(FailureKind::Unsupported, "not built yet"))
    }
}
