//! The screen: what a person on call looks at and acts from.
//!
//! One loop ([`run()`]) turns keys, snapshots and time into [`message::Message`]s; [`update`] is the only place that changes
//! the [`model`]; the functions in `view` draw it and change nothing. Every key, hint and help line comes from the one
//! table in [`actions`]. Knows of the watcher what [`crate::api`] tells, and nothing else: never an adapter.

mod actions;
mod bell;
mod climb;
mod columns;
mod confirm;
mod evidence;
mod export;
mod filter;
#[cfg(test)]
pub(crate) mod fixture;
mod flags;
pub(crate) mod format;
mod guide;
pub(crate) mod headline;
mod help;
mod keymap;
mod layers;
mod layout;
mod link;
pub mod listing;
mod look;
mod message;
mod model;
mod moment;
mod note;
mod offscreen;
mod overview;
mod palette;
mod plan;
mod preferences;
mod prompt;
mod run;
pub(crate) mod state_words;
pub(crate) mod story;
mod symbols;
mod term;
#[cfg(test)]
mod tests;
mod theme;
mod travel;
mod update;
mod view;
mod watch;
mod widgets;

pub use format::Zone;
pub use keymap::{Keymap, KeymapError, Refusal};
pub use model::Identity;
pub use offscreen::Offscreen;
pub use preferences::Preferences;
pub use run::{Exit, Options, TuiError, run};
pub use theme::Theme;

/// Nothing here is to stay.
fn not_yet(model: &mut model::Model, what: &str) {
    model.tell(theme::Tone::Warning, format!("{what}: not built yet"));
}
