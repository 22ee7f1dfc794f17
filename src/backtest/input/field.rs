//! The fields of a line, by name.

use super::problem::Problem;
use crate::domain::suggest;

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    App,
    Version,
    Baseline,
    Start,
    Seconds,
    Stratum,
    Metric,
    N,
    Failures,
    NBaseline,
    FailuresBaseline,
    Exposure,
    Store,
    Onset,
}

impl Field {
    pub(super) const ALL: [Self; 14] = [
        Self::App,
        Self::Version,
        Self::Baseline,
        Self::Start,
        Self::Seconds,
        Self::Stratum,
        Self::Metric,
        Self::N,
        Self::Failures,
        Self::NBaseline,
        Self::FailuresBaseline,
        Self::Exposure,
        Self::Store,
        Self::Onset,
    ];

    /// What no window does without.
    pub(super) const OF_WINDOWS: [Self; 6] = [
        Self::App,
        Self::Version,
        Self::Start,
        Self::Seconds,
        Self::N,
        Self::Failures,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Version => "version",
            Self::Baseline => "baseline",
            Self::Start => "start",
            Self::Seconds => "seconds",
            Self::Stratum => "stratum",
            Self::Metric => "metric",
            Self::N => "n",
            Self::Failures => "failures",
            Self::NBaseline => "n_baseline",
            Self::FailuresBaseline => "failures_baseline",
            Self::Exposure => "exposure",
            Self::Store => "store",
            Self::Onset => "onset",
        }
    }

    /// The field of this name.
    pub(super) fn named(name: &str) -> Result<Self, Problem> {
        let field = Self::ALL.into_iter().find(|field| field.name() == name);
        field.ok_or_else(|| Problem::UnknownField {
            found: name.into(),
            help: suggest::did_you_mean(name, &Self::ALL.map(Self::name)),
        })
    }
}
