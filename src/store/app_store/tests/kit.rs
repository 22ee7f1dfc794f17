//! A simulated App Store on a loopback port, with somebody in the line who can change what passes.

use std::sync::{Arc, LazyLock, Mutex};

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::domain::rollout::{InReview, Order};
use crate::domain::{AppId, Target, Timestamp, Version};
use crate::http::{BaseUrl, Client, Limits, Rate, VendorClient};
use crate::ports::{Clock, SimClock};
use crate::simulator::fault::{Fault, FaultRule, Vendor};
use crate::simulator::scenario::{ConsoleAct, Scenario};
use crate::simulator::world::StoreWrite;
use crate::simulator::{Keys, World, app_store, wire};
use crate::store::app_store::{ApiKey, AppStore};

/// Day 3 of Apple's seven, begun two days and three hours ago.
pub(super) const WORLD: &str = r#"
description = "An iOS rollout on its third day"
start = "2026-11-20T12:00:00Z"
[[app]]
id = "shop-beta"
name = "Shop Beta"
store = "app-store"
package = "com.example.shop.beta"
sessions_per_day = 1000
[[app.version]]
name = "0.1.0"
build = "1"
role = "baseline"
[[app]]
id = "shop-ios"
name = "Shop"
store = "app-store"
package = "com.example.shop"
sessions_per_day = 1000
[[app.version]]
name = "8.41.0"
build = "84100"
role = "old"
share = "10%"
[[app.version]]
name = "8.42.0"
build = "84200"
role = "baseline"
[[app.version]]
name = "8.43.0"
build = "84300"
role = "new"
started = "-2d 3h"
[[app.version]]
name = "8.44.0"
build = "84400"
role = "next"
"#;

/// Making an RSA key takes long, and every test may have the same.
static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::generate(7).unwrap()));

/// What is done to the next request whose `METHOD /path?query` holds `matching`.
pub(super) struct Meddle {
    matching: &'static str,
    times: usize,
    deed: Deed,
}

enum Deed {
    /// Answers instead.
    Instead(u16, Vec<(&'static str, String)>, String),
    /// Lets it through and edits the answer's JSON.
    Edit(Box<dyn Fn(&mut Value) + Send + Sync>),
    /// Lets it through and sets a header of the answer.
    Header(&'static str, String),
}

#[derive(Default)]
struct Line {
    meddles: Vec<Meddle>,
    seen: Vec<String>,
}

pub(super) struct Apple {
    pub(super) world: Arc<World>,
    pub(super) clock: Arc<SimClock>,
    pub(super) keys: Arc<Keys>,
    pub(super) base: String,
    line: Arc<Mutex<Line>>,
    _server: wire::Server,
}

impl Apple {
    pub(super) async fn start() -> Self {
        Self::of(WORLD).await
    }

    pub(super) async fn of(world: &str) -> Self {
        let scenario = Scenario::parse("test", world).unwrap();
        let clock = Arc::new(SimClock::starting_at(scenario.start));
        let world = World::new(scenario, 7, clock.clone());
        let keys = Arc::clone(&KEYS);
        let line = Arc::new(Mutex::new(Line::default()));
        let router = app_store::router(world.clone(), keys.clone())
            .layer(from_fn_with_state(line.clone(), meddle));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = wire::serve(listener, Some(Vendor::AppStore), &world, router).unwrap();
        Self {
            world,
            clock,
            keys,
            base: format!("http://{}", server.address),
            line,
            _server: server,
        }
    }

    pub(super) fn team_key(&self) -> ApiKey {
        ApiKey {
            key_id: self.keys.app_store.key_id.clone(),
            issuer_id: Some(self.keys.app_store.issuer_id.clone()),
            key: SecretString::from(self.keys.app_store.p8.clone()),
        }
    }

    /// An adapter for the shop that lives by this world's time.
    pub(super) fn store(&self) -> AppStore {
        self.store_with(self.team_key(), "com.example.shop", self.clock.clone())
    }

    pub(super) fn store_with(
        &self,
        key: ApiKey,
        bundle_id: &str,
        clock: Arc<dyn Clock>,
    ) -> AppStore {
        let client = Client::new(Limits::default()).unwrap();
        let rate = Rate {
            per_minute: 60_000,
            burst: 1000,
        };
        let http = Arc::new(VendorClient::new(client, clock, rate, 7));
        let base = BaseUrl::parse(&self.base).unwrap();
        AppStore::new(key, bundle_id, http, base).unwrap()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn pass(&self, time: TimeDelta) {
        self.clock.advance_to(self.now() + time);
    }

    pub(super) fn person(&self, act: &ConsoleAct) {
        self.world.act(&shop(), act).unwrap();
    }

    pub(super) fn writes(&self) -> Vec<StoreWrite> {
        self.world.writes()
    }

    fn set(&self, matching: &'static str, times: usize, deed: Deed) {
        let meddle = Meddle {
            matching,
            times,
            deed,
        };
        self.line.lock().unwrap().meddles.push(meddle);
    }

    pub(super) fn instead(&self, matching: &'static str, status: u16, body: &str) {
        self.instead_with(matching, status, &[], body);
    }

    pub(super) fn instead_with(
        &self,
        matching: &'static str,
        status: u16,
        headers: &[(&'static str, &str)],
        body: &str,
    ) {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        self.set(matching, 1, Deed::Instead(status, headers, body.into()));
    }

    /// To this request and both of its repetitions.
    pub(super) fn instead_thrice(&self, matching: &'static str, status: u16, body: &str) {
        self.set(matching, 3, Deed::Instead(status, Vec::new(), body.into()));
    }

    /// Does the next such request and cuts the line before the answer.
    pub(super) fn lose_reply(&self, matching: &str) {
        self.world.faults().set(FaultRule {
            vendor: Vendor::AppStore,
            matching: matching.into(),
            times: Some(1),
            every: None,
            fault: Fault::Reset { applied: true },
        });
    }

    /// From now on.
    pub(super) fn edit(
        &self,
        matching: &'static str,
        edit: impl Fn(&mut Value) + Send + Sync + 'static,
    ) {
        self.set(matching, usize::MAX, Deed::Edit(Box::new(edit)));
    }

    /// From now on.
    pub(super) fn header(&self, matching: &'static str, name: &'static str, value: &str) {
        self.set(matching, usize::MAX, Deed::Header(name, value.into()));
    }

    /// Nobody meddles any more.
    pub(super) fn leave_alone(&self) {
        self.line.lock().unwrap().meddles.clear();
    }

    /// Requests since the last call, as `METHOD /path`.
    pub(super) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.line.lock().unwrap().seen)
    }
}

pub(super) fn shop() -> AppId {
    AppId::try_from("shop-ios".to_owned()).unwrap()
}

pub(super) fn order(target: Target) -> Order {
    Order {
        version: Version::named("8.43.0", "84300"),
        target,
        in_review: InReview::Ask,
        lifts: true,
    }
}

/// A refusal in Apple's form.
pub(super) fn refusal(status: u16, code: &str, detail: &str) -> String {
    serde_json::json!({ "errors": [{
        "id": "4ee2f8b2", "status": status.to_string(), "code": code, "title": "A title.", "detail": detail,
        "links": { "see": "/x" }, "meta": { "associatedErrors": {} },
    }]})
    .to_string()
}

async fn meddle(State(line): State<Arc<Mutex<Line>>>, request: Request, next: Next) -> Response {
    let uri = request.uri();
    let whole = format!("{} {uri}", request.method());
    let place = format!("{} {}", request.method(), uri.path());
    let taken = {
        let mut line = line.lock().unwrap();
        line.seen.push(place);
        let hit = line.meddles.iter().position(|m| whole.contains(m.matching));
        hit.map(|hit| {
            let mut meddle = line.meddles.remove(hit);
            meddle.times -= 1;
            (meddle, hit)
        })
    };
    let Some((meddle, hit)) = taken else {
        return next.run(request).await;
    };
    let response = match &meddle.deed {
        Deed::Instead(status, headers, body) => {
            let mut response = body.clone().into_response();
            *response.status_mut() = StatusCode::from_u16(*status).unwrap();
            for (name, value) in headers {
                let value = HeaderValue::from_str(value).unwrap();
                response.headers_mut().insert(*name, value);
            }
            response
        }
        Deed::Edit(edit) => {
            let (mut parts, body) = next.run(request).await.into_parts();
            let bytes = to_bytes(body, usize::MAX).await.unwrap();
            let mut json: Value = serde_json::from_slice(&bytes).unwrap();
            edit(&mut json);
            parts.headers.remove("content-length");
            (parts, json.to_string()).into_response()
        }
        Deed::Header(name, value) => {
            let mut response = next.run(request).await;
            let value = HeaderValue::from_str(value).unwrap();
            response.headers_mut().insert(*name, value);
            response
        }
    };
    if meddle.times > 0 {
        let mut line = line.lock().unwrap();
        let hit = hit.min(line.meddles.len());
        line.meddles.insert(hit, meddle);
    }
    response
}
