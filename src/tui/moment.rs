//! Which moment the screen shows: now, a picture that stands still, or the past. Acts are locked in all but the first.

use std::sync::Arc;

use crate::api::Snapshot;
use crate::domain::Timestamp;

/// See the module.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) enum Moment {
    #[default]
    Live,
    /// The picture stands still since then (the wall's time); the newest one waits.
    Frozen { since: Timestamp },
    /// The picture of the past, as the journal tells it, and what of it is asked now.
    Past(Box<Past>),
}

/// A picture of the past.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Past {
    pub(crate) picture: Arc<Snapshot>,
    /// A further one is on its way.
    pub(crate) asked: bool,
}

impl Moment {
    pub(crate) fn is_live(&self) -> bool {
        *self == Self::Live
    }
}
