//! What a metric set says of one window: users, and how many of them something happened to.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::sets::Set;
use crate::domain::Timestamp;
use crate::simulator::World;
use crate::simulator::scenario::AppPlan;
use crate::simulator::traffic::{affected, users};

/// A start that takes longer is slow.
const SLOW: TimeDelta = TimeDelta::seconds(5);
/// Fewer users have no row. Google has such a bound, and does not say which.
const LEAST: u64 = 20;

/// Values of dimensions, by name.
pub(super) type Values = BTreeMap<&'static str, String>;

/// Counts of one row, before anything is rounded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    sessions: u64,
    crashes: u64,
    abnormal: u64,
    starts: u64,
    slow: u64,
}

impl Sum {
    pub(super) fn add(&mut self, more: &Self) {
        self.sessions += more.sessions;
        self.crashes += more.crashes;
        self.abnormal += more.abnormal;
        self.starts += more.starts;
        self.slow += more.slow;
    }

    /// The metrics of a row by name, as Google rounds them; `None` where too few users have it.
    pub(super) fn metrics(
        &self,
        set: Set,
        length: TimeDelta,
    ) -> Option<Vec<(&'static str, String)>> {
        let all = users(self.sessions, length);
        let (seen, hit, background) = match set {
            Set::Crash => (all, affected(self.crashes, all), self.crashes / 4),
            Set::Anr => (all, affected(self.abnormal, all), self.abnormal / 3),
            Set::SlowStart => {
                let started = affected(self.starts, all);
                (started, affected(self.slow, started), 0)
            }
            // Of three sessions that ended without a word, the system ended one.
            Set::Lmk => (all, affected(self.abnormal / 3, all), 0),
            Set::ErrorCount => return None,
        };
        if seen < LEAST {
            return None;
        }
        let rate = |hit: u64| decimal(hit as f64 / seen as f64);
        let in_use = rate(hit);
        let in_all = rate(hit.saturating_add(background).min(seen));
        let named = set.metrics().iter().map(|name| {
            let value = match *name {
                "distinctUsers" => rounded(seen).to_string(),
                "crashRate" | "anrRate" => in_all.clone(),
                _ => in_use.clone(),
            };
            (*name, value)
        });
        Some(named.collect())
    }
}

/// To a multiple of 10, 100, 1,000 or 1,000,000, by its magnitude.
pub(super) fn rounded(users: u64) -> u64 {
    let unit = match users {
        0..1_000 => 10,
        1_000..10_000 => 100,
        10_000..10_000_000 => 1_000,
        10_000_000.. => 1_000_000,
    };
    (users + unit / 2) / unit * unit
}

/// A share as `google.type.Decimal` writes it.
fn decimal(share: f64) -> String {
    let text = format!("{share:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

/// Sums of a version over `from..to`, by the values of these dimensions.
pub(super) fn sums(
    world: &World,
    app: &AppPlan,
    build: &str,
    (from, to): (Timestamp, Timestamp),
    dimensions: &[&'static str],
    starts: bool,
) -> BTreeMap<Values, Sum> {
    let mut sums = BTreeMap::<Values, Sum>::new();
    let parted = dimensions
        .iter()
        .any(|name| matches!(*name, "apiLevel" | "deviceRamBucket" | "countryCode"));
    if parted {
        for part in world.parted(&app.id, build, (from, to)) {
            let sum = sums
                .entry(values(dimensions, build, &part.stratum))
                .or_default();
            add(sum, &part.cell);
        }
    } else {
        let sum = sums
            .entry(values(dimensions, build, &BTreeMap::new()))
            .or_default();
        for cell in world.cells(&app.id, build, from, to) {
            add(sum, &cell);
        }
    }
    if starts {
        let all: u64 = sums.values().map(|sum| sum.sessions).sum();
        let timed = world.cold_starts(&app.id, build, (from, to), SLOW);
        let (count, slow) = timed.iter().fold((0, 0), |(count, slow), it| {
            (count + it.count, slow + it.slow)
        });
        // Who starts slowly is not known by stratum: all alike.
        for sum in sums.values_mut() {
            let share = |of: u64| (of as f64 * sum.sessions as f64 / all.max(1) as f64).round();
            (sum.starts, sum.slow) = (share(count) as u64, share(slow) as u64);
        }
    }
    sums
}

fn add(sum: &mut Sum, cell: &crate::simulator::traffic::Cell) {
    sum.sessions += cell.sessions;
    sum.crashes += cell.crashed.total();
    sum.abnormal += cell.abnormal.total();
}

fn values(dimensions: &[&'static str], build: &str, stratum: &BTreeMap<String, String>) -> Values {
    let kind = |kind: &str| stratum.get(kind).map_or("", String::as_str);
    let value = |name: &&'static str| match *name {
        "versionCode" => build.to_owned(),
        "startType" => "COLD".to_owned(),
        "countryCode" => kind("country").to_owned(),
        "apiLevel" => kind("os")
            .parse()
            .map_or_else(|_other| kind("os").to_owned(), api_level),
        "deviceRamBucket" => match kind("device") {
            "low" => "2048".to_owned(),
            "mid" => "4096".to_owned(),
            "high" => "8192".to_owned(),
            other => other.to_owned(),
        },
        _ => String::new(),
    };
    dimensions.iter().map(|name| (*name, value(name))).collect()
}

fn api_level(release: u32) -> String {
    let level = match release {
        13.. => release + 20,
        12 => 31,
        9..=11 => release + 19,
        8 => 26,
        7 => 24,
        _ => 23,
    };
    level.to_string()
}
