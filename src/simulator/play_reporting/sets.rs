//! The metric sets: what each measures, and what it can be asked.

use super::civil::Period;

/// A metric set that is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    Crash,
    Anr,
    SlowStart,
    Lmk,
    ErrorCount,
}

const ALL: [Set; 5] = [
    Set::Crash,
    Set::Anr,
    Set::SlowStart,
    Set::Lmk,
    Set::ErrorCount,
];

impl Set {
    pub(super) fn named(resource: &str) -> Option<Self> {
        ALL.into_iter().find(|set| set.resource() == resource)
    }

    pub(super) fn resource(self) -> &'static str {
        match self {
            Self::Crash => "crashRateMetricSet",
            Self::Anr => "anrRateMetricSet",
            Self::SlowStart => "slowStartRateMetricSet",
            Self::Lmk => "lmkRateMetricSet",
            Self::ErrorCount => "errorCountMetricSet",
        }
    }

    pub(super) fn metrics(self) -> &'static [&'static str] {
        match self {
            Self::Crash => &["crashRate", "userPerceivedCrashRate", "distinctUsers"],
            Self::Anr => &["anrRate", "userPerceivedAnrRate", "distinctUsers"],
            Self::SlowStart => &["slowStartRate", "distinctUsers"],
            Self::Lmk => &["userPerceivedLmkRate", "distinctUsers"],
            Self::ErrorCount => &["errorReportCount", "distinctUsers"],
        }
    }

    pub(super) fn dimensions(self) -> &'static [&'static str] {
        match self {
            Self::Crash | Self::Anr | Self::Lmk => {
                &["versionCode", "apiLevel", "deviceRamBucket", "countryCode"]
            }
            Self::SlowStart => &[
                "versionCode",
                "apiLevel",
                "deviceRamBucket",
                "countryCode",
                "startType",
            ],
            Self::ErrorCount => &[
                "versionCode",
                "apiLevel",
                "deviceModel",
                "reportType",
                "issueId",
            ],
        }
    }

    /// A dimension without which the set cannot be asked.
    pub(super) fn required(self) -> Option<&'static str> {
        match self {
            Self::SlowStart => Some("startType"),
            Self::ErrorCount => Some("reportType"),
            _ => None,
        }
    }

    pub(super) fn has(self, period: Period) -> bool {
        period == Period::Daily || matches!(self, Self::Crash | Self::Anr)
    }
}
