//! What can be measured of a version beside how its sessions end: cold starts, requests, journeys.
//!
//! All of it follows from the cells, so that every vendor tells of one and the same world.

use chrono::TimeDelta;
use statrs::function::erf::{erfc, erfc_inv};

use super::World;
use crate::domain::{AppId, Timestamp};
use crate::simulator::dice::{self, Dice};
use crate::simulator::scenario::{Steps, VersionPlan};
use crate::simulator::traffic::Cell;

/// Of the logarithm of how long things take.
const SIGMA: f64 = 0.6;
/// Cold starts, requests and journeys of one session, on average.
const COLD_STARTS: f64 = 1.0 / 3.0;
const REQUESTS: u64 = 10;
const JOURNEYS: f64 = 0.25;

/// Things that take time, of one stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    pub start: Timestamp,
    pub seconds: u32,
    pub count: u64,
    /// Took longer than the bound that was asked for.
    pub slow: u64,
}

/// Journeys of one stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journeys {
    pub start: Timestamp,
    pub seconds: u32,
    pub started: u64,
    pub completed: u64,
}

/// How long the things of one cell took: log-normal around a middle of its own.
struct Durations {
    start: Timestamp,
    seconds: u32,
    count: u64,
    /// Of the logarithm of seconds.
    middle: f64,
    /// 0..1: where this cell rounds to whole things.
    rounding: f64,
}

impl Durations {
    /// Share that takes longer than so many seconds.
    fn over(&self, seconds: f64) -> f64 {
        0.5 * erfc((seconds.ln() - self.middle) / (SIGMA * std::f64::consts::SQRT_2))
    }
}

impl World {
    /// Cold starts of a version in `from..to`, by cell: one in three sessions begins with one. How long they take is
    /// log-normal; the plan's share of them takes longer than 5 s. Over a higher bound there are never more.
    pub fn cold_starts(
        &self,
        app: &AppId,
        build: &str,
        range: (Timestamp, Timestamp),
        bound: TimeDelta,
    ) -> Vec<Timed> {
        timed(&self.durations(app, build, range, true), bound)
    }

    /// Requests of a version to its backend, by cell: ten a session; the plan's share of them takes longer than 2 s. Over a
    /// higher bound there are never more.
    pub fn requests(
        &self,
        app: &AppId,
        build: &str,
        range: (Timestamp, Timestamp),
        bound: TimeDelta,
    ) -> Vec<Timed> {
        timed(&self.durations(app, build, range, false), bound)
    }

    /// Seconds within which this share (0..1) of the cold starts, or else of the requests, of the range was done.
    pub fn quantile(
        &self,
        app: &AppId,
        build: &str,
        range: (Timestamp, Timestamp),
        share: f64,
        cold_starts: bool,
    ) -> Option<f64> {
        let cells = self.durations(app, build, range, cold_starts);
        let all: f64 = cells.iter().map(|c| c.count as f64).sum();
        if all <= 0.0 || !(0.0..1.0).contains(&share) {
            return None;
        }
        let over = |seconds: f64| -> f64 {
            let slow = cells.iter().map(|c| c.count as f64 * c.over(seconds));
            slow.sum::<f64>() / all
        };
        // Between a microsecond and a month, halved until nobody can tell.
        let (mut low, mut high) = (-14.0_f64, 15.0_f64);
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            if over(middle.exp()) > 1.0 - share {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(high.exp())
    }

    /// Journeys of this name, by cell: one session in four begins one. None where the version's plan has no such journey.
    pub fn journeys(
        &self,
        app: &AppId,
        build: &str,
        (from, to): (Timestamp, Timestamp),
        name: &str,
    ) -> Vec<Journeys> {
        let Some(failing) = self
            .plan(app, build)
            .and_then(|plan| plan.journeys.get(name))
        else {
            return Vec::new();
        };
        let key = dice::key(self.seed, app.as_str(), &format!("{build} journey {name}"));
        let of = |cell: Cell| {
            let mut dice = Dice::new(key, cell.start);
            let started = dice.binomial(cell.sessions, JOURNEYS);
            let failed = dice.binomial(started, failing.at(cell.start - self.start));
            Journeys {
                start: cell.start,
                seconds: cell.seconds,
                started,
                completed: started - failed,
            }
        };
        let cells = self.cells(app, build, from, to);
        cells.into_iter().map(of).collect()
    }

    fn plan(&self, app: &AppId, build: &str) -> Option<&VersionPlan> {
        let mut versions = self.app(app)?.versions.iter();
        versions.find(|version| version.build == build)
    }

    fn durations(
        &self,
        app: &AppId,
        build: &str,
        (from, to): (Timestamp, Timestamp),
        cold_starts: bool,
    ) -> Vec<Durations> {
        let Some(plan) = self.plan(app, build) else {
            return Vec::new();
        };
        let (what, slow, bound): (_, &Steps, f64) = if cold_starts {
            ("cold starts", &plan.slow_cold, 5.0)
        } else {
            ("requests", &plan.slow_request, 2.0)
        };
        let key = dice::key(self.seed, app.as_str(), &format!("{build} {what}"));
        let of = |cell: Cell| {
            let mut dice = Dice::new(key, cell.start);
            let count = if cold_starts {
                dice.binomial(cell.sessions, COLD_STARTS)
            } else {
                cell.sessions * REQUESTS
            };
            let share = slow.at(cell.start - self.start).clamp(1e-6, 1.0 - 1e-6);
            let planned = bound.ln() - SIGMA * std::f64::consts::SQRT_2 * erfc_inv(2.0 * share);
            // One middle a cell, off by chance, instead of a draw a bound: shares over several bounds have to agree.
            let chance = dice.normal() * 2.0 * SIGMA / (count.max(4) as f64).sqrt();
            Durations {
                start: cell.start,
                seconds: cell.seconds,
                count,
                middle: planned + chance,
                rounding: dice.uniform(),
            }
        };
        let cells = self.cells(app, build, from, to);
        cells.into_iter().map(of).collect()
    }
}

fn timed(cells: &[Durations], bound: TimeDelta) -> Vec<Timed> {
    let bound = bound.as_seconds_f64().max(1e-6);
    let of = |cell: &Durations| Timed {
        start: cell.start,
        seconds: cell.seconds,
        count: cell.count,
        slow: ((cell.count as f64 * cell.over(bound) + cell.rounding) as u64).min(cell.count),
    };
    cells.iter().map(of).collect()
}
