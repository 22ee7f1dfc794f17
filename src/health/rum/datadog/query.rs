//! Questions in RUM's search language, as bodies of its aggregate endpoint. Must not send anything.
//!
//! Which facets are proven: `@type`, `@session.*`, `@action.type:application_start`, `@os.*`, `@geo.*`, `@device.*` and
//! `@error.is_crash` stand in Datadog's own pages; `@error.category` and `@action.loading_time` in dashboards that people run. A facet that there is
//! not matches nothing, which is why the poll wants to have seen a crash, and a freeze, before none of them counts as good.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::domain::Timestamp;
use crate::health::release::{Piece, ReleaseTemplate};
use crate::health::rum::collector::{Of, Question, What};

/// The facet that names the release.
pub(super) const VERSION: &str = "version";
/// Buckets of one facet: what lies beyond is left out, and strata count it as `other`.
const MOST_BUCKETS: usize = 50;
/// Items of a page; Datadog allows no more.
const PAGE: u32 = 1000;

const CRASH: &str = "@error.is_crash:true";
const FREEZE: &str = "@error.category:(ANR OR \"App Hang\")";
const COLD_START: &str = "@type:action @action.type:application_start";
const LOADING_TIME: &str = "@action.loading_time";
const DURATION: &str = "@resource.duration";

/// What makes a question a query.
pub(super) struct Language {
    pub(super) application: String,
    pub(super) environment: Option<String>,
    pub(super) template: ReleaseTemplate,
    pub(super) slow_cold_start: TimeDelta,
    pub(super) slow_request: TimeDelta,
    pub(super) journeys: Vec<(String, String, String)>,
}

/// Facet of a kind of strata.
pub(super) fn facet(kind: &str) -> &str {
    match kind {
        "os" => "@os.version_major",
        "country" => "@geo.country_iso_code",
        "device" => "@device.type",
        other => other,
    }
}

/// How an event's figure is computed: aggregations, and the measure that they are of.
pub(super) fn computed(what: &What) -> (&'static [&'static str], Option<&'static str>) {
    match what {
        What::Crashed | What::Frozen | What::Frustrated => (&["cardinality"], Some("@session.id")),
        What::Users | What::CrashedUsers | What::FrozenUsers => (&["cardinality"], Some("@usr.id")),
        What::ColdStartTimes => (&["median", "pc90", "pc99"], Some(LOADING_TIME)),
        What::RequestTimes => (&["pc95"], Some(DURATION)),
        _ => (&["count"], None),
    }
}

impl Language {
    /// The body of `POST /api/v2/rum/analytics/aggregate`.
    pub(super) fn aggregate(&self, question: &Question) -> Value {
        let (aggregations, metric) = computed(&question.what);
        let computes = aggregations.iter().map(|aggregation| {
            let mut compute = json!({ "aggregation": aggregation, "type": "total" });
            if let Some(metric) = metric {
                set(&mut compute, "metric", metric);
            }
            if let Some(step) = question.step {
                set(&mut compute, "type", "timeseries");
                set(&mut compute, "interval", &interval(step));
            }
            compute
        });
        let computes: Vec<Value> = computes.collect();
        let group = |facet: &str, limit: usize| {
            json!({
                "facet": facet,
                "limit": limit,
                "sort": { "type": "measure", "aggregation": "count", "order": "desc" },
            })
        };
        let of_releases = match &question.of {
            Of::Everything => None,
            Of::Named(names) => Some(group(VERSION, names.len().max(1))),
            Of::All | Of::Versions(_) => Some(group(VERSION, MOST_BUCKETS)),
        };
        let parted = question
            .by
            .iter()
            .map(|kind| group(facet(kind), MOST_BUCKETS));
        let groups: Vec<Value> = of_releases.into_iter().chain(parted).collect();
        json!({
            "filter": {
                "from": wire(question.range.0),
                "to": wire(question.range.1),
                "query": self.query(question),
            },
            "compute": computes,
            "group_by": groups,
            "options": { "timezone": "UTC" },
            "page": { "limit": PAGE },
        })
    }

    fn query(&self, question: &Question) -> String {
        let seconds = |bound: TimeDelta| bound.num_nanoseconds().unwrap_or(i64::MAX);
        let journey = |name: &str, completed: bool| {
            let journey = self.journeys.iter().find(|(known, ..)| known == name);
            let query = journey.map(|(_, begun, done)| if completed { done } else { begun });
            format!("({})", query.map_or("", String::as_str))
        };
        let what = match &question.what {
            What::Sessions | What::Users => "@type:session".to_owned(),
            What::Crashed | What::CrashedUsers => format!("@type:error {CRASH}"),
            What::Frozen | What::FrozenUsers => format!("@type:error {FREEZE}"),
            What::Frustrated => format!("@type:error ({CRASH} OR {FREEZE})"),
            What::Errored => "@type:session @session.error.count:>0".to_owned(),
            What::ColdStarts | What::ColdStartTimes => COLD_START.to_owned(),
            What::SlowColdStarts => {
                let bound = seconds(self.slow_cold_start);
                format!("{COLD_START} {LOADING_TIME}:>{bound}")
            }
            What::Requests | What::RequestTimes => "@type:resource".to_owned(),
            What::SlowRequests => {
                format!("@type:resource {DURATION}:>{}", seconds(self.slow_request))
            }
            What::Started(name) => journey(name, false),
            What::Completed(name) => journey(name, true),
        };
        format!("{} {what}{}", self.scope(), self.releases(&question.of))
    }

    /// On every query: the application, its environment, and people instead of synthetic tests.
    pub(super) fn scope(&self) -> String {
        let environment = self.environment.as_ref();
        let environment = environment.map(|name| format!(" env:{}", quoted(name)));
        format!(
            "@application.id:{} @session.type:user{}",
            quoted(&self.application),
            environment.unwrap_or_default()
        )
    }

    pub(super) fn releases(&self, of: &Of) -> String {
        let names: Vec<String> = match of {
            Of::All | Of::Everything => return String::new(),
            Of::Named(names) => names.iter().map(|name| quoted(name)).collect(),
            Of::Versions(versions) => {
                let patterns = versions
                    .iter()
                    .filter_map(|version| self.template.pattern(version));
                patterns.map(|pieces| pattern(&pieces)).collect()
            }
        };
        format!(" {VERSION}:({})", names.join(" OR "))
    }
}

fn set(object: &mut Value, key: &str, value: &str) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value.into());
    }
}

fn wire(t: Timestamp) -> String {
    t.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `5m`, `1h`, `1d`
fn interval(step: TimeDelta) -> String {
    match step.num_minutes() {
        minutes if minutes % 1440 == 0 => format!("{}d", minutes / 1440),
        minutes if minutes % 60 == 0 => format!("{}h", minutes / 60),
        minutes => format!("{minutes}m"),
    }
}

/// A value as it is, whatever it holds.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A value with stars, which only work outside of quotes; all that has a meaning there is escaped.
fn pattern(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Any => out.push('*'),
            Piece::Text(text) => {
                for c in text.chars() {
                    if !c.is_alphanumeric() && !matches!(c, '.' | '_') {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
        }
    }
    out
}
