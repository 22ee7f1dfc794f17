//! The engine against a model of the world: a store, a journal, a source, and a person who acts at any moment.

mod beginning;
mod climbing;
mod clock;
mod escalation;
mod executions;
mod invariants;
mod model;
mod patience;
mod phased;
mod plans;
mod ratchet;
mod reports;
mod rights;
mod simulation;
mod stalls;
mod states;
mod telling;
mod tiers;
mod trains;
mod witness;
