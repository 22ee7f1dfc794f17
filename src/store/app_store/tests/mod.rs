//! The adapter against the simulated App Store, over HTTP.

mod kit;
mod reading;
mod refusals;
mod tokens;
mod verbs;
