//! What machines ask: does it live, is it ready, how is it.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::TimeDelta;

use super::routes::App;
use crate::api::Snapshot;
use crate::api::client::Link;
use crate::api::metrics::CONTENT_TYPE;
use crate::api::wire::WatcherState;

/// The loop goes round each second; writing to a slow disk may take a while.
const LONGEST_TURN: TimeDelta = TimeDelta::seconds(30);
/// One thing that is looked at: its name, and what is wrong with it where something is.
type Check = (&'static str, Option<String>);

pub(super) async fn livez(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    told("live", &[lives(&app)], query.as_deref())
}

pub(super) async fn readyz(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let picture = app.settings.client.snapshot();
    let checks = [lives(&app), journal(&app, &picture), polled(&picture)];
    told("ready", &checks, query.as_deref())
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let text = app.settings.metrics.text(&app.settings.client.snapshot());
    let kind = HeaderValue::from_static(CONTENT_TYPE);
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn lives(app: &App) -> Check {
    let age = app.settings.client.pulse().age();
    let hangs = age > LONGEST_TURN;
    let why = hangs.then(|| format!("it has not gone round for {} s", age.num_seconds()));
    ("loop", why)
}

fn journal(app: &App, picture: &Snapshot) -> Check {
    let why = match (app.settings.client.link(), &picture.watcher) {
        (Link::Opening, _) => Some("it is being verified".to_owned()),
        (_, WatcherState::WatchingOnly { why }) => Some(why.to_string()),
        (_, WatcherState::NobodySince { .. }) => Some("nobody watches".to_owned()),
        (_, WatcherState::Acting { .. }) => None,
    };
    ("journal", why)
}

/// Each store was read once, or could not be.
fn polled(picture: &Snapshot) -> Check {
    let apps = picture.apps.iter();
    let unread = apps.filter(|app| app.store_read_at.is_none() && app.store_failure.is_none());
    let left = unread.count();
    let why =
        (left > 0).then(|| format!("{left} of {} apps were not polled yet", picture.apps.len()));
    ("polls", why)
}

/// `ok`, or what is wrong; each check on a line of its own for `?verbose`.
fn told(what: &str, checks: &[Check], query: Option<&str>) -> Response {
    let asked = |query: &str| {
        query
            .split('&')
            .any(|part| part == "verbose" || part.starts_with("verbose="))
    };
    let fine = checks.iter().all(|(_, why)| why.is_none());
    let mut text = String::new();
    for (name, why) in checks {
        match why {
            Some(why) => text.extend(["[-] ", name, ": ", why, "\n"]),
            None if query.is_some_and(asked) => text.extend(["[+] ", name, "\n"]),
            None => {}
        }
    }
    let (status, verdict) = if fine {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("not {what}\n"))
    };
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, headers, text + &verdict).into_response()
}
