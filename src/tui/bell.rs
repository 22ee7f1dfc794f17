//! When the bell rings, and when it is muted.

use super::model::Model;

/// Quiet for half an hour, or loud again.
pub(crate) fn mute(model: &mut Model) {
    super::not_yet(model, "mute");
}
