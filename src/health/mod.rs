//! Adapters for sources of health: one folder a source. Each implements [`crate::ports::HealthSource`] and keeps its
//! vendor's wire types to itself. Files beside the folders are what several of them need.

pub mod play_vitals;
pub mod crashlytics;
pub mod release;
pub mod rum;
mod document;
pub mod exec;
pub mod app_store_reviews;
pub mod play_reviews;
mod reviews;
pub mod sentry;
pub mod unavailable;
