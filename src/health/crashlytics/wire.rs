//! The reports of Crashlytics as they are on the wire: everything optional, 64-bit numbers as text.
//!
//! Owns the serde types and what an absent number means. Must not know versions or rules.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::Timestamp;

/// A count: text, a number, null or absent. Anything else is unknown, not an error: this API is an alpha.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Int(pub(super) Option<u64>);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::String(text) => text.trim().parse().ok(),
            Value::Number(number) => number.as_u64(),
            _ => None,
        }))
    }
}

/// `GET …/reports/{report}`, one page.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ReportBody {
    pub(super) groups: Vec<Group>,
    pub(super) next_page_token: String,
}

/// One group: of a version, an issue, a device or an operating system, as the report goes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Group {
    pub(super) version: Option<VersionBody>,
    pub(super) issue: Option<IssueBody>,
    pub(super) device: Option<DeviceBody>,
    pub(super) operating_system: Option<Named>,
    /// One, or one a time grain.
    pub(super) metrics: Vec<Metrics>,
    pub(super) subgroups: Vec<Group>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct VersionBody {
    pub(super) display_version: String,
    pub(super) build_version: String,
    /// `8.43.0 (84300)`: what a filter takes.
    pub(super) display_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeviceBody {
    pub(super) display_name: String,
    pub(super) marketing_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Named {
    pub(super) display_name: String,
}

/// What was counted in one interval.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metrics {
    start_time: String,
    end_time: String,
    pub(super) events_count: Int,
    impacted_users_count: Int,
    impacted_sessions_count: Int,
    /// The older name of the impacted ones.
    sessions_count: Int,
    total_users_count: Int,
    total_sessions_count: Int,
}

/// Failures out of trials, as far as an interval tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// No total, or a total without what it is compared with.
    Nothing,
    Counts {
        trials: u64,
        failures: u64,
    },
}

impl Metrics {
    /// Beginning and end; `None` where one of them is no time.
    pub(super) fn interval(&self) -> Option<(Timestamp, Timestamp)> {
        Some((instant(&self.start_time)?, instant(&self.end_time)?))
    }

    pub(super) fn sessions(&self) -> Told {
        let impacted = self.impacted_sessions_count.0.or(self.sessions_count.0);
        self.told(self.total_sessions_count, impacted)
    }

    pub(super) fn users(&self) -> Told {
        self.told(self.total_users_count, self.impacted_users_count.0)
    }

    /// All sessions and users of the interval, whatever the filter of issues.
    pub(super) fn totals(&self) -> (Option<u64>, Option<u64>) {
        (self.total_sessions_count.0, self.total_users_count.0)
    }

    pub(super) fn impacted_users(&self) -> u64 {
        self.impacted_users_count.0.unwrap_or(0)
    }

    /// Zeros may be left out on this wire: without an event nobody was hit. With events an absent number is unknown.
    fn told(&self, total: Int, impacted: Option<u64>) -> Told {
        let none = || (self.events_count.0.unwrap_or(0) == 0).then_some(0);
        match (total.0, impacted.or_else(none)) {
            (Some(trials), Some(failures)) => Told::Counts { trials, failures },
            _ => Told::Nothing,
        }
    }
}

/// `GET …/issues/{issue}`, and the issue of a group.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct IssueBody {
    pub(super) id: String,
    /// Usually a file or a method.
    pub(super) title: String,
    /// Usually a symbol or the exception's message.
    pub(super) subtitle: String,
    /// Display versions, without the build.
    pub(super) first_seen_version: String,
    pub(super) first_seen_time: String,
    pub(super) last_seen_time: String,
    pub(super) signals: Vec<Signal>,
    pub(super) uri: String,
    /// Resource name of an event.
    pub(super) sample_event: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Signal {
    pub(super) signal: String,
}

impl IssueBody {
    pub(super) fn has(&self, signal: &str) -> bool {
        self.signals.iter().any(|s| s.signal == signal)
    }

    /// A link that is one.
    pub(super) fn link(&self) -> Option<&str> {
        Some(self.uri.as_str()).filter(|uri| uri.starts_with("https://"))
    }
}

/// `GET …/events:batchGet`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Events {
    pub(super) events: Vec<Event>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Event {
    #[serde(rename = "eventTime")]
    pub(super) time: String,
    pub(super) blame_frame: Option<Frame>,
    /// Android: the last one thrown comes first.
    pub(super) exceptions: Vec<Trace>,
    /// Apple: errors that were not fatal.
    pub(super) errors: Vec<Trace>,
    pub(super) threads: Vec<Trace>,
}

/// An exception, an error or a thread: what has frames.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Trace {
    pub(super) blamed: bool,
    pub(super) crashed: bool,
    pub(super) frames: Vec<Frame>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Frame {
    pub(super) symbol: String,
    pub(super) file: String,
    pub(super) line: Int,
    pub(super) library: String,
}

pub(super) fn instant(raw: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(raw).ok()?;
    Some(time.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(raw: &str) -> Metrics {
        serde_json::from_str(raw).unwrap()
    }

    #[test]
    fn a_zero_may_be_left_out_but_only_where_nothing_happened() {
        let counts = |trials, failures| Told::Counts { trials, failures };
        for (raw, sessions) in [
            (
                r#"{"totalSessionsCount":"18231","impactedSessionsCount":"41","eventsCount":"52"}"#,
                counts(18_231, 41),
            ),
            (
                r#"{"totalSessionsCount":18231,"sessionsCount":41,"eventsCount":52}"#,
                counts(18_231, 41),
            ),
            (r#"{"totalSessionsCount":"18231"}"#, counts(18_231, 0)),
            (
                r#"{"totalSessionsCount":"18231","eventsCount":"52"}"#,
                Told::Nothing,
            ),
            (
                r#"{"impactedSessionsCount":"41","eventsCount":"52"}"#,
                Told::Nothing,
            ),
            (
                r#"{"totalSessionsCount":null,"eventsCount":"-3"}"#,
                Told::Nothing,
            ),
            (r#"{"totalSessionsCount":{"odd":1}}"#, Told::Nothing),
        ] {
            assert_eq!(metrics(raw).sessions(), sessions, "{raw}");
        }
    }

    #[test]
    fn an_empty_answer_is_an_answer() {
        let body: ReportBody = serde_json::from_str(r#"{"name":"x","usage":"…"}"#).unwrap();
        assert!(body.groups.is_empty() && body.next_page_token.is_empty());
    }
}
