//! The watch that is handed over and the dates of a train are told once each.

use chrono::{NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;

use super::model::{Model, plan};
use crate::domain::{Event, PlainText, Record, Timestamp};
use crate::engine::{Input, next_wake, replay};
use crate::policy::train::{Milestone, Runs, Train, What};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Leaves on Tuesdays at nine and is handed over on Mondays at nine, in Berlin. In October 2025 summer time ends on the 26th.
fn world() -> Model {
    let mut plan = plan(1, TimeDelta::zero(), None);
    let hours = TimeDelta::hours;
    let milestone = |what, after| Milestone { what, after };
    plan.trains.push(Train {
        name: "weekly".into(),
        zone: Tz::Europe__Berlin,
        runs: Runs::Every {
            first: "2025-10-08".parse().unwrap(),
            days: 7,
        },
        due: vec![
            milestone(What::CutOff, hours(18)),
            milestone(What::Rollout, hours(6 * 24 + 9)),
        ],
        owners: vec!["alice".into(), "bob".into()],
        hand_over: (Weekday::Mon, NaiveTime::from_hms_opt(9, 0, 0).unwrap()),
        first_week: "2025-10-09".parse().unwrap(),
    });
    let mut world = Model::new(plan, 7);
    world.drain();
    world
}

/// Ticks whenever the engine wants to be woken, and dies in between.
fn sleep_until(world: &mut Model, end: Timestamp) {
    world.feed(&Input::Tick);
    world.drain();
    while let Some(wake) = next_wake(&world.plan, &world.state, world.now).filter(|at| *at <= end) {
        world.now = wake;
        world.feed(&Input::Tick);
        world.drain();
        world.state = replay(&world.journal);
    }
    world.now = end;
    world.feed(&Input::Tick);
}

fn story(world: &Model) -> Vec<String> {
    let line = |record: &Record| {
        let at = record.at.format("%m-%d %H:%M");
        match &record.event {
            Event::HandedOver { from, to, .. } => {
                let from = from.as_ref().map_or("nobody", PlainText::as_str);
                Some(format!("{at} {from} → {to}"))
            }
            Event::TrainDue { what, .. } => Some(format!("{at} {what}")),
            Event::TellQueued { text, .. } if text.as_str().starts_with("train") => {
                Some(format!("told: {text}"))
            }
            _ => None,
        }
    };
    world.journal.iter().filter_map(line).collect()
}

#[test]
fn hand_overs_and_dates_are_told_at_their_local_hour_once_each() {
    let mut world = world();
    sleep_until(&mut world, at("2025-10-15T00:00:00Z"));
    assert_eq!(
        story(&world),
        [
            // The watch begins on the 9th at 08:53 UTC: yesterday's cut-off is news, who is on watch is none.
            "10-09 08:53 nobody → alice",
            "10-09 08:53 cut-off",
            "told: train weekly: cut-off was due Wed 2025-10-08 18:00 Europe/Berlin, @alice is on watch",
            "10-13 07:00 alice → bob",
            "told: train weekly: @bob is on watch until Mon 2025-10-20 09:00 Europe/Berlin, after @alice",
            "10-14 07:00 rollout",
            "told: train weekly: rollout was due Tue 2025-10-14 09:00 Europe/Berlin, @bob is on watch",
        ]
    );
    sleep_until(&mut world, at("2025-10-29T00:00:00Z"));
    let later: Vec<_> = story(&world)
        .into_iter()
        .filter(|line| line.starts_with("10-2"))
        .collect();
    assert_eq!(
        later,
        [
            "10-20 07:00 bob → alice",
            "10-21 07:00 rollout",
            "10-22 16:00 cut-off",
            "10-27 08:00 alice → bob",
            "10-28 08:00 rollout",
        ],
        "an hour later in UTC from the 26th on"
    );
}

#[test]
fn who_looks_again_after_weeks_hears_who_is_on_watch_now_and_no_old_dates() {
    let mut world = world();
    world.feed(&Input::Tick);
    let before = story(&world).len();
    world.now = at("2025-11-12T17:30:00Z");
    world.feed(&Input::Tick);
    assert_eq!(
        story(&world).split_off(before),
        [
            "11-12 17:30 alice → bob",
            "told: train weekly: @bob is on watch until Mon 2025-11-17 09:00 Europe/Berlin, after @alice",
            "11-12 17:30 cut-off",
            "told: train weekly: cut-off was due Wed 2025-11-12 18:00 Europe/Berlin, @bob is on watch",
        ]
    );
}
