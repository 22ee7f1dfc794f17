//! What a person can do and how: the one table of actions, the keys and the mouse, and who may do what.

pub(super) mod actions;
pub(super) mod keymap;
pub(super) mod layers;
pub(crate) mod listing;
pub(super) mod mouse;
pub(super) mod rights;
