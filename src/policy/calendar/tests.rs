use chrono::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn window(days: &[Weekday], hours: (u32, u32, u32, u32), zone: Tz) -> Window {
    let time = |hour, minute| NaiveTime::from_hms_opt(hour % 24, minute, 0).unwrap();
    Window {
        days: days.to_vec(),
        from: time(hours.0, hours.1),
        until: time(hours.2, hours.3),
        zone,
    }
}

fn office() -> Window {
    window(
        &[Mon, Tue, Wed, Thu, Fri],
        (9, 0, 17, 0),
        chrono_tz::Europe::Berlin,
    )
}

fn freeze(name: &str, from: &str, until: &str) -> Freeze {
    let (from, until) = (at(from), at(until));
    let name = name.into();
    Freeze { name, from, until }
}

/// Minute by minute: what the quick way must say too.
fn slowly(window: &Window, from: Timestamp) -> Option<Timestamp> {
    let first = from.with_second(0).unwrap().with_nanosecond(0).unwrap();
    let minutes = (1..=16 * 24 * 60).map(|minute| first + TimeDelta::minutes(minute));
    std::iter::once(from)
        .chain(minutes)
        .find(|at| window.is_open(*at))
}

#[test]
fn it_opens_on_its_days_in_its_zone() {
    let office = office();
    // Friday in winter: an hour ahead of UTC.
    for (time, opens) in [
        ("2026-11-20T07:59:59Z", "2026-11-20T08:00:00Z"),
        ("2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"),
        ("2026-11-20T15:59:30Z", "2026-11-20T15:59:30Z"),
        ("2026-11-20T16:00:00Z", "2026-11-23T08:00:00Z"),
        ("2026-07-17T15:00:00Z", "2026-07-20T07:00:00Z"),
    ] {
        assert_eq!(office.next_opening(at(time)), Some(at(opens)), "{time}");
    }
}

#[test]
fn over_the_weeks_end_and_up_to_midnight() {
    let late = window(&[Mon, Sat, Sun], (22, 0, 24, 0), chrono_tz::UTC);
    assert_eq!(late.to_string(), "mon,sat-sun 22:00-24:00 UTC");
    assert!(late.is_open(at("2026-11-22T23:59:59Z")));
    assert!(!late.is_open(at("2026-11-23T00:00:00Z")));
    let next = |time| late.next_opening(at(time)).unwrap();
    assert_eq!(next("2026-11-23T00:00:00Z"), at("2026-11-23T22:00:00Z"));
    assert_eq!(next("2026-11-24T00:00:00Z"), at("2026-11-28T22:00:00Z"));
}

#[test]
fn the_clocks_may_change_in_between() {
    // 29 March 2027 is a Monday, and the clocks went forward the day before.
    let friday_evening = at("2027-03-26T17:00:00Z");
    assert_eq!(
        office().next_opening(friday_evening),
        Some(at("2027-03-29T07:00:00Z"))
    );
    let berlin = chrono_tz::Europe::Berlin;
    // The hour from 02:00 to 03:00 does not exist on 28 March 2027: what lies in it opens a week later.
    let gone = window(&[Sun], (2, 10, 2, 50), berlin);
    assert_eq!(
        gone.next_opening(at("2027-03-27T12:00:00Z")),
        Some(at("2027-04-04T00:10:00Z"))
    );
    let half = window(&[Sun], (2, 30, 4, 0), berlin);
    assert_eq!(
        half.next_opening(at("2027-03-27T12:00:00Z")),
        Some(at("2027-03-28T01:00:00Z"))
    );
    // It comes twice on 31 October 2027.
    let twice = window(&[Sun], (1, 0, 2, 30), berlin);
    assert_eq!(
        twice.next_opening(at("2027-10-31T00:30:00Z")),
        Some(at("2027-10-31T01:00:00Z"))
    );
}

#[test]
fn a_freeze_holds_whatever_the_window_says() {
    let freezes = [
        freeze("year-end", "2026-12-19T00:00:00Z", "2027-01-02T00:00:00Z"),
        freeze("new year", "2026-12-31T00:00:00Z", "2027-01-03T00:00:00Z"),
    ];
    let office = office();
    let asked = |window, time| closed(window, &freezes, at(time));
    assert_eq!(asked(None, "2026-12-18T23:59:59Z"), None);
    assert_eq!(asked(Some(&office), "2026-12-18T15:00:00Z"), None);
    let told = |window, time| {
        let closed: Closed = asked(window, time).unwrap();
        (closed.why.to_string(), closed.opens.unwrap())
    };
    // The freeze begins before the window opens again, the second before the first ends, and 3 January is a Sunday.
    assert_eq!(
        told(Some(&office), "2026-12-18T16:00:00Z"),
        (
            "outside mon-fri 09:00-17:00 Europe/Berlin".into(),
            at("2027-01-04T08:00:00Z")
        )
    );
    assert_eq!(
        told(None, "2026-12-24T12:00:00Z"),
        (
            "freeze year-end until 2027-01-02 00:00 UTC".into(),
            at("2027-01-03T00:00:00Z")
        )
    );
    assert_eq!(
        told(None, "2027-01-01T12:00:00Z"),
        (
            "freeze new year until 2027-01-03 00:00 UTC".into(),
            at("2027-01-03T00:00:00Z")
        )
    );
    assert_eq!(asked(None, "2027-01-03T00:00:00Z"), None);
}

fn any_window() -> impl Strategy<Value = Window> {
    let days = proptest::sample::subsequence(vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun], 1..=7);
    let hours =
        (0..1440u32, 0..1440u32).prop_filter("rises", |(from, until)| from < until || *until == 0);
    let zones = [
        chrono_tz::Europe::Berlin,
        chrono_tz::America::New_York,
        chrono_tz::Australia::Lord_Howe,
        chrono_tz::Asia::Kolkata,
        chrono_tz::America::Santiago,
        chrono_tz::UTC,
    ];
    (days, hours, proptest::sample::select(zones.to_vec())).prop_map(
        |(days, (from, until), zone)| {
            window(&days, (from / 60, from % 60, until / 60, until % 60), zone)
        },
    )
}

proptest! {
    #[test]
    fn the_quick_way_is_the_slow_one(window in any_window(), seconds in 0..2 * 366 * 86_400i64) {
        let at = at("2026-01-01T00:00:00Z") + TimeDelta::seconds(seconds);
        prop_assert_eq!(window.next_opening(at), slowly(&window, at));
    }

    #[test]
    fn what_is_said_to_open_is_open(
        window in proptest::option::of(any_window()),
        freezes in proptest::collection::vec((0..30i64, 1..20i64), 0..4),
        hours in 0..40 * 24i64,
    ) {
        let start = at("2026-03-15T00:00:00Z");
        let freezes: Vec<Freeze> = freezes
            .into_iter()
            .map(|(from, days)| Freeze {
                name: "f".into(),
                from: start + TimeDelta::days(from),
                until: start + TimeDelta::days(from + days),
            })
            .collect();
        let at = start + TimeDelta::hours(hours);
        let open = |at| window.as_ref().is_none_or(|window| window.is_open(at)) && !freezes.iter().any(|freeze| freeze.holds(at));
        match closed(window.as_ref(), &freezes, at) {
            None => prop_assert!(open(at)),
            Some(Closed { opens, .. }) => {
                prop_assert!(!open(at));
                if let Some(opens) = opens {
                    prop_assert!(opens > at && open(opens));
                }
            }
        }
    }
}
