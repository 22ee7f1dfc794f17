//! Channels to people. Must not decide who is told what: the engine does.
//!
//! Each channel hands a message over once and says what came of it; trying again is the outbox's. All of them are told at least
//! once: what may have been lost on the way is told again. Addresses, keys and tokens are in no error, no name and no `Debug`.

pub mod alertmanager;
mod answer;
mod document;
pub mod exec;
pub mod log;
pub mod ntfy;
pub mod on_call;
pub mod pagerduty;
mod secret_url;
pub mod slack;
pub mod smtp;
pub mod teams;
#[cfg(test)]
mod testing;
mod text;
pub mod unavailable;
pub mod webhook;

pub use log::Log;
pub use secret_url::BadAddress;

use std::time::Duration;

use crate::http::Limits;

/// The limits of a client for channels: what they answer is short, and a page that hangs is better tried again.
pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(15),
    body: 64 << 10,
};
