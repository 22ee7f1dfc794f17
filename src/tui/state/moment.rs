//! Which moment the screen shows: now, a picture that stands still, or the past. Acts are locked in all but the first.

use std::sync::Arc;

use crate::api::Snapshot;
use crate::api::wire::When;
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
    /// False until the first answer: the picture is still the last one of now.
    pub(crate) arrived: bool,
    /// A further one is on its way: this one.
    pub(crate) asked: Option<Asked>,
    /// What is wished for meanwhile: the last wish, whatever came before it.
    pub(crate) wish: Option<Wish>,
    /// Number of the record that was stepped to.
    pub(crate) stepped: Option<u64>,
    /// Beside the picture, the last one that was asked for only to see what happened around it.
    pub(crate) around: Option<Arc<Snapshot>>,
}

/// A question that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To be shown.
    Picture(When),
    /// For its events.
    Around,
}

/// Where somebody wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    To(When),
    /// So many events on from there.
    Steps {
        from: Place,
        by: isize,
    },
}

/// A place among the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the record with this number.
    At(u64),
    /// Behind it, and before the next one.
    Behind(u64),
}

impl Moment {
    pub(crate) fn is_live(&self) -> bool {
        *self == Self::Live
    }

    /// What is shown is of the past, and not the last picture of now.
    pub(crate) fn past(&self) -> Option<&Past> {
        match self {
            Self::Past(past) if past.arrived => Some(past),
            _ => None,
        }
    }
}
