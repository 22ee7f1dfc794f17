//! The screen: what a person on call looks at and acts from.
//!
//! One loop ([`run()`]) turns keys, snapshots and time into [`message::Message`]s; [`update`] is the only place that changes
//! the [`model`]; the functions in `view` draw it and change nothing. Every key, hint and help line comes from the one
//! table in [`actions`]. Knows of the watcher what [`crate::api`] tells, and nothing else: never an adapter.

mod actions;
mod bell;
mod blast;
mod charts;
mod climb;
mod columns;
mod confirm;
pub mod direct;
mod evidence;
mod export;
mod files;
mod filter;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod format;
mod guide;
pub(crate) mod headline;
mod help;
mod incident;
mod keymap;
mod layers;
mod layout;
mod link;
pub mod listing;
mod lists;
mod look;
mod manners;
mod message;
mod model;
mod moment;
mod mouse;
mod news;
mod note;
mod offscreen;
mod overview;
mod palette;
mod plan;
mod preferences;
mod prompt;
mod questions;
pub(crate) mod remember;
mod rights;
mod run;
mod sort;
pub(crate) mod state_words;
pub(crate) mod story;
pub(crate) mod summary;
mod symbols;
mod term;
#[cfg(test)]
mod tests;
mod theme;
mod title;
mod travel;
mod update;
mod view;
mod watch;
mod widgets;

pub use direct::Direct;
pub use files::Files;
pub use format::Zone;
pub use keymap::{Keymap, KeymapError, Refusal};
pub use link::ReachedBy;
pub use manners::Manners;
pub use model::Identity;
pub use offscreen::Offscreen;
pub use preferences::Preferences;
pub use remember::{Memory, ViewState};
pub use run::{Exit, Options, TuiError, run};
pub use term::{NoTerminal, check};
pub use theme::{Palette, Theme, Wishes};
