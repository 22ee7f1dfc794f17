use chrono::TimeZone as _;
use chrono::{Datelike as _, Timelike as _};
use proptest::prelude::*;

use super::*;
use crate::policy::calendar::instant;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn milestone(what: What, hours: i64) -> Milestone {
    Milestone {
        what,
        after: TimeDelta::hours(hours),
    }
}

/// Every second Wednesday, as of a day before Berlin's summer time of 2026 (29 March to 25 October).
fn weekly(owners: &[&str]) -> Train {
    Train {
        name: "weekly".into(),
        zone: Tz::Europe__Berlin,
        runs: Runs::Every {
            first: day("2026-03-25"),
            days: 14,
        },
        due: vec![
            milestone(What::CutOff, 18),
            milestone(What::Submission, 2 * 24),
            milestone(What::Rollout, 6 * 24 + 9),
        ],
        owners: owners.iter().map(|owner| PlainText::new(owner)).collect(),
        hand_over: (Weekday::Mon, NaiveTime::from_hms_opt(9, 0, 0).unwrap()),
        first_week: day("2026-03-25"),
    }
}

#[test]
fn a_run_leaves_at_the_local_hour_of_its_rollout_date() {
    let train = weekly(&[]);
    // The run begins in winter time and leaves in summer time.
    let leaves = at("2026-03-31T07:00:00Z");
    assert_eq!(
        train.next_departure(at("2026-03-01T00:00:00Z")),
        Some(leaves)
    );
    let before = leaves - TimeDelta::seconds(1);
    assert_eq!(train.next_departure(before), Some(leaves));
    // What leaves has left.
    let next = at("2026-04-14T07:00:00Z");
    assert_eq!(train.next_departure(leaves), Some(next));
    let three: Vec<_> = train.departures(leaves).take(2).collect();
    assert_eq!(three, [next, at("2026-04-28T07:00:00Z")]);
    // The first one in winter time again.
    let autumn = train.next_departure(at("2026-10-25T12:00:00Z"));
    assert_eq!(autumn, Some(at("2026-10-27T08:00:00Z")));
}

#[test]
fn a_train_with_dates_has_a_last_run_and_one_without_a_rollout_leaves_at_its_beginning() {
    let train = Train {
        runs: Runs::On(vec![day("2026-05-04"), day("2026-06-01")]),
        due: vec![milestone(What::CutOff, 24)],
        ..weekly(&[])
    };
    let last = at("2026-05-31T22:00:00Z");
    assert_eq!(train.next_departure(at("2026-05-04T00:00:00Z")), Some(last));
    assert_eq!(train.next_departure(last), None);
    let cut_off = at("2026-06-01T22:00:00Z");
    assert_eq!(train.due(last), Some((What::CutOff, cut_off)));
    assert_eq!(train.due(cut_off), None);
}

#[test]
fn what_is_due_next_may_be_of_a_run_that_overlaps_the_one_before() {
    let train = Train {
        runs: Runs::Every {
            first: day("2026-05-04"),
            days: 7,
        },
        due: vec![
            milestone(What::CutOff, 0),
            milestone(What::Rollout, 10 * 24),
        ],
        ..weekly(&[])
    };
    let mut now = at("2026-05-10T12:00:00Z");
    let mut told = Vec::new();
    for _ in 0..4 {
        let (what, at) = train.due(now).unwrap();
        told.push(format!("{} {}", what.name(), at.format("%m-%d")));
        now = at;
    }
    assert_eq!(
        told,
        [
            "cut-off 05-10",
            "rollout 05-13",
            "cut-off 05-17",
            "rollout 05-20"
        ],
        "midnights of Berlin"
    );
    let passed = train.passed(at("2026-05-10T12:00:00Z"), now);
    let passed: Vec<_> = passed
        .iter()
        .map(|(what, at)| format!("{} {}", what.name(), at.format("%m-%d")))
        .collect();
    assert_eq!(passed, told);
    assert!(train.passed(now, now).is_empty());
}

#[test]
fn the_watch_goes_round_at_nine_on_monday_in_winter_and_in_summer() {
    let train = weekly(&["alice", "bob", "carol"]);
    let watch = |now: &str| {
        let watch = train.on_watch(at(now)).unwrap();
        let (until, after) = watch.next.unwrap();
        format!(
            "{} until {} {after}",
            watch.owner,
            until.format("%m-%dT%HZ")
        )
    };
    assert_eq!(watch("2026-03-25T00:00:00Z"), "alice until 03-30T07Z bob");
    assert_eq!(watch("2026-03-23T08:00:00Z"), "alice until 03-30T07Z bob");
    assert_eq!(watch("2026-03-23T07:59:59Z"), "carol until 03-23T08Z alice");
    assert_eq!(watch("2026-03-30T07:00:00Z"), "bob until 04-06T07Z carol");
    assert_eq!(watch("2026-10-21T07:00:00Z"), "alice until 10-26T08Z bob");
}

#[test]
fn one_owner_has_the_watch_always_and_one_named_twice_for_two_weeks() {
    assert_eq!(weekly(&[]).on_watch(at("2026-04-01T00:00:00Z")), None);
    let alone = weekly(&["alice"]).on_watch(at("2026-04-01T00:00:00Z"));
    let alice = PlainText::new("alice");
    assert_eq!(
        alone,
        Some(Watch {
            owner: alice.clone(),
            next: None
        })
    );
    let twice = weekly(&["alice", "alice", "bob"]).on_watch(at("2026-03-26T00:00:00Z"));
    let until = at("2026-04-06T07:00:00Z");
    let next = Some((until, "bob".into()));
    assert_eq!(twice, Some(Watch { owner: alice, next }));
}

const ZONES: [Tz; 6] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Asia__Kolkata,
    Tz::Australia__Lord_Howe,
    // Summer time begins at midnight there.
    Tz::America__Santiago,
];

prop_compose! {
    fn any_train()(
        zone in prop::sample::select(ZONES.to_vec()),
        owners in 1..6_usize,
        weekday in 0..7_u8,
        minute in 0..24 * 60_u32,
        first in 0..800_i64,
        days in 1..40_u32,
        after in prop::collection::vec(0..60 * 24_i64, 1..5),
    ) -> Train {
        let begin = day("2025-01-01") + TimeDelta::days(first);
        let whats = [What::CutOff, What::Stabilisation, What::Submission, What::Rollout];
        Train {
            name: "any".into(),
            zone,
            runs: Runs::Every { first: begin, days },
            due: whats.into_iter().zip(after).map(|(what, hours)| milestone(what, hours)).collect(),
            owners: (0..owners).map(|n| PlainText::new(&format!("owner-{n}"))).collect(),
            hand_over: (
                Weekday::try_from(weekday).unwrap(),
                NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).unwrap(),
            ),
            first_week: begin,
        }
    }
}

/// A minute of three years.
fn minute() -> impl Strategy<Value = Timestamp> {
    (0..3 * 366 * 24 * 60_i64).prop_map(|n| at("2025-01-01T00:00:00Z") + TimeDelta::minutes(n))
}

proptest! {
    #[test]
    fn every_moment_has_one_owner_until_the_hand_over_and_the_next_one_from_then_on(
        train in any_train(),
        now in minute(),
    ) {
        let watch = train.on_watch(now).unwrap();
        let Some((until, after)) = watch.next else {
            prop_assert_eq!(train.owners.len(), 1);
            return Ok(());
        };
        prop_assert!(now < until && until - now <= TimeDelta::days(7) + TimeDelta::hours(1));
        let last = train.on_watch(until - TimeDelta::seconds(1)).unwrap();
        prop_assert_eq!(last.owner, watch.owner);
        let first = train.on_watch(until).unwrap();
        prop_assert_eq!(first.owner, after);
        // By the clock on the wall, unless that leaps over the hour.
        let local = until.with_timezone(&train.zone);
        let leaps = train.zone.from_local_datetime(&local.date_naive().and_time(train.hand_over.1)).earliest().is_none();
        if !leaps {
            prop_assert_eq!((local.weekday(), local.time()), train.hand_over);
        }
    }

    #[test]
    fn the_first_owner_has_the_first_week_and_the_rotation_comes_round(train in any_train(), now in minute()) {
        let noon = train.first_week.and_time(train.hand_over.1);
        let first = train.on_watch(instant(train.zone, noon).unwrap()).unwrap();
        prop_assert_eq!(&first.owner, &train.owners[0]);
        // Noon of the same weekday: away from what an hour more or less could change.
        let local = now.with_timezone(&train.zone).date_naive();
        let hour = NaiveTime::from_hms_opt((train.hand_over.1 + TimeDelta::hours(12)).hour(), 0, 0).unwrap();
        let on = |weeks: usize| {
            let date = local + TimeDelta::weeks(i64::try_from(weeks).unwrap());
            train.on_watch(instant(train.zone, date.and_time(hour)).unwrap()).unwrap().owner
        };
        let round: Vec<PlainText> = (0..train.owners.len()).map(on).collect();
        let mut each = round.clone();
        each.sort();
        prop_assert_eq!(&each, &train.owners, "each of them once");
        prop_assert_eq!(&round[0], &on(train.owners.len()));
    }

    #[test]
    fn what_is_due_comes_to_pass_in_order_and_none_is_left_out(train in any_train(), now in minute()) {
        let (mut at, mut told) = (now, Vec::new());
        for _ in 0..6 {
            let (_, due) = train.due(at).unwrap();
            prop_assert!(due > at);
            let passed = train.passed(at, due);
            prop_assert!(!passed.is_empty() && passed.iter().all(|(_, when)| *when == due));
            told.extend(passed);
            at = due;
        }
        prop_assert_eq!(train.passed(now, at), told);
        let leaves = train.next_departure(now).unwrap();
        prop_assert!(leaves > now);
        prop_assert_eq!(train.next_departure(leaves - TimeDelta::seconds(1)), Some(leaves));
    }
}
