use super::super::refusal::Refusal;
use super::super::release::{Release, Status};
use super::super::track::{Omission, Track};
use super::*;

fn staged(code: &str, fraction: f64) -> Release {
    Release::new("8.43.0", code, Status::InProgress, Some(fraction))
}

fn halted(code: &str, fraction: Option<f64>) -> Release {
    Release::new("8.43.0", code, Status::Halted, fraction)
}

fn completed(code: &str) -> Release {
    Release::new("8.42.0", code, Status::Completed, None)
}

/// A rollout of 2 over 1, and 0 before them.
fn rollout() -> Track {
    Track {
        releases: vec![staged("2", 0.05), completed("1")],
        superseded: vec![completed("0")],
    }
}

fn update(track: &Track, wanted: Vec<Release>) -> Result<Track, Refusal> {
    track.update("production", wanted, Omission::Rules)
}

fn held(track: &Track) -> Vec<(u64, Status)> {
    let mut held: Vec<_> = track
        .releases
        .iter()
        .map(|r| (r.code(), r.status))
        .collect();
    held.sort();
    held
}

#[test]
fn what_is_left_out_follows_the_five_rules() {
    use Status::{Completed, Halted, InProgress};
    let track = rollout();
    let after = |wanted| held(&update(&track, wanted).unwrap());
    assert_eq!(
        after(vec![halted("2", Some(0.05))]),
        [(1, Completed), (2, Halted)],
        "rule 1"
    );
    assert_eq!(
        after(vec![completed("1")]),
        [(1, Completed), (2, Halted)],
        "rule 2"
    );
    assert_eq!(
        after(vec![staged("3", 0.1)]),
        [(1, Completed), (2, Halted), (3, InProgress)],
        "rule 2, a new one on top"
    );
    assert_eq!(after(vec![]), [(1, Completed), (2, InProgress)], "rule 4");
    assert!(
        update(&track, vec![completed("2"), completed("1")]).is_err(),
        "rule 5"
    );
    assert_eq!(after(vec![completed("2")]), [(2, Completed)]);
    assert_eq!(
        after(vec![completed("3")]),
        [(3, Completed)],
        "a newer one for everybody replaces both"
    );

    let mut both = staged("2", 0.05);
    both.version_codes.push("7".into());
    let multi = Track {
        releases: vec![both, completed("1")],
        ..Track::default()
    };
    let after = update(&multi, vec![staged("2", 0.05)]).unwrap();
    assert!(!after.releases.iter().any(|r| r.has("7")), "rule 3");
}

#[test]
fn strict_replacement_drops_what_is_left_out() {
    let after = rollout().update(
        "production",
        vec![halted("2", Some(0.05))],
        Omission::Replaces,
    );
    assert_eq!(held(&after.unwrap()), [(2, Status::Halted)]);
}

#[test]
fn a_completed_release_is_halted_where_another_can_serve() {
    use Status::{Completed, Halted};
    let done = update(&rollout(), vec![completed("2")]).unwrap();
    let stopped = update(&done, vec![halted("2", None)]).unwrap();
    stopped.check_serves().unwrap();
    assert_eq!(held(&stopped), [(1, Completed), (2, Halted)]);
    assert_eq!(stopped.releases[0].user_fraction, None);
    let resumed = update(&stopped, vec![staged("2", 0.5), completed("1")]).unwrap();
    assert_eq!(held(&resumed), [(1, Completed), (2, Status::InProgress)]);
    assert_eq!(
        held(&update(&stopped, vec![completed("2")]).unwrap()),
        [(2, Completed)]
    );

    let on_top = update(&stopped, vec![staged("3", 0.1)]).unwrap();
    assert!(
        update(&on_top, vec![staged("2", 0.5)]).is_err(),
        "only completed works then"
    );

    let first = Track {
        releases: vec![completed("1")],
        ..Track::default()
    };
    let nothing = update(&first, vec![halted("1", None)]).unwrap();
    assert_eq!(
        nothing.check_serves(),
        Err(Refusal::internal()),
        "refused when committing, not before"
    );
    assert!(
        update(&rollout(), vec![halted("1", None)]).is_err(),
        "the serving fallback"
    );
    let internal = first.update("internal", vec![halted("1", None)], Omission::Rules);
    assert!(internal.is_err());
}

#[test]
fn every_refusal_says_what_play_says() {
    let with = |release: Release, change: fn(&mut Release)| {
        let mut release = release;
        change(&mut release);
        vec![release]
    };
    let cases = [
        (
            vec![staged("2", 1.0)],
            "User fraction must be lower than one.",
        ),
        (
            with(completed("2"), |r| r.user_fraction = Some(0.05)),
            "COMPLETED release must not have fraction",
        ),
        (vec![halted("2", None)], "HALTED release must have fraction"),
        (
            with(staged("1", 0.5), |_| ()),
            "Fully released can not be staged",
        ),
        (
            vec![halted("9", Some(0.1))],
            "Cannot halt release, no matching in progress release found.",
        ),
        (
            with(staged("2", 0.1), |r| r.in_app_update_priority = Some(5)),
            "In-app update priority can not be updated once the release is rolled out.",
        ),
        (
            with(completed("2"), |r| *r = r.clone().in_countries(&["DE"])),
            "Country targeting is only allowed for inProgress releases in the production track.",
        ),
    ];
    for (wanted, message) in cases {
        assert_eq!(update(&rollout(), wanted).unwrap_err().message, message);
    }
    let empty = update(&Track::default(), vec![staged("1", 0.1)]).unwrap_err();
    assert_eq!(
        empty.message,
        "The first release on a track cannot be staged"
    );
    let done = update(&rollout(), vec![completed("2")]).unwrap();
    let both = update(&done, vec![halted("2", None), completed("3")]).unwrap_err();
    assert!(both.message.ends_with("in a single edit."), "{both:?}");
}

#[tokio::test]
async fn without_a_fallback_the_commit_alone_fails_and_with_a_500() {
    let mut scenario = Scenario::load("demo").unwrap();
    scenario.apps[0].versions.truncate(1);
    let client = Client::start_with(scenario).await;
    let edit = client.open().await;
    let halted = json!([{ "versionCodes": ["84200"], "status": "halted" }]);
    assert_eq!(client.put(&edit, halted).await.0, 200);
    let path = format!("/edits/{edit}:validate");
    assert_eq!(client.call(Method::POST, &path, None).await.0, 200);
    assert_eq!(client.commit(&edit, "").await.0, 500);
    assert_eq!(statuses(&client.releases().await), [("84200", "completed")]);
}

#[tokio::test]
async fn a_completed_release_that_is_halted_serves_nobody_new() {
    let client = Client::start().await;
    let done = json!([{ "versionCodes": ["84300"], "status": "completed" }]);
    assert_eq!(client.apply(done).await.0, 200);
    assert_eq!(client.offered_percent("84300"), 100);
    let stop = json!([{ "versionCodes": ["84300"], "status": "halted" }]);
    assert_eq!(client.apply(stop).await.0, 200);
    let releases = client.releases().await;
    assert_eq!(
        statuses(&releases),
        [("84300", "halted"), ("84200", "completed")]
    );
    assert_eq!(
        (
            &releases[0]["userFraction"],
            client.offered_percent("84300")
        ),
        (&Value::Null, 0)
    );
}
