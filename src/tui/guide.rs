//! The explanations of the demo: one line a step, that goes when it is told to.

use super::model::Model;

/// Hides them, or shows them again.
pub(crate) fn toggle(model: &mut Model) {
    super::not_yet(model, "hint");
}
