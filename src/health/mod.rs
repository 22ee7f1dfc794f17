//! Adapters for sources of health: one folder a source. Each implements [`crate::ports::HealthSource`] and keeps its
//! vendor's wire types to itself. Files beside the folders are what several of them need.

pub mod bugsnag;
mod document;
pub mod exec;
pub mod http_json;
pub mod sentry;
mod silence;
mod totals;
pub mod unavailable;
