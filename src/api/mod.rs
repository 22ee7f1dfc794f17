//! The local API: wire types and the in-process client, which is all that `tui` and `cli` know of the watcher.
//!
//! The socket comes on top of the same types. Must not know an adapter.

pub mod client;
pub mod history;
pub mod wire;

pub use crate::domain::{Act, ActReply, ActRequest};
pub use client::Client;
pub use wire::{AppSnapshot, Snapshot};
