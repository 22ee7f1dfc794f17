//! The socket of a real watcher of a simulated world: what it answers, whom it lets do what, and what it bears.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking; what was not tested is worth a line"
)]

mod abuse;
mod contract;
mod rights;
mod schema;
#[expect(
    dead_code,
    reason = "of what came out of a command, only lines are looked at"
)]
#[path = "../support/mod.rs"]
mod support;
mod talk;
mod world;
