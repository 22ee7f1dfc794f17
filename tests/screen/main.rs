//! The screen of the real binary on a pseudo-terminal: what it writes and how much, and how it leaves the terminal behind.
//! Screens are waited for with a deadline; figures are printed (`cargo test --test screen -- --nocapture`).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, its helpers too; figures are for people"
)]

mod attached;
mod bytes;
mod endings;
mod job;
mod terminal;
mod tmux;
mod vendors;
