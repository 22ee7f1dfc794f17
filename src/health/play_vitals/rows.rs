//! From rows to windows: failures out of users, by version and stratum.
//!
//! Google gives a share and the rounded number of users whom it is of; the failures are their product, a whole number again.
//! What has no row has no window: Google leaves out what too few users have, and nought is never a rate.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Counts, Reading, Timestamp};

use super::api::Rows;
use super::error::VitalsError;
use super::sets::{Set, USERS, VERSION};
use super::strata::{self, Stratum};
use super::time::{Period, instant};

/// Which version (by its key) a version code belongs to.
pub(super) type Owners = BTreeMap<String, String>;

/// What one window of a series says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) seconds: u32,
    pub(super) counts: Counts,
}

/// By start, version key and stratum.
pub(super) type Windows = BTreeMap<(Timestamp, String, String), Window>;

/// The windows of these rows. The codes of one version are added up: nobody has two of them on one device, but for who
/// updates that day. `told` are the strata to be told apart; those that come new are added as long as there is room.
pub(super) fn windows(
    set: Set,
    rows: &Rows,
    period: Period,
    owners: &Owners,
    parted_by: &[Stratum],
    told: &mut BTreeSet<String>,
) -> Result<Windows, VitalsError> {
    let nonsense = |why: String| VitalsError::Nonsense {
        place: rows.place.clone(),
        why,
    };
    let mut windows = Windows::new();
    for row in &rows.all {
        let Some(owner) = owners.get(&row.dimension(VERSION)) else {
            continue;
        };
        if set
            .required()
            .is_some_and(|(name, value)| row.dimension(name) != value)
        {
            continue;
        }
        let start = instant(&row.start_time, period)
            .ok_or_else(|| nonsense("a row's start is not a time".to_owned()))?;
        let (Some(users), Some(rate)) = (row.metric(USERS), row.metric(set.rate())) else {
            continue;
        };
        if !(0.0..=1.0).contains(&rate) || users < 0.0 {
            let what = format!("{} is {rate} of {users} users", set.rate());
            return Err(nonsense(what));
        }
        let trials = users.round() as u64;
        let failures = ((rate * users).round() as u64).min(trials);
        if trials == 0 {
            continue;
        }
        let seconds = (period.end(start) - start).num_seconds();
        let stratum = parted_by
            .iter()
            .map(|by| by.name(&row.dimension(by.dimension())));
        let stratum: Vec<String> = stratum.collect();
        let window = windows
            .entry((start, owner.clone(), stratum.join(",")))
            .or_default();
        window.seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        window.counts = window.counts + Counts { trials, failures };
    }
    if parted_by.is_empty() {
        return Ok(windows);
    }
    let mut trials = BTreeMap::<String, u64>::new();
    for ((_, _, stratum), window) in &windows {
        *trials.entry(stratum.clone()).or_default() += window.counts.trials;
    }
    *told = strata::choose(told, &trials);
    Ok(bounded(windows, told))
}

fn bounded(windows: Windows, told: &BTreeSet<String>) -> Windows {
    let mut bounded = Windows::new();
    for ((start, version, stratum), window) in windows {
        let stratum = if told.contains(&stratum) {
            stratum
        } else {
            strata::OTHER.to_owned()
        };
        let sum = bounded.entry((start, version, stratum)).or_default();
        sum.seconds = window.seconds;
        sum.counts = sum.counts + window.counts;
    }
    bounded
}

/// The windows of a set as readings, those alone that `wanted` is true of.
pub(super) fn readings(
    set: Set,
    windows: &Windows,
    wanted: impl Fn(Timestamp, &Window, &str) -> bool,
) -> Vec<Reading> {
    windows
        .iter()
        .filter(|((start, version, _), window)| wanted(*start, window, version))
        .map(|((start, version, stratum), window)| Reading {
            metric: set.metric(),
            version: version.clone(),
            stratum: stratum.clone(),
            start: *start,
            seconds: window.seconds,
            counts: window.counts,
        })
        .collect()
}
