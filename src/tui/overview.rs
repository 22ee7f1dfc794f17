//! All rollouts, a line each, worst first: what is selected, how it is sorted, and the way back.

use super::model::Model;

/// To the overview, or back to the rollout that is selected.
pub(crate) fn toggle(model: &mut Model) {
    super::not_yet(model, "overview");
}

/// The view before this one.
pub(crate) fn last_view(model: &mut Model) {
    super::not_yet(model, "last");
}

/// Opens the rollout that is selected.
pub(crate) fn open(model: &mut Model) {
    super::not_yet(model, "open");
}

/// Moves the selection, rows down.
pub(crate) fn scroll(model: &mut Model, _rows: isize) {
    super::not_yet(model, "scroll");
}

/// The next column, then the other way round: in the overview and in every list.
pub(crate) fn sort(model: &mut Model) {
    super::not_yet(model, "sort");
}
