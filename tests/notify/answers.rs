//! What each channel makes of each answer: taken, to be tried again, or never again; and that no error shows a secret.

use std::time::Duration;

use haltline::domain::{Failure, FailureKind};
use haltline::ports::Notifier;

use crate::channels::{Kit, SECRET, opened};
use crate::vendor::{Says, Shape, Vendor, says};

/// As the outbox sees it.
fn is_final(failure: &Failure) -> bool {
    use FailureKind::{Credentials, Refused, Unsupported};
    matches!(failure.kind, Refused | Credentials | Unsupported)
}

fn shows_no_secret(failure: &Failure) {
    let shown = format!("{failure} {failure:?}");
    assert!(!shown.contains(SECRET), "{shown}");
}

/// Each channel against a vendor of its own that says only this.
async fn all(answer: Says) -> Vec<(String, Result<(), Failure>, usize)> {
    let mut came = Vec::new();
    for index in 0..Kit::new("http://127.0.0.1:1").all().len() {
        let vendor = Vendor::start([answer.clone()]).await;
        let channel = Kit::patient(&vendor.base, Duration::from_secs(3))
            .all()
            .remove(index);
        let told = channel.tell(&opened()).await.map(|_thread| ());
        if let Err(failure) = &told {
            shows_no_secret(failure);
            assert!(!failure.place.is_empty(), "{failure:?}");
        }
        came.push((channel.name().to_owned(), told, vendor.seen().len()));
    }
    came
}

#[tokio::test]
async fn a_success_is_only_what_the_vendor_documents() {
    for body in [
        b"no".to_vec(),
        b"\xff\xfe\x00garbage".to_vec(),
        b"<html>log in</html>".to_vec(),
    ] {
        for (name, told, asked) in all(says(200, body)).await {
            assert_eq!(asked, 1, "{name}");
            if name == "webhook" {
                assert_eq!(told, Ok(()), "a receiver may say what it likes");
            } else {
                let failure = told.unwrap_err();
                assert_eq!(failure.kind, FailureKind::Malformed, "{name}: {failure}");
                assert!(!failure.hint.is_empty(), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_not_the_end() {
    for status in [301, 302, 307, 308] {
        let elsewhere = says(status, "").with("location", "/elsewhere");
        for (name, told, asked) in all(elsewhere).await {
            let failure = told.unwrap_err();
            assert_eq!((failure.kind, asked), (FailureKind::Retry, 1), "{name}");
            assert!(failure.to_string().contains("redirect"), "{failure}");
        }
    }
}

#[tokio::test]
async fn who_is_overloaded_or_broken_is_tried_again_when_it_says() {
    for status in [429, 500, 502, 503, 504] {
        let wait = says(status, "").with("retry-after", "7");
        for (name, told, asked) in all(wait).await {
            let failure = told.unwrap_err();
            let kind = if status == 429 {
                FailureKind::Quota
            } else {
                FailureKind::Retry
            };
            assert_eq!((failure.kind, asked), (kind, 1), "{name}: {failure}");
            assert_eq!(failure.retry_after, Some(7), "{name} {status}");
        }
    }
    let date = says(429, "").with("retry-after", "Wed, 18 Nov 2026 11:08:50 GMT");
    for (name, told, _) in all(date).await {
        assert_eq!(told.unwrap_err().retry_after, Some(120), "{name}");
    }
}

#[tokio::test]
async fn who_hangs_or_talks_without_end_is_left_in_time() {
    for index in 0..7 {
        let vendor = Vendor::start([Says::Nothing]).await;
        let channel = Kit::patient(&vendor.base, Duration::from_millis(200))
            .all()
            .remove(index);
        let failure = channel.tell(&opened()).await.unwrap_err();
        assert!(failure.to_string().contains("time limit"), "{failure}");
        assert!(!is_final(&failure), "{failure:?}");
        shows_no_secret(&failure);
    }
    for (name, told, asked) in all(says(200, vec![b'x'; 1 << 20])).await {
        let failure = told.unwrap_err();
        assert_eq!(
            (failure.kind, asked),
            (FailureKind::Malformed, 1),
            "{name}: {failure}"
        );
    }
}

#[tokio::test]
async fn who_cannot_be_reached_is_tried_again() {
    for channel in Kit::new("http://127.0.0.1:1").all() {
        let failure = channel.tell(&opened()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Retry, "{failure}");
        shows_no_secret(&failure);
    }
}

#[tokio::test]
async fn refusals_are_final_but_for_a_receiver_that_is_being_deployed() {
    for status in [400, 401, 403, 404, 410, 413, 422] {
        for (name, told, _) in all(says(status, "")).await {
            let failure = told.unwrap_err();
            let last = name != "webhook" || status == 410;
            assert_eq!(is_final(&failure), last, "{name} {status}: {failure:?}");
            assert!(
                failure.to_string().contains(&status.to_string()),
                "{failure}"
            );
        }
    }
    // A proxy or an ingress in between, while the service is moved.
    for status in [400, 403, 404, 410, 413] {
        for (name, told, _) in all(says(status, "<html>no such host</html>")).await {
            let last = name == "webhook" && status == 410;
            assert_eq!(is_final(&told.unwrap_err()), last, "{name} {status}");
        }
    }
    for status in [408, 425] {
        for (name, told, _) in all(says(status, "")).await {
            assert!(!is_final(&told.unwrap_err()), "{name} {status}");
        }
    }
}

/// A vendor that quotes all it was sent, in any shape, gets no secret into an error.
#[tokio::test]
async fn no_error_shows_a_secret() {
    for status in [200, 202, 400, 401, 403, 404, 500] {
        for shape in [
            Shape::Text,
            Shape::Message,
            Shape::Error,
            Shape::Code,
            Shape::Bare,
        ] {
            let came = all(Says::Echo(status, shape)).await;
            assert_eq!(came.len(), 7);
        }
    }
}

#[tokio::test]
async fn what_vendors_say_is_passed_on() {
    let refused = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}"#;
    let vendor = Vendor::start([says(400, refused)]).await;
    let failure = Kit::new(&vendor.base)
        .pagerduty()
        .tell(&opened())
        .await
        .unwrap_err();
    assert_eq!(
        failure.to_string(),
        "it answered 400: Event object is invalid; Length of 'routing_key' is incorrect (should be 32 characters) \
         (POST /v2/enqueue): is routing_key the integration key of an Events API v2 service?"
    );
    for (body, said) in [
        (
            r#""at least one label pair required""#,
            "at least one label pair required",
        ),
        (
            r#"{"code":415,"message":"unsupported media type"}"#,
            "unsupported media type",
        ),
    ] {
        let vendor = Vendor::start([says(400, body)]).await;
        let failure = Kit::new(&vendor.base)
            .alertmanager()
            .tell(&opened())
            .await
            .unwrap_err();
        assert_eq!(failure.what.as_str(), format!("it answered 400: {said}"));
    }
    let forbidden =
        r#"{"code":40301,"http":403,"error":"forbidden","link":"https://ntfy.sh/docs"}"#;
    let vendor = Vendor::start([says(403, forbidden)]).await;
    let failure = Kit::new(&vendor.base)
        .ntfy()
        .tell(&opened())
        .await
        .unwrap_err();
    assert_eq!(
        failure.to_string(),
        "it answered 403: forbidden (POST the topic): may the token write to this topic?"
    );
    let off = r#"{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"…"}}"#;
    let vendor = Vendor::start([says(400, off)]).await;
    let failure = Kit::new(&vendor.base)
        .teams()
        .tell(&opened())
        .await
        .unwrap_err();
    assert_eq!(
        failure.to_string(),
        "it answered 400: WorkflowTriggerIsNotEnabled (POST the workflow): is the workflow turned on, and does it begin \
         with a webhook?"
    );
}

#[tokio::test]
async fn slack_says_no_with_200() {
    for (code, kind, hint) in [
        ("not_in_channel", FailureKind::Refused, "invite"),
        ("channel_not_found", FailureKind::Refused, "name"),
        ("invalid_auth", FailureKind::Credentials, "token"),
        ("missing_scope", FailureKind::Credentials, "chat:write"),
        ("is_archived", FailureKind::Refused, "archived"),
        ("ratelimited", FailureKind::Quota, ""),
        ("internal_error", FailureKind::Retry, ""),
        ("something_new", FailureKind::Refused, ""),
    ] {
        let no = format!(r#"{{"ok":false,"error":"{code}"}}"#);
        let vendor = Vendor::start([says(200, no)]).await;
        let failure = Kit::new(&vendor.base)
            .slack_bot()
            .tell(&opened())
            .await
            .unwrap_err();
        assert_eq!(failure.kind, kind, "{code}");
        assert!(failure.what.as_str().contains(code), "{failure}");
        assert!(failure.hint.as_str().contains(hint), "{failure}");
    }
    for (status, code) in [
        (403, "action_prohibited"),
        (404, "no_service"),
        (410, "channel_is_archived"),
    ] {
        let vendor = Vendor::start([says(status, code)]).await;
        let failure = Kit::new(&vendor.base)
            .slack_webhook()
            .tell(&opened())
            .await
            .unwrap_err();
        assert!(
            is_final(&failure) && !failure.hint.is_empty(),
            "{failure:?}"
        );
        assert!(failure.what.as_str().contains(code), "{failure}");
    }
}
