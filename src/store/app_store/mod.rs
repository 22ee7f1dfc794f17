//! App Store Connect: phased releases of one app, read and steered over Apple's REST API (specification 4.4.1).
//!
//! Owns the wire format and the request quota, and maps them to `domain` at its edge. Must not decide anything:
//! which release is watched follows from what Apple shows, what becomes of it is the caller's order.

mod access;
mod apply;
mod date;
mod error;
mod quota;
mod read;
mod release;
mod session;
#[cfg(test)]
mod tests;
mod version;
mod wire;

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;

use crate::domain::rollout::{Applied, Glance, Order};
use crate::domain::{Failure, StoreKind, StoreView};
pub use crate::http::apple_auth::ApiKey;
use crate::http::{AppleAuth, BaseUrl, Rate, VendorClient};
use crate::ports::{AccessCheck, Store};

use session::Session;

/// Where Apple serves the API.
pub const BASE_URL: &str = "https://api.appstoreconnect.apple.com";

/// Apple allows some 3600 requests an hour, and refuses bursts of a size that it does not tell.
pub const RATE: Rate = Rate {
    per_minute: 60,
    burst: 20,
};

/// One app on the App Store.
#[derive(Debug)]
pub struct AppStore {
    session: Session,
    bundle_id: String,
    /// Apple's id of the app: never changes, so asked once.
    app_id: OnceLock<String>,
}

impl AppStore {
    /// `http` is shared by all apps of a team. Fails with [`crate::domain::FailureKind::Credentials`] where the key is not a P-256 key in PEM.
    pub fn new(
        key: ApiKey,
        bundle_id: impl Into<String>,
        http: Arc<VendorClient>,
        base: BaseUrl,
    ) -> Result<Self, Failure> {
        Ok(Self {
            session: Session::new(AppleAuth::new(key)?, http, base),
            bundle_id: bundle_id.into(),
            app_id: OnceLock::new(),
        })
    }
}

impl Store for AppStore {
    fn kind(&self) -> StoreKind {
        StoreKind::AppStore
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        Box::pin(async { Ok(self.read_glance().await?) })
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        Box::pin(async { Ok(self.read_view().await?) })
    }

    fn apply<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        Box::pin(async { Ok(self.carry_out(order).await?) })
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(self.try_access())
    }
}
