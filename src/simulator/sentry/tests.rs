//! The fake Sentry as any client sees it: what the vendor's reference documents, and nothing haltline needs in particular.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::ports::{Clock, SimClock};
use crate::simulator::Scenario;

/// Made once: key pairs take their time.
static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::generate(1).unwrap()));

struct Scene {
    base: String,
    token: String,
    clock: Arc<SimClock>,
    world: Arc<World>,
}

struct Got {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Scene {
    async fn of(server: Server) -> Self {
        let scenario = Scenario::parse("test", include_str!("tests/world.toml")).unwrap();
        let clock = Arc::new(SimClock::starting_at(scenario.start));
        let world = World::new(scenario, 1, clock.clone());
        clock.advance_to(clock.now() + TimeDelta::minutes(62));
        let keys = KEYS.clone();
        let token = keys.sentry_token.clone();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = router_of(server, world.clone(), keys);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            base,
            token,
            clock,
            world,
        }
    }

    async fn get(&self, path_and_query: &str) -> Got {
        self.get_as(path_and_query, Some(&self.token)).await
    }

    async fn get_as(&self, path_and_query: &str, token: Option<&str>) -> Got {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let mut request = client.get(format!("{}/api/0{path_and_query}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        Got {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null),
        }
    }

    async fn sessions(&self, query: &str) -> Got {
        self.get(&format!("/organizations/acme/sessions/?{query}"))
            .await
    }

    async fn issues(&self, query: &str) -> Got {
        self.get(&format!("/organizations/acme/issues/?{query}"))
            .await
    }
}

#[tokio::test]
async fn refusals_are_in_the_vendors_words() {
    let scene = Scene::of(Server::default()).await;
    for (query, detail) in [
        ("statsPeriod=1d", "Request is missing a \"field\""),
        ("field=sum(sessions)", "Invalid field: \"sum(sessions)\""),
        ("field=sum(session)&groupBy=os", "Invalid groupBy: \"os\""),
        (
            "field=crash_rate(session)&groupBy=session.status",
            "Cannot group field crash_rate(session) by session.status",
        ),
        (
            "field=sum(session)&statsPeriod=1d&orderBy=count_unique(user)",
            "'orderBy' must be one of the provided 'fields'",
        ),
        (
            "field=sum(session)&statsPeriod=1d&orderBy=sum(session)&orderBy=sum(session)",
            "Cannot order by multiple fields",
        ),
        (
            "field=sum(session)&statsPeriod=1d&orderBy=sum(session)&groupBy=session.status",
            "Cannot use 'orderBy' when grouping by sessions.status",
        ),
        (
            "field=sum(session)&statsPeriod=1d&query=release:com.example.shop@*",
            "Invalid condition: wildcard search is not supported",
        ),
        (
            "field=count_unique(user)&statsPeriod=1d&query=session.status:[crashed,abnormal]",
            "Cannot filter count_unique by multiple session.status unless it is in groupBy",
        ),
        (
            "field=crash_free_rate(user)&statsPeriod=1d&query=session.status:crashed",
            "Cannot filter field crash_free_rate(user) by session.status",
        ),
        (
            "field=sum(session)&statsPeriod=1d&interval=5s",
            "The interval has to be a multiple of the minimum interval of ten seconds.",
        ),
        (
            "field=sum(session)&statsPeriod=1d&interval=50m",
            "The interval should divide one day without a remainder.",
        ),
        (
            "field=sum(session)&statsPeriod=1d&interval=2d",
            "The interval has to be less than one day.",
        ),
        (
            "field=sum(session)&statsPeriod=14d&interval=5m",
            "Your interval and date range would create too many results. Use a larger interval, or a smaller date range.",
        ),
        (
            "field=sum(session)&statsPeriod=1y",
            "Invalid statsPeriod: \"1y\"",
        ),
        (
            "field=sum(session)&statsPeriod=1d&cursor=x",
            "Invalid cursor parameter.",
        ),
    ] {
        let got = scene.sessions(query).await;
        assert_eq!(
            (got.status, &got.body),
            (400, &json!({ "detail": detail })),
            "{query}"
        );
    }
}

#[tokio::test]
async fn an_older_server_knows_less() {
    let scene = Scene::of(Server {
        older: true,
        anr: false,
        ..Server::default()
    })
    .await;
    for (query, detail) in [
        (
            "field=sum(session)&interval=5m&statsPeriod=1d",
            "The interval has to be a multiple of the minimum interval of one hour.",
        ),
        (
            "field=anr_rate()",
            "This organization does not have the ANR rate feature",
        ),
        (
            "field=unhandled_rate(user)",
            "Invalid field: \"unhandled_rate(user)\"",
        ),
        (
            "field=sum(session)&statsPeriod=1d&project=shop-android",
            "Invalid project parameter. Values must be numbers.",
        ),
    ] {
        let got = scene.sessions(query).await;
        assert_eq!(
            (got.status, &got.body),
            (400, &json!({ "detail": detail })),
            "{query}"
        );
    }
    let got = scene
        .sessions("field=sum(session)&statsPeriod=1d&groupBy=session.status&project=4505001")
        .await;
    let groups = got.body["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 4, "no `unhandled`");
}

#[tokio::test]
async fn tokens_scopes_and_places() {
    let scene = Scene::of(Server {
        scopes: vec!["event:read"],
        ..Server::default()
    })
    .await;
    let sessions = "/organizations/acme/sessions/?field=sum(session)&statsPeriod=1d";
    for (path, token, status, detail) in [
        (
            sessions,
            None,
            401,
            "Authentication credentials were not provided.",
        ),
        (sessions, Some("sntrys_x"), 401, "Invalid token"),
        (
            sessions,
            Some(scene.token.as_str()),
            403,
            "You do not have permission to perform this action.",
        ),
        (
            "/organizations/other/issues/",
            Some(scene.token.as_str()),
            404,
            "The requested resource does not exist",
        ),
        (
            "/organizations/acme/teapots/",
            Some(scene.token.as_str()),
            404,
            "The requested resource does not exist",
        ),
        (
            "/organizations/acme/issues/?project=no-such",
            Some(scene.token.as_str()),
            403,
            "You do not have permission to perform this action.",
        ),
    ] {
        let got = scene.get_as(path, token).await;
        assert_eq!(
            (got.status, &got.body),
            (status, &json!({ "detail": detail })),
            "{path}"
        );
    }
    assert_eq!(scene.issues("").await.status, 200);
    let got = scene
        .get("/organizations/acme/sessions?field=sum(session)")
        .await;
    assert!(
        (300..400).contains(&got.status),
        "the slash at the end matters"
    );
}

#[tokio::test]
async fn groups_intervals_and_totals_agree() {
    let scene = Scene::of(Server::default()).await;
    let got = scene
        .sessions(
            "field=sum(session)&statsPeriod=6h&interval=1h&project=shop-android&groupBy=release&groupBy=session.status",
        )
        .await;
    let body = &got.body;
    let intervals = body["intervals"].as_array().unwrap();
    assert_eq!(
        (&body["start"], &intervals[0]),
        (&json!("2026-03-02T03:00:00Z"), &body["start"])
    );
    assert_eq!(
        body["end"], "2026-03-02T10:00:00Z",
        "rounded up, into the future"
    );
    assert_eq!(intervals.len(), 7);
    let groups = body["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2 * 5);
    let mut all = 0;
    for group in groups {
        let series = group["series"]["sum(session)"].as_array().unwrap();
        let sum: u64 = series.iter().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(group["totals"]["sum(session)"].as_u64().unwrap(), sum);
        all += sum;
    }
    let app = &scene.world.apps()[0].id;
    let from = body["start"].as_str().unwrap().parse().unwrap();
    let truth = ["84200", "84300"].map(|build| {
        let cells = scene.world.cells(app, build, from, scene.clock.now());
        cells.iter().map(|c| c.sessions).sum::<u64>()
    });
    assert_eq!(all, truth.iter().sum::<u64>());
    assert_eq!(
        groups[0]["by"]["release"], "com.example.shop@8.42.0+84200",
        "most sessions first"
    );
}

#[tokio::test]
async fn releases_are_chosen_by_exact_name_one_or_several() {
    let scene = Scene::of(Server::default()).await;
    let base = "field=sum(session)&field=crash_free_rate(session)&statsPeriod=24h&project=4505001&groupBy=release&includeSeries=0";
    for (query, groups) in [
        ("", 2),
        ("release:\"com.example.shop@8.43.0%2B84300\"", 1),
        ("release:com.example.shop@8.43.0%2B84300", 1),
        (
            "release:[\"com.example.shop@8.43.0%2B84300\",com.example.shop@8.42.0%2B84200]",
            2,
        ),
        ("release:\"com.example.shop@9.0.0%2B1\"", 0),
    ] {
        let got = scene.sessions(&format!("{base}&query={query}")).await;
        assert_eq!(got.status, 200, "{query}: {}", got.body);
        let found = got.body["groups"].as_array().unwrap();
        assert_eq!(found.len(), groups, "{query}");
        assert!(found.iter().all(|group| group.get("series").is_none()));
        let rates = found
            .iter()
            .map(|g| g["totals"]["crash_free_rate(session)"].as_f64().unwrap());
        assert!(
            rates.into_iter().all(|rate| (0.5..1.0).contains(&rate)),
            "0 to 1"
        );
    }
}

#[tokio::test]
async fn pages_are_linked_until_there_is_no_more() {
    let scene = Scene::of(Server::default()).await;
    let query = "field=sum(session)&statsPeriod=24h&groupBy=release&groupBy=project&per_page=1";
    let mut seen = Vec::new();
    for offset in 0..4 {
        let got = scene
            .sessions(&format!("{query}&cursor=0:{offset}:0"))
            .await;
        seen.push(
            got.body["groups"][0]["totals"]["sum(session)"]
                .as_u64()
                .unwrap(),
        );
        let link = got.headers["link"].to_str().unwrap();
        let next = link.split(", <").nth(1).unwrap();
        assert!(
            next.contains("rel=\"next\"")
                && next.contains(&format!("cursor=\"0:{}:0\"", offset + 1))
        );
        assert!(
            next.contains(&format!("results=\"{}\"", offset < 3)),
            "{next}"
        );
    }
    assert!(seen.is_sorted_by(|a, b| a >= b), "{seen:?}");
}

#[tokio::test]
async fn issues_are_counted_by_query_by_window_and_for_good() {
    let scene = Scene::of(Server::default()).await;
    let release = "release:\"com.example.shop@8.43.0%2B84300\"";
    let base = "project=shop-android&statsPeriod=24h&sort=freq";
    let got = scene
        .issues(&format!("{base}&query={release} error.unhandled:true"))
        .await;
    let issues = got.body.as_array().unwrap();
    assert_eq!(issues[0]["substatus"], "new");
    assert!(
        issues[0]["title"]
            .as_str()
            .unwrap()
            .starts_with("NullPointerException")
    );
    assert_eq!(got.headers["x-hits"], issues.len().to_string().as_str());
    let count = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    for issue in issues {
        let (here, window) = (count(&issue["filtered"]["count"]), count(&issue["count"]));
        let life = count(&issue["lifetime"]["count"]);
        assert!(0 < here && here <= window && window <= life, "{issue}");
        assert!(issue["filtered"]["userCount"].as_u64().unwrap() <= here);
    }
    let recurring = issues.iter().find(|i| i["substatus"] == "ongoing").unwrap();
    assert!(
        count(&recurring["filtered"]["count"]) < count(&recurring["count"]),
        "also in 8.42.0"
    );

    let first = scene
        .issues(&format!(
            "{base}&query=firstRelease:\"com.example.shop@8.43.0%2B84300\""
        ))
        .await;
    assert_eq!(first.body.as_array().unwrap().len(), 1);
    let all = scene.issues(&format!("{base}&query=")).await;
    assert!(
        all.body
            .as_array()
            .unwrap()
            .iter()
            .all(|issue| issue["filtered"].is_null())
    );
    assert_eq!(scene.issues("sort=loudness").await.status, 400);
    assert_eq!(
        scene
            .issues(&format!("{base}&query=is:unresolved&limit=1"))
            .await
            .body
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn every_answer_has_the_worlds_time_and_the_rate_limit() {
    let scene = Scene::of(Server {
        limit: (2, TimeDelta::seconds(10)),
        ..Server::default()
    })
    .await;
    let mut left = Vec::new();
    for status in [200, 200, 429] {
        let got = scene.sessions("field=sum(session)&statsPeriod=1d").await;
        assert_eq!(got.status, status);
        assert_eq!(got.headers["date"], "Mon, 02 Mar 2026 09:02:00 GMT");
        assert_eq!(
            got.headers["x-sentry-rate-limit-reset"],
            (scene.clock.now().timestamp() + 10).to_string().as_str()
        );
        left.push(
            got.headers["x-sentry-rate-limit-remaining"]
                .to_str()
                .unwrap()
                .to_owned(),
        );
        if status == 429 {
            assert_eq!(
                got.body["detail"],
                "You are attempting to use this endpoint too frequently. Limit is 2 requests in 10 seconds"
            );
        }
    }
    assert_eq!(left, ["1", "0", "0"]);
    assert_eq!(
        scene.issues("").await.status,
        200,
        "each endpoint has its own"
    );
    scene
        .clock
        .advance_to(scene.clock.now() + TimeDelta::seconds(10));
    assert_eq!(
        scene
            .sessions("field=sum(session)&statsPeriod=1d")
            .await
            .status,
        200
    );
}
