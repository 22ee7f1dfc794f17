//! Faults: what a vendor's API does when it is not well, on command and by plan.
//!
//! Owns the table of faults that are set and the choice of the one that hits a request. Doing it to the connection is
//! [`super::wire`]'s matter.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::scenario::Span;
use chrono::TimeDelta;

/// Who is not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vendor {
    GooglePlay,
    AppStore,
    Sentry,
    /// Play's vitals: the Developer Reporting API.
    PlayReporting,
    Crashlytics,
    BigQuery,
    Prometheus,
    Bugsnag,
    Datadog,
    NewRelic,
    /// Apple's public lookup.
    AppleLookup,
    /// A server of one's own that answers JSON.
    HttpJson,
}

impl Vendor {
    /// In the order of their ports.
    pub const ALL: [Self; 12] = [
        Self::GooglePlay,
        Self::AppStore,
        Self::Sentry,
        Self::PlayReporting,
        Self::Crashlytics,
        Self::BigQuery,
        Self::Prometheus,
        Self::Bugsnag,
        Self::Datadog,
        Self::NewRelic,
        Self::AppleLookup,
        Self::HttpJson,
    ];

    /// `google_play`: its key in what `haltline sim` prints.
    pub fn key(self) -> &'static str {
        match self {
            Self::GooglePlay => "google_play",
            Self::AppStore => "app_store",
            Self::Sentry => "sentry",
            Self::PlayReporting => "play_reporting",
            Self::Crashlytics => "crashlytics",
            Self::BigQuery => "big_query",
            Self::Prometheus => "prometheus",
            Self::Bugsnag => "bugsnag",
            Self::Datadog => "datadog",
            Self::NewRelic => "new_relic",
            Self::AppleLookup => "apple_lookup",
            Self::HttpJson => "http_json",
        }
    }
}

/// What happens to a request. Where `applied` is true the vendor does what was asked before the answer is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// Answers with this status instead.
    Status {
        code: u16,
        #[serde(default)]
        body: Option<String>,
        /// The header of that name, as it is.
        #[serde(default)]
        retry_after: Option<String>,
        #[serde(default)]
        applied: bool,
    },
    /// The connection is reset.
    Reset {
        #[serde(default)]
        applied: bool,
    },
    /// No answer for so long (wall time), then a reset.
    Hang {
        ms: u64,
        #[serde(default)]
        applied: bool,
    },
    /// The right answer, so much later (wall time).
    Latency { ms: u64 },
    /// Half of the right answer's body, then the connection ends.
    Truncated,
    /// A web page with status 200 instead of the answer: a login page, a proxy.
    Html,
    /// A well-formed, endless answer of so many bytes.
    Huge { bytes: u64 },
    /// Sends the client elsewhere.
    Redirect { to: String },
}

/// A fault and whom it hits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRule {
    pub vendor: Vendor,
    /// Part of `METHOD /path?query`; empty hits every request.
    #[serde(default)]
    pub matching: String,
    /// How many requests it hits before it is gone; `None`: for ever.
    #[serde(default)]
    pub times: Option<u32>,
    /// Hits every n-th matching request only.
    #[serde(default)]
    pub every: Option<u32>,
    #[serde(flatten)]
    pub fault: Fault,
}

/// A fault of a scenario: from a time on, until another.
#[derive(Clone, Debug, Deserialize)]
pub struct PlannedFault {
    #[serde(default)]
    pub after: Span,
    #[serde(default)]
    pub until: Option<Span>,
    #[serde(flatten)]
    pub rule: FaultRule,
}

/// The faults that are set. The first that matches a request hits it.
#[derive(Debug, Default)]
pub struct Faults {
    set: Mutex<Vec<Armed>>,
    asked: Mutex<BTreeMap<Vendor, u64>>,
}

#[derive(Clone, Debug)]
struct Armed {
    rule: FaultRule,
    after: Option<TimeDelta>,
    until: Option<TimeDelta>,
    seen: u32,
}

impl Faults {
    pub fn planned(plan: &[PlannedFault]) -> Self {
        let armed = plan.iter().map(|planned| Armed {
            rule: planned.rule.clone(),
            after: Some(planned.after.0),
            until: planned.until.map(|u| u.0),
            seen: 0,
        });
        Self {
            set: Mutex::new(armed.collect()),
            asked: Mutex::default(),
        }
    }

    /// Sets one more, in front of those that are set.
    pub fn set(&self, rule: FaultRule) {
        self.lock().insert(
            0,
            Armed {
                rule,
                after: None,
                until: None,
                seen: 0,
            },
        );
    }

    /// Forgets all of them, those of the scenario too.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Those that are set, the planned ones included; `times` is what is left.
    pub fn list(&self) -> Vec<FaultRule> {
        self.lock().iter().map(|armed| armed.rule.clone()).collect()
    }

    /// Requests that came to a vendor so far, those that a fault hit included.
    pub fn asked(&self, vendor: Vendor) -> u64 {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.get(&vendor).copied().unwrap_or_default()
    }

    /// The fault that hits this request (`POST /path?query`), counted as having hit it.
    pub fn hit(&self, vendor: Vendor, request: &str, since_start: TimeDelta) -> Option<Fault> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked.entry(vendor).or_default() += 1;
        drop(asked);
        let mut set = self.lock();
        let mut found = None;
        for (place, armed) in set.iter_mut().enumerate() {
            let due = armed.after.is_none_or(|after| after <= since_start)
                && armed.until.is_none_or(|until| since_start < until);
            let rule = &mut armed.rule;
            if !due || rule.vendor != vendor || !request.contains(&rule.matching) {
                continue;
            }
            armed.seen += 1;
            if armed.seen % rule.every.unwrap_or(1).max(1) != 0 {
                continue;
            }
            if let Some(times) = &mut rule.times {
                *times = times.saturating_sub(1);
            }
            found = Some((place, rule.fault.clone(), rule.times == Some(0)));
            break;
        }
        let (place, fault, spent) = found?;
        if spent {
            set.remove(place);
        }
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> FaultRule {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_fault_hits_as_often_as_it_says_and_only_whom_it_says() {
        let faults = Faults::default();
        faults.set(rule(r#"{"vendor":"google-play","matching":":commit","times":2,"fault":"reset","applied":true}"#));
        let hit = |vendor, request| faults.hit(vendor, request, TimeDelta::zero());
        assert_eq!(hit(Vendor::GooglePlay, "POST /a/edits"), None);
        assert_eq!(hit(Vendor::Sentry, "POST /a/edits/1:commit"), None);
        let reset = Some(Fault::Reset { applied: true });
        assert_eq!(hit(Vendor::GooglePlay, "POST /a/edits/1:commit"), reset);
        assert_eq!(hit(Vendor::GooglePlay, "POST /a/edits/2:commit"), reset);
        assert_eq!(hit(Vendor::GooglePlay, "POST /a/edits/3:commit"), None);
        assert!(faults.list().is_empty());
        assert_eq!(
            [Vendor::GooglePlay, Vendor::Sentry, Vendor::Datadog].map(|v| faults.asked(v)),
            [4, 1, 0]
        );
    }

    #[test]
    fn every_third_request_between_two_times() {
        let planned: PlannedFault = toml::from_str(
            "vendor = \"sentry\"\nafter = \"10m\"\nuntil = \"20m\"\nevery = 3\nfault = \"status\"\ncode = 503",
        )
        .unwrap();
        let faults = Faults::planned(&[planned]);
        let hits = |minute| {
            (0..6)
                .filter(|_| {
                    faults
                        .hit(Vendor::Sentry, "GET /x", TimeDelta::minutes(minute))
                        .is_some()
                })
                .count()
        };
        assert_eq!([hits(5), hits(10), hits(19), hits(20)], [0, 2, 2, 0]);
    }
}
