//! A fake App Store Connect: the part of Apple's API (specification 4.4.1) that phased releases, reviews and
//! measurements need.
//!
//! Answers as Apple does where that is known, null for null and refusal for refusal, and never more kindly: lists without
//! order, filters that match more than asked, dates in three formats. Where Apple's wording was never seen, the code has the
//! documented prefix.

mod answers;
mod catalog;
mod console;
mod gate;
mod measured;
mod phased;
mod problem;
mod query;
mod requests;
mod resources;
mod reviews;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::routing::{any, get, patch, post};
use axum::{Router, middleware};

use super::keys::Keys;
use super::world::World;
use crate::domain::StoreKind;
use catalog::Catalog;
use problem::Problem;

/// What the handlers share.
struct Desk {
    world: Arc<World>,
    keys: Arc<Keys>,
    catalog: Arc<Mutex<Catalog>>,
    hour: Mutex<gate::Hour>,
}

impl Desk {
    /// The catalog as it is now: Apple's daily steps that are due have been taken.
    fn catalog(&self) -> MutexGuard<'_, Catalog> {
        let mut catalog = lock(&self.catalog);
        catalog.advance(self.world.now());
        catalog
    }
}

/// App Store Connect for the world's apps on that store. Attaches itself to the world.
pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    let catalog = Arc::new(Mutex::new(Catalog::stock(&world)));
    let person = console::Person::new(&world, &catalog);
    world.attach(StoreKind::AppStore, Arc::new(person));
    let desk = Arc::new(Desk {
        world,
        keys,
        catalog,
        hour: Mutex::default(),
    });
    Router::new()
        .route("/v1/apps", get(answers::apps))
        .route("/v1/apps/{id}", get(answers::app))
        .route("/v1/apps/{id}/appStoreVersions", get(answers::versions))
        .route("/v1/apps/{id}/customerReviews", get(reviews::of_app))
        .route("/v1/apps/{id}/perfPowerMetrics", get(measured::of_app))
        .route("/v1/appStoreVersions/{id}", get(answers::version))
        .route(
            "/v1/appStoreVersions/{id}/customerReviews",
            get(reviews::of_version),
        )
        .route(
            "/v1/appStoreVersions/{id}/appStoreVersionPhasedRelease",
            get(answers::phased_release),
        )
        .route("/v1/appStoreVersions/{id}/build", get(answers::build_of))
        .route("/v1/builds/{id}", get(answers::build))
        .route(
            "/v1/appStoreVersionPhasedReleases",
            post(requests::create_phased_release),
        )
        .route(
            "/v1/appStoreVersionPhasedReleases/{id}",
            patch(requests::change_phased_release).delete(requests::delete_phased_release),
        )
        .route(
            "/v1/appStoreVersionReleaseRequests",
            post(requests::release),
        )
        .method_not_allowed_fallback(|| async { Problem::method() })
        .fallback(any(|| async { Problem::path() }))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&desk),
            gate::guard,
        ))
        .with_state(desk)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
