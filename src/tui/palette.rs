//! Actions by name: what is typed, which match, and what is done.

use super::model::Model;

/// Opens it.
pub(crate) fn open(model: &mut Model) {
    super::not_yet(model, "palette");
}
