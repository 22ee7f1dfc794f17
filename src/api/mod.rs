//! The local API: wire types, the client, and the same over a unix socket: all that `tui` and `cli` know of the watcher.
//!
//! Must not know an adapter.

pub mod acts;
pub mod client;
pub mod history;
pub mod me;
pub mod metrics;
pub mod pulse;
pub mod remote;
pub mod server;
pub mod stream;
pub mod wire;

pub use crate::domain::{Act, ActReply, ActRequest};
pub use client::Client;
pub use me::Me;
pub use pulse::Pulse;
pub use wire::{AppSnapshot, AppView, Snapshot};
