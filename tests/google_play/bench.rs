//! A simulated Play with one rollout, haltline's adapter for it, and ways to get in between.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use haltline::domain::rollout::{Applied, InReview, Order, ReleaseView};
use haltline::domain::{AppId, Exposure, Failure, StoreKind, StoreView, Target, Version};
use haltline::http::google_auth::Sending;
use haltline::http::{
    BaseUrl, Body as CallBody, Call, Client, GoogleAuth, Limits, ServiceAccount, VendorClient,
};
use haltline::ports::{SimClock, Store};
use haltline::simulator::fault::{Fault, FaultRule, Vendor};
use haltline::simulator::scenario::{ConsoleAct, Scenario};
use haltline::simulator::wire::{self, Server};
use haltline::simulator::{Keys, World, play as google_play};
use haltline::store::GooglePlay;
use haltline::store::google_play::{Accounts, RATE, Settings};
use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const PACKAGE: &str = "com.example.shop";
pub(crate) const NEW: u64 = 84_300;
pub(crate) const RESUME: Target = Target::InProgress { exposure: None };

/// Nothing that Play says here is long.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(20),
    body: 1 << 20,
};

/// 8.43.0 at 5 % over 8.42.0, and 8.44.0 waiting for a person.
pub(crate) const ROLLOUT: &str = r#"
    description = "A rollout"
    [[app]]
    id = "shop-android"
    name = "Shop"
    store = "google-play"
    package = "com.example.shop"
    sessions_per_day = 1000
    version = [
        { name = "8.42.0", build = "84200", role = "baseline" },
        { name = "8.43.0", build = "84300", role = "new", exposure = "5%" },
        { name = "8.44.0", build = "84400", role = "next", exposure = "1%" },
    ]
"#;

/// The first release of an app, which everybody has.
pub(crate) const FIRST: &str = r#"
    description = "A first release"
    [[app]]
    id = "shop-android"
    name = "Shop"
    store = "google-play"
    package = "com.example.shop"
    sessions_per_day = 1000
    version = [{ name = "8.43.0", build = "84300", role = "baseline" }]
"#;

/// Keys are dear to make: one set for all tests.
fn keys() -> Arc<Keys> {
    static KEYS: OnceLock<Arc<Keys>> = OnceLock::new();
    Arc::clone(KEYS.get_or_init(|| Arc::new(Keys::generate(1).unwrap())))
}

/// A simulated Play, and haltline's adapter for it.
pub(crate) struct Bench {
    pub(crate) world: Arc<World>,
    pub(crate) clock: Arc<SimClock>,
    base: String,
    http: Arc<VendorClient>,
    pub(crate) play: GooglePlay,
    _server: Server,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::of(ROLLOUT).await
    }

    pub(crate) async fn of(scenario: &str) -> Self {
        let scenario = Scenario::parse("test", scenario).unwrap();
        let clock = Arc::new(SimClock::starting_at(scenario.start));
        let world = World::new(scenario, 1, Arc::clone(&clock) as _);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let router = google_play::router(Arc::clone(&world), keys());
        let vendor = Some(Vendor::GooglePlay);
        let server = wire::serve(listener, vendor, &world, router).unwrap();
        let base = format!("http://{}", server.address);
        let client = Client::new(LIMITS).unwrap();
        let http = Arc::new(VendorClient::new(client, Arc::clone(&clock) as _, RATE, 1));
        Self {
            play: play(&base, &base, &http),
            world,
            clock,
            base,
            http,
            _server: server,
        }
    }

    /// The adapter behind a proxy that lets `before` act ahead of every request: `METHOD /path?query`.
    pub(crate) async fn behind(&self, before: impl FnMut(&str) + Send + 'static) -> GooglePlay {
        let proxy = proxy(self.base.clone(), before).await;
        play(&proxy, &self.base, &self.http)
    }

    pub(crate) fn person(&self, act: &ConsoleAct) {
        self.world.act(&app(), act).unwrap();
    }

    pub(crate) fn fault(&self, matching: &str, fault: Fault) {
        self.world.faults().set(FaultRule {
            vendor: Vendor::GooglePlay,
            matching: matching.into(),
            times: Some(1),
            every: None,
            fault,
        });
    }

    pub(crate) fn switch(&self, switches: Value) {
        self.world.switch(StoreKind::GooglePlay, switches).unwrap();
    }

    /// The app as the store holds it.
    pub(crate) fn truth(&self) -> Value {
        self.world.states()[&StoreKind::GooglePlay]["apps"][PACKAGE].clone()
    }

    pub(crate) fn releases(&self) -> Vec<Value> {
        let truth = self.truth();
        truth["tracks"]["production"]["releases"]
            .as_array()
            .unwrap()
            .clone()
    }

    pub(crate) fn release(&self, code: u64) -> Value {
        let code = json!(code.to_string());
        let holds = |release: &Value| {
            let codes = release["versionCodes"].as_array().unwrap();
            codes.contains(&code)
        };
        self.releases().into_iter().find(holds).unwrap()
    }

    pub(crate) async fn apply(&self, target: Target) -> Result<Applied, Failure> {
        self.play.apply(&order(target)).await
    }

    pub(crate) async fn view(&self) -> StoreView {
        self.play.read().await.unwrap()
    }

    pub(crate) async fn watched(&self) -> ReleaseView {
        self.view().await.release.unwrap()
    }

    /// Another tool of the same company, with an edit of its own: writes the whole track.
    pub(crate) async fn another_tool_writes(&self, releases: Vec<Value>) {
        let key = key(&self.base);
        let scope = "https://www.googleapis.com/auth/androidpublisher";
        let account = ServiceAccount::parse(&key).unwrap();
        let auth = GoogleAuth::new(account, &[scope], Arc::clone(&self.http));
        let root = format!(
            "{}/androidpublisher/v3/applications/{PACKAGE}/edits",
            self.base
        );
        let send = async |method: Method, path: &str, body: CallBody| {
            let url = Url::parse(&format!("{root}{path}")).unwrap();
            let call = Call::new(method, url, body);
            let answer = auth.send(&call, Sending::Write).await.unwrap();
            let text = String::from_utf8(answer.body.clone()).unwrap();
            assert!(answer.is_success(), "{text}");
            answer
        };
        let edit: Value = send(Method::POST, "", CallBody::Json(json!({})))
            .await
            .json()
            .unwrap();
        let id = edit["id"].as_str().unwrap();
        let track = json!({"track": "production", "releases": releases});
        let path = format!("/{id}/tracks/production");
        send(Method::PUT, &path, CallBody::Json(track)).await;
        send(Method::POST, &format!("/{id}:commit"), CallBody::Empty).await;
    }

    /// Puts a draft of another version on the track, with everything a release can hold.
    pub(crate) async fn with_a_draft(self) -> Self {
        let mut releases = self.releases();
        releases.push(json!({
            "name": "9.0 \u{202e}preview", "versionCodes": ["90000", "90001"], "status": "draft", "inAppUpdatePriority": 5,
            "releaseNotes": [{"language": "de-DE", "text": "Neu:\n• schöner"}, {"language": "ja-JP", "text": "新機能"}],
        }));
        self.another_tool_writes(releases).await;
        self
    }
}

pub(crate) fn app() -> AppId {
    AppId::try_from("shop-android".to_owned()).unwrap()
}

fn key(base: &str) -> SecretString {
    let token_uri = format!("{base}/token");
    SecretString::from(keys().service_account.key_file(&token_uri))
}

/// The API at `base`, tokens from `tokens`.
fn play(base: &str, tokens: &str, http: &Arc<VendorClient>) -> GooglePlay {
    let settings = Settings {
        base: BaseUrl::parse(base).unwrap(),
        package: PACKAGE.into(),
        track: "production".into(),
        key: key(tokens),
        version_code: None,
    };
    GooglePlay::new(&Accounts::new(Arc::clone(http)), settings).unwrap()
}

pub(crate) fn order(target: Target) -> Order {
    Order {
        version: Version::from_code(NEW),
        target,
        in_review: InReview::Ask,
        lifts: true,
    }
}

pub(crate) fn at(percent: u32) -> Target {
    Target::InProgress {
        exposure: Some(Exposure::from_percent(percent)),
    }
}

async fn proxy(upstream: String, before: impl FnMut(&str) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let before = Arc::new(Mutex::new(before));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let app = Router::new().fallback(move |request: Request| {
        let (before, client, upstream) = (Arc::clone(&before), client.clone(), upstream.clone());
        async move {
            let (head, body) = request.into_parts();
            (before.lock().unwrap())(&format!("{} {}", head.method, head.uri));
            let mut onward = client.request(head.method, format!("{upstream}{}", head.uri));
            for name in ["authorization", "content-type", "content-length"] {
                if let Some(value) = head.headers.get(name) {
                    onward = onward.header(name, value);
                }
            }
            let body = to_bytes(body, 1 << 20).await.unwrap();
            let answer = onward.body(body).send().await.unwrap();
            let response = Response::builder().status(answer.status());
            response
                .body(Body::from(answer.bytes().await.unwrap()))
                .unwrap()
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    base
}
