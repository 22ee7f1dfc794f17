//! The sentence of each kind of verdict.

use super::brief::visible;
use super::words::{acts, verb};
use super::{Comparison, Grounds, Visible, good_or_bad, limit, plain_points, share};
use crate::domain::PlainText;
use crate::policy::figures::{asked, one_in, times};
use crate::policy::rule::{Evidence, Limit, Rule};

impl Comparison<'_> {
    /// A rule is breached.
    pub fn breach(&self, rule: &Rule, grounds: Grounds<'_>) -> PlainText {
        let mut text = match rule.limit {
            Limit::Failures { at_most } => {
                beginning(self.against(at_most)) + &self.baseline_share()
            }
            Limit::TimesBaseline { .. } => beginning(self.compared()),
            Limit::WorseByPoints { .. } => {
                format!("{} {}", self.dropped(), beginning(self.compared()))
            }
            // Of figures without counts, which are compared elsewhere.
            Limit::LevelAtMost { .. } | Limit::LevelAtLeast { .. } => String::new(),
        };
        let mut add = |sentence: String| {
            text.push(' ');
            text.push_str(&sentence);
        };
        let but = grounds
            .capped
            .map_or_else(String::new, |why| format!(", but {why}"));
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
                    "Rule {}: {} at {}{but}.",
                    rule.id,
                    acts(rule.action),
                    asked(threshold),
                ));
            }
            (None, Evidence::Observed { window, polls, .. }) => add(format!(
                "Rule {}: {} by plain comparison over {}, {} in a row{but}.",
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
                add(format!("Rule {}: {}{but}.", rule.id, acts(rule.action)));
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
            Limit::TimesBaseline { ratio } if self.metric.counts_successes() => {
                format!("succeeded at least {} as often", times(1.0 / ratio))
            }
            Limit::TimesBaseline { ratio } => format!("were at most {} as bad", times(ratio)),
            Limit::WorseByPoints { points } => {
                format!("were at most {} worse", plain_points(points))
            }
            Limit::LevelAtMost { .. } | Limit::LevelAtLeast { .. } => "were no worse".into(),
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
                        beginning(self.against(at_most))
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
            nearest(Some((&rule.called(), change))),
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
}

/// At the beginning of a sentence. Names of versions stay as they are.
fn beginning(text: String) -> String {
    match text.strip_prefix("since ") {
        Some(rest) => format!("Since {rest}"),
        None => text,
    }
}

/// `: rule crash-ratio pauses at 1 in 300, now 1 in 40`
fn nearest(next: Option<(&str, &str)>) -> String {
    next.map_or_else(String::new, |(rule, change)| format!(": {rule} {change}"))
}
