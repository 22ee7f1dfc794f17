//! The channels, against vendors that answer well, badly, and not at all; and what a real watcher of a bad rollout tells a real
//! Alertmanager and a real mail server, where there are any.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test's own helpers may fail the test, and say why it does nothing"
)]

mod alertmanager;
mod answers;
mod channels;
mod command;
mod conversations;
mod halted;
mod mail;
mod rollout;
mod vendor;
