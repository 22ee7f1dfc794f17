use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::kit::{Apple, WORLD};
use crate::domain::Status::{Completed, InProgress};
use crate::domain::rollout::{Phased, ReleaseView};
use crate::domain::{Exposure, FailureKind, Status, StoreView, Version};
use crate::ports::Store;
use crate::simulator::scenario::ConsoleAct;

type Edit = fn(&mut Value);

const VERSIONS: &str = "/appStoreVersions?";

/// The version on its third day, and what it replaces; the one that waits for its developer is another.
fn third_day(apple: &Apple) -> StoreView {
    StoreView {
        waiting: Some(ReleaseView {
            also: Vec::new(),
            version: Version::named("8.44.0", "84400"),
            label: "".into(),
            status: Status::Pending,
            exposure: Exposure::NONE,
            in_review: false,
            phased: Some(Phased {
                day: 0,
                start: None,
                paused_days: 0,
            }),
        }),
        release: Some(ReleaseView {
            also: Vec::new(),
            version: Version::named("8.43.0", "84300"),
            label: "".into(),
            status: Status::InProgress,
            exposure: Exposure::from_percent(5),
            in_review: false,
            phased: Some(Phased {
                day: 3,
                start: Some(apple.world.start() - TimeDelta::hours(51)),
                paused_days: 0,
            }),
        }),
        previous: Some(Version::named("8.42.0", "84200")),
        others: 0,
    }
}

#[tokio::test]
async fn a_running_rollout_is_read_in_one_request_once_the_app_is_known() {
    let apple = Apple::start().await;
    let store = apple.store();
    assert_eq!(store.read().await.unwrap(), third_day(&apple));
    assert_eq!(store.read().await.unwrap(), third_day(&apple));
    let seen = apple.seen();
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(seen[0], "GET /v1/apps");
    assert_eq!(seen[1], seen[2]);
}

#[tokio::test]
async fn the_day_grows_at_the_hour_of_the_start_and_the_last_one_completes() {
    let apple = Apple::start().await;
    let store = apple.store();
    let mut course = Vec::new();
    for _ in 0..6 {
        let release = store.read().await.unwrap().release.unwrap();
        let percent = release.exposure.percent() as u32;
        course.push((release.status, release.phased.unwrap().day, percent));
        apple.pass(TimeDelta::hours(24));
    }
    assert_eq!(
        course,
        [
            (InProgress, 3, 5),
            (InProgress, 4, 10),
            (InProgress, 5, 20),
            (InProgress, 6, 50),
            (InProgress, 7, 100),
            (Completed, 7, 100),
        ]
    );
    apple.person(&ConsoleAct::NewRelease { to: None });
    apple.pass(TimeDelta::minutes(5));
    apple.person(&ConsoleAct::Complete);
    let view = store.read().await.unwrap();
    let release = view.release.unwrap();
    assert_eq!(release.version, Version::named("8.44.0", "84400"));
    assert_eq!(
        (release.status, release.exposure),
        (Completed, Exposure::FULL)
    );
    assert_eq!(view.previous, Some(Version::named("8.43.0", "84300")));
}

#[tokio::test]
async fn days_of_pause_are_counted() {
    let apple = Apple::start().await;
    let store = apple.store();
    apple.person(&ConsoleAct::Halt);
    apple.pass(TimeDelta::days(2));
    let release = store.read().await.unwrap().release.unwrap();
    assert_eq!(release.status, Status::Stopped);
    assert_eq!(release.exposure, Exposure::from_percent(5));
    let phased = release.phased.unwrap();
    assert_eq!((phased.day, phased.paused_days), (3, 2));
}

#[tokio::test]
async fn a_glance_is_one_request_and_changes_with_the_rollout_only() {
    let apple = Apple::start().await;
    let store = apple.store();
    let first = store.glance().await.unwrap();
    apple.seen();
    apple.pass(TimeDelta::minutes(1));
    assert_eq!(store.glance().await.unwrap(), first);
    assert_eq!(apple.seen().len(), 1);
    apple.person(&ConsoleAct::Halt);
    let paused = store.glance().await.unwrap();
    assert_ne!(paused, first);
    apple.pass(TimeDelta::days(1));
    let next_day = store.glance().await.unwrap();
    assert_ne!(next_day, paused);
    apple.person(&ConsoleAct::StartReview);
    assert_ne!(store.glance().await.unwrap(), next_day);
}

#[tokio::test]
async fn the_bundle_id_is_matched_exactly() {
    let apple = Apple::start().await;
    // The filter finds com.example.shop.beta too.
    assert!(apple.store().read().await.is_ok());
    let store = apple.store_with(apple.team_key(), "com.example", apple.clock.clone());
    let failure = store.read().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.to_string().contains("com.example"), "{failure}");
}

#[tokio::test]
async fn neither_order_nor_filters_nor_platform_are_trusted() {
    let apple = Apple::start().await;
    apple.edit(VERSIONS, |page| {
        let data = page["data"].as_array_mut().unwrap();
        data.reverse();
        let mut newer = data
            .iter()
            .find(|v| v["attributes"]["versionString"] == "8.43.0")
            .unwrap()
            .clone();
        newer["id"] = json!("mac");
        newer["attributes"]["versionString"] = json!("9.0.0");
        newer["attributes"]["platform"] = json!("MAC_OS");
        newer["attributes"]["createdDate"] = json!("2027-01-01T00:00:00Z");
        data.push(newer);
    });
    assert_eq!(apple.store().read().await.unwrap(), third_day(&apple));
}

#[tokio::test]
async fn the_state_that_apple_deprecated_serves_where_the_new_one_is_missing() {
    let apple = Apple::start().await;
    apple.edit(VERSIONS, |page| {
        for version in page["data"].as_array_mut().unwrap() {
            version["attributes"]["appVersionState"] = Value::Null;
        }
    });
    assert_eq!(apple.store().read().await.unwrap(), third_day(&apple));
}

#[tokio::test]
async fn what_the_list_does_not_bring_along_is_asked_for() {
    let apple = Apple::start().await;
    apple.edit(VERSIONS, |page| {
        page["included"] = Value::Null;
        page["meta"] = Value::Null;
        for version in page["data"].as_array_mut().unwrap() {
            for name in ["build", "appStoreVersionPhasedRelease"] {
                version["relationships"][name]
                    .as_object_mut()
                    .unwrap()
                    .remove("data");
            }
        }
    });
    assert_eq!(apple.store().read().await.unwrap(), third_day(&apple));
}

#[tokio::test]
async fn a_release_without_phases_is_complete_from_the_start() {
    // An app's first version has no phased release: the list says null, and so does the resource itself.
    let apple = Apple::start().await;
    let key = apple.team_key();
    let store = apple.store_with(key, "com.example.shop.beta", apple.clock.clone());
    let whole = store.read().await.unwrap();
    let release = whole.release.clone().unwrap();
    assert_eq!((release.status, release.phased), (Status::Completed, None));
    assert_eq!((whole.previous.clone(), whole.others), (None, 0));
    apple.edit(VERSIONS, |page| {
        page["data"][0]["relationships"]["appStoreVersionPhasedRelease"] = json!({});
    });
    assert_eq!(store.read().await.unwrap(), whole);
    apple.instead("/appStoreVersionPhasedRelease", 404, "{}");
    assert_eq!(store.read().await.unwrap(), whole);
}

#[tokio::test]
async fn what_is_approved_waits_and_is_not_watched_even_where_nothing_else_is() {
    let apple = Apple::start().await;
    let key = apple.team_key();
    let store = apple.store_with(key, "com.example.shop.beta", apple.clock.clone());
    for (state, waits) in [
        ("PENDING_DEVELOPER_RELEASE", true),
        ("PENDING_APPLE_RELEASE", true),
        ("PROCESSING_FOR_DISTRIBUTION", true),
        ("PREPARE_FOR_SUBMISSION", false),
    ] {
        apple.edit(VERSIONS, move |page| {
            page["data"][0]["attributes"]["appVersionState"] = json!(state);
        });
        let view = store.read().await.unwrap();
        assert_eq!(view.release, None, "{state}");
        assert_eq!(
            view.waiting.map(|release| release.status),
            waits.then_some(Status::Pending),
            "{state}"
        );
        assert_eq!(view.others, u32::from(!waits), "{state}");
        apple.leave_alone();
    }
}

#[tokio::test]
async fn what_waits_is_newer_than_what_is_out() {
    let apple = Apple::start().await;
    apple.edit(VERSIONS, |page| {
        for version in page["data"].as_array_mut().unwrap() {
            let state = match version["attributes"]["versionString"].as_str() {
                Some("8.42.0") => "PENDING_DEVELOPER_RELEASE",
                Some("8.44.0") => "REPLACED_WITH_NEW_VERSION",
                _ => continue,
            };
            version["attributes"]["appVersionState"] = json!(state);
        }
    });
    let view = apple.store().read().await.unwrap();
    assert_eq!((view.waiting, view.others), (None, 1));
}

#[tokio::test]
async fn explicit_nulls_are_read_as_nothing() {
    let apple = Apple::start().await;
    apple.edit(VERSIONS, |page| {
        for resource in page["included"].as_array_mut().unwrap() {
            for name in ["startDate", "currentDayNumber", "totalPauseDuration"] {
                resource["attributes"][name] = Value::Null;
            }
        }
        for version in page["data"].as_array_mut().unwrap() {
            version["attributes"]["createdDate"] = Value::Null;
        }
        page["links"]["next"] = Value::Null;
    });
    let view = apple.store().read().await.unwrap();
    let release = view.release.unwrap();
    assert_eq!(release.version, Version::named("8.43.0", "84300"));
    assert_eq!(release.status, Status::InProgress);
    let phased = release.phased.unwrap();
    assert_eq!((phased.day, phased.start, phased.paused_days), (0, None, 0));
    assert_eq!(view.previous, Some(Version::named("8.42.0", "84200")));
}

#[tokio::test]
async fn what_is_not_known_is_an_error_not_a_guess() {
    let cases: [(Edit, &str); 4] = [
        (
            |page| {
                for resource in page["included"].as_array_mut().unwrap() {
                    resource["attributes"]["phasedReleaseState"] = json!("STOPPED");
                }
            },
            "phasedReleaseState",
        ),
        (
            |page| {
                for version in page["data"].as_array_mut().unwrap() {
                    version["attributes"]["appVersionState"] = json!("GOING_OUT");
                }
            },
            "state that this haltline does not know",
        ),
        (
            |page| {
                for version in page["data"].as_array_mut().unwrap() {
                    version["attributes"]["platform"] = Value::Null;
                }
            },
            "platform",
        ),
        (
            |page| page["data"] = json!({ "type": "appStoreVersions" }),
            "not what this API documents",
        ),
    ];
    for (edit, says) in cases {
        let apple = Apple::start().await;
        apple.edit(VERSIONS, edit);
        let failure = apple.store().read().await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed, "{failure}");
        assert!(failure.to_string().contains(says), "{failure}");
        assert_eq!(failure.place.as_str(), "GET /v1/apps/{id}/appStoreVersions");
    }
}

#[tokio::test]
async fn every_page_is_followed_on_our_own_base() {
    let old = (0..230)
        .map(|n| format!("[[app.version]]\nname = \"1.{n}.0\"\nbuild = \"{n}\"\nrole = \"old\"\n"));
    let (head, tail) = WORLD
        .split_once("[[app.version]]\nname = \"8.41.0\"")
        .unwrap();
    let world = format!(
        "{head}{}[[app.version]]\nname = \"8.41.0\"{tail}",
        old.collect::<String>()
    );
    let apple = Apple::of(&world).await;
    apple.edit(VERSIONS, |page| {
        if let Some(next) = page["links"]["next"].as_str() {
            let (_, path) = next.split_once("/v1/").unwrap();
            page["links"]["next"] = json!(format!("https://elsewhere.example.com/v1/{path}"));
        }
    });
    assert_eq!(apple.store().read().await.unwrap(), third_day(&apple));
    assert_eq!(apple.seen().len(), 3, "the app and two pages");
}

#[tokio::test]
async fn a_list_without_end_is_given_up() {
    let apple = Apple::start().await;
    apple.edit(VERSIONS, |page| {
        page["links"]["next"] = page["links"]["self"].clone();
    });
    let failure = apple.store().read().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Malformed);
    assert!(failure.to_string().contains("no end"), "{failure}");
}

#[tokio::test]
async fn doctor_names_what_was_tried() {
    let apple = Apple::start().await;
    let checks = apple.store().access().await;
    assert_eq!(checks.len(), 4);
    assert!(
        checks.iter().all(|check| check.result.is_ok()),
        "{checks:?}"
    );
    assert!(checks[3].right.as_str().contains("not tried"));
    assert!(apple.writes().is_empty());

    let other = apple.store_with(apple.team_key(), "com.example.other", apple.clock.clone());
    let checks = other.access().await;
    assert_eq!(checks.len(), 2);
    assert!(checks[0].result.is_ok());
    assert_eq!(
        checks[1].result.as_ref().unwrap_err().kind,
        FailureKind::NotFound
    );

    let mut wrong = apple.team_key();
    wrong.issuer_id = Some("somebody-else".into());
    let clock: Arc<dyn crate::ports::Clock> = apple.clock.clone();
    let checks = apple
        .store_with(wrong, "com.example.shop", clock)
        .access()
        .await;
    assert_eq!(checks.len(), 1);
    assert_eq!(
        checks[0].result.as_ref().unwrap_err().kind,
        FailureKind::Credentials
    );
}
