//! One sentence a verdict: the same on the screen, in notifications and in JSON.
//!
//! Says counts, how many times worse, at least how many times, since when, how rare such evidence is, what would change the
//! verdict, and how far the data reach; never "the probability that it is chance", which no test knows. Must not decide
//! anything.

use super::figures::times_down;
pub use super::figures::{count, figure, hours, measured, one_in, percent, points, times};
use super::ledger::{Basis, Clustering, Driver};
use super::rule::Limit;
use crate::domain::{Counts, Metric, Timestamp};

mod brief;
mod levels;
mod opinions;
mod sentences;
mod words;

pub use brief::{CAPPED, change, clusters, limit, mostly, reach, tier, visible};
pub use levels::LevelComparison;
pub use opinions::disagreement;
use words::{fails, moment};

/// Both versions side by side, under the names that people know them by.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    pub metric: &'a Metric,
    pub new_name: &'a str,
    /// `None`: there is no baseline.
    pub old_name: Option<&'a str>,
    pub new: Counts,
    pub old: Counts,
    /// How many times the baseline's failures, and at least how many times with 95 % confidence.
    pub ratio: Option<f64>,
    pub ratio_lower: Option<f64>,
    /// Counts and ratios are since then, where it has been worse since clearly later than its beginning.
    pub since: Option<Timestamp>,
    /// The past that the new version is compared with, where it is not the baseline beside it; `old` is then that past.
    pub basis: Option<Basis>,
    pub clustering: Clustering,
    /// The part of the users that most of it comes from.
    pub driver: Option<&'a Driver>,
    /// How far the data reach.
    pub through: Option<Timestamp>,
}

/// What a breach rests on beside its counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Grounds<'a> {
    /// ln E and its threshold; `None` is the plain comparison.
    pub evidence: Option<(f64, f64)>,
    /// How many times the baseline's failures the hypothesis forgives, where that is not the rule's own ratio.
    pub margin: Option<f64>,
    /// Why it does less than the rule asks for.
    pub capped: Option<&'a str>,
}

/// The smallest regression that would have been seen by now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Visible {
    /// Not even a version that always fails.
    Nothing,
    /// This share of failures and above, and how many times the baseline's that is, where it has failures.
    From { share: f64, ratio: Option<f64> },
}

impl Visible {
    pub fn ratio(self) -> Option<f64> {
        match self {
            Self::Nothing => None,
            Self::From { ratio, .. } => ratio,
        }
    }
}

/// A share of failures the way people write the metric: `99.12%` crash-free, `3.1%` slow; `–` without trials.
pub fn share(metric: &Metric, counts: Counts) -> String {
    counts
        .failure_rate()
        .map_or_else(|| "–".into(), |rate| good_or_bad(metric, rate))
}

fn good_or_bad(metric: &Metric, rate: f64) -> String {
    percent(if metric.is_good_share() {
        1.0 - rate
    } else {
        rate
    })
}

fn plain_points(difference: f64) -> String {
    points(difference).trim_start_matches('+').to_owned()
}

impl Comparison<'_> {
    fn baseline(&self) -> &str {
        self.old_name.unwrap_or("the version before")
    }

    /// What is observed, in the terms of the limit: `99.12%`, `12.4×`, `+0.83 pt`; `–` where it cannot be said.
    pub fn observed(&self, limit: Limit) -> String {
        match limit {
            Limit::Failures { .. } => share(self.metric, self.new),
            Limit::TimesBaseline { .. } => self.times().map_or_else(|| "–".into(), times),
            Limit::WorseByPoints { .. } => self.difference().map_or_else(|| "–".into(), points),
            Limit::LevelAtMost { .. } | Limit::LevelAtLeast { .. } => "–".into(),
        }
    }

    /// How far it is from the limit, in the same terms: `+0.10 pt` to go, `−0.38 pt` beyond it. Of levels nobody says.
    pub fn margin(&self, limit: Limit) -> Option<String> {
        let left = match limit {
            Limit::Failures { at_most } => at_most - self.new.failure_rate()?,
            Limit::WorseByPoints { points } => points - self.difference()?,
            Limit::TimesBaseline { ratio } => {
                let now = self.times().filter(|now| now.is_finite())?;
                let left = if self.metric.counts_successes() {
                    now - 1.0 / ratio
                } else {
                    ratio - now
                };
                let sign = if left < 0.0 { '−' } else { '+' };
                return Some(format!("{sign}{}", times(left.abs())));
            }
            Limit::LevelAtMost { .. } | Limit::LevelAtLeast { .. } => return None,
        };
        Some(points(left))
    }

    /// How much larger the share of failures is, as a difference of shares.
    fn difference(&self) -> Option<f64> {
        Some(self.new.failure_rate()? - self.old.failure_rate()?)
    }

    /// How many times the baseline's failures; of what counts successes, how many times its successes.
    fn times(&self) -> Option<f64> {
        if self.metric.counts_successes() {
            let success = |counts: Counts| Some(1.0 - counts.failure_rate()?);
            Some(success(self.new)? / success(self.old).filter(|share| *share > 0.0)?)
        } else {
            self.ratio
        }
    }

    /// `since 14:00 UTC `, or nothing where it is about everything.
    fn since(&self) -> String {
        self.since.map_or_else(String::new, |since| {
            format!("since {} ", moment(since, self.through))
        })
    }

    /// `6 of 312 sessions`
    fn tally(&self) -> String {
        let Counts { trials, failures } = self.new;
        format!(
            "{} of {} {}",
            count(failures),
            count(trials),
            self.metric.trial_word()
        )
    }

    /// Which past the baseline's counts are of.
    fn then(&self) -> &'static str {
        match self.basis {
            None => "",
            Some(Basis::SameAge) => " did on the same day of its own rollout",
            Some(Basis::Before) => " did in the two weeks before",
        }
    }

    /// Who fails how much more often since when, with counts and lower bound.
    fn compared(&self) -> String {
        let (new, old, tally) = (self.new_name, self.baseline(), self.tally());
        let (since, then) = (self.since(), self.then());
        if let (true, Some(ratio)) = (self.metric.counts_successes(), self.times()) {
            return format!(
                "{since}{new} succeeds {} as often as {old}{then} ({tally} {} vs {} of {}).",
                times(ratio),
                self.metric.failure_word(),
                count(self.old.failures),
                count(self.old.trials),
            );
        }
        let text = match self.ratio {
            Some(ratio) => format!(
                "{since}{new} {} {} as often as {old}{then} ({tally} vs {} of {}).",
                fails(self.metric),
                times(ratio),
                count(self.old.failures),
                count(self.old.trials),
            ),
            None if self.old.trials > 0 => format!(
                "{since}{tally} of {new} {}, {} of {} of {old}.",
                self.metric.failure_word(),
                if self.old.failures == 0 {
                    "none".into()
                } else {
                    count(self.old.failures)
                },
                count(self.old.trials),
            ),
            None => format!("{since}{tally} of {new} {}.", self.metric.failure_word()),
        };
        match self.ratio_lower.filter(|lower| *lower > 1.0) {
            Some(lower) => format!("{text} At least {} with 95% confidence.", times_down(lower)),
            None => text,
        }
    }

    /// Where the new version stands against an absolute limit.
    fn against(&self, at_most: f64) -> String {
        let metric = self.metric;
        let (side, kind) = if metric.is_good_share() {
            ("below", "floor")
        } else {
            ("above", "ceiling")
        };
        let (label, bound) = (metric.label(), good_or_bad(metric, at_most));
        let (now, tally, word) = (share(metric, self.new), self.tally(), metric.failure_word());
        let (since, new) = (self.since(), self.new_name);
        // Evidence is kept: the share over all windows may be back within the limit.
        if self.new.failure_rate().is_some_and(|rate| rate > at_most) {
            format!(
                "{since}{new} is at {now} {label}, {side} the {kind} of {bound} ({tally} {word})."
            )
        } else {
            let over = match self.since {
                Some(since) => format!("since {}", moment(since, self.through)),
                None => "over all".into(),
            };
            format!(
                "{new} was {side} the {kind} of {bound} {label} for long enough to tell ({over}: {now}, {tally} {word})."
            )
        }
    }

    /// ` 3.4.0 is at 99.95% over 190,000 sessions.`, or nothing without its trials.
    fn baseline_share(&self) -> String {
        match self.old_name {
            Some(old) if self.old.trials > 0 => format!(
                " {old} is at {} over {} {}.",
                share(self.metric, self.old),
                count(self.old.trials),
                self.metric.trial_word()
            ),
            _ => String::new(),
        }
    }

    fn dropped(&self) -> String {
        let difference = self.difference().map_or_else(|| "–".into(), plain_points);
        format!(
            "{} is {difference} worse than {} in {}.",
            self.new_name,
            self.baseline(),
            self.metric.label(),
        )
    }

    /// ` Mostly os=15: 41 of the 52 that crashed. Failures come in clusters of about 3. Data to 14:05 UTC.`
    fn notes(&self) -> String {
        let mut notes = String::new();
        if let Some(driver) = self.driver {
            notes.push_str(" Mostly ");
            notes.push_str(&mostly(self.metric, driver));
            notes.push('.');
        }
        if let Some(clusters) = clusters(self.clustering) {
            notes.push_str(" Failures come in ");
            notes.push_str(&clusters);
            notes.push('.');
        }
        if let Some(through) = self.through {
            notes.push_str(" Data to ");
            notes.push_str(&moment(through, Some(through)));
            notes.push('.');
        }
        notes
    }
}

#[cfg(test)]
mod tests;
