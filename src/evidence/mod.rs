//! Statistics: how strong is the evidence that a version is worse? Pure numbers.
//!
//! Everything here is an *e-process*: a number E that starts at 1 and, while the hypothesis holds, is not expected to
//! grow. By Ville's inequality (Ville 1939; Ramdas, Grünwald, Vovk and Shafer, "Game-theoretic statistics and safe
//! anytime-valid inference", 2023) it ever reaches 1/α with a probability of at most α, however often one looks:
//! polling every minute costs no false alarms. All evidence is carried as its natural logarithm.
//!
//! Must not know policies, time or where counts come from.

pub mod bound;
pub mod dispersion;
pub mod grid;
pub mod history;
pub mod limit;
pub mod noninferior;
pub mod plan;
pub mod restarts;
pub mod rivals;
pub mod split;

pub use limit::LimitTest;
pub use noninferior::NonInferiority;
pub use restarts::Restarts;
pub use split::{Split, SplitTest};
