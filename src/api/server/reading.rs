//! What everybody may see.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::events;
use super::peer::{self, Peer};
use super::pictures::sse;
use super::problem::{Kind, Problem};
use super::routes::App;
use crate::api::client::RecordsAfter;
use crate::api::wire::{AppSnapshot, When};
use crate::api::{Me, Snapshot};
use crate::domain::{AppId, IssueDetail, Record, SourceId, Timestamp};

type Asked<T> = Result<Query<T>, QueryRejection>;

/// Pieces of the journal that are searched for the records of one app in one go.
const SEARCHED: usize = 20;

fn bad(why: impl std::fmt::Display) -> Problem {
    Problem::new(Kind::BadRequest, why.to_string().as_str())
}

fn asked<T>(query: Asked<T>) -> Result<T, Problem> {
    query
        .map(|Query(query)| query)
        .map_err(|why| bad(why.body_text()))
}

pub(super) async fn snapshot(State(app): State<Arc<App>>) -> Response {
    json(app.pictures.json(&app.settings.client.snapshot()))
}

fn json(text: Bytes) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

pub(super) async fn picture(State(app): State<Arc<App>>) -> Response {
    sse(app.pictures.stream())
}

pub(super) async fn me(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
) -> Result<Json<Me>, Problem> {
    let (actor, standing) = peer.person(&app.settings.host).await?;
    let access = app.settings.access.borrow().clone();
    let me = peer::me(peer, (&actor, &standing), &access, &app.settings.watcher);
    Ok(Json(me))
}

/// The app of an address, where there is one.
fn known(picture: &Snapshot, id: &str) -> Result<AppSnapshot, Problem> {
    let app = picture.apps.iter().find(|app| app.id.as_str() == id);
    app.cloned().ok_or_else(|| {
        let known: Vec<&str> = picture.apps.iter().map(|app| app.id.as_str()).collect();
        Problem::new(
            Kind::NotFound,
            format!("there is no app {id:?} in the config"),
        )
        .hint(format!("there are: {}", known.join(", ")))
    })
}

fn place<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Problem> {
    path.map(|Path(path)| path)
        .map_err(|why| bad(why.body_text()))
}

pub(super) async fn app(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<AppSnapshot>, Problem> {
    Ok(Json(known(&app.settings.client.snapshot(), &place(path)?)?))
}

pub(super) async fn history(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let client = &app.settings.client;
    let known = known(&client.snapshot(), &place(path)?)?;
    let history = app.looked(peer, client.history(known.id.clone())).await?;
    Ok(Json(history).into_response())
}

pub(super) async fn issue(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    path: Result<Path<(String, String, String)>, PathRejection>,
) -> Result<Json<IssueDetail>, Problem> {
    let client = &app.settings.client;
    let (id, source, issue) = place(path)?;
    let known = known(&client.snapshot(), &id)?;
    let source = SourceId(source.as_str().into());
    let details = client.issue(known.id.clone(), source, issue.as_str().into());
    Ok(Json(app.looked(peer, details).await?))
}

/// Which moment: one of the two.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PastQuery {
    /// Right after the record with this number.
    pub seq: Option<u64>,
    /// At this time.
    pub at: Option<Timestamp>,
}

pub(super) async fn past(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    query: Asked<PastQuery>,
) -> Result<Json<Arc<Snapshot>>, Problem> {
    let when = match asked(query)? {
        PastQuery {
            seq: Some(seq),
            at: None,
        } => When::Seq(seq),
        PastQuery {
            seq: None,
            at: Some(at),
        } => When::At(at),
        _ => return Err(bad("say either seq, the number of a record, or at, a time")),
    };
    Ok(Json(
        app.looked(peer, app.settings.client.past(when)).await?,
    ))
}

/// Which records.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// After the record with this number; the header Last-Event-ID goes before it.
    #[serde(default)]
    pub after: u64,
    /// Every record from there on, and those to come, as server-sent events; else at most 1000 of them as a JSON array.
    #[serde(default = "yes")]
    pub follow: bool,
}

fn yes() -> bool {
    true
}

pub(super) async fn events(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    query: Asked<EventsQuery>,
) -> Result<Response, Problem> {
    let EventsQuery { mut after, follow } = asked(query)?;
    if let Some(last) = headers.get("last-event-id") {
        let number = last.to_str().ok().and_then(|last| last.trim().parse().ok());
        after = number.ok_or_else(|| bad("Last-Event-ID is the number of a record"))?;
    }
    if !follow {
        let which = RecordsAfter {
            seq: after,
            most: events::MOST,
        };
        let records = app.looked(peer, app.settings.client.records(which)).await?;
        return Ok(Json(records).into_response());
    }
    events::is_there(&app, peer, after).await?;
    Ok(sse(events::follow(&app, peer, after)))
}

/// Which part of the journal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// After the record with this number.
    #[serde(default)]
    pub after: u64,
    /// Of this app alone.
    pub app: Option<AppId>,
}

/// A part of the journal.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Audit {
    /// Oldest first, at most 1000.
    pub records: Vec<Record>,
    /// Where to read on: ask for what is after it. Nothing where this is the end.
    pub next: Option<u64>,
}

pub(super) async fn audit(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    query: Asked<AuditQuery>,
) -> Result<Json<Audit>, Problem> {
    let AuditQuery { after, app: only } = asked(query)?;
    let client = &app.settings.client;
    if let Some(id) = &only {
        known(&client.snapshot(), id.as_str())?;
    }
    let (mut found, mut seq) = (Vec::new(), after);
    for _piece in 0..SEARCHED {
        let most = events::MOST - found.len();
        let which = RecordsAfter { seq, most };
        let piece = app.looked(peer, client.records(which)).await?;
        let ended = piece.len() < most;
        seq = piece.last().map_or(seq, |last| last.seq);
        found.extend(
            piece
                .into_iter()
                .filter(|record| only.is_none() || record.app == only),
        );
        if ended {
            return Ok(Json(Audit {
                records: found,
                next: None,
            }));
        }
        if found.len() >= events::MOST {
            break;
        }
    }
    Ok(Json(Audit {
        records: found,
        next: Some(seq),
    }))
}
