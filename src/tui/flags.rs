//! Feature flags: a smaller lever than a halt, where a flag service is configured.

use super::message::Effect;
use super::model::Model;

/// Lets the person choose one to turn off.
pub(crate) fn open(model: &mut Model) -> Vec<Effect> {
    super::not_yet(model, "flag");
    Vec::new()
}
