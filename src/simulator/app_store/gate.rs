//! What every request passes: the token, judged by the world's time, and the hourly quota.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Validation, decode};
use serde::Deserialize;

use super::problem::Problem;
use super::{Desk, lock};
use crate::domain::Timestamp;
use crate::simulator::keys::AppStoreKey;

const AUDIENCE: &str = "appstoreconnect-v1";
/// A token that lives longer is refused from the start.
const LONGEST_LIFE: TimeDelta = TimeDelta::minutes(20);
/// Requests in a rolling hour; Apple's limits vary, this one has been seen.
const HOURLY: usize = 3600;

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: String,
    iat: Option<i64>,
    exp: i64,
}

/// Lets a request through or refuses it; the quota goes on every answer.
pub(super) async fn guard(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let now = desk.world.now();
    let mut response = if !is_signed_in(request.headers(), &desk.keys.app_store, now) {
        Problem::unauthorized().into_response()
    } else if !lock(&desk.hour).count(now) {
        Problem::rate_limit().into_response()
    } else {
        next.run(request).await
    };
    let left = lock(&desk.hour).left();
    let quota = format!("user-hour-lim:{HOURLY};user-hour-rem:{left};");
    if let Ok(quota) = HeaderValue::from_str(&quota) {
        response.headers_mut().insert("x-rate-limit", quota);
    }
    response
}

/// When the requests of the last hour came in.
#[derive(Debug, Default)]
pub(super) struct Hour(VecDeque<Timestamp>);

impl Hour {
    /// Counts one request; false where the hour is used up.
    fn count(&mut self, now: Timestamp) -> bool {
        let over = |at: &Timestamp| *at + TimeDelta::hours(1) <= now;
        while self.0.front().is_some_and(over) {
            self.0.pop_front();
        }
        let fits = self.0.len() < HOURLY;
        if fits {
            self.0.push_back(now);
        }
        fits
    }

    fn left(&self) -> usize {
        HOURLY.saturating_sub(self.0.len())
    }
}

fn is_signed_in(headers: &HeaderMap, key: &AppStoreKey, now: Timestamp) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .is_some_and(|token| is_valid(token, key, now))
}

/// The library's own checks of time are off: they would ask the machine for it.
fn is_valid(token: &str, key: &AppStoreKey, now: Timestamp) -> bool {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let Ok(token) = decode::<Claims>(token, &key.public, &validation) else {
        return false;
    };
    let claims = token.claims;
    let known = token.header.kid.as_deref() == Some(&key.key_id);
    let whose = match claims.iss {
        Some(issuer) => issuer == key.issuer_id,
        None => claims.sub.as_deref() == Some("user"),
    };
    let now = now.timestamp();
    let in_time = claims.exp > now
        && claims.exp <= now + LONGEST_LIFE.num_seconds()
        && claims.iat.is_none_or(|issued| issued <= now);
    known && whose && in_time && claims.aud == AUDIENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_rolls() {
        let mut hour = Hour::default();
        let at = |minutes| Timestamp::UNIX_EPOCH + TimeDelta::minutes(minutes);
        for begun in [0, 30] {
            assert!((0..HOURLY / 2).all(|_| hour.count(at(begun))));
        }
        assert!(!hour.count(at(59)));
        assert_eq!(hour.left(), 0);
        assert!(hour.count(at(60)));
        assert_eq!(hour.left(), HOURLY / 2 - 1);
    }
}
