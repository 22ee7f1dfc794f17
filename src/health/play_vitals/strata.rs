//! Who the users are: what a stratum is called, and which are told apart.
//!
//! A user is counted by device, and a device has one API level, one size of memory and, but for who travels that day, one
//! country: the strata of one dimension part the users as well as unique users can be parted.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::SourceReport;

/// A dimension by which users are parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stratum {
    // In the alphabetical order of their words.
    Country,
    Device,
    Os,
}

/// Everything beyond the strata that are told apart.
pub(super) const OTHER: &str = "other";

impl Stratum {
    /// By its word in the config: `country`, `device`, `os`.
    pub fn named(word: &str) -> Option<Self> {
        let all = [Self::Country, Self::Device, Self::Os];
        all.into_iter().find(|it| it.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Device => "device",
            Self::Os => "os",
        }
    }

    pub(super) fn dimension(self) -> &'static str {
        match self {
            Self::Country => "countryCode",
            Self::Device => "deviceRamBucket",
            Self::Os => "apiLevel",
        }
    }

    /// `os=14`, `device=low`, `country=DE`: the release of Android, and tiers of memory instead of Google's buckets.
    pub(super) fn name(self, value: &str) -> String {
        let number = value.parse::<u32>().ok();
        let told = match (self, number) {
            (Self::Os, Some(level)) => android(level),
            (Self::Device, Some(megabytes)) => match megabytes {
                0..4_096 => "low".to_owned(),
                4_096..8_192 => "mid".to_owned(),
                8_192.. => "high".to_owned(),
            },
            _ => value.to_owned(),
        };
        let told = if told.is_empty() { "unknown" } else { &told };
        format!("{}={told}", self.word())
    }
}

/// The release of Android that an API level belongs to.
pub(super) fn android(level: u32) -> String {
    let release = match level {
        33.. => level - 20,
        31 | 32 => 12,
        30 => 11,
        29 => 10,
        28 => 9,
        26 | 27 => 8,
        24 | 25 => 7,
        23 => 6,
        21 | 22 => 5,
        _ => return format!("API {level}"),
    };
    release.to_string()
}

/// The strata to be told apart, given the trials of each: those of `known` first, then the biggest.
pub(super) fn choose(known: &BTreeSet<String>, trials: &BTreeMap<String, u64>) -> BTreeSet<String> {
    let mut chosen = known.clone();
    let mut rest: Vec<_> = trials
        .iter()
        .filter(|(name, _)| !known.contains(*name))
        .collect();
    rest.sort_by_key(|(name, trials)| (std::cmp::Reverse(**trials), *name));
    let all = chosen.len() + rest.len();
    let room = match SourceReport::MOST_STRATA {
        most if all <= most => most,
        most => most - 1,
    };
    let more = room.saturating_sub(chosen.len());
    chosen.extend(rest.into_iter().take(more).map(|(name, _)| name.clone()));
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_have_the_names_that_people_use() {
        for (stratum, value, wanted) in [
            (Stratum::Os, "34", "os=14"),
            (Stratum::Os, "32", "os=12"),
            (Stratum::Os, "19", "os=API 19"),
            (Stratum::Os, "", "os=unknown"),
            (Stratum::Device, "3072", "device=low"),
            (Stratum::Device, "4096", "device=mid"),
            (Stratum::Device, "12288", "device=high"),
            (Stratum::Country, "DE", "country=DE"),
        ] {
            assert_eq!(stratum.name(value), wanted);
        }
        assert_eq!(Stratum::named("os"), Some(Stratum::Os));
        assert_eq!(Stratum::named("network"), None);
    }

    #[test]
    fn the_biggest_are_told_apart_and_those_that_were_stay() {
        let trials: BTreeMap<String, u64> = (0..60).map(|n| (format!("s{n:02}"), n)).collect();
        let chosen = choose(&BTreeSet::new(), &trials);
        assert_eq!(chosen.len(), 49);
        assert!(chosen.contains("s59") && chosen.contains("s11") && !chosen.contains("s10"));
        let known = BTreeSet::from(["s00".to_owned()]);
        let chosen = choose(&known, &trials);
        assert!(chosen.contains("s00") && !chosen.contains("s11"));
        assert_eq!(chosen.len(), 49);
        let few: BTreeMap<String, u64> = (0..50).map(|n| (format!("s{n:02}"), n)).collect();
        assert_eq!(choose(&BTreeSet::new(), &few).len(), 50);
    }
}
