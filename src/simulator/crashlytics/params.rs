//! What a report is asked for: filters, grain, page.

use chrono::{DateTime, TimeDelta, Utc};

use super::refusal::Refusal;
use crate::domain::Timestamp;

/// The query as it came; a name may repeat.
pub(super) struct Params(pub(super) Vec<(String, String)>);

/// Those that a report takes and that mean something for an app of a phone.
const KNOWN: [&str; 13] = [
    "filter.interval.startTime",
    "filter.interval.endTime",
    "filter.version.displayNames",
    "filter.issue.errorTypes",
    "filter.issue.signals",
    "filter.issue.states",
    "filter.issue.id",
    "filter.operatingSystem.displayNames",
    "filter.device.displayNames",
    "granularity",
    "view",
    "pageSize",
    "pageToken",
];

const OLDEST: TimeDelta = TimeDelta::days(90);
const USUAL: TimeDelta = TimeDelta::days(7);
const PAGE: usize = 25;
/// A page token lives so long after the first request.
const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(10);

/// A grain of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    Whole,
    Hour,
    Day,
}

impl Params {
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter().filter(move |(key, _)| key == name);
        pairs.map(|(_, value)| value.as_str())
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether `value` passes a filter that may repeat; one that is not there lets everything pass.
    pub(super) fn admits(&self, name: &str, value: &str) -> bool {
        let mut wanted = self.all(name).peekable();
        wanted.peek().is_none() || wanted.any(|w| w == value)
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        match self
            .0
            .iter()
            .find(|(key, _)| !KNOWN.contains(&key.as_str()))
        {
            None => Ok(()),
            Some((key, _)) => Err(Refusal::invalid(format!(
                "Invalid JSON payload received. Unknown name \"{key}\": Cannot bind query parameter. Field '{key}' could not be found in request message."
            ))),
        }?;
        for kind in self.all("filter.issue.errorTypes") {
            one_of(
                "filter.issue.errorTypes",
                kind,
                &["FATAL", "NON_FATAL", "ANR"],
            )?;
        }
        Ok(())
    }

    /// Beginning (inclusive) and end (exclusive).
    pub(super) fn interval(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Refusal> {
        let time = |name| match self.one(name) {
            None => Ok(None),
            Some(raw) => DateTime::parse_from_rfc3339(raw)
                .map(|t| Some(t.with_timezone(&Utc)))
                .map_err(|_unparsed| {
                    Refusal::invalid(format!(
                        "Invalid value at '{name}' (google-datetime), \"{raw}\""
                    ))
                }),
        };
        match (
            time("filter.interval.startTime")?,
            time("filter.interval.endTime")?,
        ) {
            (None, None) => Ok((now - USUAL, now)),
            (Some(start), Some(end)) if start >= end => Err(Refusal::invalid(
                "The interval's start time must be before its end time.",
            )),
            (Some(start), Some(_)) if start < now - OLDEST => Err(Refusal::invalid(
                "The interval must be within the last 90 days.",
            )),
            (Some(start), Some(end)) => Ok((start, end)),
            _ => Err(Refusal::invalid(
                "Both the start time and the end time of an interval must be set, or neither.",
            )),
        }
    }

    pub(super) fn grain(&self) -> Result<Grain, Refusal> {
        match self.one("granularity") {
            None | Some("TIME_GRANULARITY_NONE" | "TIME_GRANULARITY_UNSPECIFIED") => {
                Ok(Grain::Whole)
            }
            Some("TIME_GRANULARITY_HOUR") => Ok(Grain::Hour),
            Some("TIME_GRANULARITY_DAY") => Ok(Grain::Day),
            Some(other) => Err(Refusal::invalid(format!(
                "Invalid value at 'granularity' (type.googleapis.com/google.firebase.crashlytics.v1alpha.TimeGranularity), \"{other}\""
            ))),
        }
    }

    /// Where the page begins, and how many groups it has at most. Larger sizes are taken as the largest.
    pub(super) fn page(&self, now: Timestamp, most: usize) -> Result<(usize, usize), Refusal> {
        let size = match self.one("pageSize").map(str::parse::<usize>) {
            None | Some(Ok(0)) => PAGE,
            Some(Ok(size)) => size,
            Some(Err(_)) => {
                return Err(Refusal::invalid("Invalid value at 'pageSize' (TYPE_INT32)"));
            }
        };
        let offset = match self.one("pageToken") {
            None => 0,
            Some(token) => self.offset(token, now)?,
        };
        Ok((offset, size.min(most)))
    }

    fn offset(&self, token: &str, now: Timestamp) -> Result<usize, Refusal> {
        let wrong = || Refusal::invalid("The page token is invalid or has expired.");
        let parts: Vec<&str> = token.split('.').collect();
        let &[offset, begun, question] = parts.as_slice() else {
            return Err(wrong());
        };
        let begun: i64 = begun.parse().map_err(|_no_number| wrong())?;
        let fresh = now.timestamp() - begun <= TOKEN_LIFE.num_seconds();
        if !fresh || question != self.question() {
            return Err(wrong());
        }
        offset.parse().map_err(|_no_number| wrong())
    }

    /// A token for the page that begins at `offset`. It keeps the time of the first request.
    pub(super) fn token(&self, offset: usize, now: Timestamp) -> String {
        let begun = self
            .one("pageToken")
            .and_then(|token| token.split('.').nth(1));
        let begun = begun.map_or_else(|| now.timestamp().to_string(), str::to_owned);
        format!("{offset}.{begun}.{}", self.question())
    }

    /// The filters as a number: a token is good for the same ones only.
    fn question(&self) -> String {
        let own = self
            .0
            .iter()
            .filter(|(key, _)| key.starts_with("filter.") || key == "granularity");
        let bytes = own.flat_map(|(key, value)| key.bytes().chain(value.bytes()));
        let mixed = bytes.fold(0x9e37_79b9_7f4a_7c15_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{mixed:x}")
    }
}

fn one_of(name: &str, value: &str, known: &[&str]) -> Result<(), Refusal> {
    if known.contains(&value) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "Invalid value at '{name}', \"{value}\""
    )))
}
