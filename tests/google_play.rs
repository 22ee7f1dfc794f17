//! The Google Play adapter against the simulated Play, over real HTTP: every verb, and everything that gets in its way.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use chrono::TimeDelta;
use haltline::domain::rollout::{Applied, InReview, Order, ReleaseView};
use haltline::domain::{
    AppId, Exposure, Failure, FailureKind, Status, StoreKind, StoreView, Target, Version,
};
use haltline::http::google_auth::Sending;
use haltline::http::{
    BaseUrl, Body as CallBody, Call, Client, GoogleAuth, Limits, ServiceAccount, VendorClient,
};
use haltline::ports::{Clock, SimClock, Store};
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

const PACKAGE: &str = "com.example.shop";
const NEW: u64 = 84_300;
const RESUME: Target = Target::InProgress { exposure: None };

/// Nothing that Play says here is long.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(20),
    body: 1 << 20,
};

/// 8.43.0 at 5 % over 8.42.0, and 8.44.0 waiting for a person.
const ROLLOUT: &str = r#"
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
const FIRST: &str = r#"
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
struct Bench {
    world: Arc<World>,
    clock: Arc<SimClock>,
    base: String,
    http: Arc<VendorClient>,
    play: GooglePlay,
    _server: Server,
}

impl Bench {
    async fn new() -> Self {
        Self::of(ROLLOUT).await
    }

    async fn of(scenario: &str) -> Self {
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
    async fn behind(&self, before: impl FnMut(&str) + Send + 'static) -> GooglePlay {
        let proxy = proxy(self.base.clone(), before).await;
        play(&proxy, &self.base, &self.http)
    }

    fn app(&self) -> AppId {
        AppId::try_from("shop-android".to_owned()).unwrap()
    }

    fn person(&self, act: &ConsoleAct) {
        self.world.act(&self.app(), act).unwrap();
    }

    fn fault(&self, matching: &str, fault: Fault) {
        self.world.faults().set(FaultRule {
            vendor: Vendor::GooglePlay,
            matching: matching.into(),
            times: Some(1),
            every: None,
            fault,
        });
    }

    fn switch(&self, switches: Value) {
        self.world.switch(StoreKind::GooglePlay, switches).unwrap();
    }

    /// The app as the store holds it.
    fn truth(&self) -> Value {
        self.world.states()[&StoreKind::GooglePlay]["apps"][PACKAGE].clone()
    }

    fn releases(&self) -> Vec<Value> {
        let truth = self.truth();
        truth["tracks"]["production"]["releases"]
            .as_array()
            .unwrap()
            .clone()
    }

    fn release(&self, code: u64) -> Value {
        let code = json!(code.to_string());
        let holds = |release: &Value| {
            let codes = release["versionCodes"].as_array().unwrap();
            codes.contains(&code)
        };
        self.releases().into_iter().find(holds).unwrap()
    }

    async fn apply(&self, target: Target) -> Result<Applied, Failure> {
        self.play.apply(&order(target)).await
    }

    async fn view(&self) -> StoreView {
        self.play.read().await.unwrap()
    }

    async fn watched(&self) -> ReleaseView {
        self.view().await.release.unwrap()
    }

    /// Another tool of the same company, with an edit of its own: writes the whole track.
    async fn another_tool_writes(&self, releases: Vec<Value>) {
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
    async fn with_a_draft(self) -> Self {
        let mut releases = self.releases();
        releases.push(json!({
            "name": "9.0 \u{202e}preview", "versionCodes": ["90000", "90001"], "status": "draft", "inAppUpdatePriority": 5,
            "releaseNotes": [{"language": "de-DE", "text": "Neu:\n• schöner"}, {"language": "ja-JP", "text": "新機能"}],
        }));
        self.another_tool_writes(releases).await;
        self
    }
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

fn order(target: Target) -> Order {
    Order {
        version: Version::from_code(NEW),
        target,
        in_review: InReview::Ask,
    }
}

fn at(percent: u32) -> Target {
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

#[tokio::test]
async fn a_rollout_is_read_as_the_store_holds_it() {
    let bench = Bench::new().await.with_a_draft().await;
    let view = bench.view().await;
    assert_eq!(view.previous, Some(Version::from_code(84_200)));
    assert_eq!(view.others, 1, "the draft");
    let release = view.release.unwrap();
    assert_eq!(release.version, Version::from_code(NEW));
    assert_eq!(
        (release.status, release.exposure, release.in_review),
        (Status::InProgress, Exposure::from_percent(5), false)
    );
}

/// Invariant 7, under both readings of what Play does with releases that are left out. The guards are the echo in
/// `Track::plan` and the read inside the edit.
#[tokio::test]
async fn every_verb_changes_its_own_release_and_nothing_else() {
    for strict in [false, true] {
        let bench = Bench::new().await.with_a_draft().await;
        bench.switch(json!({"strict_replacement": strict, "empty_updates": strict}));
        let (base, draft) = (bench.release(84_200), bench.release(90_000));
        let before = bench.release(NEW);
        for (target, status, fraction) in [
            (Target::Stopped, "halted", 0.05),
            (RESUME, "inProgress", 0.05),
            (at(25), "inProgress", 0.25),
            (Target::Stopped, "halted", 0.25),
            (at(50), "inProgress", 0.5),
        ] {
            assert_eq!(bench.apply(target).await, Ok(Applied::Written), "{target}");
            let mut wanted = before.clone();
            wanted["status"] = json!(status);
            wanted["userFraction"] = json!(fraction);
            assert_eq!(bench.release(NEW), wanted, "{target}");
            assert!(target.is_met_by(&bench.watched().await), "{target}");
            assert_eq!(
                bench.apply(target).await,
                Ok(Applied::AlreadySo),
                "{target}"
            );
            for (foreign, code) in [(&base, 84_200), (&draft, 90_000)] {
                assert_eq!(
                    bench.release(code).to_string(),
                    foreign.to_string(),
                    "{target}"
                );
            }
            assert_eq!(bench.releases().len(), 3);
        }
        assert_eq!(bench.apply(Target::Completed).await, Ok(Applied::Written));
        assert_eq!(bench.release(NEW)["status"], "completed");
        assert_eq!(bench.release(NEW)["releaseNotes"], before["releaseNotes"]);
        assert_eq!(bench.release(90_000).to_string(), draft.to_string());
        assert_eq!(bench.releases().len(), 2, "the old one made way for it");
        assert_eq!(bench.watched().await.status, Status::Completed);
    }
}

#[tokio::test]
async fn a_release_that_everybody_has_is_halted_and_the_one_before_it_serves() {
    let bench = Bench::new().await;
    bench.apply(Target::Completed).await.unwrap();
    assert_eq!(bench.apply(Target::Stopped).await, Ok(Applied::Written));
    let view = bench.view().await;
    let release = view.release.unwrap();
    assert_eq!(
        (release.status, release.exposure),
        (Status::Stopped, Exposure::FULL)
    );
    assert_eq!(release.version, Version::from_code(NEW));
    assert_eq!(view.previous, Some(Version::from_code(84_200)));

    let refused = bench.apply(RESUME).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Refused);
    assert_eq!(bench.apply(Target::Completed).await, Ok(Applied::Written));
    assert_eq!(bench.watched().await.status, Status::Completed);
}

#[tokio::test]
async fn a_release_that_everybody_has_and_that_is_the_first_cannot_be_halted() {
    let bench = Bench::of(FIRST).await;
    let before = bench.truth();
    let failure = bench.apply(Target::Stopped).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Ambiguous, "{failure}");
    assert!(failure.what.as_str().contains("fall back"), "{failure}");
    assert_eq!(bench.watched().await.status, Status::Completed);
    assert_eq!(bench.truth(), before);
}

#[tokio::test]
async fn an_edit_killed_in_the_middle_is_a_conflict_and_the_next_one_works() {
    for killed_before in ["GET /", "PUT /", ":validate", ":commit"] {
        let bench = Bench::new().await;
        let (world, app) = (Arc::clone(&bench.world), bench.app());
        let mut left = 1;
        let play = bench
            .behind(move |line| {
                if line.contains(killed_before) && left > 0 {
                    left -= 1;
                    world.act(&app, &ConsoleAct::Touch).unwrap();
                }
            })
            .await;
        let before = bench.truth();
        let failure = play.apply(&order(Target::Stopped)).await.unwrap_err();
        assert_eq!(
            failure.kind,
            FailureKind::Conflict,
            "{killed_before}: {failure}"
        );
        assert_eq!(bench.truth(), before, "{killed_before}");
        assert_eq!(
            play.apply(&order(Target::Stopped)).await,
            Ok(Applied::Written)
        );
    }
}

/// What a person does between any two steps stands: never is something written that rests on a state that is gone.
#[tokio::test]
async fn a_person_who_is_faster_wins() {
    for (act, target, after) in [
        (ConsoleAct::Halt, at(25), "halted"),
        (ConsoleAct::Complete, Target::Stopped, "completed"),
        (ConsoleAct::Halt, Target::Completed, "halted"),
    ] {
        for step in ["GET /", "PUT /", ":validate", ":commit"] {
            let bench = Bench::new().await;
            let (world, app, act) = (Arc::clone(&bench.world), bench.app(), act.clone());
            let mut left = 1;
            let play = bench
                .behind(move |line| {
                    if line.contains(step) && left > 0 {
                        left -= 1;
                        world.act(&app, &act).unwrap();
                    }
                })
                .await;
            let failure = play.apply(&order(target)).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Conflict, "{step}: {failure}");
            assert_eq!(bench.release(NEW)["status"], after, "{step}");
        }
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_ambiguous_applied_or_not() {
    for applied in [false, true] {
        let faults = [
            Fault::Reset { applied },
            Fault::Status {
                code: 500,
                body: None,
                retry_after: None,
                applied,
            },
        ];
        for fault in faults {
            let bench = Bench::new().await;
            bench.fault(":commit", fault.clone());
            let failure = bench.apply(Target::Stopped).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Ambiguous, "{fault:?}: {failure}");
            let status = bench.watched().await.status;
            assert_eq!(status == Status::Stopped, applied, "{fault:?}");
            let again = if applied {
                Applied::AlreadySo
            } else {
                Applied::Written
            };
            assert_eq!(bench.apply(Target::Stopped).await, Ok(again), "{fault:?}");
            let halts = bench.world.writes();
            let halts = halts.iter().filter(|write| write.became == "halted");
            assert_eq!(halts.count(), 1, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn faults_before_the_commit_change_nothing_and_leave_nothing_behind() {
    for step in [
        "POST /androidpublisher/v3/applications/com.example.shop/edits",
        "PUT /",
        ":validate",
    ] {
        for (fault, kind) in [
            (Fault::Reset { applied: false }, FailureKind::Retry),
            (Fault::Html, FailureKind::Malformed),
            (Fault::Huge { bytes: 100 << 20 }, FailureKind::Malformed),
            (
                Fault::Redirect {
                    to: "https://example.com/".into(),
                },
                FailureKind::Refused,
            ),
        ] {
            // Bodies of PUT and validate are not read: Play's own may be empty.
            if fault == Fault::Html && !step.ends_with("edits") {
                continue;
            }
            let bench = Bench::new().await;
            let before = bench.truth();
            bench.fault(step, fault.clone());
            let failure = bench.apply(Target::Stopped).await.unwrap_err();
            assert_eq!(failure.kind, kind, "{step} {fault:?}: {failure}");
            assert!(!failure.to_string().contains("127.0.0.1"), "{failure}");
            assert_eq!(bench.truth(), before);
            assert_eq!(bench.apply(Target::Stopped).await, Ok(Applied::Written));
        }
    }
}

#[tokio::test]
async fn a_read_gets_over_a_fault_by_itself() {
    for step in [
        "/releases",
        "GET /androidpublisher/v3/applications/com.example.shop/edits",
    ] {
        for fault in [
            Fault::Reset { applied: true },
            Fault::Truncated,
            Fault::Status {
                code: 503,
                body: None,
                retry_after: Some("1".into()),
                applied: false,
            },
        ] {
            let bench = Bench::new().await;
            bench.fault(step, fault.clone());
            assert_eq!(
                bench.watched().await.status,
                Status::InProgress,
                "{step} {fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_review_is_asked_about_or_cancelled_as_ordered() {
    let bench = Bench::new().await;
    let quiet = bench.play.glance().await.unwrap();
    bench.person(&ConsoleAct::StartReview);
    assert_ne!(bench.play.glance().await.unwrap(), quiet);
    assert!(bench.watched().await.in_review);

    let before = bench.truth();
    let failure = bench.apply(Target::Stopped).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InReview, "{failure}");
    assert!(
        failure.hint.as_str().contains("in_review = \"cancel\""),
        "{failure}"
    );
    assert_eq!(bench.truth(), before);
    assert_eq!(bench.truth()["reviewsCancelled"], 0);

    let cancel = Order {
        in_review: InReview::Cancel,
        ..order(Target::Stopped)
    };
    assert_eq!(bench.play.apply(&cancel).await, Ok(Applied::Written));
    assert_eq!(bench.truth()["reviewsCancelled"], 1);
    let release = bench.watched().await;
    assert_eq!(
        (release.status, release.in_review),
        (Status::Stopped, false)
    );
}

#[tokio::test]
async fn nothing_is_done_to_versions_that_are_not_out() {
    let bench = Bench::new().await.with_a_draft().await;
    let before = bench.truth();
    for (code, kind) in [(90_000, FailureKind::Refused), (7, FailureKind::NotFound)] {
        let order = Order {
            version: Version::from_code(code),
            ..order(Target::Stopped)
        };
        let failure = bench.play.apply(&order).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(!failure.hint.is_empty());
    }
    assert_eq!(bench.truth(), before);
}

#[tokio::test]
async fn what_differs_between_accounts_is_told_by_its_own_name() {
    for (switches, kind, words) in [
        (
            json!({"no_right": true}),
            FailureKind::Rights,
            "Release to production",
        ),
        (json!({"api_off": true}), FailureKind::Rights, "enable it"),
        (json!({"draft_app": true}), FailureKind::Refused, "draft"),
        (
            json!({"review_by_hand": true}),
            FailureKind::Refused,
            "by hand",
        ),
        (json!({"edit_seconds": 0}), FailureKind::Conflict, "expired"),
    ] {
        let bench = Bench::new().await;
        let before = bench.truth();
        bench.switch(switches.clone());
        let failure = bench.apply(Target::Stopped).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{switches}: {failure}");
        assert!(failure.to_string().contains(words), "{switches}: {failure}");
        assert_eq!(bench.truth(), before);
    }
}

#[tokio::test]
async fn tokens_are_renewed_as_time_goes_by() {
    let bench = Bench::new().await;
    for hour in 1..6 {
        // A token that was good a moment ago is in its last minute, or over.
        let now = bench.clock.now();
        let step = TimeDelta::minutes(60) - TimeDelta::seconds(30) * (hour % 3);
        bench.clock.advance_to(now + step);
        assert_eq!(bench.watched().await.status, Status::InProgress, "{hour}");
    }
}

/// The release that it replaces is left halted on the track, and Play takes one halted release a track only.
#[tokio::test]
async fn a_new_release_is_noticed_watched_and_halted_beside_the_old_one() {
    let bench = Bench::new().await;
    let before = bench.play.glance().await.unwrap();
    bench.person(&ConsoleAct::NewRelease { to: None });
    assert_ne!(bench.play.glance().await.unwrap(), before);
    let release = bench.watched().await;
    assert_eq!(release.version, Version::from_code(84_400));
    assert_eq!(release.exposure, Exposure::from_percent(1));

    let old = bench.release(NEW);
    assert_eq!(old["status"], "halted");
    let halt = Order {
        version: release.version,
        ..order(Target::Stopped)
    };
    assert_eq!(bench.play.apply(&halt).await, Ok(Applied::Written));
    assert_eq!(bench.watched().await.status, Status::Stopped);
    assert_eq!(bench.release(NEW).to_string(), old.to_string());
}

#[tokio::test]
async fn going_on_with_a_release_never_halts_another_one() {
    let bench = Bench::new().await;
    bench.person(&ConsoleAct::NewRelease { to: None });
    let before = bench.truth();
    let failure = bench.apply(RESUME).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
    assert!(failure.what.as_str().contains("84400"), "{failure}");
    assert_eq!(bench.truth(), before);
}

#[tokio::test]
async fn doctor_finds_everything_in_order() {
    let bench = Bench::new().await;
    let before = bench.truth();
    for check in bench.play.access().await {
        assert_eq!(check.result, Ok(()), "{}", check.right);
    }
    assert_eq!(bench.truth(), before);
}
