//! Adapters for sources of health: one folder a source. Each implements [`crate::ports::HealthSource`] and keeps its
//! vendor's wire types to itself.

pub mod crashlytics;
pub mod crashlytics_bigquery;
pub mod sentry;
pub mod unavailable;
