//! Through time: the picture stands still, or is one of the past. Must not let anybody act there.

use std::sync::Arc;

use super::message::Effect;
use super::model::Model;
use crate::api::Snapshot;
use crate::domain::Failure;

/// The picture stands still, or goes on.
pub(crate) fn freeze(model: &mut Model) {
    super::not_yet(model, "freeze");
}

/// Events, forward.
pub(crate) fn step(model: &mut Model, _events: isize) -> Vec<Effect> {
    super::not_yet(model, "step");
    Vec::new()
}

/// Minutes, forward.
pub(crate) fn travel(model: &mut Model, _minutes: i64) -> Vec<Effect> {
    super::not_yet(model, "travel");
    Vec::new()
}

/// To a time as people write it: `14:28`, `Tue 06:12`, `-2h`.
pub(crate) fn go_to(model: &mut Model, _text: &str) -> Vec<Effect> {
    super::not_yet(model, "goto");
    Vec::new()
}

/// Back to now.
pub(crate) fn live(model: &mut Model) {
    super::not_yet(model, "live");
}

/// A picture of the past has come.
pub(crate) fn arrived(model: &mut Model, _answer: Result<Arc<Snapshot>, Failure>) -> Vec<Effect> {
    super::not_yet(model, "past");
    Vec::new()
}
