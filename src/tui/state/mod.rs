//! What the screen knows: the picture from the watcher, and where the person is in it.
//!
//! Everything hangs on [`model::Model`]; each file here owns one part of it and what it means. Must not draw, nor ask anybody.

pub(super) mod bell;
pub(super) mod charts;
pub(super) mod columns;
pub(super) mod evidence;
pub(super) mod filter;
pub(super) mod lists;
pub(super) mod look;
pub(super) mod message;
pub(super) mod model;
pub(super) mod moment;
pub(super) mod news;
pub(super) mod overview;
pub(super) mod preferences;
pub(crate) mod remember;
pub(super) mod sort;
pub(super) mod travel;
