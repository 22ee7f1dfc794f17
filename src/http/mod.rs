//! The one HTTP client of all adapters: time limits, body caps, no redirects, retries with a budget, rate limits, tokens.
//!
//! Must not know a vendor. Nothing that leaves this module, neither error nor log line, holds a query, a header or a token.

pub mod apple_auth;
pub mod base_url;
pub mod client;
pub mod error;
pub mod google_auth;
mod rate;
pub(crate) mod reason;
pub mod tally;
#[cfg(test)]
pub(crate) mod testing;
pub mod vendor;

pub use apple_auth::AppleAuth;
pub use base_url::BaseUrl;
pub use client::{Answer, Body, Call, Client, Limits};
pub use error::HttpError;
pub use google_auth::{GoogleAuth, ServiceAccount};
pub use rate::Rate;
pub use tally::Tally;
pub use vendor::VendorClient;
