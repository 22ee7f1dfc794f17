//! What would have happened: a policy over recorded or simulated rollouts, with the same ledger, the same rules and the same
//! engine that a watcher runs.
//!
//! Pure but for its threads: must not read files, clocks or terminals.

pub mod contender;
pub mod history;
pub mod input;
mod meter;
pub mod outcome;
pub mod placebo;
pub mod record;
mod replay;
pub mod rivals;
pub mod run;
pub mod score;
pub mod simulate;
pub mod source;

pub use contender::Contender;
pub use outcome::{Mark, Moment, Outcome};
pub use placebo::Placebo;
pub use record::Rollout;
pub use rivals::Rival;
pub use run::{Options, Progress, Report, run};
pub use score::Summary;
pub use simulate::{Simulated, World};
pub use source::Source;
