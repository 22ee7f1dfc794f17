use super::*;

#[test]
fn what_waits_is_newer_than_all_that_is_out() {
    let r = |code: &str, status: &str| json!({"versionCodes": [code], "status": status, "userFraction": 0.1});
    let waits = |releases: Value, wanted: Option<u64>, summaries: Value| {
        let list: Summaries = serde_json::from_value(summaries).unwrap();
        let view = track(&releases).view(wanted, &list.releases).unwrap();
        let told = |release: Option<ReleaseView>| {
            release.map(|release| format!("{} {:?}", release.version.build, release.status))
        };
        (told(view.release), told(view.waiting), view.others)
    };
    let some = |text: &str| Some(text.to_owned());
    let none = json!({});
    assert_eq!(
        waits(
            json!([
                r("300", "draft"),
                r("310", "draft"),
                r("210", "inProgress"),
                r("200", "completed")
            ]),
            None,
            none.clone()
        ),
        (some("210 InProgress"), some("310 Draft"), 1)
    );
    assert_eq!(
        waits(
            json!([r("205", "draft"), r("210", "halted"), r("200", "completed")]),
            None,
            none.clone()
        ),
        (some("210 Stopped"), None, 1),
        "an older draft does not wait"
    );
    assert_eq!(
        waits(
            json!([r("1", "draft"), {"status": "draft"}]),
            None,
            none.clone()
        ),
        (None, some("1 Draft"), 1),
        "nor one that holds no version code"
    );
    // `version_code` names the one that matters, whatever else there is.
    let pinned = json!([r("300", "draft"), r("310", "draft"), r("200", "completed")]);
    assert_eq!(
        waits(pinned.clone(), Some(300), none.clone()),
        (None, some("300 Draft"), 1)
    );
    assert_eq!(
        waits(pinned, Some(200), none),
        (some("200 Completed"), None, 2)
    );
    // What Play holds back looks on the track as if it were served.
    let held_back = json!({"releases": [
        {"releaseLifecycleState": "RELEASE_LIFECYCLE_STATE_APPROVED_NOT_PUBLISHED", "activeArtifacts": [{"versionCode": 210}]},
        {"releaseLifecycleState": "RELEASE_LIFECYCLE_STATE_PUBLISHED", "activeArtifacts": [{"versionCode": 200}]}]});
    for status in ["inProgress", "completed"] {
        assert_eq!(
            waits(
                json!([r("210", status), r("200", "completed")]),
                None,
                held_back.clone()
            ),
            (some("200 Completed"), some("210 Pending"), 0)
        );
    }
    let list: Summaries = serde_json::from_value(held_back).unwrap();
    assert_eq!(
        track(&json!([r("210", "inProgress"), r("200", "completed")])).plan(
            &Version::from_code(210),
            Target::Started { exposure: None },
            &list.releases
        ),
        Err(TrackError::Unpublished(210))
    );
}

#[test]
fn a_draft_begins_as_it_was_written_and_leaves_the_others_alone() {
    let draft = json!({"name": "2.2.0", "versionCodes": ["220", "10"], "status": "draft", "inAppUpdatePriority": 4,
        "releaseNotes": [{"language": "de-DE", "text": "Neu"}], "later": [1, null]});
    let halted = json!({"versionCodes": ["210"], "status": "halted", "userFraction": 0.05});
    let base = json!({"versionCodes": ["200"], "status": "completed"});
    let all = |releases: Value| json!({"track": "production", "releases": releases});
    let mut staged = draft.clone();
    staged["status"] = json!("inProgress");
    staged["userFraction"] = json!(0.08);
    let mut whole = draft.clone();
    whole["status"] = json!("completed");

    let before = all(json!([draft, base]));
    assert_eq!(
        plan(before.clone(), 220, started(Some(8))),
        write(all(json!([staged, base])))
    );
    for everybody in [None, Some(100)] {
        assert_eq!(
            plan(before.clone(), 220, started(everybody)),
            write(all(json!([whole])))
        );
    }
    // One that was halted stays; where Play stumbles over it, it is left out.
    let Ok(Plan::Write(Write {
        track,
        without_other_halted,
        halts_completed: false,
    })) = plan(all(json!([draft, halted, base])), 220, started(Some(8)))
    else {
        panic!("a write");
    };
    assert_eq!(track, all(json!([staged, halted, base])));
    assert_eq!(without_other_halted, Some(all(json!([staged, base]))));
    let Ok(Plan::Write(Write {
        track,
        without_other_halted,
        ..
    })) = plan(all(json!([draft, halted, base])), 220, started(None))
    else {
        panic!("a write");
    };
    assert_eq!(track, all(json!([whole, halted])));
    assert_eq!(without_other_halted, Some(all(json!([whole]))));
}
