//! The channels over HTTP, against vendors that answer well, badly, and not at all; and a real Alertmanager, where there is one.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test's own helpers may fail the test, and say why it does nothing"
)]

mod alertmanager;
mod answers;
mod channels;
mod conversations;
mod vendor;
