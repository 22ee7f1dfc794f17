//! What lies over the picture until it is answered or closed: the question before an act, lists to choose from, lines that are typed.
//!
//! What each is and what its keys do; `view` draws them.

pub(super) mod confirm;
pub(super) mod direct;
pub(super) mod guide;
pub(super) mod help;
pub(super) mod note;
pub(super) mod palette;
pub(super) mod prompt;
