//! The metrics haltline knows: proportions with counts, and levels without.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::suggest;

/// A proportion over trials. Internally every metric is counted as **failures out of trials**; whether people write it as
/// the good share (`crash_free_sessions = 99.85 %`) or the bad one (`slow_cold_starts = 5 %`) is [`Metric::is_good_share`].
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub enum Metric {
    /// Sessions without a fatal crash over sessions.
    CrashFreeSessions,
    /// Users without a fatal crash over users, within a whole range (a UTC day); never summed over windows.
    CrashFreeUsers,
    /// Sessions neither crashed nor abnormal (ANR, hang, force-closed) over sessions. Vendor-defined.
    FrustrationFreeSessions,
    /// Users without an ANR over users, within a whole range.
    AnrFreeUsers,
    /// Sessions without an error over sessions.
    ErrorFreeSessions,
    /// Cold starts slower than a bound over cold starts.
    SlowColdStarts,
    /// Requests slower than a bound over requests.
    SlowRequests,
    /// Journeys completed over journeys started: `journey_success:checkout`.
    JourneySuccess(String),
    /// Anything else with counts: `custom:NAME`.
    Custom(String),
    /// A figure without counts, as the source gives it ([`super::Level`]): `level:cold_start_p99`, `level:rating`.
    Level(String),
}

/// As people write them; the last two have a name of one's own behind the colon.
pub const NAMES: [&str; 10] = [
    "crash_free_sessions",
    "crash_free_users",
    "frustration_free_sessions",
    "anr_free_users",
    "error_free_sessions",
    "slow_cold_starts",
    "slow_requests",
    "journey_success:NAME",
    "custom:NAME",
    "level:NAME",
];

/// Those without a name of one's own.
fn plain() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().filter(|name| !name.contains(':'))
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown metric {0:?}; {hint}", hint = hint(.0))]
pub struct UnknownMetric(String);

fn hint(typed: &str) -> String {
    match Metric::nearest(typed) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("known are {}", Metric::known()),
    }
}

impl Metric {
    /// All names, for people.
    pub fn known() -> String {
        let plain = plain().collect::<Vec<_>>().join(", ");
        format!("{plain}, journey_success:NAME, custom:NAME and level:NAME")
    }

    /// The metric that was probably meant by a name that is none.
    pub fn nearest(typed: &str) -> Option<&'static str> {
        suggest::nearest(typed, plain())
    }

    /// True where people write the share of the good (`crash_free_sessions`), false for a share of the bad.
    pub fn is_good_share(&self) -> bool {
        !matches!(
            self,
            Self::SlowColdStarts | Self::SlowRequests | Self::Custom(_) | Self::Level(_)
        )
    }

    /// True for figures without counts: never tested, never halted on.
    pub fn is_level(&self) -> bool {
        matches!(self, Self::Level(_))
    }

    /// True for metrics of unique users, which no source can add up over windows.
    pub fn counts_users(&self) -> bool {
        matches!(self, Self::CrashFreeUsers | Self::AnrFreeUsers)
    }

    /// True where a trial is a session of the app.
    pub fn counts_sessions(&self) -> bool {
        self.trial_word() == "sessions"
    }

    /// The metric of the users whom the same failures hit, where there is one.
    pub fn of_users(&self) -> Option<Self> {
        match self {
            Self::CrashFreeSessions => Some(Self::CrashFreeUsers),
            _ => None,
        }
    }

    /// True where evidence counts successes instead of failures: a journey that every other user completes cannot fail three
    /// times as often, but it can succeed a tenth less often.
    pub fn counts_successes(&self) -> bool {
        matches!(self, Self::JourneySuccess(_))
    }

    /// As people say it: `crash-free sessions`.
    pub fn label(&self) -> String {
        match self {
            Self::JourneySuccess(name) => format!("{name} success"),
            Self::Custom(name) => name.clone(),
            Self::Level(name) => name.replace('_', " "),
            Self::FrustrationFreeSessions => "frustration-free sessions".into(),
            Self::CrashFreeSessions => "crash-free sessions".into(),
            Self::CrashFreeUsers => "crash-free users".into(),
            Self::AnrFreeUsers => "ANR-free users".into(),
            Self::ErrorFreeSessions => "error-free sessions".into(),
            Self::SlowColdStarts => "slow cold starts".into(),
            Self::SlowRequests => "slow requests".into(),
        }
    }

    /// What one failure is called: `crashed`, for "6 of 312 sessions crashed".
    pub fn failure_word(&self) -> &'static str {
        match self {
            Self::CrashFreeSessions | Self::CrashFreeUsers => "crashed",
            Self::FrustrationFreeSessions => "crashed or hung",
            Self::AnrFreeUsers => "met an ANR",
            Self::ErrorFreeSessions => "met an error",
            Self::SlowColdStarts | Self::SlowRequests => "were slow",
            Self::JourneySuccess(_) | Self::Custom(_) | Self::Level(_) => "failed",
        }
    }

    /// What one trial is called: `sessions`.
    pub fn trial_word(&self) -> &'static str {
        match self {
            Self::CrashFreeUsers | Self::AnrFreeUsers => "users",
            Self::SlowColdStarts => "cold starts",
            Self::SlowRequests => "requests",
            Self::JourneySuccess(_) => "journeys",
            Self::Custom(_) | Self::Level(_) => "trials",
            Self::CrashFreeSessions | Self::FrustrationFreeSessions | Self::ErrorFreeSessions => {
                "sessions"
            }
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::CrashFreeSessions => "crash_free_sessions",
            Self::CrashFreeUsers => "crash_free_users",
            Self::FrustrationFreeSessions => "frustration_free_sessions",
            Self::AnrFreeUsers => "anr_free_users",
            Self::ErrorFreeSessions => "error_free_sessions",
            Self::SlowColdStarts => "slow_cold_starts",
            Self::SlowRequests => "slow_requests",
            Self::JourneySuccess(name) => return f.pad(&format!("journey_success:{name}")),
            Self::Custom(name) => return f.pad(&format!("custom:{name}")),
            Self::Level(name) => return f.pad(&format!("level:{name}")),
        };
        f.pad(name)
    }
}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(raw: &str) -> Result<Self, UnknownMetric> {
        let named = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        Ok(match raw {
            "crash_free_sessions" => Self::CrashFreeSessions,
            "crash_free_users" => Self::CrashFreeUsers,
            "frustration_free_sessions" => Self::FrustrationFreeSessions,
            "anr_free_users" => Self::AnrFreeUsers,
            "error_free_sessions" => Self::ErrorFreeSessions,
            "slow_cold_starts" => Self::SlowColdStarts,
            "slow_requests" => Self::SlowRequests,
            _ => match raw.split_once(':') {
                Some(("journey_success", name)) if named(name) => {
                    Self::JourneySuccess(name.to_owned())
                }
                Some(("custom", name)) if named(name) => Self::Custom(name.to_owned()),
                Some(("level", name)) if named(name) => Self::Level(name.to_owned()),
                _ => return Err(UnknownMetric(raw.to_owned())),
            },
        })
    }
}

impl TryFrom<String> for Metric {
    type Error = UnknownMetric;

    fn try_from(raw: String) -> Result<Self, UnknownMetric> {
        raw.parse()
    }
}

impl From<Metric> for String {
    fn from(metric: Metric) -> Self {
        metric.to_string()
    }
}
