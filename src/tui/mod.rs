//! The screen: what a person on call looks at and acts from.
//!
//! One loop ([`run()`]) turns keys, snapshots and time into [`state::message::Message`]s; [`update`] is the only place that
//! changes the [`state::model`]; the functions in [`view`] draw it and change nothing. Every key, hint and help line comes
//! from the one table in [`input::actions`]. Knows of the watcher what [`crate::api`] tells, and nothing else: never an adapter.
//!
//! | room | owns |
//! |---|---|
//! | `state` | what the screen knows: the picture, the moment, lists, what is chosen |
//! | `input` | actions and their keys, the mouse, who may do what |
//! | `update` | what a message changes, and what has to be done outside |
//! | `dialogs` | what lies over the picture: questions, lists, lines that are typed |
//! | `words` | states, plans, events, numbers and times as text |
//! | `view` | where everything goes and how it is drawn, of the `widgets` in the `style` |
//! | `export` | what is taken away: summaries, the screen as text |
//! | `term` | the terminal: raw mode, input, one write a frame, a clean end |

mod dialogs;
mod export;
#[cfg(test)]
pub(crate) mod fixture;
mod input;
mod run;
mod state;
mod style;
mod term;
#[cfg(test)]
mod tests;
mod update;
mod view;
mod widgets;
mod words;

pub use dialogs::direct::Direct;
pub use export::files::Files;
pub(crate) use export::summary;
pub use input::keymap::{Keymap, KeymapError, Refusal};
pub(crate) use input::listing;
pub use run::{Exit, Options, TuiError, run};
pub use state::model::Identity;
pub use state::preferences::Preferences;
pub use state::remember::{Memory, ViewState};
pub use style::theme::{Palette, Theme, Wishes};
pub use term::manners::Manners;
pub use term::offscreen::Offscreen;
pub use term::{NoTerminal, check};
pub use words::format::Zone;
pub use words::link::ReachedBy;
pub(crate) use words::{format, headline, state_words, story};
