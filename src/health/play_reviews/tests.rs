//! The adapter against a server that says whatever a test wants it to say.

use serde_json::{Value, json};

use super::*;
use crate::domain::FailureKind;
use crate::http::Limits;
use crate::http::testing::{Reply, Seen, Server, key_file, reply, start_of_time};
use crate::ports::SimClock;

struct Scene {
    server: Server,
    clock: Arc<SimClock>,
    source: PlayReviews,
}

impl Scene {
    /// A token for whoever asks, and this answer to the rest.
    async fn of(mut answer: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        let server = Server::start(move |seen| {
            if seen.target == "/token" {
                reply(200, json!({ "access_token": "ya29.t", "expires_in": 3599 }))
            } else {
                answer(seen)
            }
        })
        .await;
        let clock = Arc::new(SimClock::starting_at(start_of_time()));
        let key = key_file(&format!("{}/token", server.base)).to_string();
        let settings = Settings {
            id: SourceId("play-reviews".into()),
            package: "com.example.shop".into(),
            key: SecretString::from(key),
            base: BaseUrl::parse(&server.base).unwrap(),
        };
        let client = Client::new(Limits::default()).unwrap();
        let source = PlayReviews::new(settings, client, clock.clone(), 1).unwrap();
        Self {
            server,
            clock,
            source,
        }
    }

    async fn poll(&self) -> Result<SourceReport, Failure> {
        let query = HealthQuery {
            version: Version::from_code(84300),
            also: Vec::new(),
            baseline: None,
            since: None,
            past: false,
            now: self.clock.now(),
        };
        self.source.poll(&query).await
    }

    async fn failure(status: u16, body: Value) -> Failure {
        let scene = Self::of(move |_| reply(status, body.clone())).await;
        scene.poll().await.unwrap_err()
    }

    /// Requests for reviews.
    fn asked(&self) -> Vec<String> {
        let lines = self.server.lines();
        lines
            .into_iter()
            .filter(|line| line.contains("/reviews"))
            .collect()
    }
}

fn review(comment: &Value) -> Value {
    json!({ "reviewId": "r", "authorName": "Jo", "comments": [{ "userComment": comment }] })
}

fn comment(hours_ago: i64, stars: i64, text: &str) -> Value {
    let at = start_of_time() - TimeDelta::hours(hours_ago);
    review(&json!({
        "text": text, "lastModified": { "seconds": at.timestamp().to_string() }, "starRating": stars,
        "appVersionCode": 84300,
    }))
}

#[tokio::test]
async fn every_page_is_read_with_the_token_of_the_one_before() {
    let scene = Scene::of(|seen| {
        let next = json!({ "nextPageToken": "a b&c" });
        if seen.target.contains("token=") {
            reply(200, json!({ "reviews": [comment(30, 1, "Bad\tno good")] }))
        } else {
            reply(
                200,
                json!({ "reviews": [comment(2, 5, "Fine")], "tokenPagination": next }),
            )
        }
    })
    .await;
    let report = scene.poll().await.unwrap();
    let path = "GET /androidpublisher/v3/applications/com.example.shop/reviews?maxResults=100";
    assert_eq!(
        scene.asked(),
        [path.to_owned(), format!("{path}&token=a+b%26c")]
    );
    assert!((report.levels[0].value - 3.0).abs() < 1e-9);
    let texts: Vec<(&str, &str)> = report
        .reviews
        .iter()
        .map(|r| (r.title.as_str(), r.text.as_str()))
        .collect();
    assert_eq!(texts, [("", "Fine"), ("Bad", "no good")]);
}

#[tokio::test]
async fn pages_without_end_are_shown_and_not_counted() {
    let mut n = 0;
    let scene = Scene::of(move |_| {
        n += 1;
        let next = json!({ "nextPageToken": n.to_string() });
        reply(
            200,
            json!({ "reviews": [comment(n, 1, "x")], "tokenPagination": next }),
        )
    })
    .await;
    let report = scene.poll().await.unwrap();
    assert_eq!(scene.asked().len(), MAX_PAGES);
    assert!(report.readings.is_empty() && report.levels.is_empty());
    assert_eq!(report.reviews.len(), SourceReport::MOST_REVIEWS);
    assert!(report.notes[0].as_str().contains("not counted"));
}

#[tokio::test]
async fn nobody_s_word_is_no_window() {
    let scene = Scene::of(|_| reply(200, "{}")).await;
    let report = scene.poll().await.unwrap();
    assert_eq!(report.read_through, Some(start_of_time()));
    assert!(report.readings.is_empty() && report.levels.is_empty() && report.reviews.is_empty());
}

#[tokio::test]
async fn what_is_odd_is_left_out_and_the_developer_s_answer_is_no_review() {
    let seconds = start_of_time().timestamp().to_string();
    let answer = json!({ "reviewId": "r", "comments": [
        { "developerComment": { "text": "Thanks", "lastModified": { "seconds": seconds } } },
        { "userComment": { "text": "übersetzt", "originalText": "translated \u{1b}[31m", "starRating": 4,
            "lastModified": { "seconds": seconds, "nanos": 5 } } },
    ] });
    let scene = Scene::of(move |_| {
        let odd = [
            review(&json!({ "text": "no stars", "lastModified": { "seconds": "1795000000" } })),
            review(&json!({ "text": "six", "starRating": 6, "lastModified": { "seconds": "1795000000" } })),
            review(&json!({ "text": "no time", "starRating": 1 })),
            json!({ "reviewId": "x" }),
            answer.clone(),
        ];
        reply(200, json!({ "reviews": odd }))
    })
    .await;
    let report = scene.poll().await.unwrap();
    let [one] = &report.reviews[..] else {
        panic!("{:?}", report.reviews)
    };
    assert_eq!((one.stars, one.version.as_deref()), (4, None));
    assert_eq!(one.text.as_str(), "translated [31m");
    assert!(report.readings.is_empty());
}

#[tokio::test]
async fn refusals_are_told_apart_and_say_what_to_do() {
    let refusal = |code: u16, reason: &str, message: &str| json!({ "error": { "code": code, "message": message, "errors": [{ "reason": reason }] } });
    for (status, reason, message, kind, hint) in [
        (
            401,
            "authError",
            "Invalid Credentials",
            FailureKind::Credentials,
            "key",
        ),
        (
            403,
            "forbidden",
            "The caller does not have permission",
            FailureKind::Rights,
            "Reply to reviews",
        ),
        (
            403,
            "accessNotConfigured",
            "API has not been used in project 1",
            FailureKind::Rights,
            "enable",
        ),
        (
            403,
            "quotaExceeded",
            "Quota exceeded",
            FailureKind::Quota,
            "200",
        ),
        (
            404,
            "notFound",
            "Package not found: x",
            FailureKind::NotFound,
            "package",
        ),
        (
            429,
            "rateLimitExceeded",
            "Quota exceeded",
            FailureKind::Quota,
            "200",
        ),
        (400, "badRequest", "Bad", FailureKind::Refused, ""),
    ] {
        let failure = Scene::failure(status, refusal(status, reason, message)).await;
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.hint.as_str().contains(hint), "{failure}");
        let place = "GET /androidpublisher/v3/applications/com.example.shop/reviews";
        assert_eq!(failure.place.as_str(), place);
        assert!(!failure.to_string().contains("ya29"), "{failure}");
    }
    let html = Scene::of(|_| reply(200, "<html>")).await;
    assert_eq!(html.poll().await.unwrap_err().kind, FailureKind::Malformed);
    let wrong = Scene::of(|_| reply(200, json!({ "reviews": 7 }))).await;
    assert_eq!(wrong.poll().await.unwrap_err().kind, FailureKind::Malformed);
}

#[tokio::test]
async fn nothing_is_asked_while_the_token_service_refuses_for_quota() {
    let clock = Arc::new(SimClock::starting_at(start_of_time()));
    let server = Server::start(|_| reply(429, "{}")).await;
    let key = key_file(&format!("{}/token", server.base)).to_string();
    let settings = Settings {
        id: SourceId("play-reviews".into()),
        package: "com.example.shop".into(),
        key: SecretString::from(key),
        base: BaseUrl::parse(&server.base).unwrap(),
    };
    let client = Client::new(Limits::default()).unwrap();
    let source = PlayReviews::new(settings, client, clock, 1).unwrap();
    for _ in 0..2 {
        let failure = source.access().await.remove(0).result.unwrap_err();
        assert_eq!(
            (failure.kind, failure.retry_after),
            (FailureKind::Quota, Some(60))
        );
    }
    assert_eq!(server.seen().len(), 1);
}
