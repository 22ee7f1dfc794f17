//! The fake API against what the vendor documents and what was measured of it.

use serde_json::{Value, json};

use super::civil::Period;
use super::measure::rounded;
use super::*;
use crate::ports::{Clock, SimClock};
use crate::simulator::Scenario;
use crate::simulator::traffic::users;

const WORLD: &str = r#"
description = "Two versions"
[[app]]
id = "shop"
name = "Shop"
store = "google-play"
package = "com.example.shop"
sessions_per_day = 90_000
lag = "0s"
[[app.version]]
name = "1.0"
build = "100"
role = "baseline"
crash = "0.1%"
[[app.version]]
name = "1.1"
build = "110"
role = "new"
started = "-9d"
exposure = "10%"
crash = "2%"
[[app.issue]]
title = "NullPointerException: x"
place = "A.b"
kind = "new"
[[app.issue]]
title = "OutOfMemoryError: y"
place = "C.d"
kind = "recurring"
"#;

fn reporting(server: Server) -> (Reporting, Arc<SimClock>) {
    let scenario = Scenario::parse("test", WORLD).unwrap();
    let clock = Arc::new(SimClock::starting_at(scenario.start));
    let world = World::new(scenario, 1, clock.clone());
    let reporting = Reporting {
        server,
        world,
        window: Mutex::default(),
    };
    (reporting, clock)
}

fn app(reporting: &Reporting) -> &AppPlan {
    reporting.app("com.example.shop").unwrap()
}

fn ask(reporting: &Reporting, set: Set, body: &Value) -> Result<Value, Value> {
    let answer = query::answer(reporting, app(reporting), set, &body.to_string());
    answer.map_err(|refusal| json!({ "message": format!("{refusal:?}") }))
}

fn days(from: u32, to: u32, more: &Value) -> Value {
    let day = |day: u32| json!({"year": 2026, "month": 2, "day": day});
    let mut body = json!({
        "timelineSpec": {"aggregationPeriod": "DAILY", "startTime": day(from), "endTime": day(to)},
        "dimensions": ["versionCode"],
        "metrics": ["userPerceivedCrashRate", "distinctUsers"],
    });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[test]
fn days_are_as_late_as_they_were_measured() {
    let (reporting, clock) = reporting(Server::default());
    let app = app(&reporting);
    let mut lags = Vec::new();
    let mut before = freshness::end(&reporting, app, Period::Daily);
    for _ in 0..24 * 400 {
        clock.advance_to(clock.now() + TimeDelta::hours(1));
        let end = freshness::end(&reporting, app, Period::Daily);
        assert!(end >= before, "it never goes back");
        if end > before {
            lags.push((clock.now() - end).num_hours());
        }
        before = end;
        let hour = freshness::end(&reporting, app, Period::Hourly);
        let age = clock.now() - hour;
        assert!(
            age >= TimeDelta::hours(2) && age <= TimeDelta::hours(5),
            "{age}"
        );
    }
    lags.sort_unstable();
    assert!(lags[0] >= 25 && lags[lags.len() - 1] <= 125, "{lags:?}");
    let median = lags[lags.len() / 2];
    assert!((26..=30).contains(&median), "{median}");
}

#[test]
fn users_are_rounded_by_their_magnitude() {
    for (told, true_) in [
        (0, 4),
        (10, 5),
        (990, 994),
        (1_000, 999),
        (1_200, 1_249),
        (12_000, 11_500),
        (3_000_000, 3_000_400),
        (10_000_000, 10_400_000),
    ] {
        assert_eq!(rounded(true_), told, "{true_}");
    }
}

#[test]
fn rows_are_the_worlds_days_of_california() {
    let (reporting, _) = reporting(Server::default());
    let told = ask(&reporting, Set::Crash, &days(25, 27, &json!({}))).unwrap();
    let rows = told["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let build = row["dimensions"][0]["int64Value"].as_str().unwrap();
        let day = row["startTime"]["day"].as_u64().unwrap();
        let from: Timestamp = format!("2026-02-{day}T08:00:00Z").parse().unwrap();
        let to = from + TimeDelta::days(1);
        let cells = reporting.world.cells(&app(&reporting).id, build, from, to);
        let all = users(cells.iter().map(|cell| cell.sessions).sum(), to - from);
        let value = |n: usize| row["metrics"][n]["decimalValue"]["value"].as_str().unwrap();
        assert_eq!(value(1), rounded(all).to_string());
        let rate: f64 = value(0).parse().unwrap();
        let usual = if build == "100" { 0.003 } else { 0.06 };
        assert!(rate > usual / 3.0 && rate < usual * 1.5, "{build}: {rate}");
    }
    let only = days(
        25,
        27,
        &json!({"filter": "versionCode = 110", "dimensions": []}),
    );
    let told = ask(&reporting, Set::Crash, &only).unwrap();
    assert_eq!(told["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn questions_that_google_refuses_are_refused() {
    let (reporting, _) = reporting(Server::default());
    for (set, body, words) in [
        (
            Set::Crash,
            days(25, 28, &json!({"surplus": 1})),
            "unknown field",
        ),
        (
            Set::Crash,
            days(25, 28, &json!({"metrics": ["slowStartRate"]})),
            "do not match any possible combination",
        ),
        (
            Set::Crash,
            days(25, 28, &json!({"dimensions": ["startType"]})),
            "do not match any possible combination",
        ),
        (
            Set::SlowStart,
            days(25, 27, &json!({"metrics": ["slowStartRate"]})),
            "do not match any possible combination",
        ),
        (
            Set::ErrorCount,
            days(
                25,
                27,
                &json!({"metrics": ["distinctUsers"], "dimensions": ["reportType"], "userCohort": "OS_PUBLIC"}),
            ),
            "Unknown name",
        ),
        (Set::Crash, days(27, 25, &json!({})), "must be before"),
        (
            Set::Crash,
            days(25, 26, &json!({"filter": "versionCode > 1"})),
            "Invalid filter",
        ),
        (
            Set::Crash,
            days(25, 26, &json!({"pageToken": "5-abc"})),
            "Invalid page token",
        ),
    ] {
        let refused = ask(&reporting, set, &body).unwrap_err();
        assert!(
            refused["message"].as_str().unwrap().contains(words),
            "{body}: {refused}"
        );
    }
    let mut late = days(25, 26, &json!({}));
    late["timelineSpec"]["endTime"] = json!({"year": 2026, "month": 3, "day": 2});
    let refused = ask(&reporting, Set::Crash, &late).unwrap_err();
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("should be before the current freshness")
    );
    let mut other = days(25, 26, &json!({}));
    other["timelineSpec"]["startTime"]["timeZone"] = json!({"id": "Europe/Berlin"});
    assert!(ask(&reporting, Set::Crash, &other).is_err());
    let mut hourly = days(
        25,
        26,
        &json!({"metrics": ["slowStartRate"], "dimensions": ["startType"]}),
    );
    hourly["timelineSpec"]["aggregationPeriod"] = json!("HOURLY");
    assert!(ask(&reporting, Set::SlowStart, &hourly).is_err());
}

#[test]
fn pages_lead_through_all_rows_and_belong_to_one_question() {
    let (reporting, _) = reporting(Server::default());
    let whole = ask(&reporting, Set::Crash, &days(20, 27, &json!({}))).unwrap();
    let mut body = days(20, 27, &json!({"pageSize": 3}));
    let mut rows = Vec::new();
    loop {
        let page = ask(&reporting, Set::Crash, &body).unwrap();
        rows.extend(page["rows"].as_array().unwrap().clone());
        match page["nextPageToken"].as_str() {
            Some(token) => body["pageToken"] = json!(token),
            None => break,
        }
        let other = days(
            21,
            27,
            &json!({"pageSize": 3, "pageToken": body["pageToken"]}),
        );
        assert!(ask(&reporting, Set::Crash, &other).is_err());
    }
    assert_eq!(Value::from(rows), whole["rows"]);
}

#[test]
fn the_first_version_of_an_issue_is_that_of_the_question() {
    let (reporting, _) = reporting(Server::default());
    let ask = |filter: &str| {
        let pairs = vec![
            ("interval.startTime.year".to_owned(), "2026".to_owned()),
            ("interval.startTime.month".to_owned(), "2".to_owned()),
            ("interval.startTime.day".to_owned(), "10".to_owned()),
            ("interval.endTime.year".to_owned(), "2026".to_owned()),
            ("interval.endTime.month".to_owned(), "3".to_owned()),
            ("interval.endTime.day".to_owned(), "2".to_owned()),
            ("filter".to_owned(), filter.to_owned()),
            ("orderBy".to_owned(), "distinctUsers desc".to_owned()),
        ];
        let told = errors::issues(&reporting, app(&reporting), &pairs).unwrap();
        let told = told["errorIssues"].as_array().unwrap().iter();
        let short = told.map(|it| {
            format!(
                "{} {}",
                it["cause"].as_str().unwrap(),
                it["firstAppVersion"]["versionCode"].as_str().unwrap()
            )
        });
        short.collect::<Vec<_>>()
    };
    let of_new = ask("versionCode = 110 AND (errorIssueType = CRASH OR errorIssueType = ANR)");
    assert_eq!(of_new, ["NullPointerException 110", "OutOfMemoryError 110"]);
    let mut of_all = ask("errorIssueType = CRASH");
    of_all.sort_unstable();
    assert_eq!(of_all, ["NullPointerException 110", "OutOfMemoryError 100"]);
}

#[test]
fn what_is_unusual_is_the_new_version() {
    let (reporting, _) = reporting(Server::default());
    let list = |filter: &str| {
        let pairs = vec![("filter".to_owned(), filter.to_owned())];
        anomalies::list(&reporting, app(&reporting), &pairs)
    };
    let told = list("activeBetween(\"2026-02-20T00:00:00Z\", UNBOUNDED)").unwrap();
    let found = told["anomalies"].as_array().unwrap();
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|it| it["dimensions"][0]["int64Value"] == "110")
    );
    let told = list("activeBetween(UNBOUNDED, \"2026-01-01T00:00:00Z\")").unwrap();
    assert_eq!(told, json!({}));
    assert!(list("activeBetween(soon, later)").is_err());
}

#[test]
fn the_quota_is_counted_by_the_minute() {
    let (reporting, clock) = reporting(Server {
        limit: (2, TimeDelta::minutes(1)),
        ..Server::default()
    });
    let taken: Vec<bool> = (0..3).map(|_| reporting.count().is_ok()).collect();
    assert_eq!(taken, [true, true, false]);
    clock.advance_to(clock.now() + TimeDelta::minutes(1));
    assert!(reporting.count().is_ok());
}

#[tokio::test]
async fn nobody_is_let_in_without_a_token() {
    let keys = Arc::new(Keys::generate(1).unwrap());
    let (reporting, _) = reporting(Server::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = router(reporting.world, keys);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let path = "v1beta1/apps/com.example.shop/crashRateMetricSet";
    let answer = client
        .get(format!("{base}/{path}"))
        .bearer_auth("no")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["status"], "UNAUTHENTICATED");
}
