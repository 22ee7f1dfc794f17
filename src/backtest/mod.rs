//! What would have happened: a policy over recorded or simulated rollouts, with the same ledger, the same rules and the same
//! engine that a watcher runs.
//!
//! Pure but for its threads: must not read files, clocks or terminals.

pub mod input;
pub mod record;

pub use record::Rollout;
