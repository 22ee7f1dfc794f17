//! The state machine: `step(plan, state, input) -> events, effects`. Every decision of haltline is made here.
//!
//! Pure: no I/O, no clock (the time comes with the context), no async. State is the fold of the events, so a restart, a
//! look into the past and a property test are the same code. An effect is always asked for by an event before it.

mod acts;
mod budget;
mod commands;
mod draft;
pub mod effect;
mod fold;
mod guard;
mod health;
pub mod input;
pub mod plan;
mod reconcile;
pub mod state;
mod step;
mod store;

pub use acts::withheld_words;
pub use budget::used_today;
pub use draft::Step;
pub use effect::Effect;
pub use input::{Context, Input};
pub use plan::{AppPlan, Plan};
pub use state::{AppState, Desire, Phase, State};
pub use step::{next_wake, replay, step};

#[cfg(test)]
mod tests;
