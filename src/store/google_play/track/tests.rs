mod properties;
mod waiting;

use proptest::prelude::*;

use super::*;
use crate::store::google_play::summary::Summaries;

fn staged() -> Value {
    json!({"track": "production", "newField": {"kept": true}, "releases": [
        {"name": "2.1.0", "versionCodes": ["210", "9"], "status": "inProgress", "userFraction": 0.05,
         "countryTargeting": {"countries": ["AT", "DE"], "includeRestOfWorld": true}, "inAppUpdatePriority": 3,
         "releaseNotes": [{"language": "de-DE", "text": "Neu\u{2028}\u{1b}[31m"}], "later": [1, null]},
        {"name": "2.0.0", "versionCodes": ["200"], "status": "completed"},
    ]})
}

fn track(releases: &Value) -> Track {
    Track::parse(json!({"track": "production", "releases": releases})).unwrap()
}

fn view(releases: &Value) -> StoreView {
    track(releases).view(None, &[]).unwrap()
}

fn watched(releases: &Value) -> Option<String> {
    view(releases)
        .release
        .map(|release| release.version.build.to_string())
}

/// A plan that writes `track` and needs nothing else.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it is compared with what `plan` returns"
)]
fn write(track: Value) -> Result<Plan, TrackError> {
    Ok(Plan::Write(Write {
        track,
        without_other_halted: None,
        halts_completed: false,
    }))
}

fn plan(track: Value, code: u64, target: Target) -> Result<Plan, TrackError> {
    Track::parse(track)
        .unwrap()
        .plan(&Version::from_code(code), target, &[])
}

const RESUME: Target = Target::InProgress { exposure: None };

fn started(percent: Option<u32>) -> Target {
    Target::Started {
        exposure: percent.map(Exposure::from_percent),
    }
}

fn at(percent: u32) -> Target {
    Target::InProgress {
        exposure: Some(Exposure::from_percent(percent)),
    }
}

#[test]
fn a_staged_rollout_is_read_as_it_stands() {
    let track = Track::parse(staged()).unwrap();
    let list: Summaries = serde_json::from_value(json!({"releases": [
        {"releaseLifecycleState": "RELEASE_LIFECYCLE_STATE_IN_REVIEW", "activeArtifacts": [{"versionCode": 210}]},
    ]}))
    .unwrap();
    let view = track.view(None, &list.releases).unwrap();
    let release = view.release.unwrap();
    assert_eq!(
        release.version,
        Version::from_code(210),
        "the highest of its codes"
    );
    assert_eq!(
        (release.status, release.exposure),
        (Status::InProgress, Exposure::from_percent(5))
    );
    assert_eq!(release.label.as_str(), "2.1.0");
    assert!(release.in_review);
    assert_eq!(
        (view.previous, view.others),
        (Some(Version::from_code(200)), 0)
    );
}

#[test]
fn the_release_watched_is_the_newest_staged_one_else_the_newest_for_everybody() {
    let r = |code: &str, status: &str| json!({"versionCodes": [code], "status": status});
    let f = |code: &str, status: &str| json!({"versionCodes": [code], "status": status, "userFraction": 0.1});
    for (releases, wanted) in [
        (json!([]), None),
        (json!([r("9", "draft")]), None),
        (
            json!([{"status": "completed"}, {"name": "no codes", "status": "inProgress", "userFraction": 0.5}]),
            None,
        ),
        (
            json!([r("200", "completed"), f("210", "inProgress")]),
            Some("210"),
        ),
        (
            json!([f("210", "halted"), r("200", "completed"), r("300", "draft")]),
            Some("210"),
        ),
        (
            json!([
                f("99", "halted"),
                f("100", "inProgress"),
                r("98", "completed")
            ]),
            Some("100"),
        ),
        (
            json!([r("9", "completed"), r("10", "completed")]),
            Some("10"),
        ),
        (
            json!([r("210", "halted"), r("200", "completed")]),
            Some("210"),
        ),
        (
            json!([f("190", "halted"), r("200", "completed")]),
            Some("200"),
        ),
        (
            json!([r("190", "halted"), r("200", "completed")]),
            Some("200"),
        ),
        (
            json!([r("200", "completed"), r("5", "somethingNew")]),
            Some("200"),
        ),
    ] {
        assert_eq!(watched(&releases).as_deref(), wanted, "{releases}");
    }
}

#[test]
fn a_halt_at_100_percent_shows_all_users_and_its_fallback() {
    let view = view(&json!([
        {"versionCodes": ["2"], "status": "halted"},
        {"versionCodes": ["1"], "status": "completed"},
        {"versionCodes": ["3"], "status": "draft"},
    ]));
    let release = view.release.unwrap();
    assert_eq!(
        (release.status, release.exposure),
        (Status::Stopped, Exposure::FULL)
    );
    assert_eq!(
        (view.previous, view.others),
        (Some(Version::from_code(1)), 0)
    );
    assert_eq!(view.waiting.unwrap().version, Version::from_code(3));
}

#[test]
fn a_configured_version_code_is_watched_whatever_stands_beside_it() {
    let track = Track::parse(staged()).unwrap();
    let build = |wanted| {
        let release = track.view(Some(wanted), &[]).unwrap().release;
        release.map(|release| release.version.build.to_string())
    };
    assert_eq!(build(200).as_deref(), Some("200"));
    assert_eq!(
        build(9).as_deref(),
        Some("210"),
        "one of its codes names a release too"
    );
    assert_eq!(build(4), None);
}

#[test]
fn a_code_kept_from_an_older_release_does_not_name_the_newer_one() {
    let releases = json!([
        {"versionCodes": ["210", "200"], "status": "inProgress", "userFraction": 0.1},
        {"versionCodes": ["200"], "status": "completed"},
    ]);
    let view = track(&releases).view(Some(200), &[]).unwrap();
    assert_eq!(view.release.unwrap().status, Status::Completed);
}

#[test]
fn a_track_without_releases_has_no_key_and_that_is_fine() {
    for empty in [
        json!({"track": "beta"}),
        json!({"track": "beta", "releases": null}),
    ] {
        let view = Track::parse(empty).unwrap().view(None, &[]).unwrap();
        assert_eq!(
            view,
            StoreView {
                waiting: None,
                release: None,
                previous: None,
                others: 0
            }
        );
    }
}

#[test]
fn garbage_is_refused_in_words() {
    for bad in [
        json!([]),
        json!({"releases": {}}),
        json!({"releases": [7]}),
        json!({"releases": [{"versionCodes": "210"}]}),
    ] {
        assert!(
            matches!(Track::parse(bad.clone()), Err(TrackError::Malformed(_))),
            "{bad}"
        );
    }
    for fraction in [json!(null), json!("0.05"), json!(7), json!(-1)] {
        let track = track(
            &json!([{"versionCodes": ["1"], "status": "inProgress", "userFraction": fraction}]),
        );
        assert!(track.view(None, &[]).is_err(), "{fraction}");
    }
}

#[test]
fn each_move_changes_its_own_fields_and_nothing_else() {
    let with = |changes: &[(&str, Value)]| {
        let mut track = staged();
        for (field, value) in changes {
            match value {
                Value::Null => drop(track["releases"][0].as_object_mut().unwrap().remove(*field)),
                value => track["releases"][0][*field] = value.clone(),
            }
        }
        track
    };
    let halted = with(&[("status", json!("halted"))]);
    assert_eq!(plan(staged(), 210, Target::Stopped), write(halted.clone()));
    assert_eq!(plan(halted.clone(), 210, RESUME), write(staged()));
    assert_eq!(
        plan(staged(), 210, at(25)),
        write(with(&[("userFraction", json!(0.25))]))
    );
    let mut completed = with(&[
        ("status", json!("completed")),
        ("userFraction", Value::Null),
        ("countryTargeting", Value::Null),
    ]);
    completed["releases"].as_array_mut().unwrap().remove(1);
    assert_eq!(
        plan(staged(), 210, Target::Completed),
        write(completed.clone())
    );
    assert_eq!(plan(halted, 210, Target::Completed), write(completed));
}

#[test]
fn a_completed_release_is_halted_without_a_fraction_and_resumed_with_one() {
    let track = |status: &str| {
        json!({"track": "production", "releases": [
            {"versionCodes": ["2"], "status": status}, {"versionCodes": ["3"], "status": "draft"}]})
    };
    assert_eq!(
        plan(track("completed"), 2, Target::Stopped),
        Ok(Plan::Write(Write {
            track: track("halted"),
            without_other_halted: None,
            halts_completed: true,
        }))
    );
    assert_eq!(
        plan(track("halted"), 2, RESUME),
        Err(TrackError::NoFraction(2))
    );
    let mut staged = track("inProgress");
    staged["releases"][0]["userFraction"] = json!(0.5);
    assert_eq!(plan(track("halted"), 2, at(50)), write(staged));
    assert_eq!(
        plan(track("halted"), 2, Target::Completed),
        write(track("completed"))
    );
}

#[test]
fn a_halt_beside_what_was_halted_before_has_a_second_form() {
    let old = json!({"versionCodes": ["1"], "status": "halted", "userFraction": 0.1});
    let ours = |status: &str| json!({"versionCodes": ["2"], "status": status, "userFraction": 0.1});
    let base = json!({"versionCodes": ["0"], "status": "completed"});
    let before = json!({"releases": [old, ours("inProgress"), base]});
    let Ok(Plan::Write(halt)) = plan(before.clone(), 2, Target::Stopped) else {
        panic!("a write");
    };
    assert_eq!(halt.track, json!({"releases": [old, ours("halted"), base]}));
    assert_eq!(
        halt.without_other_halted,
        Some(json!({"releases": [ours("halted"), base]}))
    );
    let Ok(Plan::Write(raise)) = plan(before, 2, at(50)) else {
        panic!("a write");
    };
    assert_eq!(raise.without_other_halted, None, "only a halt is worth it");
}

#[test]
fn what_is_so_already_is_not_written() {
    for (code, target) in [(210, RESUME), (210, at(5)), (200, Target::Completed)] {
        assert_eq!(
            plan(staged(), code, target),
            Ok(Plan::AlreadySo),
            "{target}"
        );
    }
    let halted =
        json!({"releases": [{"versionCodes": ["1"], "status": "halted", "userFraction": 0.1}]});
    assert_eq!(plan(halted, 1, Target::Stopped), Ok(Plan::AlreadySo));
}

#[test]
fn moves_that_play_has_not_are_refused_before_anything_is_sent() {
    let draft = json!({"releases": [{"versionCodes": ["1"], "status": "draft"}]});
    let beside = json!({"releases": [
        {"versionCodes": ["1"], "status": "halted", "userFraction": 0.1},
        {"versionCodes": ["2"], "status": "inProgress", "userFraction": 0.1}]});
    let mut begun = beside.clone();
    begun["releases"][0] = json!({"versionCodes": ["3"], "status": "draft"});
    let odd = json!({"releases": [{"versionCodes": ["1"], "status": "frozen"}]});
    for (track, code, target, error) in [
        (
            staged(),
            211,
            Target::Stopped,
            TrackError::Gone("211".into()),
        ),
        (draft.clone(), 1, Target::Stopped, TrackError::Draft(1)),
        (draft.clone(), 1, Target::Completed, TrackError::Draft(1)),
        (
            draft,
            1,
            started(Some(0)),
            TrackError::NotStaged(Exposure::NONE),
        ),
        (
            begun,
            3,
            started(Some(5)),
            TrackError::OtherInProgress { code: 3, other: 2 },
        ),
        (beside.clone(), 1, started(Some(5)), TrackError::Begun(1)),
        (staged(), 200, at(5), TrackError::FullyReleased(200)),
        (
            staged(),
            210,
            at(100),
            TrackError::NotStaged(Exposure::FULL),
        ),
        (staged(), 210, at(0), TrackError::NotStaged(Exposure::NONE)),
        (
            beside,
            1,
            RESUME,
            TrackError::OtherInProgress { code: 1, other: 2 },
        ),
        (
            odd,
            1,
            Target::Stopped,
            TrackError::UnknownStatus {
                code: 1,
                status: "frozen".into(),
            },
        ),
    ] {
        assert_eq!(plan(track, code, target), Err(error));
    }
}
