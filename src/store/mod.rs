//! The stores: one folder an adapter, and decorators that take the power to write away from any of them.
//!
//! Wire types stay inside their adapter; what leaves it is `domain`.

pub mod app_store;
pub mod dry_run;
pub mod google_play;
pub mod read_only;
#[cfg(test)]
mod testing;
pub mod unavailable;

pub use app_store::AppStore;
pub use dry_run::DryRun;
pub use google_play::GooglePlay;
pub use read_only::ReadOnly;
