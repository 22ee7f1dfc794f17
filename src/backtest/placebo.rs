//! The stable version against itself: nothing has changed, so that whatever is stopped is stopped by mistake.
//!
//! What a policy does with splits of real data shows what no simulation can: how clustered failures are, and how unlike the
//! users whom they hit. A split by strata moves whole groups of users to one side, as an early rollout does; one by hours gives
//! each hour to one side and the next to the other, by the toss of a coin.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

use super::{Rollout, Source};
use crate::domain::{Counts, Exposure, PlainText, Timestamp};
use crate::evidence::dispersion;
use crate::policy::ledger::by_hour;
use crate::policy::observation::Baseline;
use crate::policy::{MetricSeries, Paired, Terms};

/// How a version is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Half of the strata against the others.
    Strata,
    /// Every hour against the next.
    Hours,
}

/// So much of the data is left whole before the split begins, where there is more than a day beyond it: a watcher knows the
/// baseline's past, and asks it how clustered failures are.
const PAST: TimeDelta = TimeDelta::days(7);

/// The stable versions of recorded rollouts, each in many splits; [`Source`] makes one when it is asked for.
#[derive(Clone, Debug)]
pub struct Placebo {
    stables: Vec<Stable>,
    /// Which version, and how.
    splits: Vec<(usize, Kind)>,
}

/// What is known of a stable version.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StableVersion {
    pub app: PlainText,
    pub version: PlainText,
    /// Distinct splits that were made of it.
    pub splits: usize,
    /// φ̂: how many times as variable as independent failures its hours are, by its principal metric; `None` where too little
    /// is known.
    pub phi: Option<f64>,
    /// How many times as often one side fails as the other, in the split that is most uneven over all its time.
    pub largest_ratio: Option<f64>,
}

/// One version's own windows; `old` alone is counted.
#[derive(Clone, Debug)]
struct Stable {
    rollout: Rollout,
    strata: Vec<String>,
    /// From here on it is split.
    from: Timestamp,
}

/// One way to split a version.
#[derive(Clone, Debug)]
enum Kind {
    /// These strata are the "new" side.
    Strata(BTreeSet<String>),
    /// Seeds the coin.
    Hours(u64),
}

impl Placebo {
    /// Of the baselines of these rollouts, each in at most `splits` ways. Versions that cannot be split so are left out, and those
    /// that somebody labelled as bad: they were not stable.
    pub fn new(rollouts: &[Rollout], split: Split, splits: usize, seed: u64) -> Self {
        let bad = rollouts.iter().filter(|rollout| rollout.onset.is_some());
        let mut seen: BTreeSet<_> = bad
            .map(|rollout| (rollout.app.clone(), Some(rollout.version.clone())))
            .collect();
        let stables: Vec<Stable> = rollouts
            .iter()
            .filter(|rollout| seen.insert((rollout.app.clone(), rollout.baseline.clone())))
            .filter_map(|rollout| Stable::of(rollout, split))
            .collect();
        let mut rng = StdRng::seed_from_u64(seed);
        let mut kinds = Vec::new();
        for (place, stable) in stables.iter().enumerate() {
            match split {
                Split::Hours => {
                    kinds.extend((0..splits).map(|_| (place, Kind::Hours(rng.random()))));
                }
                Split::Strata => {
                    let halves = stable.halves(splits, &mut rng);
                    kinds.extend(halves.into_iter().map(|half| (place, Kind::Strata(half))));
                }
            }
        }
        Self {
            stables,
            splits: kinds,
        }
    }

    /// The versions that are split.
    pub fn versions(&self) -> Vec<StableVersion> {
        let version = |(place, stable): (usize, &Stable)| {
            let own = self.splits.iter().filter(|(of, _)| *of == place);
            let ratios = own.clone().filter_map(|(_, kind)| stable.unevenness(kind));
            StableVersion {
                app: stable.rollout.app.clone(),
                version: stable.rollout.version.clone(),
                splits: own.count(),
                phi: stable.phi(),
                largest_ratio: ratios.max_by(f64::total_cmp),
            }
        };
        self.stables.iter().enumerate().map(version).collect()
    }
}

impl Source for Placebo {
    fn len(&self) -> usize {
        self.splits.len()
    }

    fn rollout(&self, index: usize) -> Option<Cow<'_, Rollout>> {
        let (place, kind) = self.splits.get(index)?;
        Some(Cow::Owned(self.stables.get(*place)?.split(kind)))
    }
}

impl Stable {
    /// The baseline of `rollout` by itself; `None` where there is none, or nothing to split.
    fn of(rollout: &Rollout, split: Split) -> Option<Self> {
        let version = rollout.baseline.clone()?;
        let usable = |series: &&MetricSeries| {
            let told = || series.windows.iter().filter(|w| w.old.trials > 0);
            match split {
                Split::Strata => {
                    let first = told().next().map(|window| &window.stratum);
                    told().any(|window| Some(&window.stratum) != first)
                }
                // Users of a day cannot be told apart by hours.
                Split::Hours => {
                    !series.metric.counts_users() && told().all(|w| 3_600 % w.seconds == 0)
                }
            }
        };
        let alone = |series: &MetricSeries| MetricSeries {
            windows: series
                .windows
                .iter()
                .filter(|window| window.old.trials > 0)
                .map(|window| Paired {
                    new: Counts::default(),
                    ..window.clone()
                })
                .collect(),
            ..series.clone()
        };
        let metrics: Vec<MetricSeries> = rollout.metrics.iter().filter(usable).map(alone).collect();
        let windows = || metrics.iter().flat_map(|series| &series.windows);
        let first = windows().map(|window| window.start).min()?;
        let last = windows().map(Paired::end).max()?;
        let strata: BTreeSet<&String> = windows().map(|window| &window.stratum).collect();
        let strata = strata.into_iter().cloned().collect();
        let long = last - first > PAST + TimeDelta::days(1);
        let from = if long { first + PAST } else { first };
        Some(Self {
            strata,
            from,
            rollout: Rollout {
                app: rollout.app.clone(),
                baseline: Some(version.clone()),
                version,
                store: rollout.store,
                exposures: vec![(from, Exposure::from_percent(50))],
                metrics,
                onset: None,
                terms: Terms {
                    independent: rollout.terms.independent,
                    ..Terms::of(Baseline::Read)
                },
            },
        })
    }

    /// Distinct halves of the strata, at most so many; the other half of each counts as another one.
    fn halves(&self, most: usize, rng: &mut StdRng) -> BTreeSet<BTreeSet<String>> {
        let mut halves = BTreeSet::new();
        for _ in 0..most.saturating_mul(20) {
            if halves.len() == most {
                break;
            }
            let mut left = self.strata.clone();
            let mut half = BTreeSet::new();
            while half.len() < self.strata.len() / 2 {
                half.insert(left.swap_remove(rng.random_range(0..left.len())));
            }
            halves.insert(half);
        }
        halves
    }

    /// The version as two, from where the split begins.
    fn split(&self, kind: &Kind) -> Rollout {
        let metrics = self.rollout.metrics.iter().map(|series| MetricSeries {
            windows: self.sides(&series.windows, kind),
            ..series.clone()
        });
        let whole = &self.rollout;
        Rollout {
            app: whole.app.clone(),
            version: whole.version.clone(),
            baseline: whole.baseline.clone(),
            exposures: whole.exposures.clone(),
            metrics: metrics.collect(),
            ..*whole
        }
    }

    fn sides(&self, windows: &[Paired], kind: &Kind) -> Vec<Paired> {
        let mut coin = match kind {
            Kind::Hours(seed) => Coin::new(*seed),
            Kind::Strata(_) => Coin::new(0),
        };
        let mut sides: BTreeMap<(Timestamp, u32, String), (Counts, Counts)> = BTreeMap::new();
        for window in windows {
            let (key, is_new) = match kind {
                _ if window.start < self.from => {
                    ((window.start, window.seconds, window.stratum.clone()), None)
                }
                // Strata differ, so that they are not compared one by one: each is on one side only.
                Kind::Strata(half) => {
                    let key = (window.start, window.seconds, String::new());
                    (key, Some(half.contains(&window.stratum)))
                }
                // A window meets the one at the same time of the next hour, in a window twice as long.
                Kind::Hours(_) => {
                    let hour = window.start.timestamp().div_euclid(3_600);
                    let offset = window.start.timestamp().rem_euclid(3_600);
                    let pair = hour.div_euclid(2);
                    let start = Timestamp::from_timestamp(pair * 7_200 + 2 * offset, 0);
                    let start = start.unwrap_or(window.start);
                    let key = (start, 2 * window.seconds, window.stratum.clone());
                    (key, Some((hour.rem_euclid(2) == 0) == coin.toss(pair)))
                }
            };
            let (new, old) = sides.entry(key).or_default();
            match is_new {
                Some(true) => *new = *new + window.old,
                Some(false) | None => *old = *old + window.old,
            }
        }
        let paired = |((start, seconds, stratum), (new, old))| Paired {
            start,
            seconds,
            stratum,
            new,
            old,
        };
        sides.into_iter().map(paired).collect()
    }

    /// How many times as often one side fails as the other.
    fn unevenness(&self, kind: &Kind) -> Option<f64> {
        let series = self.rollout.principal()?;
        let sides = self.sides(&series.windows, kind);
        let split = || sides.iter().filter(|window| window.new.trials > 0);
        let new: Counts = split().map(|window| window.new).sum();
        let old: Counts = split().map(|window| window.old).sum();
        let ratio = new.failure_rate()? / old.failure_rate()?;
        (ratio > 0.0 && ratio.is_finite()).then(|| ratio.max(1.0 / ratio))
    }

    fn phi(&self) -> Option<f64> {
        let windows = self.rollout.principal()?.windows.iter();
        let hours = by_hour(windows.map(|window| (window.start, window.old)));
        dispersion::pearson(&hours)
    }
}

/// One toss a pair of hours, the same whoever asks again.
struct Coin {
    rng: StdRng,
    tossed: BTreeMap<i64, bool>,
}

impl Coin {
    fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            tossed: BTreeMap::new(),
        }
    }

    fn toss(&mut self, pair: i64) -> bool {
        *self.tossed.entry(pair).or_insert_with(|| self.rng.random())
    }
}

#[cfg(test)]
mod tests;
