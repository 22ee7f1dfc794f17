#![doc = include_str!("ARCHITECTURE.md")]

pub mod api;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod evidence;
pub mod health;
pub mod http;
pub mod journal;
pub mod notify;
pub mod policy;
pub mod ports;
pub mod simulator;
pub mod store;
pub mod tui;
pub mod watcher;
