//! The engine against a model of the world: a store, a journal, a source, and a person who acts at any moment.

mod executions;
mod invariants;
mod model;
mod ratchet;
mod simulation;
mod stalls;
mod states;
mod tiers;
mod trains;
