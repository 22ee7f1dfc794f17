//! Channels to people. Must not decide who is told what: the engine does.

mod document;
pub mod exec;
pub mod log;
pub mod on_call;
pub mod smtp;
#[cfg(test)]
mod testing;
mod text;
pub mod unavailable;

pub use exec::Exec;
pub use log::Log;
pub use smtp::Smtp;
