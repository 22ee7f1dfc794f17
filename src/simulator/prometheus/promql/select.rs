//! Series, and what picks them.

use super::pattern::Pattern;
use super::{Labels, NAME};

/// One series: labels, and samples by time in milliseconds, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    pub labels: Labels,
    pub samples: Vec<(i64, f64)>,
}

/// `name="value"` and its kin.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub(super) label: String,
    pub(super) wanted: Wanted,
}

#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Is(String),
    IsNot(String),
    Matches(Pattern),
    MatchesNot(Pattern),
}

impl Matcher {
    /// The metric of this name.
    pub(in crate::simulator::prometheus) fn named(name: &str) -> Self {
        Self {
            label: NAME.to_owned(),
            wanted: Wanted::Is(name.to_owned()),
        }
    }

    /// A label that is not there is an empty one.
    pub fn admits(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label).map_or("", String::as_str);
        self.admits_value(value)
    }

    pub(in crate::simulator::prometheus) fn label(&self) -> &str {
        &self.label
    }

    fn admits_value(&self, value: &str) -> bool {
        match &self.wanted {
            Wanted::Is(wanted) => wanted == value,
            Wanted::IsNot(wanted) => wanted != value,
            Wanted::Matches(pattern) => pattern.matches(value),
            Wanted::MatchesNot(pattern) => !pattern.matches(value),
        }
    }

    /// True where it asks for a label that is there: a selector needs one such, or it would pick everything.
    pub(super) fn is_picky(&self) -> bool {
        !self.admits_value("")
    }
}

/// How long a sample stands for what comes after it.
const LOOK_BACK: i64 = 300_000;

impl Series {
    /// The value at a time: that of the last sample, no older than five minutes.
    pub(super) fn at(&self, at: i64) -> Option<f64> {
        let upto = self.samples.partition_point(|(time, _)| *time <= at);
        let (time, value) = self.samples.get(upto.checked_sub(1)?)?;
        (*time >= at - LOOK_BACK).then_some(*value)
    }

    /// The samples of the range that ends at a time, both ends included.
    pub(super) fn within(&self, at: i64, range: i64) -> &[(i64, f64)] {
        let first = self.samples.partition_point(|(time, _)| *time < at - range);
        let last = self.samples.partition_point(|(time, _)| *time <= at);
        self.samples.get(first..last).unwrap_or_default()
    }

    /// The time before `from` of which samples are needed to evaluate from then on.
    pub(in crate::simulator::prometheus) fn reach(range: Option<i64>) -> i64 {
        range.unwrap_or(LOOK_BACK)
    }
}
