//! One sentence a verdict: the same on the screen, in notifications and in JSON.
//!
//! Says counts, how many times worse, at least how many times, since when, how rare such evidence is, what would change the
//! verdict, and how far the data reach; never "the probability that it is chance", which no test knows. Must not decide
//! anything.

use super::figures::{asked, factor, strength, times_down, times_up};
pub use super::figures::{count, one_in, percent, points, times};
use super::ledger::{Basis, Clustering};
use super::rule::{Action, Evidence, Limit, Rule};
use crate::domain::{Counts, Metric, PlainText, Timestamp};

mod words;

use words::{acts, fails, moment, verb};

/// Below this, clusters change no verdict that anybody would notice.
const CLUSTERED: f64 = 1.5;

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
    /// How far the data reach.
    pub through: Option<Timestamp>,
}

/// What a breach rests on beside its counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Grounds {
    /// ln E and its threshold; `None` is the plain comparison.
    pub evidence: Option<(f64, f64)>,
    /// How many times the baseline's failures the hypothesis forgives, where that is not the rule's own ratio.
    pub margin: Option<f64>,
    /// A halt that may only pause.
    pub capped: bool,
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

/// Why a halt may only pause.
pub const CAPPED: &str =
    "pauses instead of halting: no week of the baseline's hours tells how its failures cluster";

/// What would change a rule's state: `pauses at 1 in 300, now 1 in 40`. Both are natural logarithms; `few`: fewer users are
/// affected than an act asks for.
pub fn change(action: Action, (evidence, threshold): (f64, f64), few: bool) -> PlainText {
    let users = if few { " and four affected users" } else { "" };
    format!(
        "{} at {}{users}, now {}{}",
        acts(action),
        asked(threshold),
        strength(evidence),
        if few { " and fewer" } else { "" }
    )
    .into()
}

/// How failures cluster, where it matters: `clusters of about 3`.
pub fn clusters(clustering: Clustering) -> Option<String> {
    match clustering {
        Clustering::Measured { phi } if phi >= CLUSTERED => {
            Some(format!("clusters of about {}", factor(phi)))
        }
        _ => None,
    }
}

/// What would have been seen by now: `a version 7.7× as bad would have been seen`.
pub fn visible(metric: &Metric, visible: Visible) -> String {
    match visible {
        Visible::Nothing => format!(
            "there are too few {} to see any regression",
            metric.trial_word()
        ),
        Visible::From {
            ratio: Some(ratio), ..
        } => {
            format!("a version {} as bad would have been seen", times_up(ratio))
        }
        Visible::From { share, ratio: None } => {
            let side = if metric.is_good_share() {
                "below"
            } else {
                "above"
            };
            format!(
                "a version {side} {} would have been seen",
                good_or_bad(metric, share)
            )
        }
    }
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

    /// `Since 14:00 UTC `, or nothing where it is about everything.
    fn since(&self) -> String {
        self.since.map_or_else(String::new, |since| {
            format!("Since {} ", moment(since, self.through))
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

    /// A rule is breached.
    pub fn breach(&self, rule: &Rule, grounds: Grounds) -> PlainText {
        let mut text = match rule.limit {
            Limit::Failures { at_most } => self.against(at_most) + &self.baseline_share(),
            Limit::TimesBaseline { .. } => self.compared(),
            Limit::WorseByPoints { .. } => format!("{} {}", self.dropped(), self.compared()),
        };
        let mut add = |sentence: String| {
            text.push(' ');
            text.push_str(&sentence);
        };
        match (grounds.evidence, &rule.evidence) {
            (Some((evidence, threshold)), _) => {
                let limit = match (rule.limit, grounds.margin) {
                    (Limit::TimesBaseline { .. }, Some(ratio)) => Limit::TimesBaseline { ratio },
                    (limit, _) => limit,
                };
                add(format!(
                    "If {} {}, evidence this strong would turn up in {} rollouts, however often we look.",
                    self.new_name,
                    self.hypothesis(limit),
                    one_in(evidence),
                ));
                add(format!(
                    "Rule {}: {} at {}{}{}.",
                    rule.id,
                    acts(rule.action),
                    asked(threshold),
                    if grounds.capped { ", but " } else { "" },
                    if grounds.capped { CAPPED } else { "" },
                ));
            }
            (None, Evidence::Observed { window, polls, .. }) => add(format!(
                "Rule {}: {} by plain comparison over {}, {} in a row.",
                rule.id,
                acts(rule.action),
                humantime::format_duration(window.to_std().unwrap_or_default()),
                if *polls == 1 {
                    "1 poll".into()
                } else {
                    format!("{polls} polls")
                },
            )),
            (None, Evidence::Sequential) => {
                add(format!("Rule {}: {}.", rule.id, acts(rule.action)))
            }
        }
        if self.basis.is_some() {
            add(format!(
                "Nobody runs {} any more, so that an outage cannot be told from a bad version: pauses at most.",
                self.baseline()
            ));
        }
        (text + &self.notes()).into()
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
        let (new, old) = (self.new_name, self.baseline());
        let holds = format!(
            "Rule {} holds, and does not {} until {new} is evidently worse than {old} at the same time.",
            rule.id,
            verb(rule.action)
        );
        let text = match rule.limit {
            Limit::Failures { at_most } => {
                let old_share = share(self.metric, self.old);
                if self.old.failure_rate().is_some_and(|rate| rate > at_most) {
                    format!(
                        "Both versions are worse: {new} is at {} {} and {old} at {old_share}, the limit is {}; an outage, not this version.",
                        share(self.metric, self.new),
                        self.metric.label(),
                        good_or_bad(self.metric, at_most),
                    )
                } else {
                    format!(
                        "{} But {old} is at {old_share}: it may be an outage, not this version.",
                        self.against(at_most)
                    )
                }
            }
            _ => format!("{} It may be an outage, not this version.", self.dropped()),
        };
        format!("{text} {holds}{}", self.notes()).into()
    }

    /// Worth a look: evidence (natural logarithm) that the version is worse, no limit broken. `next` is the rule that is
    /// nearest to acting, and what would make it.
    pub fn worth_a_look(&self, ln_evidence: f64, next: Option<(&str, &str)>) -> PlainText {
        format!(
            "Worth a look: {} If {} were no worse, evidence this strong would turn up in {} rollouts, however often we look. \
             No limit is broken{}.{}",
            self.compared(),
            self.new_name,
            one_in(ln_evidence),
            nearest(next),
            self.notes(),
        )
        .into()
    }

    /// Worth a look: evidence against one rule's limit, not enough to act.
    pub fn near_a_limit(&self, rule: &Rule, change: &str) -> PlainText {
        let finding = match rule.limit {
            Limit::Failures { at_most } => format!(
                "{}{} is at {} {} ({} {}).{} The {} is {}",
                self.since(),
                self.new_name,
                share(self.metric, self.new),
                self.metric.label(),
                self.tally(),
                self.metric.failure_word(),
                self.baseline_share(),
                if self.metric.is_good_share() {
                    "floor"
                } else {
                    "ceiling"
                },
                good_or_bad(self.metric, at_most),
            ),
            _ => format!(
                "{} The limit is {}",
                self.compared(),
                limit(self.metric, rule.limit)
            ),
        };
        format!(
            "Worth a look: {finding}{}.{}",
            nearest(Some((rule.id.as_str(), change))),
            self.notes()
        )
        .into()
    }

    /// Nothing speaks against the version; and what would have, had it been there.
    pub fn healthy(&self, seen: Option<Visible>) -> PlainText {
        let (new, metric) = (self.new_name, self.metric);
        let reach = match seen {
            None => String::new(),
            Some(Visible::Nothing) => format!(", but {}", visible(metric, Visible::Nothing)),
            Some(seen) => format!(": at this volume {}", visible(metric, seen)),
        };
        format!(
            "{new} is healthy so far{reach}. It is at {} {} ({} {}).{}{}",
            share(metric, self.new),
            metric.label(),
            self.tally(),
            metric.failure_word(),
            self.baseline_share(),
            self.notes(),
        )
        .into()
    }

    /// ` Failures come in clusters of about 3. Data to 14:05 UTC.`
    fn notes(&self) -> String {
        let mut notes = String::new();
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

/// `: rule crash-ratio pauses at 1 in 300, now 1 in 40`
fn nearest(next: Option<(&str, &str)>) -> String {
    next.map_or_else(String::new, |(rule, change)| {
        format!(": rule {rule} {change}")
    })
}

#[cfg(test)]
mod tests;
