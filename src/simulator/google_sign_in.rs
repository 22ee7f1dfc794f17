//! Google's sign-in: a signed assertion for an access token that lives an hour, which every Google API of the world takes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Validation, decode, errors::ErrorKind};
use serde::Deserialize;
use serde_json::json;

use super::{Keys, World};
use crate::domain::Timestamp;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const GOOGLE: &str = "https://oauth2.googleapis.com/token";
pub(super) const ANDROID_PUBLISHER: &str = "https://www.googleapis.com/auth/androidpublisher";
pub(super) const PLAY_REPORTING: &str = "https://www.googleapis.com/auth/playdeveloperreporting";
pub(super) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
pub(super) const CLOUD_READ_ONLY: &str = "https://www.googleapis.com/auth/cloud-platform.read-only";
pub(super) const BIG_QUERY: &str = "https://www.googleapis.com/auth/bigquery";
pub(super) const FIREBASE: &str = "https://www.googleapis.com/auth/firebase";
const SCOPES: [&str; 6] = [
    ANDROID_PUBLISHER,
    PLAY_REPORTING,
    CLOUD_PLATFORM,
    CLOUD_READ_ONLY,
    BIG_QUERY,
    FIREBASE,
];
/// How far the client's clock may be off, in seconds.
const SKEW: i64 = 300;
const LONGEST: i64 = 3600;

/// The tokens that were given out, with when each dies and what it may do.
#[derive(Debug, Default)]
pub struct Grants {
    state: Mutex<Issued>,
}

#[derive(Debug, Default)]
struct Issued {
    count: u64,
    /// By token: when it dies, and the scopes it has.
    tokens: BTreeMap<String, (Timestamp, String)>,
}

impl Grants {
    fn issue(&self, world: &World, scope: &str) -> String {
        let now = world.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.count += 1;
        let token = format!("ya29.sim-{:016x}-{}", world.seed(), state.count);
        state.tokens.retain(|_, (expires, _)| now < *expires);
        let expires = now + TimeDelta::seconds(LONGEST);
        state
            .tokens
            .insert(token.clone(), (expires, scope.to_owned()));
        token
    }

    /// Whether the request comes with a token that lives at `now`; `Some(false)` where it lives and has none of `scopes`.
    pub(super) fn lets_in(
        &self,
        headers: &HeaderMap,
        scopes: &[&str],
        now: Timestamp,
    ) -> Option<bool> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("Bearer "))?;
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (expires, scope) = state.tokens.get(token)?;
        (now < *expires).then(|| scope.split(' ').any(|given| scopes.contains(&given)))
    }
}

#[derive(Default, Deserialize)]
struct Grant {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    assertion: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    aud: String,
    iat: i64,
    exp: i64,
}

/// `POST /token`
pub(super) async fn token(
    State((world, keys)): State<(Arc<World>, Arc<Keys>)>,
    headers: HeaderMap,
    form: String,
) -> Response {
    let grant = parse_form(&form).unwrap_or_default();
    if grant.grant_type != GRANT {
        return refuse(
            "unsupported_grant_type",
            "Invalid grant_type: ",
            &grant.grant_type,
        );
    }
    let host = headers
        .get(header::HOST)
        .and_then(|h| h.to_str().ok())
        .unwrap_or_default();
    let scope = match check(&world, &keys, &grant.assertion, host) {
        Ok(scope) => scope,
        Err((error, description)) => return refuse(error, description, ""),
    };
    let token = world.google().issue(&world, &scope);
    let body = json!({ "access_token": token, "expires_in": LONGEST - 1, "token_type": "Bearer" });
    Json(body).into_response()
}

/// A form is written like a query.
fn parse_form(form: &str) -> Option<Grant> {
    let uri = Uri::builder()
        .path_and_query(format!("/?{form}"))
        .build()
        .ok()?;
    Query::try_from_uri(&uri).ok().map(|Query(grant)| grant)
}

/// The scopes that are granted.
fn check(
    world: &World,
    keys: &Keys,
    assertion: &str,
    host: &str,
) -> Result<String, (&'static str, &'static str)> {
    let account = &keys.service_account;
    // Time is the world's, and the audience may be one of two: both are judged below.
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = decode::<Claims>(assertion, &account.public, &validation)
        .map_err(|e| match e.kind() {
            ErrorKind::InvalidSignature => ("invalid_grant", "Invalid JWT Signature."),
            _ => (
                "invalid_grant",
                "Bad Request: the assertion is not a JWT signed with RS256.",
            ),
        })?
        .claims;
    if claims.iss != account.client_email {
        return Err(("invalid_grant", "Invalid grant: account not found"));
    }
    // Some clients sign for where the key file sends them, some for Google whatever the key file says.
    let own = claims
        .aud
        .split_once("://")
        .is_some_and(|(_, rest)| rest == format!("{host}/token"));
    if claims.aud != GOOGLE && !own {
        return Err(("invalid_grant", "Invalid JWT: Failed audience check."));
    }
    let now = world.now().timestamp();
    let short = claims.exp - claims.iat <= LONGEST && claims.exp > claims.iat;
    let timely = claims.iat <= now + SKEW && claims.exp > now - SKEW;
    if !short || !timely {
        return Err((
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp \
             values in the JWT claim.",
        ));
    }
    if !claims.scope.split(' ').any(|s| SCOPES.contains(&s)) {
        return Err((
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.",
        ));
    }
    Ok(claims.scope)
}

fn refuse(error: &str, description: &str, detail: &str) -> Response {
    let body = json!({ "error": error, "error_description": format!("{description}{detail}") });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
