//! What goes wrong between the adapter and Google: quota, web pages, broken answers, missing rights.

use chrono::TimeDelta;
use haltline::domain::{FailureKind, Metric};
use haltline::ports::HealthSource;
use haltline::simulator::play_reporting::Server;

use crate::scene::{BUSY, QUIET, Scene, windows};

#[tokio::test]
async fn a_freshness_that_went_back_is_asked_for_again() {
    let scene = Scene::of(QUIET).await;
    let body = r#"{\"error\":{\"code\":400,\"status\":\"INVALID_ARGUMENT\",\"message\":\"timeline_spec.end_time should be before the current freshness 2026-02-27\"}}"#;
    scene.fault(&format!(
        r#"{{"vendor":"play-reporting","matching":"crashRateMetricSet:query","times":1,"fault":"status","code":400,"body":"{body}"}}"#
    ));
    let report = scene.poll().await.unwrap();
    assert!(!windows(&report, &Metric::CrashFreeUsers, "84300").is_empty());
    let asked = scene.asked();
    // The question that was refused reached the fault alone.
    assert_eq!(asked[0], "GET crashRateMetricSet");
    assert_eq!(asked[1], "GET crashRateMetricSet");
    assert_eq!(asked[2], "POST crashRateMetricSet:query");
}

#[tokio::test]
async fn hours_that_are_offered_and_refused_are_days() {
    let scene = Scene::of(BUSY).await;
    let body = r#"{\"error\":{\"code\":400,\"message\":\"The requested metrics, dimensions and aggregation_period do not match any possible combination\"}}"#;
    for set in ["crashRate", "anrRate"] {
        scene.fault(&format!(
            r#"{{"vendor":"play-reporting","matching":"{set}MetricSet:query","times":1,"fault":"status","code":400,"body":"{body}"}}"#
        ));
    }
    let report = scene.poll().await.unwrap();
    for metric in [Metric::CrashFreeUsers, Metric::AnrFreeUsers] {
        let days = windows(&report, &metric, "84300");
        assert!(!days.is_empty() && days.values().all(|(seconds, _)| *seconds == 86_400));
    }
}

#[tokio::test]
async fn while_the_quota_is_used_up_nothing_is_sent() {
    for (retry_after, wait) in [(r#","retry_after":"120""#, 120), ("", 60)] {
        let scene = Scene::of(QUIET).await;
        scene.fault(&format!(
            r#"{{"vendor":"play-reporting","times":1,"fault":"status","code":429{retry_after}}}"#
        ));
        let failure = scene.poll().await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Quota);
        assert_eq!(failure.retry_after, Some(wait));
        scene.asked();
        scene.later(TimeDelta::seconds(i64::from(wait) - 1));
        let failure = scene.poll().await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.retry_after),
            (FailureKind::Quota, Some(1))
        );
        assert_eq!(scene.asked(), [""; 0]);
        scene.later(TimeDelta::seconds(1));
        assert!(scene.poll().await.is_ok());
    }
}

#[tokio::test]
async fn answers_that_are_none_fail_with_the_place() {
    for (fault, kind) in [
        (r#""fault":"html""#, FailureKind::Malformed),
        (r#""fault":"truncated""#, FailureKind::Retry),
        (
            r#""fault":"huge","bytes":104857600"#,
            FailureKind::Malformed,
        ),
        (
            r#""fault":"redirect","to":"https://example.com/""#,
            FailureKind::Refused,
        ),
        (r#""fault":"status","code":503"#, FailureKind::Retry),
        (r#""fault":"status","code":404"#, FailureKind::NotFound),
        (r#""fault":"status","code":403"#, FailureKind::Rights),
    ] {
        let scene = Scene::of(QUIET).await;
        scene.fault(&format!(
            r#"{{"vendor":"play-reporting","matching":":query",{fault}}}"#
        ));
        let failure = scene.poll().await.unwrap_err();
        assert_eq!(failure.kind, kind, "{fault}: {failure}");
        let place = "POST /v1beta1/apps/com.example.shop/crashRateMetricSet:query";
        assert_eq!(failure.place.as_str(), place);
    }
}

#[tokio::test]
async fn what_is_missing_beside_the_crashes_is_said() {
    let scene = Scene::of(QUIET).await;
    let first = scene.poll().await.unwrap();
    scene.later(TimeDelta::minutes(6));
    for path in ["anrRate", "lmkRate", "errorIssues"] {
        scene.fault(&format!(
            r#"{{"vendor":"play-reporting","matching":"{path}","fault":"status","code":400}}"#
        ));
    }
    let report = scene.poll().await.unwrap();
    assert_eq!(report.readings, first.readings, "what was read stays");
    assert_eq!(report.issues, first.issues);
    for words in [
        "no news of ANRs",
        "no news of low-memory kills",
        "no news of top issues",
    ] {
        let told = report
            .notes
            .iter()
            .any(|note| note.as_str().contains(words));
        assert!(told, "{words}: {:?}", report.notes);
    }
}

#[tokio::test]
async fn a_token_that_is_no_longer_taken_is_made_anew() {
    let scene = Scene::of(QUIET).await;
    scene.poll().await.unwrap();
    scene.later(TimeDelta::minutes(6));
    scene.fault(r#"{"vendor":"play-reporting","times":1,"fault":"status","code":401}"#);
    scene.poll().await.unwrap();
    scene.later(TimeDelta::hours(2));
    scene.poll().await.unwrap();
}

#[tokio::test]
async fn doctor_names_the_right_that_is_missing() {
    let results = async |server: Server| {
        let scene = Scene::with(QUIET, server, Vec::new()).await;
        let checks = scene.vitals.access().await;
        let told = checks.into_iter().map(|check| match check.result {
            Ok(()) => format!("{}: fine", check.right),
            Err(failure) => format!("{}: {failure}", check.right),
        });
        told.collect::<Vec<_>>().join("\n")
    };
    let fine = results(Server::default()).await;
    assert_eq!(fine.matches(": fine").count(), 3, "{fine}");
    let hidden = Server {
        may_read: false,
        ..Server::default()
    };
    let told = results(hidden).await;
    assert!(
        told.contains("give the service account \"View app information (read-only)\""),
        "{told}"
    );
    let off = Server {
        enabled: false,
        ..Server::default()
    };
    let told = results(off).await;
    assert!(
        told.contains("enable the Google Play Developer Reporting API"),
        "{told}"
    );
}
