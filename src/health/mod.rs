//! Adapters for sources of health: one folder a source. Each implements [`crate::ports::HealthSource`] and keeps its
//! vendor's wire types to itself. Files beside the folders are what several of them need.

pub mod app_store_reviews;
pub mod bugsnag;
pub mod crashlytics;
pub mod crashlytics_bigquery;
mod document;
pub mod exec;
pub mod http_json;
pub mod play_reviews;
pub mod play_vitals;
pub mod prometheus;
pub mod release;
mod reviews;
pub mod rum;
pub mod sentry;
mod silence;
mod totals;
pub mod unavailable;
