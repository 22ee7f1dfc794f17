//! Adapters for sources of health: one folder a source. Each implements [`crate::ports::HealthSource`] and keeps its
//! vendor's wire types to itself.

pub mod app_store_reviews;
pub mod play_reviews;
mod reviews;
pub mod sentry;
pub mod unavailable;
