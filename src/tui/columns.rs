//! Which columns the overview has.

use super::model::Model;

/// Lets the person choose.
pub(crate) fn open(model: &mut Model) {
    super::not_yet(model, "columns");
}
