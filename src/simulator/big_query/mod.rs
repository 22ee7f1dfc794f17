//! BigQuery, as far as a query over the exports of Crashlytics and of Firebase's sessions goes.

use std::sync::Arc;

use axum::Router;

use super::{Keys, World};

/// The project that has the datasets.
pub const PROJECT: &str = "sim-project";

/// Everything below the vendor's base URL that is needed.
pub fn router(_world: Arc<World>, _keys: Arc<Keys>) -> Router {
    Router::new()
}
