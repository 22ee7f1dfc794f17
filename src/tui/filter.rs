//! Only the rows that match what is typed.

use super::message::Effect;
use super::model::Model;
use super::prompt::Typed;

/// Opens the line, with what it says already.
pub(crate) fn open(model: &mut Model, _text: &str) {
    super::not_yet(model, "filter");
}

/// A key was pressed in the line.
pub(crate) fn typed(model: &mut Model, _text: &str, _typed: &Typed) -> Vec<Effect> {
    super::not_yet(model, "filter");
    Vec::new()
}
