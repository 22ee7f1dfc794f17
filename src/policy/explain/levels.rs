//! The sentences of figures without counts.

use super::words::{acts, moment};
use super::{count, figure, measured, times};
use crate::domain::{PlainText, Timestamp};
use crate::policy::observation::LevelPair;
use crate::policy::rule::{Evidence, Limit, Rule};

/// The figure of both versions, under the names that people know them by.
#[derive(Clone, Copy, Debug)]
pub struct LevelComparison<'a> {
    pub pair: &'a LevelPair,
    pub new_name: &'a str,
    /// `None`: there is no baseline.
    pub old_name: Option<&'a str>,
    /// How far the data reach.
    pub through: Option<Timestamp>,
}

impl LevelComparison<'_> {
    /// How many times the baseline's figure.
    pub fn ratio(&self) -> Option<f64> {
        let old = self.pair.old.filter(|old| *old > 0.0)?;
        Some(self.pair.new? / old)
    }

    /// What is observed, in the terms of the limit: `5.2 s`, `1.7×`; `–` where it cannot be said.
    pub fn observed(&self, limit: Limit) -> String {
        let said = match limit {
            Limit::TimesBaseline { .. } => self.ratio().map(times),
            _ => self.pair.new.map(|new| measured(new, self.pair.unit)),
        };
        said.unwrap_or_else(|| "–".into())
    }

    /// `8.43.0 is at 5.2 s cold start p99 (1,204 measured), 8.42.0 at 3.1 s`
    fn stands(&self) -> String {
        let pair = self.pair;
        let of = |value: Option<f64>| {
            value.map_or_else(|| "–".into(), |value| measured(value, pair.unit))
        };
        let trials = pair.new_trials.map_or_else(String::new, |trials| {
            format!(" ({} measured)", count(trials))
        });
        let old = self
            .old_name
            .filter(|_| pair.old.is_some())
            .map_or_else(String::new, |old| format!(", {old} at {}", of(pair.old)));
        format!(
            "{} is at {} {}{trials}{old}",
            self.new_name,
            of(pair.new),
            pair.metric.label()
        )
    }

    /// A rule is breached; `capped` says why it does less than it asks for.
    pub fn breach(&self, rule: &Rule, capped: Option<&str>) -> PlainText {
        let polls = match rule.evidence {
            Evidence::Observed { polls, .. } if polls > 1 => format!("{polls} polls in a row"),
            _ => "1 poll".into(),
        };
        let but = capped.map_or_else(String::new, |why| format!(", but {why}"));
        let data = self.through.map_or_else(String::new, |through| {
            format!(" Data to {}.", moment(through, Some(through)))
        });
        format!(
            "{}{}. Rule {}: {} by plain comparison, {polls}{but}.{data}",
            self.stands(),
            self.against(rule.limit),
            rule.id,
            acts(rule.action),
        )
        .into()
    }

    /// Both versions break the limit.
    pub fn blameless(&self, rule: &Rule) -> PlainText {
        format!(
            "{}{}: both versions are worse, which may be an outage, not this version. Rule {} holds.",
            self.stands(),
            self.against(rule.limit),
            rule.id
        )
        .into()
    }

    fn against(&self, limit: Limit) -> String {
        match limit {
            Limit::LevelAtMost { value, unit } => {
                format!("; the ceiling is {}", figure(value, unit))
            }
            Limit::LevelAtLeast { value, unit } => {
                format!("; the floor is {}", figure(value, unit))
            }
            _ => self
                .ratio()
                .map_or_else(String::new, |ratio| format!(": {} as much", times(ratio))),
        }
    }
}
