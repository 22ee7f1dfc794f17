//! Channels to people. Must not decide who is told what: the engine does.

pub mod log;

pub use log::Log;
