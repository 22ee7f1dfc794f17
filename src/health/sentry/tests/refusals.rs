//! What the adapter makes of a server that refuses, limits, or talks nonsense.

use super::*;
use crate::domain::Recurrence;

#[tokio::test]
async fn errors_say_what_to_do() {
    let json =
        |status: StatusCode, body: Value| move || (status, Json(body.clone())).into_response();
    let detail = |text: &str| json!({ "detail": text });
    for (status, body, kind, hint) in [
        (
            400,
            detail("Invalid project parameter. Values must be numbers."),
            FailureKind::Refused,
            "its number",
        ),
        (
            401,
            detail("Invalid token"),
            FailureKind::Credentials,
            "Custom Integrations",
        ),
        (
            403,
            detail("You do not have permission to perform this action."),
            FailureKind::Rights,
            "org:read",
        ),
        (
            404,
            json!({"detail": {"message": "The requested resource does not exist"}}),
            FailureKind::NotFound,
            "organization",
        ),
        (500, detail("Internal Error"), FailureKind::Retry, "goes on"),
        (503, json!(null), FailureKind::Retry, "goes on"),
        (418, json!([]), FailureKind::Refused, ""),
    ] {
        let failure = Scene::failure(json(StatusCode::from_u16(status).unwrap(), body)).await;
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.hint.as_str().contains(hint), "{failure}");
        assert_eq!(
            failure.place.as_str(),
            "GET /pre/fix/api/0/organizations/acme/sessions/"
        );
        let text = format!("{failure:?}");
        assert!(
            !text.contains("secret") && !text.contains("127.0.0.1"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn nonsense_is_refused_with_what_is_wrong() {
    for (body, why) in [
        (
            "<!doctype html><title>Sign in</title>",
            "HTML instead of JSON",
        ),
        ("{\"groups\":", "EOF"),
        ("{}", "missing field `groups`"),
        (
            r#"{"groups":[{"by":{"release":"x"},"totals":{"sum(session)":-3}}]}"#,
            "-3 is not a count",
        ),
        (
            r#"{"groups":[{"by":{"release":"x"},"totals":{"sum(session)":[]}}]}"#,
            "a number was expected",
        ),
        (
            r#"{"intervals":["soon"],"groups":[]}"#,
            "an interval is not a time",
        ),
        (
            r#"{"groups":[{"by":{"release":"x"},"series":{"sum(session)":[1]}}]}"#,
            "not as long as its intervals",
        ),
    ] {
        let failure = Scene::failure(move || body.into_response()).await;
        assert_eq!(failure.kind, FailureKind::Malformed, "{failure}");
        assert!(failure.what.as_str().contains(why), "{failure}");
    }
}

#[tokio::test]
async fn too_many_requests_are_waited_for_without_asking() {
    let reset = at(NOW).timestamp() + 40;
    let limited = move |status: StatusCode| {
        let mut answer = (
            status,
            Json(json!({"detail": "too frequently", "groups": []})),
        )
            .into_response();
        for (name, value) in [
            ("x-sentry-rate-limit-remaining", "0".to_owned()),
            ("x-sentry-rate-limit-reset", reset.to_string()),
        ] {
            answer.headers_mut().insert(name, value.parse().unwrap());
        }
        answer.headers_mut().insert("date", DATE.parse().unwrap());
        answer
    };
    let scene = Scene::of(move |_, _| limited(StatusCode::TOO_MANY_REQUESTS)).await;
    let failure = scene.poll(None).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.retry_after),
        (FailureKind::Quota, Some(40))
    );
    assert!(failure.what.as_str().contains("too frequently"));
    scene.clock.advance_to(at(NOW) + TimeDelta::seconds(39));
    assert_eq!(scene.poll(None).await.unwrap_err().retry_after, Some(1));
    assert_eq!(
        scene.asked.lock().unwrap().len(),
        1,
        "the second poll asked nothing"
    );
    scene.clock.advance_to(at(NOW) + TimeDelta::seconds(41));
    scene.poll(None).await.unwrap_err();
    assert_eq!(scene.asked.lock().unwrap().len(), 2);

    // The last request that was left: what came is used, the next is not made.
    let scene = Scene::of(move |_, _| limited(StatusCode::OK)).await;
    let failure = scene.poll(None).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.retry_after),
        (FailureKind::Quota, Some(40))
    );
    assert_eq!(scene.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_missing_beside_the_windows_is_a_note() {
    let scene = Scene::of(|path, pairs| {
        if path.ends_with("/issues/") {
            return "<html>".into_response();
        }
        if pairs
            .iter()
            .any(|(_, value)| value == "crash_free_rate(user)")
        {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        good(path, pairs)
    })
    .await;
    let report = scene.poll(None).await.unwrap();
    assert_eq!(sessions(&report).len(), 1);
    let notes: Vec<&str> = report.notes.iter().map(PlainText::as_str).collect();
    assert!(
        notes[0].starts_with("no users: Sentry answered 502"),
        "{notes:?}"
    );
    assert!(
        notes[1].starts_with("no top issues: the answer is not what this API documents: HTML"),
        "{notes:?}"
    );
}

#[tokio::test]
async fn nobody_is_there() {
    let scene = Scene::of(good).await;
    let settings = Settings {
        id: SourceId("sentry".into()),
        organization: "acme".into(),
        project: "42".into(),
        environment: None,
        release: "{package}".into(),
        package: "p".into(),
        figures: Figures::default(),
    };
    let client = Client::new(Limits::default()).unwrap();
    let base = BaseUrl::parse("http://127.0.0.1:1").unwrap();
    let make = |settings| {
        Sentry::new(
            settings,
            client.clone(),
            base.clone(),
            SecretString::from("s"),
            scene.clock.clone(),
        )
    };
    assert_eq!(make(settings.clone()).err(), Some(BadTemplate::NoVersion));
    let sentry = make(Settings {
        release: "{build}".into(),
        ..settings
    })
    .unwrap();
    let checks = sentry.access().await;
    assert_eq!(checks.len(), 2);
    for check in checks {
        assert_eq!(check.result.unwrap_err().kind, FailureKind::Retry);
    }
}

#[tokio::test]
async fn new_issues_are_told_by_their_status_where_first_releases_cannot_be_asked_for() {
    let scene = Scene::of(|path, pairs| {
        if value(pairs, "query").starts_with("firstRelease") {
            return (StatusCode::BAD_REQUEST, Json(json!({"detail": "no"}))).into_response();
        }
        if path.ends_with("/issues/") {
            let issue = |id: &str, status| json!({"id": id, "substatus": status, "filtered": {"count": "1"}});
            return dated(
                &json!([issue("1", Some("new")), issue("2", Some("regressed")), issue("3", None)]),
                DATE,
            );
        }
        good(path, pairs)
    })
    .await;
    let report = scene.poll(None).await.unwrap();
    let kinds: Vec<_> = report.issues.iter().map(|issue| issue.recurrence).collect();
    let wanted = [
        Recurrence::New,
        Recurrence::Regressed,
        Recurrence::Recurring,
    ];
    assert_eq!(kinds, wanted);
}
