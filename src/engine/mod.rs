//! The state machine: `step(plan, state, input) -> events, effects`. Every decision of haltline is made here.
//!
//! Pure: no I/O, no clock (the time comes with the context), no async. State is the fold of the events, so a restart, a
//! look into the past and a property test are the same code. An effect is always asked for by an event before it.

mod acts;
mod budget;
mod commands;
mod cross;
mod draft;
pub mod effect;
mod execution;
mod fold;
mod gate;
mod guard;
mod health;
mod incident;
pub mod input;
mod ladder;
mod outbox;
pub mod plan;
mod ratchet;
mod reconcile;
mod reload;
mod report;
mod rights;
mod stall;
pub mod state;
mod step;
mod store;
mod tiers;
mod trains;
mod turned_away;

pub use acts::withheld_words;
pub use budget::used_today;
pub use draft::Step;
pub use effect::Effect;
pub use gate::{ahead, to_begin};
pub use input::{Context, Input};
pub use plan::{AppPlan, Plan};
pub use ratchet::in_force;
pub use rights::{may, stakes};
pub use state::{AppState, Desire, Incident, PendingTell, Phase, State};
pub use step::{next_wake, replay, step};

#[cfg(test)]
mod tests;
