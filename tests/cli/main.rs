//! The binary from outside: what it prints where, its exit codes, and what it does to the stores, against simulated vendors
//! over real HTTP at wall time. Every test has a home, a state folder and vendors of its own.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod audit;
mod backtest;
mod backtest_elsewhere;
mod bad_input;
mod bench;
mod button;
mod carried_out;
mod crashes;
mod daemon;
mod doctor;
mod full_disk;
mod import;
mod init;
mod keys;
mod last_words;
mod note;
mod opening;
mod plan;
mod policy;
mod ready;
mod recordings;
mod secrets;
mod secrets_told;
mod shell;
mod sim;
mod socket;
mod status;
mod summary;
mod trains;
mod verbs;
mod verbs_through;
mod wait;
mod watch;
mod watch_guards;
mod watch_two;

#[path = "../support/mod.rs"]
mod support;
