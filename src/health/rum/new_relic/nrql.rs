//! Questions in NRQL. Must not send anything.
//!
//! Sessions are the distinct session ids of `MobileSession` and `MobileCrash` together, as in New Relic's own crash rate: a session that crashes
//! may never send its `MobileSession`. Above 256 distinct values New Relic gives an estimate.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::domain::Version;
use crate::health::release::ReleaseTemplate;
use crate::health::rum::collector::{Of, Question, Range, What};

/// Groups of one facet that are asked for.
const MOST_GROUPS: usize = 50;
/// New Relic lists no more.
const LIMIT_MAX: usize = 2000;

const SESSIONS: &str = "MobileSession, MobileCrash";
const CRASHES: &str = "MobileCrash";
const ERRORS: &str = "MobileHandledException, MobileCrash";

/// What makes a question a query.
pub(super) struct Language {
    pub(super) application: String,
    pub(super) template: ReleaseTemplate,
    pub(super) slow_request: TimeDelta,
    pub(super) journeys: Vec<(String, String, String)>,
}

/// Attribute of a kind of strata.
fn attribute(kind: &str) -> &str {
    match kind {
        "os" => "osMajorVersion",
        "country" => "countryCode",
        "device" => "deviceGroup",
        other => other,
    }
}

impl Language {
    pub(super) fn query(&self, question: &Question) -> String {
        let (select, from, condition) = self.figure(&question.what);
        let mut conditions = vec![self.own()];
        conditions.extend(condition);
        conditions.extend(self.releases(&question.of));
        let mut facets: Vec<&str> = match question.of {
            Of::Everything => Vec::new(),
            _ => vec!["appVersion", "appBuild"],
        };
        facets.extend(question.by.iter().map(|kind| attribute(kind)));
        let facet = match facets.as_slice() {
            [] => String::new(),
            facets => {
                let releases = match &question.of {
                    Of::Named(names) => names.len().max(1),
                    _ => MOST_GROUPS,
                };
                let parts = MOST_GROUPS.pow(u32::from(!question.by.is_empty()));
                let limit = releases.saturating_mul(parts).min(LIMIT_MAX);
                format!(" FACET {} LIMIT {limit}", facets.join(", "))
            }
        };
        let series = question.step.map_or_else(String::new, |step| {
            format!(" TIMESERIES {} minutes", step.num_minutes())
        });
        format!(
            "SELECT {select} FROM {from} WHERE {}{facet}{} {series}",
            conditions.join(" AND "),
            range(question.range),
        )
        .trim_end()
        .to_owned()
    }

    /// `SELECT`, `FROM`, and what is wanted beside the application.
    fn figure(&self, what: &What) -> (&'static str, String, Option<String>) {
        const SESSION_IDS: &str = "uniqueCount(sessionId) AS 'n'";
        const USERS: &str = "uniqueCount(uuid) AS 'n'";
        const ALL: &str = "count(*) AS 'n'";
        let slow = || {
            let seconds = self.slow_request.as_seconds_f64();
            format!("responseTime > {seconds}")
        };
        let plain = |select, from: &str| (select, from.to_owned(), None);
        match what {
            What::Crashed => plain(SESSION_IDS, CRASHES),
            What::Errored => plain(SESSION_IDS, ERRORS),
            What::Users => plain(USERS, SESSIONS),
            What::CrashedUsers => plain(USERS, CRASHES),
            What::Requests => plain(ALL, "MobileRequest"),
            What::SlowRequests => (ALL, "MobileRequest".to_owned(), Some(slow())),
            What::RequestTimes => plain("percentile(responseTime, 95) AS 'n'", "MobileRequest"),
            What::Started(name) => self.journey(name, false),
            What::Completed(name) => self.journey(name, true),
            // What New Relic does not know is not asked for.
            _ => plain(SESSION_IDS, SESSIONS),
        }
    }

    /// `MobileUserAction WHERE name = 'checkout'`: the events, and which of them.
    fn journey(&self, name: &str, completed: bool) -> (&'static str, String, Option<String>) {
        let journey = self.journeys.iter().find(|(known, ..)| known == name);
        let text = journey.map_or("", |(_, begun, done)| if completed { done } else { begun });
        let (from, condition) = parts(text);
        let condition = condition.map(|condition| format!("({condition})"));
        ("count(*) AS 'n'", from.to_owned(), condition)
    }

    pub(super) fn own(&self) -> String {
        format!("appName = {}", quoted(&self.application))
    }

    pub(super) fn releases(&self, of: &Of) -> Option<String> {
        let builds: Vec<String> = match of {
            Of::All | Of::Everything => return None,
            Of::Named(names) => self.named(names),
            Of::Versions(versions) => versions.iter().map(of_version).collect(),
        };
        Some(format!("({})", builds.join(" OR ")))
    }

    fn named(&self, names: &BTreeSet<String>) -> Vec<String> {
        let read = names.iter().filter_map(|name| self.template.read(name));
        let conditions = read.map(|name| {
            let part = |part: Option<String>| quoted(&part.unwrap_or_default());
            let (version, build) = (part(name.version), part(name.build));
            format!("(appVersion = {version} AND appBuild = {build})")
        });
        conditions.collect()
    }
}

fn of_version(version: &Version) -> String {
    let build = format!("appBuild = {}", quoted(version.build.as_str()));
    match &version.name {
        Some(name) => format!("(appVersion = {} AND {build})", quoted(name.as_str())),
        None => build,
    }
}

/// A journey's `FROM`, and its condition where it has one.
fn parts(text: &str) -> (&str, Option<&str>) {
    let lower = text.to_ascii_lowercase();
    let found = lower.find(" where ").and_then(|at| {
        let (from, rest) = text.split_at_checked(at)?;
        Some((from, rest.get(" where ".len()..)?))
    });
    match found {
        Some((from, condition)) => (from.trim(), Some(condition.trim())),
        None => (text.trim(), None),
    }
}

pub(super) fn range((from, to): Range) -> String {
    format!(
        " SINCE {} UNTIL {}",
        from.timestamp_millis(),
        to.timestamp_millis()
    )
}

/// A text of NRQL, whatever it holds.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
