//! Strata: which are told apart, and what becomes of the rest.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{SourceReport, Timestamp};

use super::Rum;
use super::collector::{Of, Question};
use super::error::RumError;
use super::poll::Poll;
use super::releases::Owners;
use super::windows::{DAY, Tally};

/// What is told apart beside it is at most one less than a source may tell apart.
const OTHER: &str = "other";

impl Poll<'_> {
    /// The kinds of strata to ask for, once it is known which are the biggest: those of the last day's sessions, told apart
    /// from then on.
    pub(super) async fn strata(
        &mut self,
        owners: &Owners,
        to: Timestamp,
    ) -> Result<Vec<String>, RumError> {
        let kinds = self.rum.strata.clone();
        if kinds.is_empty() || !self.rum.memory().strata.is_empty() {
            return Ok(kinds);
        }
        let question = Question {
            what: super::collector::What::Sessions,
            of: Of::Named(owners.keys().cloned().collect()),
            by: kinds.clone(),
            range: (to - DAY, to),
            step: None,
        };
        let mut sessions = BTreeMap::<String, u64>::new();
        for row in self.one(question).await? {
            *sessions.entry(label(&kinds, &row.stratum)).or_default() += row.count();
        }
        let mut biggest: Vec<(String, u64)> = sessions.into_iter().collect();
        biggest.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let biggest = biggest.into_iter().take(SourceReport::MOST_STRATA - 1);
        let chosen: BTreeSet<String> = biggest.map(|(label, _)| label).collect();
        self.rum.memory().strata = chosen;
        Ok(kinds)
    }
}

impl Rum {
    /// The stratum of these values: itself, or `other`.
    pub(super) fn stratum(&self, kinds: &[String], values: &[String]) -> String {
        let label = label(kinds, values);
        if self.memory().strata.contains(&label) {
            label
        } else {
            OTHER.to_owned()
        }
    }
}

/// `country=DE,os=14`; a comma inside a value would begin another kind.
fn label(kinds: &[String], values: &[String]) -> String {
    let parts = kinds.iter().zip(values);
    let parts = parts.map(|(kind, value)| format!("{kind}={}", value.replace([',', '='], " ")));
    parts.collect::<Vec<_>>().join(",")
}

/// Adds to `other` what the whole has beyond its parts: sessions of which the vendor did not know the stratum, and of strata
/// beyond those that it lists.
pub(super) fn rest(whole: &Tally, parted: &mut Tally) {
    let mut sums = BTreeMap::new();
    for ((version, _, start, width), count) in &*parted {
        *sums
            .entry((version.clone(), *start, *width))
            .or_insert(0_u64) += count;
    }
    for ((version, _, start, width), count) in whole {
        let key = (version.clone(), *start, *width);
        let rest = count.saturating_sub(sums.get(&key).copied().unwrap_or(0));
        if rest > 0 {
            let key = (version.clone(), OTHER.to_owned(), *start, *width);
            *parted.entry(key).or_default() += rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::rum::windows::FINE;

    #[test]
    fn the_parts_make_the_whole() {
        let start = chrono::DateTime::from_timestamp(0, 0).unwrap();
        let key = |stratum: &str| ("1".to_owned(), stratum.to_owned(), start, FINE);
        let whole = Tally::from([(key(""), 10)]);
        let mut parted = Tally::from([(key("os=14"), 6), (key("other"), 1)]);
        rest(&whole, &mut parted);
        assert_eq!(parted, Tally::from([(key("os=14"), 6), (key("other"), 4)]));
    }

    #[test]
    fn labels_name_their_kinds() {
        let kinds = ["country".to_owned(), "os".to_owned()];
        let values = ["DE".to_owned(), "14, beta".to_owned()];
        assert_eq!(label(&kinds, &values), "country=DE,os=14  beta");
    }
}
