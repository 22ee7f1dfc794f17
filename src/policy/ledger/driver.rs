//! Which part of the users most of a regression comes from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::book::Book;
use crate::domain::{Counts, Timestamp};
use crate::evidence::bound;
use crate::policy::observation::Paired;

/// A part is named with at least this share of the failures beyond the usual, from so many failures on, where it has this many
/// times the excess of the others a trial, and where chance is as good as ruled out (standard errors).
const LEAST_SHARE: f64 = 0.5;
const LEAST_FAILURES: u64 = 8;
const STANDS_OUT: f64 = 2.0;
const Z: f64 = 3.0;

/// The part of the users that drives a regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Driver {
    /// As the source names it: `os=15`.
    pub stratum: String,
    /// Of this part, since the version has most likely been worse.
    pub new: Counts,
    pub old: Counts,
    /// All failures of the new version over the same time, of which this part has its own.
    pub failures: u64,
    /// How many times the baseline's failures within this part.
    pub ratio: Option<f64>,
    /// Its part, 0..=1, of the failures beyond what the baseline's rates would give.
    pub share_of_excess: f64,
}

/// What one stratum counted, and how many failures would be usual.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    new: Counts,
    old: Counts,
    mantel: (f64, f64),
    usual: f64,
}

impl Part {
    fn with(self, other: &Self) -> Self {
        let (above, below) = (
            self.mantel.0 + other.mantel.0,
            self.mantel.1 + other.mantel.1,
        );
        Self {
            new: self.new + other.new,
            old: self.old + other.old,
            mantel: (above, below),
            usual: self.usual + other.usual,
        }
    }

    fn excess(&self) -> f64 {
        self.new.failures as f64 - self.usual
    }
}

impl Book {
    /// The part that stands out since then (`None`: since the beginning); `None` where the source tells no parts apart, and where
    /// none does.
    pub fn driver(&self, since: Option<Timestamp>) -> Option<Driver> {
        let mut strata = BTreeMap::<&str, Part>::new();
        for window in self.since(since) {
            let part = strata.entry(window.stratum.as_str()).or_default();
            let (above, below) = bound::mantel_haenszel(window.new, window.old);
            *part = part.with(&Part {
                new: window.new,
                old: window.old,
                mantel: (above, below),
                usual: 0.0,
            });
        }
        if strata.len() < 2 {
            return None;
        }
        let all = total(strata.values());
        if let Some(rate) = all.old.failure_rate().filter(|rate| *rate > 0.0) {
            for part in strata.values_mut() {
                part.usual = usual(part, rate);
            }
        }
        let all = total(strata.values());
        let names: BTreeSet<&str> = strata
            .keys()
            .flat_map(|stratum| stratum.split(','))
            .filter(|name| name.contains('='))
            .collect();
        let divisor = self.past().clustering.divisor();
        let found = names.into_iter().filter_map(|name| {
            let own = strata
                .iter()
                .filter(|(stratum, _)| stratum.split(',').any(|part| part == name));
            let own = total(own.map(|(_, part)| part));
            let (own, all) = if all.old.failures > 0 {
                (own, all)
            } else {
                beside_others(own, all)?
            };
            Some((name, stands_out(&own, &all, divisor)?, own, all))
        });
        let (name, _, own, all) = found.max_by(|(_, a, ..), (_, b, ..)| a.total_cmp(b))?;
        let (above, below) = own.mantel;
        Some(Driver {
            stratum: name.to_owned(),
            new: own.new,
            old: own.old,
            failures: all.new.failures,
            ratio: (below > 0.0).then(|| above / below),
            share_of_excess: (own.excess() / all.excess()).min(1.0),
        })
    }

    /// The windows that are evidence and belong to hours from `since` on; of ranges the last one's.
    fn since(&self, since: Option<Timestamp>) -> impl Iterator<Item = &Paired> {
        let ends = &self.hours.ends;
        let skip = if self.asked.ranges {
            ends.len().saturating_sub(1)
        } else {
            self.hour_from(since)
        };
        let ends = ends.iter().skip(skip);
        ends.flat_map(|end| end.windows(self.windows()))
    }
}

fn total<'a>(parts: impl Iterator<Item = &'a Part>) -> Part {
    parts.fold(Part::default(), Part::with)
}

/// The failures that the baseline's rate in this part would give, drawn towards its `rate` in all where there is little of it:
/// as if one failure had been seen at that rate.
fn usual(part: &Part, rate: f64) -> f64 {
    let trials = part.new.trials as f64;
    trials * (part.old.failures as f64 + 1.0) / (part.old.trials as f64 + 1.0 / rate)
}

/// Without failures of a baseline the other parts are what is usual; a part with less than half of all failures is none that most
/// of it comes from.
fn beside_others(own: Part, all: Part) -> Option<(Part, Part)> {
    let others = Counts {
        trials: all.new.trials.saturating_sub(own.new.trials),
        failures: all.new.failures.saturating_sub(own.new.failures),
    };
    if own.new.failures < others.failures {
        return None;
    }
    // As if half a failure more had been seen in them.
    let rate = (others.failures as f64 + 0.5) / (others.trials as f64 + 1.0);
    let usual = own.new.trials as f64 * rate;
    let all = Part {
        usual: usual + others.failures as f64,
        ..all
    };
    Some((Part { usual, ..own }, all))
}

/// By how many standard errors, where it does.
fn stands_out(own: &Part, all: &Part, divisor: f64) -> Option<f64> {
    let (excess, whole) = (own.excess(), all.excess());
    if whole <= 0.0 || excess < LEAST_SHARE * whole || own.new.failures < LEAST_FAILURES {
        return None;
    }
    let others = all.new.trials.saturating_sub(own.new.trials) as f64;
    let of_others = (whole - excess).max(0.0) / others.max(1.0);
    if others <= 0.0 || excess / own.new.trials as f64 <= STANDS_OUT * of_others {
        return None;
    }
    // Given all failures, how many of them would be here if all parts were as much worse.
    let part = (own.usual / all.usual).clamp(1e-9, 1.0 - 1e-9);
    let failures = all.new.failures as f64;
    let expected = failures * part;
    let error = (expected * (1.0 - part) * divisor).sqrt();
    let z = (own.new.failures as f64 - expected) / error;
    (z >= Z).then_some(z)
}
