//! The metric sets that are read, and what each gives.

use crate::domain::Metric;

/// One metric set of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Set {
    Crashes,
    Anrs,
    ColdStarts,
    MemoryKills,
}

impl Set {
    /// The first is the one without which there is no report.
    pub(super) const ALL: [Self; 4] = [
        Self::Crashes,
        Self::Anrs,
        Self::ColdStarts,
        Self::MemoryKills,
    ];

    pub(super) fn resource(self) -> &'static str {
        match self {
            Self::Crashes => "crashRateMetricSet",
            Self::Anrs => "anrRateMetricSet",
            Self::ColdStarts => "slowStartRateMetricSet",
            Self::MemoryKills => "lmkRateMetricSet",
        }
    }

    /// The share of the users that it happened to: 0..=1 on the wire, though the documentation says percentage.
    pub(super) fn rate(self) -> &'static str {
        match self {
            Self::Crashes => "userPerceivedCrashRate",
            Self::Anrs => "userPerceivedAnrRate",
            Self::ColdStarts => "slowStartRate",
            Self::MemoryKills => "userPerceivedLmkRate",
        }
    }

    pub(super) fn metric(self) -> Metric {
        match self {
            Self::Crashes => Metric::CrashFreeUsers,
            Self::Anrs => Metric::AnrFreeUsers,
            Self::ColdStarts => Metric::SlowColdStarts,
            Self::MemoryKills => Metric::Custom("low_memory_kills".to_owned()),
        }
    }

    /// A dimension that the set cannot be asked without, and the one value of it that is wanted.
    pub(super) fn required(self) -> Option<(&'static str, &'static str)> {
        (self == Self::ColdStarts).then_some(("startType", "COLD"))
    }

    /// Whether a query is documented to take hours.
    pub(super) fn has_hours(self) -> bool {
        matches!(self, Self::Crashes | Self::Anrs)
    }

    /// For a note: "no ANRs: …".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Crashes => "crashes",
            Self::Anrs => "ANRs",
            Self::ColdStarts => "slow cold starts",
            Self::MemoryKills => "low-memory kills",
        }
    }
}

/// The share's denominator, in every set: rounded by Google to 10, 100, 1000 or a million.
pub(super) const USERS: &str = "distinctUsers";
pub(super) const VERSION: &str = "versionCode";
