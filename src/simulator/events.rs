//! The world as raw events, for vendors that keep every session, crash and request by itself: how many there were of each kind,
//! version, stratum and stretch of time. Must not know a vendor's names for them.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::World;
use super::scenario::{AppPlan, VersionPlan};
use super::traffic;
use crate::domain::Timestamp;

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Well,
    Errored,
    /// ANR, hang.
    Frozen,
    Crashed,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    Session(Ended),
    /// Took longer than the bound that was asked for, or not.
    ColdStart {
        slow: bool,
    },
    Request {
        slow: bool,
    },
    Journey {
        name: String,
        completed: bool,
    },
}

/// What happened, to whom, and how often in each stretch.
#[derive(Clone, Debug)]
pub(super) struct Event<'a> {
    pub(super) what: Happened,
    pub(super) version: &'a VersionPlan,
    /// Empty for what is no session, and where the app's plan has no strata.
    pub(super) stratum: BTreeMap<String, String>,
    /// By the beginning of the stretch.
    pub(super) counts: Vec<(Timestamp, u64)>,
}

/// Which events are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looked {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// A vendor shows what is over for so long.
    pub(super) lag: TimeDelta,
    /// A crash is sent at the app's next start, so much later.
    pub(super) late_crashes: TimeDelta,
    /// From which duration on a cold start or a request is slow.
    pub(super) bound: TimeDelta,
    /// What is not looked at need not be drawn.
    pub(super) kinds: Kinds,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Kinds {
    pub(super) sessions: bool,
    pub(super) cold_starts: bool,
    pub(super) requests: bool,
    pub(super) journeys: bool,
}

/// The events of one version.
pub(super) fn of<'a>(
    world: &World,
    app: &AppPlan,
    version: &'a VersionPlan,
    looked: Looked,
) -> Vec<Event<'a>> {
    let now = world.now();
    let range = (looked.from, looked.to.min(now - looked.lag));
    let mut events: Vec<Event<'a>> = Vec::new();
    let mut push = |what: Happened, stratum: &BTreeMap<String, String>, start, count| {
        if count == 0 {
            return;
        }
        let same = |event: &&mut Event<'_>| event.what == what && event.stratum == *stratum;
        match events.iter_mut().find(same) {
            Some(event) => event.counts.push((start, count)),
            None => events.push(Event {
                what,
                version,
                stratum: stratum.clone(),
                counts: vec![(start, count)],
            }),
        }
    };
    if looked.kinds.sessions {
        for part in world.parted(&app.id, &version.build, range) {
            let cell = part.cell;
            if cell.end() > range.1 {
                continue;
            }
            let told = cell.end() + looked.late_crashes <= now;
            // The session itself is known from its beginning.
            let unheard = if told { 0 } else { cell.crashed.total() };
            let sessions = [
                (Ended::Well, cell.healthy() + unheard),
                (Ended::Errored, cell.errored.total()),
                (Ended::Frozen, cell.abnormal.total()),
                (Ended::Crashed, cell.crashed.total() - unheard),
            ];
            for (ended, count) in sessions {
                push(Happened::Session(ended), &part.stratum, cell.start, count);
            }
        }
    }
    let none = BTreeMap::new();
    let over =
        |start: Timestamp, seconds: u32| start + TimeDelta::seconds(i64::from(seconds)) <= range.1;
    let starts = if looked.kinds.cold_starts {
        world.cold_starts(&app.id, &version.build, range, looked.bound)
    } else {
        Vec::new()
    };
    for timed in starts.iter().filter(|t| over(t.start, t.seconds)) {
        let cold = |slow| Happened::ColdStart { slow };
        push(cold(true), &none, timed.start, timed.slow);
        push(cold(false), &none, timed.start, timed.count - timed.slow);
    }
    let requests = if looked.kinds.requests {
        world.requests(&app.id, &version.build, range, looked.bound)
    } else {
        Vec::new()
    };
    for timed in requests.iter().filter(|t| over(t.start, t.seconds)) {
        let request = |slow| Happened::Request { slow };
        push(request(true), &none, timed.start, timed.slow);
        push(request(false), &none, timed.start, timed.count - timed.slow);
    }
    let names = version.journeys.keys();
    for name in names.filter(|_| looked.kinds.journeys) {
        let journeys = world.journeys(&app.id, &version.build, range, name);
        for stretch in journeys.iter().filter(|j| over(j.start, j.seconds)) {
            let journey = |completed| Happened::Journey {
                name: name.clone(),
                completed,
            };
            push(journey(false), &none, stretch.start, stretch.started);
            push(journey(true), &none, stretch.start, stretch.completed);
        }
    }
    events
}

/// Distinct users of so many sessions, and those of them whom so many events hit, within a range of this length.
pub(super) fn users(sessions: u64, hits: Option<u64>, range: TimeDelta) -> u64 {
    let all = traffic::users(sessions, range);
    hits.map_or(all, |hits| traffic::affected(hits, all))
}

/// A count of distinct things as collectors estimate it: exact while there are few, within one percent beyond.
pub(super) fn estimate(count: u64, exact_up_to: u64) -> u64 {
    if count <= exact_up_to {
        return count;
    }
    // Off by what follows from the number itself: the same things always make the same estimate.
    let hash = count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let off = hash as f64 / f64::from(1_u32 << 24) * 2.0 - 1.0;
    (count as f64 * (1.0 + 0.01 * off)).round() as u64
}
