//! The token endpoint: a signed assertion for an access token that lives an hour.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Validation, decode, errors::ErrorKind};
use serde::Deserialize;
use serde_json::json;

use super::store::Store;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const GOOGLE: &str = "https://oauth2.googleapis.com/token";
const SCOPES: [&str; 2] = [
    "https://www.googleapis.com/auth/androidpublisher",
    "https://www.googleapis.com/auth/playdeveloperreporting",
];
/// How far the client's clock may be off, in seconds.
const SKEW: i64 = 300;
const LONGEST: i64 = 3600;

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
    State(store): State<Arc<Store>>,
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
    match check(&store, &grant.assertion, host) {
        Ok(()) => {}
        Err((error, description)) => return refuse(error, description, ""),
    }
    let now = store.world.now();
    let mut state = store.lock();
    state.issued += 1;
    let token = format!("ya29.sim-{:016x}-{}", store.world.seed(), state.issued);
    state.tokens.retain(|_, expires| now < *expires);
    state
        .tokens
        .insert(token.clone(), now + TimeDelta::seconds(LONGEST));
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

fn check(store: &Store, assertion: &str, host: &str) -> Result<(), (&'static str, &'static str)> {
    let account = &store.keys.service_account;
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
    let now = store.world.now().timestamp();
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
    Ok(())
}

fn refuse(error: &str, description: &str, detail: &str) -> Response {
    let body = json!({ "error": error, "error_description": format!("{description}{detail}") });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
