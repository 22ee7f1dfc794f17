//! One sentence a verdict: the same on the screen, in notifications and in JSON.
//!
//! Says counts, how many times worse, at least how many times, and how rare such evidence is; never "the probability that it
//! is chance", which no test knows. Must not decide anything.

pub use super::figures::{count, hours, one_in, percent, points, times};
use super::ledger::Basis;
use super::rule::{Action, Evidence, Limit, Rule};
use crate::domain::{Counts, Metric, PlainText, Timestamp};

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
    /// The past that the new version is compared with, where it is not the baseline beside it.
    pub basis: Option<Basis>,
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

/// The limit of a rule as people write it: `≥ 99.85%`, `≤ 5%`, `≤ 2× baseline`, `≤ 2 pt worse`.
pub fn limit(metric: &Metric, limit: Limit) -> String {
    match limit {
        Limit::Failures { at_most } if metric.is_good_share() => {
            format!("≥ {}", good_or_bad(metric, at_most))
        }
        Limit::Failures { at_most } => format!("≤ {}", good_or_bad(metric, at_most)),
        Limit::TimesBaseline { ratio } => format!("≤ {} baseline", times(ratio)),
        Limit::WorseByPoints { points } => format!("≤ {} worse", plain_points(points)),
    }
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
            Limit::TimesBaseline { .. } => self.ratio.map_or_else(|| "–".into(), times),
            Limit::WorseByPoints { .. } => self.difference().map_or_else(|| "–".into(), points),
        }
    }

    /// How much larger the share of failures is, as a difference of shares.
    fn difference(&self) -> Option<f64> {
        Some(self.new.failure_rate()? - self.old.failure_rate()?)
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

    /// Who fails how much more often, with counts and lower bound.
    fn compared(&self) -> String {
        let (new, old, tally) = (self.new_name, self.baseline(), self.tally());
        let text = match self.ratio {
            Some(ratio) => format!(
                "{new} {} {} as often as {old} ({tally} vs {} of {}).",
                fails(self.metric),
                times(ratio),
                count(self.old.failures),
                count(self.old.trials),
            ),
            None if self.old.trials > 0 => format!(
                "{tally} of {new} {}, {} of {} of {old}.",
                self.metric.failure_word(),
                if self.old.failures == 0 {
                    "none".into()
                } else {
                    count(self.old.failures)
                },
                count(self.old.trials),
            ),
            None => format!("{tally} of {new} {}.", self.metric.failure_word()),
        };
        match self.ratio_lower.filter(|lower| *lower > 1.0) {
            Some(lower) => format!("{text} At least {} with 95% confidence.", times(lower)),
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
        // Evidence is kept: the share over all windows may be back within the limit.
        if self.new.failure_rate().is_some_and(|rate| rate > at_most) {
            format!(
                "{} is at {now} {label}, {side} the {kind} of {bound} ({tally} {word}).",
                self.new_name
            )
        } else {
            format!(
                "{} was {side} the {kind} of {bound} {label} for long enough to tell (over all: {now}, {tally} {word}).",
                self.new_name
            )
        }
    }

    /// A rule is breached. `evidence` and `threshold` are natural logarithms; `None` is the plain comparison.
    pub fn breach(&self, rule: &Rule, evidence: Option<(f64, f64)>) -> PlainText {
        let finding = match rule.limit {
            Limit::Failures { at_most } => self.against(at_most) + &self.baseline_share(),
            Limit::TimesBaseline { .. } => self.compared(),
            Limit::WorseByPoints { .. } => format!("{} {}", self.dropped(), self.compared()),
        };
        let why = match (evidence, &rule.evidence) {
            (Some((evidence, threshold)), _) => format!(
                "If {} {}, evidence this strong would turn up in {} rollouts, however often we look. Rule {}: {} at 1 in {}.",
                self.new_name,
                self.hypothesis(rule.limit),
                one_in(evidence),
                rule.id,
                acts(rule.action),
                count(threshold.exp().round() as u64),
            ),
            (None, Evidence::Observed { window, polls, .. }) => format!(
                "Rule {}: {} by plain comparison over {}, {} in a row.",
                rule.id,
                acts(rule.action),
                humantime::format_duration(window.to_std().unwrap_or_default()),
                if *polls == 1 {
                    "1 poll".into()
                } else {
                    format!("{polls} polls")
                },
            ),
            (None, Evidence::Sequential) => format!("Rule {}: {}.", rule.id, acts(rule.action)),
        };
        format!("{finding} {why}").into()
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

    /// What the evidence speaks against.
    fn hypothesis(&self, limit: Limit) -> String {
        match limit {
            Limit::Failures { at_most } if self.metric.is_good_share() => {
                format!("were at {} or better", good_or_bad(self.metric, at_most))
            }
            Limit::Failures { at_most } => {
                format!("were at {} or less", good_or_bad(self.metric, at_most))
            }
            Limit::TimesBaseline { ratio } if ratio <= 1.0 => "were no worse".into(),
            Limit::TimesBaseline { ratio } => format!("were at most {} as bad", times(ratio)),
            Limit::WorseByPoints { points } => {
                format!("were at most {} worse", plain_points(points))
            }
        }
    }

    /// A limit is broken, but not by this version alone.
    pub fn blameless(&self, rule: &Rule) -> PlainText {
        let Limit::Failures { at_most } = rule.limit else {
            return format!(
                "{} No evidence yet that {} is worse than {} at the same time: rule {} holds, and does not {}.",
                self.dropped(), self.new_name, self.baseline(), rule.id, word(rule.action),
            )
            .into();
        };
        let (new, old) = (share(self.metric, self.new), share(self.metric, self.old));
        let label = self.metric.label();
        if self.old.failure_rate().is_some_and(|rate| rate > at_most) {
            format!(
                "Both versions are worse: {} is at {new} {label} and {} at {old}, the limit is {}; an outage, not this version. \
                 Rule {} holds, and does not {}.",
                self.new_name,
                self.baseline(),
                good_or_bad(self.metric, at_most),
                rule.id,
                word(rule.action),
            )
            .into()
        } else {
            format!(
                "{} But {} is at {old}, and there is no evidence yet that {} is worse at the same time: it may be an outage, not this \
                 version. Rule {} holds, and does not {}.",
                self.against(at_most),
                self.baseline(),
                self.new_name,
                rule.id,
                word(rule.action),
            )
            .into()
        }
    }

    /// Worth a look: evidence (natural logarithm) that the version is worse, no limit broken.
    pub fn worth_a_look(&self, ln_evidence: f64) -> PlainText {
        format!(
            "Worth a look: {} If {} were no worse, evidence this strong would turn up in {} rollouts. No limit is broken.",
            self.compared(),
            self.new_name,
            one_in(ln_evidence),
        )
        .into()
    }

    /// Nothing speaks against the version.
    pub fn healthy(&self) -> PlainText {
        format!(
            "{} is healthy so far: {} {} ({} {}).{}",
            self.new_name,
            share(self.metric, self.new),
            self.metric.label(),
            self.tally(),
            self.metric.failure_word(),
            self.baseline_share(),
        )
        .into()
    }
}

/// What a version does when it fails, for "3.5.0 crashes 12.4× as often".
fn fails(metric: &Metric) -> &'static str {
    match metric {
        Metric::CrashFreeSessions | Metric::CrashFreeUsers => "crashes",
        Metric::FrustrationFreeSessions => "crashes or hangs",
        Metric::AnrFreeUsers => "hangs",
        Metric::ErrorFreeSessions => "meets errors",
        Metric::SlowColdStarts | Metric::SlowRequests => "is slow",
        Metric::JourneySuccess(_) | Metric::Custom(_) => "fails",
    }
}

fn acts(action: Action) -> &'static str {
    match action {
        Action::Notify => "notifies",
        Action::Hold => "holds",
        Action::Pause => "pauses",
        Action::Halt => "halts",
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Notify => "notify",
        Action::Hold => "hold",
        Action::Pause => "pause",
        Action::Halt => "halt",
    }
}

#[cfg(test)]
mod tests;
