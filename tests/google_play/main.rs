//! The Google Play adapter against the simulated Play, over real HTTP: every verb, and everything that gets in its way.

mod bench;

use std::sync::Arc;

use bench::{Bench, FIRST, NEW, RESUME, app, at, order};
use chrono::TimeDelta;
use haltline::domain::rollout::{Applied, InReview, Order};
use haltline::domain::{Exposure, FailureKind, Status, Target, Version};
use haltline::ports::{Clock, Store};
use haltline::simulator::fault::Fault;
use haltline::simulator::scenario::ConsoleAct;
use serde_json::json;

#[tokio::test]
async fn a_rollout_is_read_as_the_store_holds_it() {
    let bench = Bench::new().await.with_a_draft().await;
    let view = bench.view().await;
    assert_eq!(view.previous, Some(Version::from_code(84_200)));
    assert_eq!(view.others, 0);
    let waiting = view.waiting.unwrap();
    assert_eq!(
        (waiting.version, waiting.status),
        (Version::from_code(90_001), Status::Draft)
    );
    let release = view.release.unwrap();
    assert_eq!(release.version, Version::from_code(NEW));
    assert_eq!(
        (release.status, release.exposure, release.in_review),
        (Status::InProgress, Exposure::from_percent(5), false)
    );
}

/// Invariant 7, under both readings of what Play does with releases that are left out. The guards are the echo in
/// `Track::plan` and the read inside the edit.
#[tokio::test]
async fn every_verb_changes_its_own_release_and_nothing_else() {
    for strict in [false, true] {
        let bench = Bench::new().await.with_a_draft().await;
        bench.switch(json!({"strict_replacement": strict, "empty_updates": strict}));
        let (base, draft) = (bench.release(84_200), bench.release(90_000));
        let before = bench.release(NEW);
        for (target, status, fraction) in [
            (Target::Stopped, "halted", 0.05),
            (RESUME, "inProgress", 0.05),
            (at(25), "inProgress", 0.25),
            (Target::Stopped, "halted", 0.25),
            (at(50), "inProgress", 0.5),
        ] {
            assert_eq!(bench.apply(target).await, Ok(Applied::Written), "{target}");
            let mut wanted = before.clone();
            wanted["status"] = json!(status);
            wanted["userFraction"] = json!(fraction);
            assert_eq!(bench.release(NEW), wanted, "{target}");
            assert!(target.is_met_by(&bench.watched().await), "{target}");
            assert_eq!(
                bench.apply(target).await,
                Ok(Applied::AlreadySo),
                "{target}"
            );
            for (foreign, code) in [(&base, 84_200), (&draft, 90_000)] {
                assert_eq!(
                    bench.release(code).to_string(),
                    foreign.to_string(),
                    "{target}"
                );
            }
            assert_eq!(bench.releases().len(), 3);
        }
        assert_eq!(bench.apply(Target::Completed).await, Ok(Applied::Written));
        assert_eq!(bench.release(NEW)["status"], "completed");
        assert_eq!(bench.release(NEW)["releaseNotes"], before["releaseNotes"]);
        assert_eq!(bench.release(90_000).to_string(), draft.to_string());
        assert_eq!(bench.releases().len(), 2, "the old one made way for it");
        assert_eq!(bench.watched().await.status, Status::Completed);
    }
}

/// The guards are `Track::check_alone`, and the echo in `Track::plan`.
#[tokio::test]
async fn a_draft_begins_once_nothing_else_is_being_rolled_out() {
    for strict in [false, true] {
        let bench = Bench::new().await.with_a_draft().await;
        bench.switch(json!({"strict_replacement": strict}));
        let start = |percent| Order {
            version: Version::from_code(90_000),
            ..order(Target::Started {
                exposure: Some(Exposure::from_percent(percent)),
            })
        };
        let (before, draft) = (bench.truth(), bench.release(90_000));
        let failure = bench.play.apply(&start(8)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(failure.what.as_str().contains("would halt it"), "{failure}");
        assert_eq!(bench.truth(), before);

        bench.apply(Target::Stopped).await.unwrap();
        let (halted, base) = (bench.release(NEW), bench.release(84_200));
        assert_eq!(bench.play.apply(&start(8)).await, Ok(Applied::Written));
        assert_eq!(bench.play.apply(&start(8)).await, Ok(Applied::AlreadySo));
        let mut wanted = draft;
        wanted["status"] = json!("inProgress");
        wanted["userFraction"] = json!(0.08);
        assert_eq!(bench.release(90_000), wanted);
        assert_eq!(bench.release(NEW), halted);
        assert_eq!(bench.release(84_200), base);
        let view = bench.view().await;
        assert_eq!((view.waiting, view.others), (None, 1));
        assert_eq!(view.release.unwrap().version, Version::from_code(90_001));
    }
}

#[tokio::test]
async fn a_draft_that_the_scenario_names_is_there_from_the_start_or_comes_later() {
    let early = Bench::of(&bench::ROLLOUT.replace("\"next\",", "\"next\", waits = true,")).await;
    let waiting = early.view().await.waiting.unwrap();
    assert_eq!(waiting.version, Version::from_code(84_400));
    let late = Bench::new().await;
    assert_eq!(late.view().await.waiting, None);
    late.world.act(&app(), &ConsoleAct::Prepare).unwrap();
    assert_eq!(late.view().await.waiting, Some(waiting));
    late.apply(Target::Completed).await.unwrap();
    let everybody = Order {
        version: Version::from_code(84_400),
        ..order(Target::Started { exposure: None })
    };
    assert_eq!(late.play.apply(&everybody).await, Ok(Applied::Written));
    let view = late.view().await;
    let release = view.release.unwrap();
    assert_eq!(
        (release.version, release.status),
        (Version::from_code(84_400), Status::Completed)
    );
    let offered = late.world.offered(&app(), "84400");
    assert!((offered - 1.0).abs() < 1e-9, "{offered}");
}

#[tokio::test]
async fn a_release_that_everybody_has_is_halted_and_the_one_before_it_serves() {
    let bench = Bench::new().await;
    bench.apply(Target::Completed).await.unwrap();
    assert_eq!(bench.apply(Target::Stopped).await, Ok(Applied::Written));
    let view = bench.view().await;
    let release = view.release.unwrap();
    assert_eq!(
        (release.status, release.exposure),
        (Status::Stopped, Exposure::FULL)
    );
    assert_eq!(release.version, Version::from_code(NEW));
    assert_eq!(view.previous, Some(Version::from_code(84_200)));

    let refused = bench.apply(RESUME).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Refused);
    assert_eq!(bench.apply(Target::Completed).await, Ok(Applied::Written));
    assert_eq!(bench.watched().await.status, Status::Completed);
}

#[tokio::test]
async fn a_release_that_everybody_has_and_that_is_the_first_cannot_be_halted() {
    let bench = Bench::of(FIRST).await;
    let before = bench.truth();
    let failure = bench.apply(Target::Stopped).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Ambiguous, "{failure}");
    assert!(failure.what.as_str().contains("fall back"), "{failure}");
    assert_eq!(bench.watched().await.status, Status::Completed);
    assert_eq!(bench.truth(), before);
}

#[tokio::test]
async fn an_edit_killed_in_the_middle_is_a_conflict_and_the_next_one_works() {
    for killed_before in ["GET /", "PUT /", ":validate", ":commit"] {
        let bench = Bench::new().await;
        let world = Arc::clone(&bench.world);
        let mut left = 1;
        let play = bench
            .behind(move |line| {
                if line.contains(killed_before) && left > 0 {
                    left -= 1;
                    world.act(&app(), &ConsoleAct::Touch).unwrap();
                }
            })
            .await;
        let before = bench.truth();
        let failure = play.apply(&order(Target::Stopped)).await.unwrap_err();
        assert_eq!(
            failure.kind,
            FailureKind::Conflict,
            "{killed_before}: {failure}"
        );
        assert_eq!(bench.truth(), before, "{killed_before}");
        assert_eq!(
            play.apply(&order(Target::Stopped)).await,
            Ok(Applied::Written)
        );
    }
}

/// What a person does between any two steps stands: never is something written that rests on a state that is gone.
#[tokio::test]
async fn a_person_who_is_faster_wins() {
    for (act, target, after) in [
        (ConsoleAct::Halt, at(25), "halted"),
        (ConsoleAct::Complete, Target::Stopped, "completed"),
        (ConsoleAct::Halt, Target::Completed, "halted"),
    ] {
        for step in ["GET /", "PUT /", ":validate", ":commit"] {
            let bench = Bench::new().await;
            let (world, act) = (Arc::clone(&bench.world), act.clone());
            let mut left = 1;
            let play = bench
                .behind(move |line| {
                    if line.contains(step) && left > 0 {
                        left -= 1;
                        world.act(&app(), &act).unwrap();
                    }
                })
                .await;
            let failure = play.apply(&order(target)).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Conflict, "{step}: {failure}");
            assert_eq!(bench.release(NEW)["status"], after, "{step}");
        }
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_ambiguous_applied_or_not() {
    for applied in [false, true] {
        let faults = [
            Fault::Reset { applied },
            Fault::Status {
                code: 500,
                body: None,
                retry_after: None,
                applied,
            },
        ];
        for fault in faults {
            let bench = Bench::new().await;
            bench.fault(":commit", fault.clone());
            let failure = bench.apply(Target::Stopped).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Ambiguous, "{fault:?}: {failure}");
            let status = bench.watched().await.status;
            assert_eq!(status == Status::Stopped, applied, "{fault:?}");
            let again = if applied {
                Applied::AlreadySo
            } else {
                Applied::Written
            };
            assert_eq!(bench.apply(Target::Stopped).await, Ok(again), "{fault:?}");
            let halts = bench.world.writes();
            let halts = halts.iter().filter(|write| write.became == "halted");
            assert_eq!(halts.count(), 1, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn faults_before_the_commit_change_nothing_and_leave_nothing_behind() {
    for step in [
        "POST /androidpublisher/v3/applications/com.example.shop/edits",
        "PUT /",
        ":validate",
    ] {
        for (fault, kind) in [
            (Fault::Reset { applied: false }, FailureKind::Retry),
            (Fault::Html, FailureKind::Malformed),
            (Fault::Huge { bytes: 100 << 20 }, FailureKind::Malformed),
            (
                Fault::Redirect {
                    to: "https://example.com/".into(),
                },
                FailureKind::Refused,
            ),
        ] {
            // Bodies of PUT and validate are not read: Play's own may be empty.
            if fault == Fault::Html && !step.ends_with("edits") {
                continue;
            }
            let bench = Bench::new().await;
            let before = bench.truth();
            bench.fault(step, fault.clone());
            let failure = bench.apply(Target::Stopped).await.unwrap_err();
            assert_eq!(failure.kind, kind, "{step} {fault:?}: {failure}");
            assert!(!failure.to_string().contains("127.0.0.1"), "{failure}");
            assert_eq!(bench.truth(), before);
            assert_eq!(bench.apply(Target::Stopped).await, Ok(Applied::Written));
        }
    }
}

#[tokio::test]
async fn a_read_gets_over_a_fault_by_itself() {
    for step in [
        "/releases",
        "GET /androidpublisher/v3/applications/com.example.shop/edits",
    ] {
        for fault in [
            Fault::Reset { applied: true },
            Fault::Truncated,
            Fault::Status {
                code: 503,
                body: None,
                retry_after: Some("1".into()),
                applied: false,
            },
        ] {
            let bench = Bench::new().await;
            bench.fault(step, fault.clone());
            assert_eq!(
                bench.watched().await.status,
                Status::InProgress,
                "{step} {fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_review_is_asked_about_or_cancelled_as_ordered() {
    let bench = Bench::new().await;
    let quiet = bench.play.glance().await.unwrap();
    bench.person(&ConsoleAct::StartReview);
    assert_ne!(bench.play.glance().await.unwrap(), quiet);
    assert!(bench.watched().await.in_review);

    let before = bench.truth();
    let failure = bench.apply(Target::Stopped).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InReview, "{failure}");
    assert!(
        failure.hint.as_str().contains("in_review = \"cancel\""),
        "{failure}"
    );
    assert_eq!(bench.truth(), before);
    assert_eq!(bench.truth()["reviewsCancelled"], 0);

    let cancel = Order {
        in_review: InReview::Cancel,
        ..order(Target::Stopped)
    };
    assert_eq!(bench.play.apply(&cancel).await, Ok(Applied::Written));
    assert_eq!(bench.truth()["reviewsCancelled"], 1);
    let release = bench.watched().await;
    assert_eq!(
        (release.status, release.in_review),
        (Status::Stopped, false)
    );
}

#[tokio::test]
async fn nothing_is_done_to_versions_that_are_not_out() {
    let bench = Bench::new().await.with_a_draft().await;
    let before = bench.truth();
    for (code, kind) in [(90_000, FailureKind::Refused), (7, FailureKind::NotFound)] {
        let order = Order {
            version: Version::from_code(code),
            ..order(Target::Stopped)
        };
        let failure = bench.play.apply(&order).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(!failure.hint.is_empty());
    }
    assert_eq!(bench.truth(), before);
}

#[tokio::test]
async fn what_differs_between_accounts_is_told_by_its_own_name() {
    for (switches, kind, words) in [
        (
            json!({"no_right": true}),
            FailureKind::Rights,
            "Release to production",
        ),
        (json!({"api_off": true}), FailureKind::Rights, "enable it"),
        (json!({"draft_app": true}), FailureKind::Refused, "draft"),
        (
            json!({"review_by_hand": true}),
            FailureKind::Refused,
            "by hand",
        ),
        (json!({"edit_seconds": 0}), FailureKind::Conflict, "expired"),
    ] {
        let bench = Bench::new().await;
        let before = bench.truth();
        bench.switch(switches.clone());
        let failure = bench.apply(Target::Stopped).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{switches}: {failure}");
        assert!(failure.to_string().contains(words), "{switches}: {failure}");
        assert_eq!(bench.truth(), before);
    }
}

#[tokio::test]
async fn tokens_are_renewed_as_time_goes_by() {
    let bench = Bench::new().await;
    for hour in 1..6 {
        // A token that was good a moment ago is in its last minute, or over.
        let now = bench.clock.now();
        let step = TimeDelta::minutes(60) - TimeDelta::seconds(30) * (hour % 3);
        bench.clock.advance_to(now + step);
        assert_eq!(bench.watched().await.status, Status::InProgress, "{hour}");
    }
}

/// The release that it replaces is left halted on the track, and Play takes one halted release a track only.
#[tokio::test]
async fn a_new_release_is_noticed_watched_and_halted_beside_the_old_one() {
    let bench = Bench::new().await;
    let before = bench.play.glance().await.unwrap();
    bench.person(&ConsoleAct::NewRelease { to: None });
    assert_ne!(bench.play.glance().await.unwrap(), before);
    let release = bench.watched().await;
    assert_eq!(release.version, Version::from_code(84_400));
    assert_eq!(release.exposure, Exposure::from_percent(1));

    let old = bench.release(NEW);
    assert_eq!(old["status"], "halted");
    let halt = Order {
        version: release.version,
        ..order(Target::Stopped)
    };
    assert_eq!(bench.play.apply(&halt).await, Ok(Applied::Written));
    assert_eq!(bench.watched().await.status, Status::Stopped);
    assert_eq!(bench.release(NEW).to_string(), old.to_string());
}

#[tokio::test]
async fn going_on_with_a_release_never_halts_another_one() {
    let bench = Bench::new().await;
    bench.person(&ConsoleAct::NewRelease { to: None });
    let before = bench.truth();
    let failure = bench.apply(RESUME).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
    assert!(failure.what.as_str().contains("84400"), "{failure}");
    assert_eq!(bench.truth(), before);
}

#[tokio::test]
async fn what_somebody_halted_meanwhile_is_not_raised_but_by_who_knows() {
    let bench = Bench::new().await;
    bench.person(&ConsoleAct::Halt);
    let before = bench.truth();
    for target in [at(50), RESUME, Target::Completed] {
        let goes_on = Order {
            lifts: false,
            ..order(target)
        };
        let failure = bench.play.apply(&goes_on).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Conflict, "{failure}");
        assert_eq!(bench.truth(), before);
    }
    bench.apply(RESUME).await.unwrap();
    assert_eq!(bench.watched().await.status, Status::InProgress);
}

#[tokio::test]
async fn doctor_finds_everything_in_order() {
    let bench = Bench::new().await;
    let before = bench.truth();
    for check in bench.play.access().await {
        assert_eq!(check.result, Ok(()), "{}", check.right);
    }
    assert_eq!(bench.truth(), before);
}
