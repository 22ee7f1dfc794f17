//! The impure loop around the engine: poll, step, make events durable, run effects, publish the picture.
//!
//! Owns the rhythm (when to ask whom) and nothing else: every decision is the engine's. Must not know a vendor, only ports.

mod app;
mod driver;
mod follow;
mod gallery;
mod history;
mod job;
mod kept;
mod look;
mod observe;
mod outcome;
mod past;
mod picture;
mod reload;
mod reminders;
mod schedule;
#[cfg(test)]
mod testing;
mod trail;
mod trust;
mod turn;
mod uptake;
mod words;

pub use app::{BaselineChoice, WatchedApp, WatchedSource};
pub use driver::{Ended, Outside, SetDisarm, Watcher};
pub(crate) use kept::side_by_side;
pub use picture::{empty as empty_picture, train_view, verdict_of};
pub use reload::{Changed, Setup};
pub use reminders::Heart;
