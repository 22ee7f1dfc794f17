//! Against the fake Bugsnag, and against servers that answer as a test says.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::domain::{AppId, Counts, FailureKind, Metric, Reading, Recurrence, Timestamp, Version};
use crate::http::Limits;
use crate::http::testing::{Reply, Seen, Server, reply};
use crate::ports::SimClock;
use crate::simulator::fault::Vendor;
use crate::simulator::{Keys, Scenario, World, bugsnag as fake};

/// Made once: key pairs take their time.
static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::generate(1).unwrap()));

const SCENARIO: &str = r#"
description = "A build that is a day old"
[[app]]
id = "shop"
name = "Shop"
store = "google-play"
package = "com.example.shop"
sessions_per_day = 400_000
lag = "0s"
[[app.version]]
name = "8.42.0"
build = "84200"
role = "baseline"
crash = "0.05%"
abnormal = "0.03%"
[[app.version]]
name = "8.43.0"
build = "84300"
role = "new"
started = "-1d"
exposure = "5%"
crash = "2%"
abnormal = "1%"
[[app.issue]]
title = "NullPointerException: cart\u001b[31m is null"
place = "CartViewModel.total"
kind = "new"
[[app.issue]]
title = "OutOfMemoryError"
place = "ImageDecoder.decode"
kind = "recurring"
"#;

struct Scene {
    world: Arc<World>,
    clock: Arc<SimClock>,
    base: String,
    bugsnag: Bugsnag,
    asked: Arc<AtomicUsize>,
}

fn adapter(base: &str, project: &str, clock: Arc<SimClock>) -> Bugsnag {
    let settings = Settings {
        id: SourceId("bugsnag".into()),
        project: project.into(),
        stage: "production".into(),
    };
    let client = Client::new(Limits::default()).unwrap();
    let token = KEYS.token(Vendor::Bugsnag).into();
    Bugsnag::new(
        settings,
        client,
        BaseUrl::parse(base).unwrap(),
        &token,
        clock,
    )
}

impl Scene {
    async fn of(server: fake::Server) -> Self {
        let scenario = Scenario::parse("test", SCENARIO).unwrap();
        let clock = Arc::new(SimClock::starting_at(
            scenario.start + TimeDelta::minutes(2),
        ));
        let world = World::new(scenario, 1, clock.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let count = from_fn(move |request: Request, next: Next| {
            counter.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        });
        let router = fake::router_of(server, world.clone(), KEYS.clone()).layer(count);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let bugsnag = adapter(&base, &fake::project_of("shop"), clock.clone());
        Self {
            world,
            clock,
            base,
            bugsnag,
            asked,
        }
    }

    /// Requests since the last time that this was asked.
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    fn query(&self) -> HealthQuery {
        query(self.clock.now())
    }

    async fn poll(&self) -> SourceReport {
        self.bugsnag.poll(&self.query()).await.unwrap()
    }

    fn pass(&self, time: TimeDelta) {
        self.clock.advance_to(self.clock.now() + time);
    }

    /// Sessions of a build, and those with anything unhandled.
    fn truth(&self, build: &str, from: Timestamp, to: Timestamp) -> Counts {
        let app = AppId::try_from("shop".to_owned()).unwrap();
        let cells = self.world.cells(&app, build, from, to);
        cells
            .iter()
            .map(|cell| Counts {
                trials: cell.sessions,
                failures: cell.crashed.total() + cell.abnormal.total(),
            })
            .sum()
    }
}

fn query(now: Timestamp) -> HealthQuery {
    HealthQuery {
        version: Version::from_code(84300),
        also: Vec::new(),
        baseline: Some(Version::from_code(84200)),
        since: None,
        past: false,
        now,
    }
}

fn of<'a>(report: &'a SourceReport, version: &str) -> &'a Reading {
    let mut own = report.readings.iter().filter(|it| it.version == version);
    own.next().unwrap()
}

fn notes(report: &SourceReport) -> String {
    let notes: Vec<&str> = report.notes.iter().map(PlainText::as_str).collect();
    notes.join("\n")
}

#[tokio::test]
async fn windows_are_what_comes_to_the_sums() {
    let scene = Scene::of(fake::Server::default()).await;
    let begun = scene.clock.now();
    let first = scene.poll().await;
    let ever = begun - TimeDelta::days(40);
    let ours = first.readings.iter().all(|it| it.version == "84300");
    assert!(ours, "of the baseline nobody knows since when");
    assert_eq!(first.readings.len(), 2);
    assert_eq!(first.readings[0].counts, first.readings[1].counts);
    assert_eq!(
        of(&first, "84300").counts,
        scene.truth("84300", ever, begun)
    );
    assert_eq!(first.first_session, Some(of(&first, "84300").start));
    assert_eq!(first.past_from, first.first_session);
    assert_eq!(first.version_name.as_ref().unwrap().as_str(), "8.43.0");
    let shares: Vec<(&str, Option<&str>)> = first
        .shares
        .iter()
        .map(|it| (it.label.as_str(), it.version.as_deref()))
        .collect();
    assert_eq!(
        shares,
        [
            ("8.42.0 (84200)", Some("84200")),
            ("8.43.0 (84300)", Some("84300"))
        ]
    );
    // Builds, both lists of errors, and once where the project is in the browser.
    assert_eq!(scene.asked(), 4);

    let mut kept: Vec<Reading> = Vec::new();
    for _ in 0..13 {
        scene.pass(TimeDelta::minutes(1));
        let report = scene.poll().await;
        assert_eq!(report.read_through, Some(scene.clock.now()));
        let crashes = |it: &Reading| it.metric == Metric::CrashFreeSessions;
        for reading in report.readings.into_iter().filter(crashes) {
            kept.retain(|it| (&it.version, it.start) != (&reading.version, reading.start));
            kept.push(reading);
        }
    }
    assert_eq!(scene.asked(), 13 * 3);
    for version in ["84300", "84200"] {
        let own = || kept.iter().filter(|it| it.version == version);
        let sum: Counts = own().map(|it| it.counts).sum();
        assert_eq!(
            sum,
            scene.truth(version, begun, scene.clock.now()),
            "{version}"
        );
        let windows: Vec<(i64, u32)> = own()
            .map(|it| ((it.start - begun).num_minutes(), it.seconds))
            .collect();
        assert_eq!(windows, [(0, 300), (5, 300), (10, 180)]);
    }
}

#[tokio::test]
async fn a_restart_goes_on_where_the_last_process_was() {
    let scene = Scene::of(fake::Server::default()).await;
    scene.poll().await;
    scene.pass(TimeDelta::minutes(7));
    let begun = scene.clock.now();
    let last = scene.poll().await;
    let again = adapter(&scene.base, &fake::project_of("shop"), scene.clock.clone());
    again.resume(&last);
    scene.pass(TimeDelta::hours(3));
    let report = again.poll(&scene.query()).await.unwrap();
    for version in ["84300", "84200"] {
        let reading = of(&report, version);
        assert_eq!(reading.start, begun);
        let truth = scene.truth(version, begun, scene.clock.now());
        assert_eq!(reading.counts, truth);
    }
}

#[tokio::test]
async fn top_errors_are_new_or_were_there_before_and_can_be_looked_at() {
    let scene = Scene::of(fake::Server::default()).await;
    let report = scene.poll().await;
    let told: Vec<(&str, Recurrence)> = report
        .issues
        .iter()
        .map(|it| (it.title.as_str(), it.recurrence))
        .collect();
    assert_eq!(
        told,
        [
            ("NullPointerException: cart[31m is null", Recurrence::New),
            ("OutOfMemoryError", Recurrence::Recurring)
        ]
    );
    let issue = &report.issues[0];
    assert_eq!(issue.place.as_str(), "CartViewModel.total");
    assert!(issue.users > 0 && issue.users <= issue.events && issue.first_seen.is_some());
    let link = issue.link.as_ref().unwrap().as_str();
    assert!(
        link.starts_with("https://app.bugsnag.com/acme/shop/errors/59ad"),
        "{link}"
    );
    let detail = scene
        .bugsnag
        .issue(&IssueQuery {
            id: issue.id.clone(),
            version: Version::from_code(84300),
            also: Vec::new(),
            now: scene.clock.now(),
        })
        .await
        .unwrap();
    assert_eq!(detail.title, issue.title);
    assert!(
        detail.stack[0].as_str().starts_with("CartViewModel.total"),
        "{detail:?}"
    );
    assert!(
        detail.stack[0].as_str().ends_with("(Shop.kt:7)"),
        "{detail:?}"
    );
    assert!(detail.last_seen.is_some());
}

#[tokio::test]
async fn a_version_that_nobody_runs_is_said_to_be_unknown() {
    let scene = Scene::of(fake::Server::default()).await;
    let mut query = scene.query();
    query.version = Version::from_code(85000);
    let report = scene.bugsnag.poll(&query).await.unwrap();
    assert!(report.readings.is_empty() && report.first_session.is_none());
    assert!(notes(&report).contains(
        "Bugsnag has no build 85000 in the stage production; the newest are 8.43.0 (84300), 8.42.0 (84200)"
    ));
    assert_eq!(scene.asked(), 1);
}

#[tokio::test]
async fn a_used_up_limit_is_waited_for() {
    let scene = Scene::of(fake::Server {
        limit: 3,
        ..fake::Server::default()
    })
    .await;
    let report = scene.poll().await;
    assert_eq!(report.readings.len(), 2);
    assert!(notes(&report).contains("no top errors: Bugsnag's rate limit is used up"));
    assert_eq!(scene.asked(), 3, "none after the last that was left");
    let failure = scene.bugsnag.poll(&scene.query()).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.retry_after),
        (FailureKind::Quota, Some(60))
    );
    assert_eq!(scene.asked(), 0);
    scene.pass(TimeDelta::minutes(1));
    scene.poll().await;
}

#[tokio::test]
async fn doctor_asks_for_what_polls_ask_for() {
    let scene = Scene::of(fake::Server::default()).await;
    assert!(
        scene
            .bugsnag
            .access()
            .await
            .iter()
            .all(|it| it.result.is_ok())
    );
    let stranger = adapter(&scene.base, "515fb9337c1074f6fd000003", scene.clock.clone());
    let checks = stranger.access().await;
    let failure = checks[0].result.as_ref().unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert_eq!(
        failure.what.as_str(),
        "Bugsnag answered 404: Project not found"
    );
}

fn start() -> Timestamp {
    "2026-11-20T10:32:00Z".parse().unwrap()
}

async fn against(answer: impl FnMut(&Seen) -> Reply + Send + 'static) -> (Server, Bugsnag) {
    let server = Server::start(answer).await;
    let clock = Arc::new(SimClock::starting_at(start()));
    let bugsnag = adapter(&server.base, "p", clock);
    (server, bugsnag)
}

fn build(n: u64, code: &str) -> Value {
    json!({"id": format!("r{n}"), "release_time": "2026-11-20T09:00:00+00:00", "app_version": "8.43.0",
        "app_version_code": code, "app_bundle_version": "", "total_sessions_count": 10 + n,
        "unhandled_sessions_count": "1", "sessions_count_in_last_24h": null})
}

#[tokio::test]
async fn pages_are_followed_on_this_base_and_as_far_as_they_are_wanted() {
    let pages = |seen: &Seen| {
        let target = seen.target.as_str();
        if target.contains("/errors?") {
            return reply(200, json!([]));
        }
        if target == "/projects/p" || target == "/projects/p/releases/r3" {
            return reply(200, build(3, "84200"));
        }
        let page = target
            .split_once("offset=")
            .map_or(0, |(_, n)| n.parse::<u64>().unwrap());
        let code = ["84300", "84299", "84298", "84200", "84100", "84000"][page as usize];
        let next = format!(
            "<https://evil.example.com/projects/p/releases?offset={}>; rel=\"next\"",
            page + 1
        );
        reply(200, json!([build(page, code)])).header("link", next)
    };
    let (server, bugsnag) = against(pages).await;
    let report = bugsnag.poll(&query(start())).await.unwrap();
    assert_eq!(
        of(&report, "84300").counts,
        Counts {
            trials: 10,
            failures: 1
        }
    );
    let lines = server.lines();
    assert_eq!(
        lines[0],
        "GET /projects/p/releases?release_stage=production&per_page=10"
    );
    assert_eq!(lines[3], "GET /projects/p/releases?offset=3", "{lines:?}");
    assert_eq!(lines.len(), 7, "{lines:?}");
    assert_eq!(
        lines[5],
        "GET /projects/p/errors?sort=users&direction=desc&per_page=25\
         &filters%5Bapp.release_stage%5D%5B%5D%5Btype%5D=eq&filters%5Bapp.release_stage%5D%5B%5D%5Bvalue%5D=production\
         &filters%5Bevent.severity%5D%5B%5D%5Btype%5D=eq&filters%5Bevent.severity%5D%5B%5D%5Bvalue%5D=error\
         &filters%5Bversion_code.seen_in%5D%5B%5D%5Btype%5D=eq&filters%5Bversion_code.seen_in%5D%5B%5D%5Bvalue%5D=84300"
    );
    // The baseline is known by its id now.
    bugsnag.poll(&query(start())).await.unwrap();
    let again = server.lines().split_off(7);
    assert_eq!(again[1], "GET /projects/p/releases/r3");
    assert_eq!(again.len(), 4, "{again:?}");
    assert!(notes(&report).contains("adoption is among the newest builds"));
}

#[tokio::test]
async fn a_plan_without_sessions_says_so() {
    let (_server, bugsnag) = against(|seen| {
        if seen.target.contains("/releases?") {
            let mut build = build(1, "84300");
            build["total_sessions_count"] = Value::Null;
            return reply(200, json!([build]));
        }
        reply(200, json!([]))
    })
    .await;
    let report = bugsnag.poll(&query(start())).await.unwrap();
    assert!(report.readings.is_empty());
    assert!(notes(&report).contains("Bugsnag gives no counts of sessions"));
}

#[tokio::test]
async fn refusals_say_what_to_do_and_nothing_secret() {
    let token = KEYS.token(Vendor::Bugsnag);
    for (status, body, kind) in [
        (
            401,
            json!({"errors": [format!("{token} is unknown")]}).to_string(),
            FailureKind::Credentials,
        ),
        (
            403,
            json!({"errors": ["Insufficient organization feature"]}).to_string(),
            FailureKind::Rights,
        ),
        (404, String::new(), FailureKind::NotFound),
        (
            422,
            json!({"errors": ["Unable to return complete results"], "code": 60000}).to_string(),
            FailureKind::Refused,
        ),
        (503, "<html>".into(), FailureKind::Retry),
        (200, "<html>sign in</html>".into(), FailureKind::Malformed),
        (200, "[{\"id\": 5}]".into(), FailureKind::Malformed),
    ] {
        let (_server, bugsnag) = against(move |_| reply(status, &body)).await;
        let failure = bugsnag.poll(&query(start())).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert_eq!(failure.place.as_str(), "GET /projects/p/releases");
        let told = format!("{failure:?}");
        assert!(
            !told.contains(&token) && !told.contains("127.0.0.1"),
            "{told}"
        );
    }
    for (named, wait) in [(Some("7"), 7), (None, 60)] {
        let (server, bugsnag) = against(move |_| {
            let refusal = reply(429, "");
            named.map_or(refusal.clone(), |wait| refusal.header("retry-after", wait))
        })
        .await;
        for _ in 0..2 {
            let failure = bugsnag.poll(&query(start())).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.retry_after),
                (FailureKind::Quota, Some(wait))
            );
        }
        assert_eq!(server.seen().len(), 1);
        let seen = server.seen();
        assert_eq!(
            seen[0].authorization.as_deref(),
            Some(format!("token {token}").as_str())
        );
    }
}
