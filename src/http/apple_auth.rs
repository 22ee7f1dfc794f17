//! App Store Connect's bearer token: a short JWT that haltline signs itself, kept until it nears its end.
//!
//! Must not know what the token is used for.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::domain::{Failure, FailureKind, Timestamp};

const AUDIENCE: &str = "appstoreconnect-v1";
/// Issued a minute ago, since Apple refuses a token from its future with a plain 401.
const BACKDATE: TimeDelta = TimeDelta::seconds(60);
/// From the backdated issue on; Apple's limit is 20 minutes.
const LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// A token this near its end is not used any more.
const RENEW_BEFORE: TimeDelta = TimeDelta::minutes(2);

/// An API key of App Store Connect.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Ten letters and digits, in the file name `AuthKey_{key_id}.p8`.
    pub key_id: String,
    /// UUID of the team's issuer; `None` for an individual key, which has none.
    pub issuer_id: Option<String>,
    /// PEM (PKCS #8) of the P-256 key.
    pub key: SecretString,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the App Store Connect key is not a P-256 private key in PEM form")]
pub struct BadKey;

impl From<BadKey> for Failure {
    fn from(bad: BadKey) -> Self {
        Self::new(FailureKind::Credentials, bad.to_string()).hint(
            "use the AuthKey_….p8 as downloaded from App Store Connect under Users and Access, Integrations",
        )
    }
}

/// Team keys carry `iss`, individual keys `sub: user` instead.
#[derive(Serialize)]
struct Claims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'static str>,
    aud: &'static str,
    iat: i64,
    exp: i64,
}

struct Cached {
    token: SecretString,
    expires: Timestamp,
}

/// Signs tokens and keeps the last one.
pub struct AppleAuth {
    key_id: String,
    issuer_id: Option<String>,
    key: EncodingKey,
    cached: Mutex<Option<Cached>>,
}

impl fmt::Debug for AppleAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppleAuth").finish_non_exhaustive()
    }
}

impl AppleAuth {
    /// Fails where the key is not a P-256 key in PEM.
    pub fn new(key: ApiKey) -> Result<Self, BadKey> {
        let pem = key.key.expose_secret().as_bytes();
        let signer = Self {
            key: EncodingKey::from_ec_pem(pem).map_err(|_secret| BadKey)?,
            key_id: key.key_id,
            issuer_id: key.issuer_id,
            cached: Mutex::new(None),
        };
        // A key on the wrong curve is found only by signing with it.
        signer.sign(Timestamp::UNIX_EPOCH)?;
        Ok(signer)
    }

    /// The token to use at `now`.
    pub fn token(&self, now: Timestamp) -> Result<SecretString, BadKey> {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = cached.as_ref()
            && now + RENEW_BEFORE < kept.expires
            && kept.expires - now <= LIFETIME
        {
            return Ok(kept.token.clone());
        }
        let fresh = self.sign(now)?;
        let token = fresh.token.clone();
        *cached = Some(fresh);
        Ok(token)
    }

    /// Forgets the kept token: the server refused it.
    pub fn forget(&self) {
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn sign(&self, now: Timestamp) -> Result<Cached, BadKey> {
        let issued = now - BACKDATE;
        let expires = issued + LIFETIME;
        let claims = Claims {
            iss: self.issuer_id.as_deref(),
            sub: self.issuer_id.is_none().then_some("user"),
            aud: AUDIENCE,
            iat: issued.timestamp(),
            exp: expires.timestamp(),
        };
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key_id.clone());
        let token = jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_secret| BadKey)?;
        Ok(Cached {
            token: SecretString::from(token),
            expires,
        })
    }
}
