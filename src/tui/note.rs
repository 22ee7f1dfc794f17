//! Words of a person for the audit log.

use super::message::Effect;
use super::model::Model;

/// Asks the watcher to keep them.
pub(crate) fn write(model: &mut Model, _text: &str) -> Vec<Effect> {
    super::not_yet(model, "note");
    Vec::new()
}
