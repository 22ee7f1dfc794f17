//! What a person takes away from the screen: a summary for the incident's channel, the screen as text, the audit log.

use super::message::Effect;
use super::model::Model;

/// The summary, into the clipboard.
pub(crate) fn copy(model: &mut Model) -> Vec<Effect> {
    super::not_yet(model, "copy");
    Vec::new()
}

/// Asks what to write; `what` names it already: `screen`, `summary`, `audit`.
pub(crate) fn open(model: &mut Model, _what: &str) -> Vec<Effect> {
    super::not_yet(model, "export");
    Vec::new()
}
