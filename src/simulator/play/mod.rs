//! Google Play: the token endpoint and the part of the Android Publisher API v3 that staged rollouts need.
//!
//! Answers in Play's own words, refusals included. Owns what the fake store holds; what users run follows from what is told
//! to the world.

mod console;
mod edits;
mod handlers;
mod refusal;
mod release;
mod reviews;
mod store;
mod track;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::{Keys, World, google_sign_in};
use crate::domain::StoreKind;
use store::Store;
pub use store::Switches;

/// Everything below `https://androidpublisher.googleapis.com/` and `https://oauth2.googleapis.com/` that is needed, on one
/// host. Attaches itself to the world.
pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    let sign_in = Router::new()
        .route("/token", post(google_sign_in::token))
        .with_state((Arc::clone(&world), keys));
    let store = Arc::new(Store::new(world));
    let person = console::Person(Arc::downgrade(&store));
    store.world.attach(StoreKind::GooglePlay, Arc::new(person));
    let api = Router::new()
        .route("/edits", post(handlers::insert))
        .route(
            "/edits/{edit}",
            get(handlers::get)
                .delete(handlers::delete)
                .post(handlers::custom),
        )
        .route("/edits/{edit}/tracks", get(handlers::list_tracks))
        .route(
            "/edits/{edit}/tracks/{track}",
            get(handlers::get_track)
                .put(handlers::update_track)
                .patch(handlers::update_track),
        )
        .route("/tracks/{track}/releases", get(handlers::list_releases))
        .route("/reviews", get(reviews::list))
        .layer(from_fn_with_state(store.clone(), handlers::sign_in))
        .with_state(store.clone());
    Router::new()
        .nest("/androidpublisher/v3/applications/{package}", api)
        .merge(sign_in)
}

#[cfg(test)]
pub(in crate::simulator) mod tests;
