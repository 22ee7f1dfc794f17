//! Pairs of pictures, and the lines that they make.

use super::*;
use crate::domain::{Exposure, SourceId, Status};
use crate::tui::fixture;
use chrono::TimeDelta;

fn after(before: &Snapshot, now: &Snapshot) -> Vec<String> {
    let mut plain = Plain::new();
    plain.tell(before);
    plain.tell(now)
}

fn state(name: &str) -> Snapshot {
    let mut states = fixture::states().into_iter();
    states.find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn every_state_is_told_in_lines_that_stand_alone() {
    for (name, snapshot) in fixture::states() {
        let lines = Plain::new().tell(&snapshot);
        assert!(lines.len() > 3, "{name}");
        for line in &lines {
            assert!(crate::tui::format::width(line) <= 200, "{name}: {line}");
            assert!(
                !line.contains(['→', '≤', '≥', '×', '✓', '✗', '│']),
                "{name}: {line}"
            );
        }
    }
    let lines = Plain::new().tell(&fixture::announced());
    insta::assert_snapshot!("whole_announced", lines.join("\n"));
}

#[test]
fn nothing_is_said_of_ages_and_counts() {
    let before = fixture::healthy();
    let mut now = before.clone();
    now.at += TimeDelta::minutes(5);
    let app = &mut now.apps[0];
    app.store_read_at = Some(now.at);
    app.metrics[0].new.trials += 1_000;
    app.metrics[0].through = Some(now.at);
    app.sentence = "8.43.0 is healthy so far, over more sessions".into();
    app.rules[0].closeness = 0.3;
    app.issues[0].users += 3;
    app.sources[0].read_through = Some(now.at);
    assert_eq!(after(&before, &now), Vec::<String>::new());
}

#[test]
fn a_change_is_one_line_with_its_time() {
    let healthy = fixture::healthy();
    let mut warning = healthy.clone();
    warning.apps[0].health = Health::Warning;
    warning.apps[0].sentence = state("warning").apps[1].sentence.clone();
    let line = after(&healthy, &warning).remove(0);
    assert_eq!(
        line,
        "14:32:07Z shop-android: WARNING, was HEALTHY: Worth a look: since 09:00 UTC 8.43.0 crashes 3.8 times as often as 8.42.1 \
         (1,161 of 611,204 sessions vs 5,814 of 11,612,876)."
    );
    // What was told is not told again.
    let mut plain = Plain::new();
    plain.tell(&healthy);
    assert_eq!(plain.tell(&warning).len(), 1);
    assert_eq!(plain.tell(&warning).len(), 0);
}

/// The story of a bad rollout, picture by picture.
#[test]
fn a_rollout_goes_bad() {
    let mut plain = Plain::new();
    let mut lines = Vec::new();
    let pictures = [
        "healthy",
        "announced",
        "halting",
        "halted",
        "nobody",
        "halted",
    ];
    for name in pictures {
        let mut picture = state(name);
        picture.at = fixture::now();
        lines.push(format!("-- {name}"));
        let told = plain.tell(&picture);
        lines.extend(if name == "healthy" { Vec::new() } else { told });
    }
    insta::assert_snapshot!("goes_bad", lines.join("\n"));
}

#[test]
fn data_that_grow_stale_and_come_back_are_told_once_each() {
    let before = fixture::healthy();
    let unknown = state("unknown");
    let mut now = before.clone();
    let stale = unknown.apps.iter().find(|app| app.id == before.apps[0].id);
    now.apps[0] = stale.unwrap().clone();
    now.apps[0].store_failure = None;
    let lines = after(&before, &now);
    assert_eq!(
        lines,
        [
            "14:32:07Z shop-android: UNKNOWN, was HEALTHY: source sentry is stale: 503 Service Unavailable since 14:10",
            "14:32:07Z shop-android: source sentry: STALE: 503 Service Unavailable since 14:10",
            "14:32:07Z shop-android: source vitals: STALE: 503 Service Unavailable since 14:10",
        ]
    );
    let back = after(&now, &before);
    assert!(
        back[0].contains("HEALTHY, was UNKNOWN: 8.43.0 is healthy so far"),
        "{back:?}"
    );
    assert_eq!(
        back[1],
        "14:32:07Z shop-android: source sentry: fresh again"
    );
    // Late is not worth a line.
    let mut late = before.clone();
    late.apps[0].sources[1].state = DataState::Late;
    assert_eq!(after(&before, &late), Vec::<String>::new());
}

#[test]
fn whether_anybody_watches_is_told_when_it_changes() {
    let watched = fixture::healthy();
    let mut nobody = watched.clone();
    nobody.watcher = WatcherState::NobodySince {
        since: Some(fixture::ago(60)),
    };
    let lines = after(&watched, &nobody);
    assert_eq!(
        lines[..2],
        [
            "14:32:07Z haltline: NOBODY IS WATCHING since 2026-01-10 14:31 UTC: nothing acts; run haltline watch",
            "14:32:07Z shop-android: UNKNOWN, was HEALTHY: nobody is watching, so what was healthy is not known to be so now",
        ]
    );
    let lines = after(&nobody, &watched);
    assert_eq!(lines[0], "14:32:07Z haltline: a watcher is running again");
    assert!(lines[1].contains("HEALTHY, was UNKNOWN"), "{lines:?}");
}

#[test]
fn the_red_button_and_questions_to_people_are_told() {
    let before = fixture::healthy();
    let lines = after(&before, &state("disarmed"));
    assert_eq!(
        lines,
        [
            "14:32:07Z haltline: every app: DISARMED until 2026-01-10 16:24 UTC by @alice on jump-1: Sentry is migrating"
        ]
    );
    let lines = after(&state("disarmed"), &before);
    assert_eq!(
        lines,
        ["14:32:07Z haltline: every app: armed again: haltline acts by itself"]
    );
    let mut asked = before.clone();
    asked.apps[0].needs_person = Some("changes are in review".into());
    let lines = after(&before, &asked);
    assert_eq!(
        lines,
        ["14:32:07Z shop-android: A PERSON MUST DECIDE: changes are in review"]
    );
}

#[test]
fn a_crash_is_new_once_though_it_leaves_the_list_and_comes_back() {
    let with = fixture::healthy();
    let mut without = with.clone();
    without.apps[0].issues.remove(0);
    let mut plain = Plain::new();
    plain.tell(&without);
    let lines = plain.tell(&with);
    assert_eq!(
        lines,
        [
            "14:32:07Z shop-android: a new crash: 1,204 users, 12,400 events: NullPointerException: null cannot be cast in WalletSync.merge"
        ]
    );
    plain.tell(&without);
    assert_eq!(plain.tell(&with), Vec::<String>::new());
}

#[test]
fn events_of_other_apps_stay_out_and_gaps_are_said() {
    let mut before = fixture::halted();
    before.apps.retain(|app| app.id.as_str() == "shop-ios");
    let mut now = before.clone();
    before.seq = 5;
    before.events.truncate(5);
    assert!(
        after(&before, &now)
            .iter()
            .all(|line| !line.contains("android"))
    );
    now.events.drain(..now.events.len() - 1);
    let lines = after(&before, &now);
    assert_eq!(
        lines,
        ["14:32:07Z haltline: 19 events before these: haltline audit"]
    );
}

#[test]
fn a_new_day_is_said_once() {
    let before = fixture::healthy();
    let mut now = before.clone();
    now.at += TimeDelta::days(1);
    if let Some(release) = &mut now.apps[0].release {
        release.status = Status::Stopped;
        release.exposure = Exposure::from_percent(5);
    }
    let mut plain = Plain::new();
    plain.tell(&before);
    let lines = plain.tell(&now);
    assert_eq!(
        lines,
        [
            "2026-01-11, hours in UTC",
            "14:32:07Z shop-android: PAUSED, was HEALTHY: halted at Google Play, 5% kept",
        ]
    );
    assert_eq!(plain.still(&now).len(), 2);
}

#[test]
fn a_heartbeat_says_that_it_still_is_so() {
    let lines = Plain::new().still(&fixture::healthy());
    assert_eq!(
        lines[0],
        "14:32:07Z shop-android: still HEALTHY, in progress 5%: 99.95% crash-free sessions (306 of 611,204 sessions); sentry 41 s old, \
         vitals 5 h old"
    );
}

#[test]
fn text_from_outside_stays_on_its_line() {
    let before = fixture::healthy();
    let mut now = before.clone();
    let issue = &mut now.apps[0].issues[0];
    issue.id = "another".into();
    issue.title = format!("boom\n\u{1b}[2J\u{202e}{}", "長".repeat(9_000))
        .as_str()
        .into();
    now.apps[0].sources[0].id = SourceId("x".into());
    for line in after(&before, &now) {
        assert!(crate::tui::format::width(&line) <= 200, "{line}");
        assert!(
            !line.contains(|c: char| c.is_control() || c == '\u{202e}'),
            "{line}"
        );
    }
}
