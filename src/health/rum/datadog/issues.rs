//! Crashes as Datadog's Error Tracking groups them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Issue, IssueDetail, PlainText, Recurrence, Timestamp};
use crate::health::rum::collector::{MOST_ISSUES, Of, Range};
use crate::health::rum::error::RumError;
use crate::http::Call;

use super::query::quoted;
use super::{Datadog, ERROR_TRACKING, RUM};

/// `POST /api/v2/error-tracking/issues/search?include=issue`: counts of what matched, and what they are counts of beside them.
#[derive(Debug, Deserialize)]
struct Found {
    #[serde(default)]
    data: Vec<Matched>,
    #[serde(default)]
    included: Vec<Resource>,
}

#[derive(Debug, Deserialize)]
struct Matched {
    id: String,
    #[serde(default)]
    attributes: Counts,
    #[serde(default)]
    relationships: Relationships,
}

#[derive(Debug, Default, Deserialize)]
struct Counts {
    #[serde(default)]
    total_count: Option<u64>,
    #[serde(default)]
    impacted_users: Option<u64>,
    #[serde(default)]
    impacted_sessions: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct Relationships {
    #[serde(default)]
    issue: Option<Relationship>,
}

#[derive(Debug, Deserialize)]
struct Relationship {
    data: Reference,
}

#[derive(Debug, Deserialize)]
struct Reference {
    id: String,
}

/// `GET /api/v2/error-tracking/issues/{id}`
#[derive(Debug, Deserialize)]
struct One {
    data: Resource,
}

#[derive(Debug, Deserialize)]
struct Resource {
    id: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Attributes {
    #[serde(default)]
    error_type: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(default)]
    function_name: Option<String>,
    #[serde(default)]
    file_path: Option<String>,
    /// Milliseconds.
    #[serde(default)]
    first_seen: Option<i64>,
    #[serde(default)]
    first_seen_version: Option<String>,
    #[serde(default)]
    last_seen: Option<i64>,
    /// There where a closed issue came back.
    #[serde(default)]
    regression: Option<Value>,
}

impl Attributes {
    fn title(&self) -> PlainText {
        let parts = [&self.error_type, &self.error_message];
        let parts: Vec<&str> = parts
            .into_iter()
            .flatten()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(": ").into()
    }

    fn place(&self) -> PlainText {
        let place = self.function_name.as_ref().or(self.file_path.as_ref());
        PlainText::new(place.map_or("", String::as_str))
    }

    fn recurrence(&self, releases: &BTreeSet<String>) -> Recurrence {
        let first = self.first_seen_version.as_ref();
        if first.is_some_and(|version| releases.contains(version)) {
            Recurrence::New
        } else if self.regression.as_ref().is_some_and(|r| !r.is_null()) {
            Recurrence::Regressed
        } else {
            Recurrence::Recurring
        }
    }
}

fn at(milliseconds: Option<i64>) -> Option<Timestamp> {
    DateTime::from_timestamp_millis(milliseconds?)
}

impl Datadog {
    /// The crashes of these releases, most users first; of all releases where none is named.
    pub(super) async fn top(
        &self,
        releases: &BTreeSet<String>,
        (from, to): Range,
    ) -> Result<Vec<Issue>, RumError> {
        let query = self.of_crashes(releases);
        let body = json!({ "data": {
            "type": "search_request",
            "attributes": {
                "query": query,
                "from": from.timestamp_millis(),
                "to": to.timestamp_millis(),
                "persona": "MOBILE",
                "order_by": "IMPACTED_SESSIONS",
            },
        }});
        let mut url = self
            .base
            .join(&["api", "v2", "error-tracking", "issues", "search"]);
        url.query_pairs_mut().append_pair("include", "issue");
        let call = Call::new(reqwest::Method::POST, url, crate::http::Body::Json(body));
        let (_answer, found) = self.send::<Found>(ERROR_TRACKING, call).await?;
        let known: BTreeMap<String, Attributes> = found
            .included
            .into_iter()
            .map(|issue| (issue.id, issue.attributes))
            .collect();
        let mut issues: Vec<Issue> = found
            .data
            .into_iter()
            .map(|matched| {
                let id = matched
                    .relationships
                    .issue
                    .map_or(matched.id, |r| r.data.id);
                let attributes = known.get(&id).cloned().unwrap_or_default();
                let counts = &matched.attributes;
                Issue {
                    title: attributes.title(),
                    place: attributes.place(),
                    recurrence: attributes.recurrence(releases),
                    events: counts.total_count.unwrap_or(0),
                    // Where the app sets no users, a session stands for one.
                    users: counts
                        .impacted_users
                        .filter(|users| *users > 0)
                        .or(counts.impacted_sessions)
                        .unwrap_or(0),
                    first_seen: at(attributes.first_seen),
                    link: None,
                    id: PlainText::new(&id),
                    told_by: Vec::new(),
                }
            })
            .collect();
        issues.sort_by(|a, b| {
            (b.users, b.events)
                .cmp(&(a.users, a.events))
                .then_with(|| a.id.cmp(&b.id))
        });
        issues.truncate(MOST_ISSUES);
        Ok(issues)
    }

    fn of_crashes(&self, releases: &BTreeSet<String>) -> String {
        let of = if releases.is_empty() {
            Of::All
        } else {
            Of::Named(releases.clone())
        };
        let language = &self.language;
        format!(
            "{} @error.is_crash:true{}",
            language.scope(),
            language.releases(&of)
        )
    }

    /// The issue, the stack of its latest crash, and which devices and systems met it. Only the issue itself must be had.
    pub(super) async fn detail(
        &self,
        id: &str,
        releases: &BTreeSet<String>,
        range: Range,
    ) -> Result<IssueDetail, RumError> {
        let url = self
            .base
            .join(&["api", "v2", "error-tracking", "issues", id]);
        let (_answer, one) = self.send::<One>(ERROR_TRACKING, Call::get(url)).await?;
        let query = format!(
            "@type:error @issue.id:{} {}",
            quoted(id),
            self.of_crashes(releases)
        );
        let filter = json!({
            "from": range.0.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "to": range.1.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "query": query,
        });
        let attributes = one.data.attributes;
        Ok(IssueDetail {
            title: attributes.title(),
            stack: self.stack(&filter).await.unwrap_or_default(),
            devices: self
                .most(&filter, "@device.model")
                .await
                .unwrap_or_default(),
            os_versions: self.most(&filter, "@os.version").await.unwrap_or_default(),
            last_seen: at(attributes.last_seen),
            link: None,
        })
    }

    /// `POST /api/v2/rum/events/search`: the newest event's stack, a line a frame.
    async fn stack(&self, filter: &Value) -> Result<Vec<PlainText>, RumError> {
        let body = json!({ "filter": filter, "sort": "-timestamp", "page": { "limit": 1 } });
        let path = ["api", "v2", "rum", "events", "search"];
        let (_answer, found) = self.post::<Value>(RUM, &path, &body).await?;
        let stack = found.pointer("/data/0/attributes/attributes/error/stack");
        let lines = stack.and_then(Value::as_str).unwrap_or_default().lines();
        let frames = lines.map(str::trim).filter(|line| !line.is_empty());
        Ok(frames
            .map(PlainText::new)
            .take(IssueDetail::MOST_FRAMES)
            .collect())
    }

    async fn most(&self, filter: &Value, facet: &str) -> Result<Vec<(PlainText, u64)>, RumError> {
        let body = json!({
            "filter": filter,
            "compute": [{ "aggregation": "count", "type": "total" }],
            "group_by": [{
                "facet": facet,
                "limit": IssueDetail::MOST_ROWS,
                "sort": { "type": "measure", "aggregation": "count", "order": "desc" },
            }],
        });
        let path = ["api", "v2", "rum", "analytics", "aggregate"];
        let (_answer, found) = self.post::<Value>(RUM, &path, &body).await?;
        let buckets = found.pointer("/data/buckets").and_then(Value::as_array);
        let mut rows: Vec<(PlainText, u64)> = buckets
            .into_iter()
            .flatten()
            .filter_map(|bucket| {
                let name = bucket.get("by")?.get(facet)?.as_str()?;
                let count = bucket.pointer("/computes/c0")?.as_f64()?;
                Some((PlainText::new(name), count.max(0.0) as u64))
            })
            .collect();
        rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        rows.truncate(IssueDetail::MOST_ROWS);
        Ok(rows)
    }
}
