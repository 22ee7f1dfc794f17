//! Google's OAuth for service accounts: a signed assertion is traded for a token, the token kept until it nearly ends.
//!
//! Must not know an API that the tokens are for.

pub mod error;
pub mod key;

use std::sync::Arc;

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

pub use error::AuthError;
pub use key::{KeyError, ServiceAccount};

use super::{Answer, Body, Call, HttpError, VendorClient};
use crate::domain::Timestamp;
use crate::ports::ahead;

/// A token is not used in its last minute.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

/// A service account's tokens for one set of scopes.
pub struct GoogleAuth {
    account: ServiceAccount,
    scope: String,
    http: Arc<VendorClient>,
    cached: Mutex<Option<Token>>,
}

struct Token {
    secret: SecretString,
    /// Not used from here on.
    until: Timestamp,
}

#[derive(Deserialize)]
struct Grant {
    access_token: String,
    /// Seconds. Google always says; a token without is used once.
    #[serde(default)]
    expires_in: i64,
}

impl GoogleAuth {
    /// `scopes` as full URLs.
    pub fn new(account: ServiceAccount, scopes: &[&str], http: Arc<VendorClient>) -> Self {
        Self {
            account,
            scope: scopes.join(" "),
            http,
            cached: Mutex::new(None),
        }
    }

    pub fn account(&self) -> &ServiceAccount {
        &self.account
    }

    /// A token that holds for another minute at least.
    pub async fn token(&self) -> Result<SecretString, AuthError> {
        self.token_other_than(None).await
    }

    /// Sends `call` with a token: as a read (repeated where it failed), or as a write (sent once). Where the API no longer
    /// takes the token, which is before it has done anything, the call is made once more with a new one.
    pub async fn send(&self, call: &Call, kind: Sending) -> Result<Answer, CallError> {
        let token = self.token().await?;
        let answer = self.send_with(call, kind, &token).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        let token = self.token_other_than(Some(&token)).await?;
        Ok(self.send_with(call, kind, &token).await?)
    }

    async fn send_with(
        &self,
        call: &Call,
        kind: Sending,
        token: &SecretString,
    ) -> Result<Answer, HttpError> {
        let call = call.clone().bearer(token);
        match kind {
            Sending::Read => self.http.read(call).await,
            Sending::Write => self.http.send(call).await,
        }
    }

    async fn token_other_than(
        &self,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, AuthError> {
        let mut cached = self.cached.lock().await;
        let clock = self.http.clock();
        let now = clock.now();
        if let Some(token) = cached.as_ref() {
            let same =
                refused.is_some_and(|old| old.expose_secret() == token.secret.expose_secret());
            if now < token.until && !same {
                return Ok(token.secret.clone());
            }
        }
        *cached = None;
        let form = vec![
            (
                "grant_type",
                SecretString::from("urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ),
            ("assertion", self.account.assertion(&self.scope, now)?),
        ];
        let call = Call::new(
            reqwest::Method::POST,
            self.account.token_uri().clone(),
            Body::Form(form),
        );
        // Everybody waits for it, an act too.
        let answer = ahead(self.http.read(call)).await?;
        if !answer.is_success() {
            let wall = (!clock.is_discrete()).then_some(now);
            return Err(AuthError::from_answer(&answer, self.account.email(), wall));
        }
        let grant: Grant = answer.json()?;
        let secret = SecretString::from(grant.access_token);
        let life = TimeDelta::seconds(grant.expires_in.clamp(0, 3600));
        *cached = Some(Token {
            secret: secret.clone(),
            until: now + life - MARGIN,
        });
        Ok(secret)
    }
}

/// Why a call has no answer: the token's failure surely changed nothing, the call's own may have.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Whether a call may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// Changes nothing at the vendor.
    Read,
    /// May change something: sent once.
    Write,
}

#[cfg(test)]
mod tests;
