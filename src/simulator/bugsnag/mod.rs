//! A fake Bugsnag: a project an app, builds with their sums, errors. Written from the vendor's reference: it knows no adapter.
//!
//! Owns the routes, the token, the rate limit and what all answers have in common. Faults are done around it.

mod builds;
mod errors;

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::fault::Vendor;
use super::scenario::AppPlan;
use super::{Keys, World};

/// The one release stage.
const STAGE: &str = "production";

/// What kind of account it is.
#[derive(Clone, Debug)]
pub struct Server {
    /// Requests a minute.
    pub limit: u32,
    /// Builds on a page, unless less is asked for.
    pub page: usize,
}

impl Default for Server {
    fn default() -> Self {
        Self { limit: 60, page: 5 }
    }
}

pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    router_of(Server::default(), world, keys)
}

pub fn router_of(server: Server, world: Arc<World>, keys: Arc<Keys>) -> Router {
    let bugsnag = Arc::new(Bugsnag {
        server,
        world,
        keys,
        minute: Mutex::default(),
    });
    Router::new()
        .route("/projects/{project}", get(project))
        .route("/projects/{project}/releases", get(builds::list))
        .route("/projects/{project}/releases/{id}", get(builds::one))
        .route("/projects/{project}/errors", get(errors::list))
        .route("/errors/{id}/latest_event", get(errors::latest_event))
        .fallback(async || Refusal(StatusCode::NOT_FOUND, "Not found".into()))
        .layer(middleware::from_fn_with_state(bugsnag.clone(), frame))
        .with_state(bugsnag)
}

/// The id of an app's project: 24 hexadecimal digits, as all ids here.
pub fn project_of(app: &str) -> String {
    let hash = app.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("515fb933{hash:016x}")
}

struct Bugsnag {
    server: Server,
    world: Arc<World>,
    keys: Arc<Keys>,
    /// The running minute, and the requests in it.
    minute: Mutex<(i64, u32)>,
}

type Shared = State<Arc<Bugsnag>>;
type Pairs = Query<Vec<(String, String)>>;

/// `{"errors": [what]}`
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "errors": [self.1] }))).into_response()
    }
}

impl Bugsnag {
    fn project(&self, id: &str) -> Result<&AppPlan, Refusal> {
        let mut apps = self.world.apps().iter();
        apps.find(|app| project_of(app.id.as_str()) == id)
            .ok_or_else(|| Refusal(StatusCode::NOT_FOUND, "Project not found".into()))
    }

    fn allow(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let given = text("authorization").and_then(|value| value.strip_prefix("token "));
        if given != Some(self.keys.token(Vendor::Bugsnag).as_str()) {
            return Err(Refusal(StatusCode::UNAUTHORIZED, "Unauthorized".into()));
        }
        if text("x-version") != Some("2") {
            let gone = "Version 1 of this API is decommissioned";
            return Err(Refusal(StatusCode::GONE, gone.into()));
        }
        Ok(())
    }

    /// Counts a request: how many are left in this minute, and the seconds until it is over.
    fn count(&self) -> (Option<u32>, i64) {
        let now = self.world.now().timestamp();
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.0 != now.div_euclid(60) {
            *minute = (now.div_euclid(60), 0);
        }
        minute.1 = minute.1.saturating_add(1);
        (
            self.server.limit.checked_sub(minute.1),
            60 - now.rem_euclid(60),
        )
    }
}

async fn frame(State(bugsnag): Shared, request: Request, next: Next) -> Response {
    bugsnag.world.catch_up();
    let (left, seconds) = bugsnag.count();
    let allowed = bugsnag.allow(request.headers());
    let mut response = match (left, allowed) {
        (None, _) => {
            let mut response = Refusal(
                StatusCode::TOO_MANY_REQUESTS,
                "Rate limit exceeded".to_owned(),
            )
            .into_response();
            set(response.headers_mut(), "retry-after", &seconds.to_string());
            response
        }
        (_, Err(refusal)) => refusal.into_response(),
        (_, Ok(())) => next.run(request).await,
    };
    let headers = response.headers_mut();
    set(
        headers,
        "x-ratelimit-limit",
        &bugsnag.server.limit.to_string(),
    );
    set(
        headers,
        "x-ratelimit-remaining",
        &left.unwrap_or(0).to_string(),
    );
    response
}

async fn project(
    State(bugsnag): Shared,
    Path(project): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let app = bugsnag.project(&project)?;
    let url = format!("https://app.bugsnag.com/acme/{}", app.id);
    Ok(Json(json!({
        "id": project,
        "organization_id": "515fb9337c1074f6fd000001",
        "slug": app.id,
        "name": app.name,
        "release_stages": [STAGE],
        "url": format!("https://api.bugsnag.com/projects/{project}"),
        "html_url": url,
    })))
}

/// A part of a listing, with a link to the next where there is more.
struct Page<'a> {
    all: Vec<Value>,
    size: usize,
    pairs: &'a [(String, String)],
    /// `/projects/…/errors`
    path: String,
}

impl Page<'_> {
    fn into_response(self, headers: &HeaderMap) -> Response {
        let get = |name: &str| self.pairs.iter().find(|(key, _)| key == name);
        let offset = get("offset").and_then(|(_, raw)| raw.parse::<usize>().ok());
        let offset = offset.unwrap_or(0);
        let total = self.all.len();
        let page: Vec<Value> = self.all.into_iter().skip(offset).take(self.size).collect();
        let mut response = Json(Value::Array(page)).into_response();
        set(response.headers_mut(), "x-total-count", &total.to_string());
        if total > offset + self.size {
            let host = headers
                .get(header::HOST)
                .and_then(|host| host.to_str().ok());
            let link = format!(
                "<http://{}{}?{}offset={}>; rel=\"next\"",
                host.unwrap_or("api.bugsnag.com"),
                self.path,
                form_urlencoded(self.pairs),
                offset + self.size
            );
            set(response.headers_mut(), "link", &link);
        }
        response
    }
}

/// The question without its offset, each pair with an ampersand behind it.
fn form_urlencoded(pairs: &[(String, String)]) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    let encoded = |text: &str| text.bytes().map(byte).collect::<String>();
    let kept = pairs.iter().filter(|(key, _)| key != "offset");
    let kept: Vec<String> = kept
        .map(|(key, value)| format!("{}={}&", encoded(key), encoded(value)))
        .collect();
    kept.concat()
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
