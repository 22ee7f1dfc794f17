use chrono::TimeDelta;

use super::kit::{Apple, order, refusal};
use crate::domain::{Failure, FailureKind, Target};
use crate::ports::Store;

const READ: &str = "/appStoreVersions?";
const WRITE: &str = "PATCH ";

async fn read_failure(apple: &Apple) -> Failure {
    apple.store().read().await.unwrap_err()
}

async fn write_failure(apple: &Apple) -> Failure {
    let stop = order(Target::Stopped);
    apple.store().apply(&stop).await.unwrap_err()
}

#[tokio::test]
async fn each_documented_code_means_something_and_has_a_hint() {
    let apple = Apple::start().await;
    for (status, code, kind, hint) in [
        (
            403,
            "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED",
            FailureKind::Rights,
            "agreement",
        ),
        (403, "FORBIDDEN_ERROR", FailureKind::Rights, "App Manager"),
        (403, "FORBIDDEN", FailureKind::Rights, "App Manager"),
        (404, "NOT_FOUND", FailureKind::NotFound, "key's apps"),
        (
            400,
            "PARAMETER_ERROR.INVALID",
            FailureKind::Refused,
            "report",
        ),
        (422, "ENTITY_UNPROCESSABLE", FailureKind::Refused, "report"),
        (409, "STATE_ERROR", FailureKind::Conflict, "read again"),
        (
            429,
            "RATE_LIMIT_EXCEEDED",
            FailureKind::Quota,
            "key of its own",
        ),
        // By code, not by status.
        (
            400,
            "NOT_FOUND.SUB.CODE",
            FailureKind::NotFound,
            "key's apps",
        ),
    ] {
        apple.instead(READ, status, &refusal(status, code, "Details."));
        let failure = read_failure(&apple).await;
        assert_eq!(failure.kind, kind, "{code}: {failure}");
        assert!(failure.hint.as_str().contains(hint), "{failure}");
        assert!(failure.what.as_str().contains(code), "{failure}");
        assert!(failure.what.as_str().contains("Details."), "{failure}");
        assert_eq!(failure.place.as_str(), "GET /v1/apps/{id}/appStoreVersions");
    }
}

#[tokio::test]
async fn a_fault_of_apples_own_is_retried_on_a_read_and_looked_at_after_a_write() {
    let apple = Apple::start().await;
    for body in [
        "<html>Could not process this request</html>",
        "",
        "{",
        "null",
        "[]",
    ] {
        for status in [500, 502, 504] {
            apple.instead_thrice(READ, status, body);
            assert_eq!(read_failure(&apple).await.kind, FailureKind::Retry);
            apple.instead(WRITE, status, body);
            assert_eq!(write_failure(&apple).await.kind, FailureKind::Ambiguous);
        }
    }
    assert!(apple.writes().is_empty());
}

#[tokio::test]
async fn what_is_not_apples_answer_is_named() {
    let apple = Apple::start().await;
    apple.instead(READ, 200, "<html>Sign in</html>");
    let failure = read_failure(&apple).await;
    assert_eq!(failure.kind, FailureKind::Malformed);
    assert!(
        failure.to_string().contains("HTML instead of JSON"),
        "{failure}"
    );
    apple.instead(WRITE, 200, "<html>Sign in</html>");
    assert_eq!(write_failure(&apple).await.kind, FailureKind::Ambiguous);
    apple.instead_with(READ, 302, &[("location", "https://login.example.com/")], "");
    assert_eq!(read_failure(&apple).await.kind, FailureKind::Refused);
    apple.lose_reply(READ);
    apple.instead(READ, 503, "");
    assert!(apple.store().read().await.is_ok(), "a read is repeated");
}

#[tokio::test]
async fn words_of_a_refusal_are_harmless_and_places_hold_no_ids() {
    let apple = Apple::start().await;
    let nasty = "\u{1b}[2Jgone\u{202e}";
    apple.instead(WRITE, 409, &refusal(409, "STATE_ERROR", nasty));
    let failure = write_failure(&apple).await;
    assert!(!failure.to_string().contains('\u{1b}'), "{failure}");
    assert!(!failure.to_string().contains("127.0.0.1"), "{failure}");
}

#[tokio::test]
async fn the_quota_holds_glances_back_but_never_an_act() {
    let apple = Apple::start().await;
    let store = apple.store();
    apple.header("", "x-rate-limit", "user-hour-lim:3600;user-hour-rem:17;");
    store.read().await.unwrap();
    apple.seen();
    let failure = store.glance().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Quota);
    assert_eq!(failure.retry_after, Some(300));
    assert!(apple.seen().is_empty(), "a glance that waits asks nothing");
    store.read().await.unwrap();
    store.apply(&order(Target::Stopped)).await.unwrap();
    apple.pass(TimeDelta::minutes(5));
    assert!(store.glance().await.is_ok(), "it looks again");
}

#[tokio::test]
async fn a_429_is_obeyed_by_reads_and_its_wait_doubles_where_apple_says_none() {
    let apple = Apple::start().await;
    let store = apple.store();
    let burst = refusal(429, "RATE_LIMIT_EXCEEDED", "Too many at once.");
    apple.instead_with(READ, 429, &[("retry-after", "90")], &burst);
    assert_eq!(store.read().await.unwrap_err().retry_after, Some(90));
    apple.seen();
    apple.pass(TimeDelta::seconds(30));
    let held_back = store.read().await.unwrap_err();
    assert_eq!(
        (held_back.kind, held_back.retry_after),
        (FailureKind::Quota, Some(60))
    );
    assert!(apple.seen().is_empty());
    store.apply(&order(Target::Stopped)).await.unwrap();
    assert!(store.read().await.is_ok(), "an answer ends the wait");

    let mut waits = Vec::new();
    for _ in 0..4 {
        apple.instead(READ, 429, &burst);
        let failure = store.read().await.unwrap_err();
        waits.extend(failure.retry_after);
        apple.pass(TimeDelta::seconds(i64::from(failure.retry_after.unwrap())));
    }
    assert_eq!(waits, [1, 2, 4, 8]);
    let until = (apple.now() + TimeDelta::seconds(20)).to_rfc2822();
    apple.instead_with(READ, 429, &[("retry-after", &until)], "");
    assert_eq!(store.read().await.unwrap_err().retry_after, Some(20));
}
