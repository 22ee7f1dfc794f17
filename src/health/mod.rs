//! Adapters for sources of health: one folder a source. Each implements [`crate::ports::HealthSource`] and keeps its
//! vendor's wire types to itself.

pub mod play_vitals;
pub mod crashlytics;
pub mod release;
pub mod rum;
pub mod sentry;
pub mod unavailable;
