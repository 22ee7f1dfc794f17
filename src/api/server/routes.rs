//! Which address is answered by what, and what all answers have in common.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::limits::{Acts, Questions};
use super::peer::Peer;
use super::pictures::Pictures;
use super::problem::{Kind, Problem};
use super::{Settings, acts, health, openapi, reading, tcp};
use crate::api::client::Gone;
use crate::domain::Failure;

/// For an answer that takes work: a look into a long past, a question to a vendor.
const PATIENCE: Duration = Duration::from_secs(45);

/// What every answer is made of.
pub(super) struct App {
    pub settings: Settings,
    pub pictures: Arc<Pictures>,
    pub acts: Acts,
    questions: Questions,
}

impl App {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            pictures: Arc::new(Pictures::of(&settings.client, settings.metrics.screens())),
            settings,
            acts: Acts::default(),
            questions: Questions::default(),
        }
    }

    /// Asks what takes the watcher work, when this user's turn has come.
    pub(super) async fn looked<T>(
        &self,
        peer: Peer,
        answer: impl Future<Output = Result<Result<T, Failure>, Gone>>,
    ) -> Result<T, Problem> {
        let answer = self.questions.in_turn(peer.uid, answer);
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(found)) => Ok(found?),
            Ok(Err(Gone)) | Err(_) => Err(Problem::no_answer()),
        }
    }
}

/// Everything, for whoever connects to the socket.
pub(super) fn router(app: &Arc<App>) -> Router {
    let router = Router::new()
        .route("/v1/snapshot", get(reading::snapshot))
        .route("/v1/picture", get(reading::picture))
        .route("/v1/me", get(reading::me))
        .route("/v1/apps/{app}", get(reading::app))
        .route("/v1/apps/{app}/history", get(reading::history))
        .route("/v1/apps/{app}/issues/{source}/{id}", get(reading::issue))
        .route("/v1/past", get(reading::past))
        .route("/v1/events", get(reading::events))
        .route("/v1/audit", get(reading::audit))
        .route("/v1/acts", post(acts::act))
        .route("/openapi.json", get(openapi::told));
    finished(for_machines(router), app).layer(middleware::from_fn(somebody))
}

/// For metrics and health over TCP.
pub(super) fn machines(app: &Arc<App>) -> Router {
    finished(for_machines(Router::new()), app).layer(middleware::from_fn(tcp::is_local))
}

fn for_machines(router: Router<Arc<App>>) -> Router<Arc<App>> {
    router
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
}

fn finished(router: Router<Arc<App>>, app: &Arc<App>) -> Router {
    router
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_so)
        .with_state(Arc::clone(app))
}

async fn nothing_here(State(_app): State<Arc<App>>) -> Problem {
    Problem::new(Kind::NotFound, "there is nothing at this address")
        .hint("GET /openapi.json says what there is")
}

async fn not_so() -> Problem {
    Problem::new(
        Kind::MethodNotAllowed,
        "this address is not asked with this method",
    )
    .hint("GET /openapi.json says how")
}

/// Nobody has no rights.
async fn somebody(request: Request, next: Next) -> Response {
    match request.extensions().get::<Peer>() {
        Some(peer) if !peer.is_nobody() => {}
        _ => {
            let what = "nobody (uid 65534) has no rights here";
            return Problem::new(Kind::Forbidden, what).into_response();
        }
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
