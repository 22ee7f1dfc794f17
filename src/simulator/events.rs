//! The world as raw events, for vendors that keep every session, crash and request by itself: how many there were of each kind,
//! version, stratum and stretch of time. Must not know a vendor's names for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::World;
use super::scenario::{AppPlan, VersionPlan};
use super::traffic;
use super::world::{Journeys, Parted, Timed};
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
    /// Empty for what is no session, where it is not looked at, and where the app's plan has no strata.
    pub(super) stratum: Stratum,
    pub(super) counts: Counts,
}

/// By kind: `os` = `15`.
type Stratum = Arc<BTreeMap<String, String>>;

/// How often, by the beginning of the stretch.
type Counts = Vec<(Timestamp, u64)>;

/// Which events are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looked<'a> {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// A vendor shows what is over for so long.
    pub(super) lag: TimeDelta,
    /// A crash is sent at the app's next start, so much later.
    pub(super) late_crashes: TimeDelta,
    /// From which duration on a cold start or a request is slow.
    pub(super) bound: TimeDelta,
    /// What is not looked at need not be drawn.
    pub(super) kinds: &'a [Kind],
    /// Whether sessions are told apart by who had them.
    pub(super) strata: bool,
}

/// Kinds of what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sessions,
    ColdStarts,
    Requests,
    Journeys,
}

/// The events of one version.
pub(super) fn of<'a>(
    world: &World,
    app: &AppPlan,
    version: &'a VersionPlan,
    looked: Looked<'_>,
) -> Vec<Event<'a>> {
    let now = world.now();
    let range = (looked.from, looked.to.min(now - looked.lag));
    let mut events: Vec<Event<'a>> = Vec::new();
    let none = Arc::new(BTreeMap::new());
    if looked.kinds.contains(&Kind::Sessions) {
        let parts = if looked.strata {
            world.parted(&app.id, &version.build, range)
        } else {
            let cells = world.cells(&app.id, &version.build, range.0, range.1);
            let whole = |cell| Parted {
                stratum: Arc::clone(&none),
                cell,
            };
            cells.into_iter().map(whole).collect()
        };
        let mut strata: Vec<(Stratum, [Counts; 4])> = Vec::new();
        for part in parts {
            let cell = part.cell;
            if cell.end() > range.1 {
                continue;
            }
            let told = cell.end() + looked.late_crashes <= now;
            // The session itself is known from its beginning.
            let unheard = if told { 0 } else { cell.crashed.total() };
            let sessions = [
                cell.healthy() + unheard,
                cell.errored.total(),
                cell.abnormal.total(),
                cell.crashed.total() - unheard,
            ];
            let known = strata
                .iter()
                .position(|(of, _)| Arc::ptr_eq(of, &part.stratum));
            let known = known.unwrap_or_else(|| {
                strata.push((part.stratum, Default::default()));
                strata.len() - 1
            });
            let Some((_, endings)) = strata.get_mut(known) else {
                continue;
            };
            for (counts, count) in endings.iter_mut().zip(sessions) {
                counts.push((cell.start, count));
            }
        }
        for (stratum, endings) in strata {
            let all = [Ended::Well, Ended::Errored, Ended::Frozen, Ended::Crashed];
            for (end, counts) in all.into_iter().zip(endings) {
                events.push(Event {
                    what: Happened::Session(end),
                    version,
                    stratum: Arc::clone(&stratum),
                    counts,
                });
            }
        }
    }
    let over =
        |start: Timestamp, seconds: u32| start + TimeDelta::seconds(i64::from(seconds)) <= range.1;
    let mut push = |what: Happened, counts: Counts| {
        events.push(Event {
            what,
            version,
            stratum: Arc::clone(&none),
            counts,
        });
    };
    let timed = |timed: &[Timed], slow: bool| -> Counts {
        let over = timed.iter().filter(|t| over(t.start, t.seconds));
        let count = |t: &Timed| if slow { t.slow } else { t.count - t.slow };
        over.map(|t| (t.start, count(t))).collect()
    };
    if looked.kinds.contains(&Kind::ColdStarts) {
        let starts = world.cold_starts(&app.id, &version.build, range, looked.bound);
        for slow in [true, false] {
            push(Happened::ColdStart { slow }, timed(&starts, slow));
        }
    }
    if looked.kinds.contains(&Kind::Requests) {
        let requests = world.requests(&app.id, &version.build, range, looked.bound);
        for slow in [true, false] {
            push(Happened::Request { slow }, timed(&requests, slow));
        }
    }
    let names = version.journeys.keys();
    for name in names.filter(|_| looked.kinds.contains(&Kind::Journeys)) {
        let journeys = world.journeys(&app.id, &version.build, range, name);
        for completed in [false, true] {
            let stretches = journeys.iter().filter(|j| over(j.start, j.seconds));
            let count = |j: &Journeys| if completed { j.completed } else { j.started };
            let what = Happened::Journey {
                name: name.clone(),
                completed,
            };
            push(what, stretches.map(|j| (j.start, count(j))).collect());
        }
    }
    for event in &mut events {
        event.counts.retain(|(_, count)| *count > 0);
    }
    events.retain(|event| !event.counts.is_empty());
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
