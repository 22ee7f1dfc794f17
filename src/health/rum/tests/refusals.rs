//! What a vendor may answer instead, and what there is not.

use chrono::TimeDelta;

use super::scene::{Scene, Setup, WORLD, notes, sums};
use crate::domain::{FailureKind, Metric, Version};
use crate::health::rum::datadog;
use crate::ports::{Clock, HealthSource};

/// The vendor's name in a fault.
fn name(setup: &Setup) -> &'static str {
    match setup {
        Setup::Datadog(..) => "datadog",
        Setup::NewRelic(..) => "new-relic",
    }
}

#[tokio::test]
async fn every_wrong_answer_is_a_failure_of_its_kind() {
    for setup in Setup::both() {
        let vendor = name(&setup);
        for (fault, wanted) in [
            (r#""fault":"status","code":500"#, FailureKind::Retry),
            (
                r#""fault":"status","code":403,"body":"{\"errors\":[\"Forbidden\"]}""#,
                FailureKind::Rights,
            ),
            (r#""fault":"status","code":404"#, FailureKind::NotFound),
            (r#""fault":"html""#, FailureKind::Malformed),
            (r#""fault":"truncated""#, FailureKind::Retry),
            (r#""fault":"reset""#, FailureKind::Retry),
            (
                r#""fault":"huge","bytes":104857600"#,
                FailureKind::Malformed,
            ),
            (
                r#""fault":"status","code":200,"body":"{\"data\":{}}""#,
                FailureKind::Malformed,
            ),
            (
                r#""fault":"redirect","to":"https://example.com/""#,
                FailureKind::Malformed,
            ),
        ] {
            let scene = Scene::of(setup.clone()).await;
            scene.fault(&format!(r#"{{"vendor":"{vendor}",{fault}}}"#));
            let failure = scene.failure().await;
            let kind = failure.kind;
            let told = matches!(
                (wanted, kind),
                (
                    FailureKind::Malformed | FailureKind::Retry,
                    FailureKind::Refused
                )
            );
            assert!(kind == wanted || told, "{vendor} {fault}: {failure:?}");
            assert!(!format!("{failure} {failure:?}").contains("127.0.0.1"));
        }
    }
}

#[tokio::test]
async fn while_a_limit_is_used_up_nothing_is_sent() {
    for setup in Setup::both() {
        let vendor = name(&setup);
        for (header, seconds) in [(r#","retry_after":"90""#, 90), ("", 60)] {
            let scene = Scene::of(setup.clone()).await;
            let fault =
                format!(r#"{{"vendor":"{vendor}","times":1,"fault":"status","code":429{header}}}"#);
            scene.fault(&fault);
            let failure = scene.failure().await;
            assert_eq!(
                (failure.kind, failure.retry_after),
                (FailureKind::Quota, Some(seconds))
            );
            let sent = scene.asked();
            scene
                .clock
                .advance_to(scene.clock.now() + TimeDelta::seconds(20));
            let failure = scene.failure().await;
            assert_eq!(
                (failure.kind, failure.retry_after),
                (FailureKind::Quota, Some(seconds - 20))
            );
            assert_eq!(
                (sent, scene.asked()),
                (0, 0),
                "the fault is before the fake"
            );
            let wait = TimeDelta::seconds(i64::from(seconds) - 20);
            scene.clock.advance_to(scene.clock.now() + wait);
            scene.poll(None).await;
            assert!(scene.asked() > 0);
        }
    }
}

#[tokio::test]
async fn the_vendors_own_limits_are_kept() {
    let Setup::Datadog(mut server, settings) = Setup::datadog() else {
        unreachable!()
    };
    server.limit = (10, TimeDelta::minutes(1));
    let scene = Scene::of(Setup::Datadog(server.clone(), settings.clone())).await;
    let failure = scene.failure().await;
    // The tenth answer says that nothing is left, and for how long: the eleventh request is not made.
    assert_eq!((failure.kind, scene.asked()), (FailureKind::Quota, 10));
    assert!((1..=60).contains(&failure.retry_after.unwrap()));

    server.says_when = false;
    server.limit = (0, TimeDelta::minutes(1));
    let scene = Scene::of(Setup::Datadog(server, settings)).await;
    assert_eq!(scene.failure().await.retry_after, Some(60));
    assert_eq!(scene.asked(), 1);

    let Setup::NewRelic(mut server, settings) = Setup::new_relic() else {
        unreachable!()
    };
    server.limit = 3;
    let scene = Scene::of(Setup::NewRelic(server, settings)).await;
    let failure = scene.failure().await;
    assert_eq!(
        (failure.kind, failure.retry_after),
        (FailureKind::Quota, Some(60))
    );
    assert_eq!(scene.asked(), 1, "with status 200, and still a limit");
}

#[tokio::test]
async fn a_key_that_is_no_good_is_told_with_what_to_do() {
    for (setup, kind, said) in [
        (
            Setup::datadog(),
            FailureKind::Rights,
            "both keys must be of the site",
        ),
        (
            Setup::new_relic(),
            FailureKind::Credentials,
            "a user key (NRAK-…)",
        ),
    ] {
        let scene = Scene::in_world(setup, WORLD, Some("expired-key")).await;
        let failure = scene.failure().await;
        assert_eq!(failure.kind, kind, "{failure}");
        let told = failure.to_string();
        assert!(
            told.contains(said) && !told.contains("expired-key"),
            "{told}"
        );
        let checks = scene.source.access().await;
        assert!(checks.iter().all(|check| check.result.is_err()));
    }
    let Setup::NewRelic(server, mut settings) = Setup::new_relic() else {
        unreachable!()
    };
    settings.account = 1;
    let failure = Scene::of(Setup::NewRelic(server, settings))
        .await
        .failure()
        .await;
    assert_eq!(failure.kind, FailureKind::Rights, "{failure}");
}

#[tokio::test]
async fn without_error_tracking_the_rest_is_read() {
    let Setup::Datadog(mut server, settings) = Setup::datadog() else {
        unreachable!()
    };
    server.permissions = vec!["rum_apps_read"];
    let scene = Scene::of(Setup::Datadog(server, settings)).await;
    let report = scene.poll(None).await;
    assert!(notes(&report).contains("no top crashes: Datadog answered: 403: Forbidden"));
    assert!(!report.readings.is_empty() && report.issues.is_empty());
    let checks = scene.source.access().await;
    let fine: Vec<bool> = checks.iter().map(|check| check.result.is_ok()).collect();
    assert_eq!(fine, [true, false]);
}

#[tokio::test]
async fn a_query_that_took_too_long_is_no_answer() {
    let Setup::Datadog(mut server, settings) = Setup::datadog() else {
        unreachable!()
    };
    server.slow = true;
    let scene = Scene::of(Setup::Datadog(server, settings)).await;
    assert_eq!(scene.failure().await.kind, FailureKind::Retry);
}

#[tokio::test]
async fn a_journey_that_the_vendor_cannot_read_is_left_out_and_told() {
    let wrong = (
        "cart".to_owned(),
        "(broken".to_owned(),
        "(broken".to_owned(),
    );
    for mut setup in Setup::both() {
        match &mut setup {
            Setup::Datadog(_, settings) => settings.journeys.push(wrong.clone()),
            Setup::NewRelic(_, settings) => settings.journeys.push(wrong.clone()),
        }
        let scene = Scene::of(setup).await;
        let report = scene.poll(None).await;
        let told = notes(&report);
        assert!(told.contains("no journey_success:cart: "), "{told}");
        let read = sums(&report.readings, "84300");
        assert!(!read.contains_key(&Metric::JourneySuccess("cart".into())));
        assert!(read.contains_key(&Metric::JourneySuccess("checkout".into())));
    }
}

#[tokio::test]
async fn a_version_that_nobody_runs_is_unknown_and_not_well() {
    for setup in Setup::both() {
        let scene = Scene::of(setup).await;
        let mut query = scene.query(None);
        query.version = Version::from_code(84999);
        let report = scene.source.poll(&query).await.unwrap();
        assert!(report.readings.is_empty() && report.first_session.is_none());
        let told = notes(&report);
        assert!(
            told.contains("has no session of 84999 in the last 14 days"),
            "{told}"
        );
        assert!(told.contains("it knows 8.42.0 (84200)"), "{told}");
    }
}

#[tokio::test]
async fn names_without_a_build_tell_no_version_of_play() {
    let Setup::Datadog(server, settings) = Setup::datadog() else {
        unreachable!()
    };
    let settings = datadog::Settings {
        release: "{version}".into(),
        ..settings
    };
    let scene = Scene::of(Setup::Datadog(server, settings)).await;
    let report = scene.poll(None).await;
    assert!(
        notes(&report).contains("has no {build}"),
        "{}",
        notes(&report)
    );
    assert!(report.readings.is_empty());
}

#[tokio::test]
async fn no_crash_at_all_in_a_big_app_is_no_good_news() {
    let world = WORLD
        .lines()
        .filter(|line| !line.starts_with("crash =") && !line.starts_with("abnormal ="))
        .collect::<Vec<_>>()
        .join("\n");
    for setup in Setup::both() {
        let scene = Scene::in_world(setup, &world, None).await;
        let report = scene.poll(None).await;
        let told = notes(&report);
        assert!(
            told.contains("no crash of any release in 14 days"),
            "{told}"
        );
        assert!(
            told.contains("check that crash reporting is on in the app"),
            "{told}"
        );
        let read = sums(&report.readings, "84300");
        assert!(!read.contains_key(&Metric::CrashFreeSessions));
        assert!(!read.contains_key(&Metric::FrustrationFreeSessions));
        assert!(read.contains_key(&Metric::ErrorFreeSessions));
    }
}

#[tokio::test]
async fn hostile_names_stay_names() {
    for setup in Setup::both() {
        let scene = Scene::of(setup).await;
        let mut query = scene.query(None);
        query.version = Version::named("8.43.0' OR appBuild = '84200", "x\" OR *\\) -");
        let report = scene.source.poll(&query).await.unwrap();
        assert!(report.readings.is_empty(), "{}", notes(&report));
    }
}
