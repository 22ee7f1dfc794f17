//! What the screen says, as text: states, plans, events, numbers and times. Pure; where and how it is drawn is `view`'s.

pub(super) mod blast;
pub(super) mod climb;
pub(crate) mod format;
pub(crate) mod headline;
pub(super) mod incident;
pub(super) mod link;
pub(super) mod plan;
pub(crate) mod state_words;
pub(crate) mod story;
pub(super) mod title;
pub(super) mod watch;
