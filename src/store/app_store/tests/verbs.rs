use chrono::TimeDelta;
use serde_json::Value;

use super::kit::{Apple, order, refusal, shop};
use crate::domain::rollout::{Applied, Order};
use crate::domain::{Exposure, FailureKind, Status, Target, Version};
use crate::ports::Store;
use crate::simulator::scenario::ConsoleAct;

const RUNNING: Target = Target::InProgress { exposure: None };

fn became(apple: &Apple) -> Vec<String> {
    apple.writes().into_iter().map(|w| w.became).collect()
}

#[tokio::test]
async fn pause_resume_and_complete_are_written_once_each() {
    let apple = Apple::start().await;
    let store = apple.store();
    for (target, status) in [
        (Target::Stopped, Status::Stopped),
        (RUNNING, Status::InProgress),
        (Target::Stopped, Status::Stopped),
        (Target::Completed, Status::Completed),
    ] {
        assert_eq!(store.apply(&order(target)).await, Ok(Applied::Written));
        assert_eq!(store.apply(&order(target)).await, Ok(Applied::AlreadySo));
        if status != Status::Completed {
            let release = store.read().await.unwrap().release.unwrap();
            assert_eq!(release.status, status);
            assert!(target.is_met_by(&release));
        }
    }
    assert_eq!(became(&apple), ["PAUSED", "ACTIVE", "PAUSED", "COMPLETE"]);
}

#[tokio::test]
async fn a_pause_freezes_the_offer_and_complete_is_everybody() {
    let apple = Apple::start().await;
    let store = apple.store();
    let offered = || (apple.world.offered(&shop(), "84300") * 100.0).round() as u32;
    store.apply(&order(Target::Stopped)).await.unwrap();
    apple.pass(TimeDelta::days(3));
    assert_eq!(offered(), 5);
    store.apply(&order(RUNNING)).await.unwrap();
    apple.pass(TimeDelta::days(1));
    assert_eq!(offered(), 10);
    store.apply(&order(Target::Completed)).await.unwrap();
    assert_eq!(offered(), 100);
}

#[tokio::test]
async fn after_complete_nothing_can_be_stopped_and_it_says_so() {
    let apple = Apple::start().await;
    let store = apple.store();
    apple.person(&ConsoleAct::Complete);
    for target in [Target::Stopped, RUNNING] {
        let failure = store.apply(&order(target)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unsupported);
        assert!(failure.to_string().contains("no way back"), "{failure}");
        assert!(failure.hint.as_str().contains("expedited review"));
    }
    assert_eq!(became(&apple), ["COMPLETE"]);
}

#[tokio::test]
async fn no_percentage_but_todays_can_be_asked_for() {
    let apple = Apple::start().await;
    let store = apple.store();
    let at = |percent| Target::InProgress {
        exposure: Some(Exposure::from_percent(percent)),
    };
    assert_eq!(store.apply(&order(at(5))).await, Ok(Applied::AlreadySo));
    let failure = store.apply(&order(at(25))).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unsupported);
    apple.person(&ConsoleAct::Halt);
    let failure = store.apply(&order(at(25))).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert_eq!(store.apply(&order(at(5))).await, Ok(Applied::Written));
    assert_eq!(became(&apple), ["PAUSED", "ACTIVE"]);
}

#[tokio::test]
async fn what_somebody_paused_meanwhile_is_not_completed_but_by_who_knows() {
    let apple = Apple::start().await;
    let store = apple.store();
    apple.person(&ConsoleAct::Halt);
    for target in [Target::Completed, RUNNING] {
        let goes_on = Order {
            lifts: false,
            ..order(target)
        };
        let failure = store.apply(&goes_on).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Conflict, "{failure}");
    }
    let pause = Order {
        lifts: false,
        ..order(Target::Stopped)
    };
    assert_eq!(store.apply(&pause).await, Ok(Applied::AlreadySo));
    assert_eq!(became(&apple), ["PAUSED"]);
    assert_eq!(store.apply(&order(RUNNING)).await, Ok(Applied::Written));
}

#[tokio::test]
async fn what_is_not_out_or_no_longer_out_is_refused() {
    let apple = Apple::start().await;
    let store = apple.store();
    let of = |name, build| {
        let mut order = order(Target::Stopped);
        order.version = Version::named(name, build);
        order
    };
    for (wanted, kind, says) in [
        (
            of("8.44.0", "84400"),
            FailureKind::Refused,
            "waits for its developer",
        ),
        (of("8.42.0", "84200"), FailureKind::Refused, "newer version"),
        (of("8.43.0", "1"), FailureKind::NotFound, "8.43.0 (1)"),
        (of("9.9.9", "84300"), FailureKind::NotFound, "9.9.9 (84300)"),
    ] {
        let failure = store.apply(&wanted).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.to_string().contains(says), "{failure}");
    }
    assert!(became(&apple).is_empty());
    // A build number alone is enough to find it.
    let mut bare = order(Target::Stopped);
    bare.version = Version::from_code(84300);
    assert_eq!(store.apply(&bare).await, Ok(Applied::Written));
}

fn start(exposure: Option<u32>) -> Order {
    Order {
        version: Version::named("8.44.0", "84400"),
        ..order(Target::Started {
            exposure: exposure.map(Exposure::from_percent),
        })
    }
}

const REQUESTS: &str = "POST /v1/appStoreVersionReleaseRequests";

#[tokio::test]
async fn a_version_that_waits_for_its_developer_is_released_in_phases_and_once() {
    let apple = Apple::start().await;
    let store = apple.store();
    assert_eq!(store.apply(&start(None)).await, Ok(Applied::Written));
    assert_eq!(store.apply(&start(Some(1))).await, Ok(Applied::AlreadySo));
    // Apple is at it: the old one is still what is out.
    let view = store.read().await.unwrap();
    let watched = view.release.unwrap();
    assert_eq!(watched.version, Version::named("8.43.0", "84300"));
    let waiting = view.waiting.unwrap();
    assert_eq!(waiting.version, Version::named("8.44.0", "84400"));
    assert!(!start(None).target.is_met_by(&waiting));

    apple.pass(TimeDelta::minutes(5));
    let view = store.read().await.unwrap();
    assert_eq!(view.waiting, None);
    assert_eq!(view.previous, Some(Version::named("8.43.0", "84300")));
    let begun = view.release.unwrap();
    assert_eq!(begun.version, Version::named("8.44.0", "84400"));
    assert_eq!(
        (begun.status, begun.exposure),
        (Status::InProgress, Exposure::from_percent(1))
    );
    assert_eq!(begun.phased.as_ref().unwrap().day, 1);
    assert!(start(None).target.is_met_by(&begun));
    assert_eq!(store.apply(&start(None)).await, Ok(Applied::AlreadySo));
    apple.person(&ConsoleAct::Halt);
    let failure = store.apply(&start(None)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(failure.hint.as_str().contains("resume"), "{failure}");
    let asked = apple.seen();
    let requests = asked.iter().filter(|line| **line == REQUESTS);
    assert_eq!(requests.count(), 1, "{asked:?}");
    assert_eq!(became(&apple), ["PROCESSING_FOR_DISTRIBUTION", "PAUSED"]);
}

#[tokio::test]
async fn a_release_that_would_reach_everybody_or_another_share_is_not_asked_for() {
    let apple = Apple::start().await;
    let store = apple.store();
    let failure = store.apply(&start(Some(8))).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert!(failure.to_string().contains("no percentage"), "{failure}");
    apple.edit("/appStoreVersions?", |page| {
        for version in page["data"].as_array_mut().unwrap() {
            version["relationships"]["appStoreVersionPhasedRelease"]["data"] = Value::Null;
        }
    });
    let failure = store.apply(&start(None)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(
        failure.to_string().contains("everybody at once"),
        "{failure}"
    );
    assert!(became(&apple).is_empty());
}

#[tokio::test]
async fn what_became_of_a_release_request_is_asked_of_the_store_where_apple_did_not_say() {
    let apple = Apple::start().await;
    let store = apple.store();
    apple.lose_reply(REQUESTS);
    let failure = store.apply(&start(None)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Ambiguous, "{failure}");
    assert_eq!(store.apply(&start(None)).await, Ok(Applied::AlreadySo));
    assert_eq!(became(&apple), ["PROCESSING_FOR_DISTRIBUTION"]);

    for (status, code, kind) in [
        (
            409,
            "STATE_ERROR.ENTITY_STATE_INVALID",
            FailureKind::Conflict,
        ),
        (
            409,
            "ENTITY_ERROR.RELATIONSHIP.INVALID",
            FailureKind::Refused,
        ),
        (403, "FORBIDDEN_ERROR", FailureKind::Rights),
        (
            403,
            "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED",
            FailureKind::Rights,
        ),
        (429, "RATE_LIMIT_EXCEEDED", FailureKind::Quota),
        (500, "UNEXPECTED_ERROR", FailureKind::Ambiguous),
    ] {
        let apple = Apple::start().await;
        apple.instead(REQUESTS, status, &refusal(status, code, "No."));
        let failure = apple.store().apply(&start(None)).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{code}");
        assert_eq!(failure.place.as_str(), REQUESTS);
        assert!(became(&apple).is_empty());
    }
}

#[tokio::test]
async fn a_version_released_to_everybody_at_once_cannot_be_stopped() {
    let apple = Apple::start().await;
    let key = apple.team_key();
    let store = apple.store_with(key, "com.example.shop.beta", apple.clock.clone());
    let mut wanted = order(Target::Stopped);
    wanted.version = Version::named("0.1.0", "1");
    let failure = store.apply(&wanted).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert!(failure.to_string().contains("at once"), "{failure}");
    wanted.target = Target::Completed;
    assert_eq!(store.apply(&wanted).await, Ok(Applied::AlreadySo));
}

#[tokio::test]
async fn a_state_with_a_new_name_does_not_stand_between_a_person_and_the_brake() {
    let apple = Apple::start().await;
    apple.edit("/appStoreVersions?", |page| {
        for version in page["data"].as_array_mut().unwrap() {
            version["attributes"]["appVersionState"] = "OUT_THERE".into();
        }
    });
    let applied = apple.store().apply(&order(Target::Stopped)).await;
    assert_eq!(applied, Ok(Applied::Written));
}

#[tokio::test]
async fn a_lost_reply_is_ambiguous_and_the_order_can_be_repeated() {
    let apple = Apple::start().await;
    let store = apple.store();
    apple.lose_reply("PATCH ");
    let failure = store.apply(&order(Target::Stopped)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Ambiguous);
    assert_eq!(
        failure.place.as_str(),
        "PATCH /v1/appStoreVersionPhasedReleases/{id}"
    );
    let applied = store.apply(&order(Target::Stopped)).await;
    assert_eq!(applied, Ok(Applied::AlreadySo));
    assert_eq!(became(&apple), ["PAUSED"]);
}

#[tokio::test]
async fn who_is_overtaken_between_read_and_write_is_told_already_so() {
    let apple = Apple::start().await;
    let store = apple.store();
    // The list still shows ACTIVE while the store is paused: the live text, with whatever code came with it.
    apple.person(&ConsoleAct::Halt);
    apple.edit("/appStoreVersions?", |page| {
        for resource in page["included"].as_array_mut().unwrap() {
            if resource["attributes"]["phasedReleaseState"] == "PAUSED" {
                resource["attributes"]["phasedReleaseState"] = "ACTIVE".into();
            }
        }
    });
    let applied = store.apply(&order(Target::Stopped)).await;
    assert_eq!(applied, Ok(Applied::AlreadySo));
    apple.leave_alone();

    apple.person(&ConsoleAct::Resume);
    for (code, detail, kind) in [
        (
            "STATE_ERROR",
            "You cannot change the state of a phased release that is in a final state",
            FailureKind::Unsupported,
        ),
        (
            "ENTITY_ERROR.ATTRIBUTE.INVALID.INVALID_STATE",
            "You cannot change the state of a phased release in the current version state.",
            FailureKind::Refused,
        ),
        (
            "STATE_ERROR.ENTITY_STATE_INVALID",
            "Other.",
            FailureKind::Conflict,
        ),
        (
            "ENTITY_ERROR.ATTRIBUTE.INVALID",
            "Other.",
            FailureKind::Refused,
        ),
        ("SOMETHING_NEW", "Other.", FailureKind::Conflict),
    ] {
        apple.instead("PATCH ", 409, &refusal(409, code, detail));
        let failure = store.apply(&order(Target::Stopped)).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.what.as_str().contains(detail), "{failure}");
    }
    assert_eq!(became(&apple), ["PAUSED", "ACTIVE"]);
}
