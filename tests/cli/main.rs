//! The binary from outside: what it prints where, its exit codes, and what it does to the stores, against simulated vendors
//! over real HTTP at wall time. Every test has a home, a state folder and vendors of its own.

mod bench;
mod watch;
