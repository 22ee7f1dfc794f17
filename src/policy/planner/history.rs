//! Limits from an app's own past: what its versions have in an ordinary day, and how much they differ without anybody's fault.
//!
//! Medians throughout, so that one bad version or day among many moves nothing. Proposes only; must not read the past itself.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use crate::domain::{Counts, Metric, PlainText, Timestamp};
use crate::evidence::dispersion;
use crate::policy::ledger::by_hour;
use crate::policy::rule::{Action, Evidence, Limit, Rule};

#[cfg(test)]
mod tests;

/// A day counts where so many trials were seen, and so many failures were to be expected by the version's own share: the
/// median of fewer says more about chance than about the version.
const LEAST_TRIALS: u64 = 1_000;
const LEAST_EXPECTED: f64 = 5.0;

/// A version counts with so many days, and a past with so many versions and days.
const LEAST_DAYS: usize = 3;
pub const LEAST_VERSIONS: usize = 3;
pub const LEAST_DAYS_IN_ALL: usize = 14;

/// Hours that an estimate of clustering needs.
const LEAST_HOURS: usize = 100;

/// The industry's pause below 99.85 % and halt below 99.50 % are 3 and 10 times the failures of an app at 99.95 %.
const PAUSE_TIMES: f64 = 3.0;
const HALT_PER_PAUSE: f64 = 10.0 / 3.0;

/// A pause stays so far from what one day in ten has anyway.
const CLEAR_OF_BAD_DAYS: f64 = 1.25;

/// The recommended ratios, below which no proposal goes; the halt's is to the pause's as they are to each other.
const PAUSE_RATIO: f64 = 1.25;
const HALT_PER_PAUSE_RATIO: f64 = 1.6;

/// How many deviations of one version two versions differ by at most in 19 of 20 pairs: 1.645·√2.
const DEVIATIONS_APART: f64 = 2.326;

/// Of a normal distribution, the standard deviation over the median absolute deviation.
const DEVIATION_PER_MAD: f64 = 1.4826;

/// What is known of one version: windows of one metric from one source, strata summed or side by side, in any order.
#[derive(Clone, Debug)]
pub struct PastVersion {
    pub version: PlainText,
    pub windows: Vec<(Timestamp, Counts)>,
}

/// One version's days, in shares of failures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Digest {
    pub version: PlainText,
    /// First and last day that count, and how many there are.
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub days: usize,
    pub counts: Counts,
    /// Of its daily shares: the median, and what one day in ten stays below and one in ten reaches.
    pub median: f64,
    pub good_day: f64,
    pub bad_day: f64,
    /// How many times as variable as independent failures its hours are; `None`: too few of them.
    pub phi: Option<f64>,
}

/// Limits, and what they rest on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    pub metric: Metric,
    /// By first day.
    pub versions: Vec<Digest>,
    /// Trials a day of all versions that the past knows: a median, and a little less than the app has.
    pub per_day: f64,
    /// Share of failures of a median version's median day, and what one day in ten of a median version reaches.
    pub median: f64,
    pub bad_day: f64,
    /// How many times as many failures one version has as another, where neither is at fault.
    pub apart: f64,
    pub phi: Option<f64>,
    /// Shares of failures.
    pub pause_above: f64,
    pub halt_above: f64,
    /// Times the baseline's failures.
    pub pause_ratio: f64,
    pub halt_ratio: f64,
}

/// Why there is no proposal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the journal knows {versions} with {days} that count; limits of your own need {LEAST_VERSIONS} versions and \
     {LEAST_DAYS_IN_ALL} days. A day counts from {LEAST_TRIALS} trials on with 5 failures to be expected, a version from \
     {LEAST_DAYS} such days on. Until then the presets stand on the industry's 99.85 %: haltline policy show default"
)]
pub struct TooLittle {
    versions: String,
    days: String,
}

/// Limits for `metric` from what its versions had.
pub fn propose(metric: &Metric, past: &[PastVersion]) -> Result<Proposal, TooLittle> {
    let mut versions: Vec<Digest> = past.iter().filter_map(digest).collect();
    versions.sort_by(|a, b| (a.first, &a.version).cmp(&(b.first, &b.version)));
    let days: usize = versions.iter().map(|version| version.days).sum();
    if versions.len() < LEAST_VERSIONS || days < LEAST_DAYS_IN_ALL {
        return Err(TooLittle {
            versions: counted(versions.len(), "version"),
            days: counted(days, "day"),
        });
    }
    let of = |share: fn(&Digest) -> f64| middle(versions.iter().map(share).collect());
    let (median, bad_day) = (of(|version| version.median), of(|version| version.bad_day));
    let logs = versions.iter().map(|version| version.median.ln());
    let deviations = logs.map(|log| (log - median.ln()).abs()).collect();
    let apart = (DEVIATIONS_APART * DEVIATION_PER_MAD * middle(deviations)).exp();
    let pause_above = careful(f64::max(PAUSE_TIMES * median, CLEAR_OF_BAD_DAYS * bad_day));
    let pause_ratio = (f64::max(PAUSE_RATIO, apart) * 20.0 - 1e-9).ceil() / 20.0;
    let phis: Vec<f64> = versions.iter().filter_map(|version| version.phi).collect();
    Ok(Proposal {
        metric: metric.clone(),
        per_day: per_day(past),
        median,
        bad_day,
        apart,
        phi: (!phis.is_empty()).then(|| middle(phis)),
        pause_above,
        halt_above: careful(HALT_PER_PAUSE * pause_above),
        pause_ratio,
        halt_ratio: (HALT_PER_PAUSE_RATIO * pause_ratio * 20.0 - 1e-9).ceil() / 20.0,
        versions,
    })
}

impl Proposal {
    /// The four rules of the proposal.
    pub fn rules(&self) -> [Rule; 4] {
        let rule = |id: &str, limit, action| Rule {
            id: id.into(),
            metric: self.metric.clone(),
            limit,
            action,
            during: None,
            evidence: Evidence::Sequential,
            grace: TimeDelta::zero(),
            insist: false,
            of_tier: false,
            unless_train: None,
        };
        let share = |at_most| Limit::Failures { at_most };
        let ratio = |ratio| Limit::TimesBaseline { ratio };
        [
            rule("floor-pause", share(self.pause_above), Action::Pause),
            rule("ratio-pause", ratio(self.pause_ratio), Action::Pause),
            rule("floor-halt", share(self.halt_above), Action::Halt),
            rule("ratio-halt", ratio(self.halt_ratio), Action::Halt),
        ]
    }
}

/// `None` where too few days count.
fn digest(past: &PastVersion) -> Option<Digest> {
    let (days, counts) = daily(&past.windows);
    let rate = counts.failure_rate()?;
    let days: Vec<(NaiveDate, f64)> = days
        .into_iter()
        .filter(|(_, day)| day.trials >= LEAST_TRIALS && day.trials as f64 * rate >= LEAST_EXPECTED)
        .filter_map(|(date, day)| Some((date, day.failure_rate()?)))
        .collect();
    if days.len() < LEAST_DAYS {
        return None;
    }
    let shares: Vec<f64> = days.iter().map(|(_, share)| *share).collect();
    let median = middle(shares.clone());
    // A version that mostly has no failures in a day has no median to compare.
    if median <= 0.0 {
        return None;
    }
    Some(Digest {
        version: past.version.clone(),
        first: days.first()?.0,
        last: days.last()?.0,
        days: days.len(),
        counts,
        median,
        good_day: quantile(shares.clone(), 0.1),
        bad_day: quantile(shares, 0.9),
        phi: clustering(&past.windows),
    })
}

fn daily(windows: &[(Timestamp, Counts)]) -> (BTreeMap<NaiveDate, Counts>, Counts) {
    let mut days = BTreeMap::<NaiveDate, Counts>::new();
    for (start, counts) in windows {
        let day = days.entry(start.date_naive()).or_default();
        *day = *day + *counts;
    }
    let sum = days.values().copied().sum();
    (days, sum)
}

/// φ̂ of the hours of one version; `None` where there are too few to tell.
pub fn clustering(windows: &[(Timestamp, Counts)]) -> Option<f64> {
    let mut hours = by_hour(windows.iter().copied());
    hours.retain(|counts| counts.trials > 0);
    (hours.len() >= LEAST_HOURS)
        .then(|| dispersion::pearson(&hours))
        .flatten()
}

fn per_day(past: &[PastVersion]) -> f64 {
    let windows: Vec<_> = past
        .iter()
        .flat_map(|version| version.windows.iter().copied())
        .collect();
    let days = daily(&windows).0.into_values();
    middle(days.map(|day| day.trials as f64).collect())
}

fn middle(numbers: Vec<f64>) -> f64 {
    quantile(numbers, 0.5)
}

/// By linear interpolation between the order statistics (Hyndman and Fan 1996, type 7). 0 of nothing.
fn quantile(mut numbers: Vec<f64>, share: f64) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let at = share * numbers.len().saturating_sub(1) as f64;
    let low = numbers.get(at as usize).copied().unwrap_or(0.0);
    let high = numbers.get(at.ceil() as usize).copied().unwrap_or(low);
    low + (high - low) * at.fract()
}

/// A share rounded up to two digits, and never a whole.
fn careful(share: f64) -> f64 {
    let unit = 10f64.powf(share.log10().floor() - 1.0);
    let up = (share / unit - 1e-6).ceil() * unit;
    ((up * 1e11).round() / 1e11).min(0.5)
}

fn counted(n: usize, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {what}{s}")
}
