mod said;
mod waiting;

use std::sync::LazyLock;

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::domain::AppId;
use crate::ports::SimClock;
use crate::simulator::scenario::{ConsoleAct, Scenario};

static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::generate(3).unwrap()));

/// Released two days and three hours ago; one version waits, one was the app's first.
const WORLD: &str = r#"
description = "Four versions of a shop"
start = "2026-11-20T12:00:00Z"
[[app]]
id = "shop-ios"
name = "Shop"
store = "app-store"
package = "com.example.shop"
sessions_per_day = 1000
[[app.version]]
name = "1.0.0"
build = "10"
role = "old"
[[app.version]]
name = "2.0.0"
build = "20"
role = "baseline"
[[app.version]]
name = "3.0.0"
build = "30"
role = "new"
started = "-2d 3h"
[[app.version]]
name = "4.0.0"
build = "40"
role = "next"
"#;

struct Apple {
    world: Arc<World>,
    clock: Arc<SimClock>,
    base: String,
    http: reqwest::Client,
}

impl Apple {
    async fn start() -> Self {
        Self::of(WORLD).await
    }

    async fn of(world: &str) -> Self {
        let scenario = Scenario::parse("test", world).unwrap();
        let clock = Arc::new(SimClock::starting_at(scenario.start));
        let world = World::new(scenario, 3, clock.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = router(world.clone(), KEYS.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            world,
            clock,
            base,
            http: reqwest::Client::new(),
        }
    }

    fn pass(&self, time: TimeDelta) {
        self.clock.advance_to(self.world.now() + time);
    }

    fn claims(&self, from: i64, to: i64) -> Value {
        let now = self.world.now().timestamp();
        json!({
            "iss": KEYS.app_store.issuer_id,
            "aud": "appstoreconnect-v1",
            "iat": now + from * 60,
            "exp": now + to * 60,
        })
    }

    async fn with_token(&self, token: Option<String>) -> (u16, Value) {
        let mut request = self.http.get(format!("{}/v1/apps", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(request).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let token = sign(&self.claims(-1, 14), Some(&KEYS.app_store.key_id));
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }

    /// `/id` or `/phased/id` of a build, out of the store's own state.
    fn id(&self, build: &str, pointer: &str) -> String {
        let states = self.world.states();
        let version = &states[&StoreKind::AppStore]["shop-ios"][build];
        version.pointer(pointer).unwrap().as_str().unwrap().into()
    }

    async fn set(&self, build: &str, state: &str) -> (u16, Value) {
        let id = self.id(build, "/phased/id");
        let body = json!({ "data": {
            "type": "appStoreVersionPhasedReleases",
            "id": id,
            "attributes": { "phasedReleaseState": state },
        }});
        let path = format!("/v1/appStoreVersionPhasedReleases/{id}");
        self.call(Method::PATCH, &path, Some(body)).await
    }

    async fn post(&self, kind: &str, build: &str) -> (u16, Value) {
        let version = json!({ "type": "appStoreVersions", "id": self.id(build, "/id") });
        let body = json!({ "data": {
            "type": kind,
            "relationships": { "appStoreVersion": { "data": version } },
        }});
        self.call(Method::POST, &format!("/v1/{kind}"), Some(body))
            .await
    }

    fn person(&self, act: &ConsoleAct) -> Result<(), String> {
        let shop = AppId::try_from("shop-ios".to_owned()).unwrap();
        self.world.act(&shop, act)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    assert!(response.headers().contains_key("x-rate-limit"));
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn sign(claims: &Value, key_id: Option<&str>) -> String {
    let key = EncodingKey::from_ec_pem(KEYS.app_store.p8.as_bytes()).unwrap();
    let mut header = Header::new(Algorithm::ES256);
    header.kid = key_id.map(str::to_owned);
    encode(&header, claims, &key).unwrap()
}

fn error(answer: &(u16, Value)) -> (u16, &str, &str) {
    let error = &answer.1["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap();
    assert_eq!(text("status"), answer.0.to_string());
    (answer.0, text("code"), text("detail"))
}

fn names(list: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["attributes"]["versionString"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn tokens_are_judged_by_the_worlds_time() {
    let apple = Apple::start().await;
    let id = KEYS.app_store.key_id.as_str();
    let without = |name: &str| {
        let mut claims = apple.claims(-1, 14);
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let with = |name: &str, value: Value| {
        let mut claims = without("iss");
        claims[name] = value;
        claims
    };
    let issuer = json!(KEYS.app_store.issuer_id);
    let mut wrong_audience = apple.claims(-1, 14);
    wrong_audience["aud"] = json!("appstoreconnect-v2");
    for (claims, key_id, fine) in [
        (apple.claims(-1, 14), Some(id), true),
        (apple.claims(0, 20), Some(id), true),
        (apple.claims(0, 21), Some(id), false),
        (apple.claims(-20, 0), Some(id), false),
        (apple.claims(1, 14), Some(id), false),
        (without("iat"), Some(id), true),
        (without("iss"), Some(id), false),
        (with("sub", json!("user")), Some(id), true),
        (with("sub", json!("admin")), Some(id), false),
        (with("iss", issuer), Some(id), true),
        (with("iss", json!("x")), Some(id), false),
        (wrong_audience, Some(id), false),
        (apple.claims(-1, 14), Some("OTHER"), false),
        (apple.claims(-1, 14), None, false),
    ] {
        let answer = apple.with_token(Some(sign(&claims, key_id))).await;
        assert_eq!(answer.0 == 200, fine, "{claims} {key_id:?}");
        if !fine {
            assert_eq!(error(&answer).1, "NOT_AUTHORIZED");
        }
    }
    let token = sign(&apple.claims(-1, 14), Some(id));
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{rest}.{}", signature.chars().rev().collect::<String>());
    for token in [None, Some("x".to_owned()), Some(forged)] {
        assert_eq!(apple.with_token(token).await.0, 401);
    }
    apple
        .clock
        .advance_to(apple.world.now() + TimeDelta::minutes(14));
    assert_eq!(apple.with_token(Some(token)).await.0, 401, "it has expired");
}

#[tokio::test]
async fn versions_are_filtered_paged_and_bring_along_what_is_asked() {
    let apple = Apple::start().await;
    let (_, apps) = apple.get("/v1/apps?filter[bundleId]=com.example").await;
    assert_eq!(
        apps["data"][0]["attributes"]["bundleId"],
        "com.example.shop"
    );
    let app = apps["data"][0]["id"].as_str().unwrap();
    let list = format!("/v1/apps/{app}/appStoreVersions");
    for (query, expected) in [
        ("", &["1.0.0", "2.0.0", "3.0.0", "4.0.0"][..]),
        (
            "?filter[platform]=IOS,TV_OS",
            &["1.0.0", "2.0.0", "3.0.0", "4.0.0"],
        ),
        ("?filter[platform]=MAC_OS", &[]),
        ("?filter[versionString]=2.0.0", &["2.0.0"]),
        ("?filter[appStoreState]=READY_FOR_SALE", &["3.0.0"]),
        (
            "?filter[appVersionState]=REPLACED_WITH_NEW_VERSION,PENDING_DEVELOPER_RELEASE",
            &["1.0.0", "2.0.0", "4.0.0"],
        ),
    ] {
        let (status, answer) = apple.get(&format!("{list}{query}")).await;
        assert_eq!(
            (status, names(&answer).as_slice()),
            (200, expected),
            "{query}"
        );
        assert_eq!(answer.get("included"), None);
        let build = &answer["data"][0]["relationships"]["build"];
        assert_eq!(build.get("data"), None, "only links without include");
    }

    let mut seen = Vec::new();
    let mut next = format!("{list}?limit=3&include=build,appStoreVersionPhasedRelease");
    for left in [3, 1] {
        let (_, page) = apple.get(&next).await;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        assert_eq!(page["data"].as_array().unwrap().len(), left);
        assert_eq!(page["meta"]["paging"]["total"], 4);
        for version in page["data"].as_array().unwrap() {
            let phased = &version["relationships"]["appStoreVersionPhasedRelease"]["data"];
            let is_first = version["attributes"]["versionString"] == "1.0.0";
            assert_eq!(phased.is_null(), is_first);
            let build = &version["relationships"]["build"]["data"];
            let included = page["included"].as_array().unwrap();
            assert!(
                included
                    .iter()
                    .any(|r| r["id"] == build["id"] && r["type"] == "builds")
            );
        }
        next = page["links"]["next"].as_str().unwrap_or_default().into();
    }
    assert!(next.is_empty());
    seen.sort_unstable();
    assert_eq!(seen, ["1.0.0", "2.0.0", "3.0.0", "4.0.0"]);

    let sparse = format!("{list}?fields[appStoreVersions]=versionString&limit=1");
    let (_, sparse) = apple.get(&sparse).await;
    let attributes = sparse["data"][0]["attributes"].as_object().unwrap();
    assert_eq!(attributes.keys().collect::<Vec<_>>(), ["versionString"]);

    for query in [
        "sort=createdDate",
        "limit=500",
        "limit=x",
        "include=customerReviews",
        "cursor=%",
    ] {
        let answer = apple.get(&format!("{list}?{query}")).await;
        assert_eq!(error(&answer).0, 400, "{query}");
        let parameter = &answer.1["errors"][0]["source"]["parameter"];
        assert_eq!(Some(parameter.as_str().unwrap()), query.split('=').next());
    }
    assert_eq!(
        error(&apple.get("/v1/apps/1/appStoreVersions").await).1,
        "NOT_FOUND"
    );
    assert_eq!(error(&apple.get("/v2/apps").await).0, 404);
}

#[tokio::test]
async fn resources_of_a_version_can_be_asked_for_one_by_one() {
    let apple = Apple::start().await;
    let of = |build, rest| format!("/v1/appStoreVersions/{}{rest}", apple.id(build, "/id"));
    let (_, build) = apple.get(&of("30", "/build")).await;
    assert_eq!(build["data"]["attributes"]["version"], "30");
    let id = build["data"]["id"].as_str().unwrap();
    assert_eq!(
        apple.get(&format!("/v1/builds/{id}")).await.1["data"],
        build["data"]
    );
    let (_, phased) = apple.get(&of("30", "/appStoreVersionPhasedRelease")).await;
    let attributes = &phased["data"]["attributes"];
    assert_eq!(attributes["phasedReleaseState"], "ACTIVE");
    assert_eq!(attributes["currentDayNumber"], 3);
    let (status, none) = apple.get(&of("10", "/appStoreVersionPhasedRelease")).await;
    assert_eq!((status, &none["data"]), (200, &Value::Null));
    let (_, version) = apple.get(&of("40", "?include=app,build")).await;
    assert_eq!(version["included"].as_array().unwrap().len(), 2);
    assert_eq!(
        version["data"]["attributes"]["earliestReleaseDate"],
        Value::Null
    );
    let phased = format!(
        "/v1/appStoreVersionPhasedReleases/{}",
        apple.id("30", "/phased/id")
    );
    assert_eq!(
        error(&apple.get(&phased).await).0,
        405,
        "it cannot be read by id"
    );
    let trap = apple
        .call(
            Method::PATCH,
            "/v1/apps/1/appStoreVersions/2",
            Some(json!({})),
        )
        .await;
    assert_eq!(error(&trap).0, 404, "this is no way to pause");
}

#[tokio::test]
async fn a_phased_release_changes_as_apples_table_has_it() {
    let apple = Apple::start().await;
    let (same, finished) = ("already has this value", "in a final state");
    for (state, refusal) in [
        ("ACTIVE", Some(same)),
        ("INACTIVE", Some("cannot go from ACTIVE to INACTIVE")),
        ("PAUSED", None),
        ("PAUSED", Some(same)),
        ("ACTIVE", None),
        ("PAUSED", None),
        ("COMPLETE", None),
        ("COMPLETE", Some(same)),
        ("PAUSED", Some(finished)),
        ("ACTIVE", Some(finished)),
        ("STOPPED", Some("is not one of")),
    ] {
        let answer = apple.set("30", state).await;
        match refusal {
            None => assert_eq!(answer.1["data"]["attributes"]["phasedReleaseState"], state),
            Some(words) => {
                let (status, code, detail) = error(&answer);
                assert!(status == 409 && code.starts_with("ENTITY_ERROR."), "{code}");
                assert!(detail.contains(words), "{state}: {detail}");
            }
        }
    }
    let before = apple.set("40", "ACTIVE").await;
    assert!(error(&before).2.contains("in the current version state"));
    let pointer = &before.1["errors"][0]["source"]["pointer"];
    assert_eq!(pointer, "/data/attributes/pendingDeveloperRelease");
    let became: Vec<String> = apple.world.writes().into_iter().map(|w| w.became).collect();
    assert_eq!(became, ["PAUSED", "ACTIVE", "PAUSED", "COMPLETE"]);
}

#[tokio::test]
async fn bodies_are_held_to_the_schema() {
    let apple = Apple::start().await;
    let id = apple.id("30", "/phased/id");
    let path = format!("/v1/appStoreVersionPhasedReleases/{id}");
    let kind = "appStoreVersionPhasedReleases";
    for (body, status) in [
        (json!({}), 422),
        (json!({ "data": [] }), 422),
        (
            json!({ "data": { "type": kind, "id": id, "surplus": 1 } }),
            422,
        ),
        (json!({ "data": { "type": "apps", "id": id } }), 409),
        (json!({ "data": { "type": kind, "id": "other" } }), 409),
        (
            json!({ "data": { "type": kind, "id": id, "attributes": { "currentDayNumber": 7 } } }),
            409,
        ),
        (
            json!({ "data": { "type": kind, "id": id, "attributes": { "phasedReleaseState": null } } }),
            409,
        ),
        (json!({ "data": { "type": kind, "id": id } }), 200),
    ] {
        let answer = apple.call(Method::PATCH, &path, Some(body.clone())).await;
        assert_eq!(answer.0, status, "{body}");
    }
    assert!(apple.world.writes().is_empty());
    let unknown = json!({ "data": { "type": kind, "id": "x", "attributes": { "phasedReleaseState": "PAUSED" } } });
    let path = "/v1/appStoreVersionPhasedReleases/x";
    assert_eq!(apple.call(Method::PATCH, path, Some(unknown)).await.0, 404);
}
