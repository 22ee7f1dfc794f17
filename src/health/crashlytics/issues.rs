//! The crashes and ANRs of the version watched: which, how many, new or not.

use std::collections::BTreeSet;

use crate::domain::{Issue, PlainText, Recurrence, Timestamp, Version};

use super::api::Api;
use super::error::CrashlyticsError;
use super::versions::{of, range};
use super::wire::{Group, IssueBody, instant};

const LIMIT: usize = 25;

/// Top issues of the versions of these names, most users first.
pub(super) async fn top(
    api: &Api,
    names: &BTreeSet<String>,
    version: &Version,
    span: (Timestamp, Timestamp),
) -> Result<Vec<Issue>, CrashlyticsError> {
    let mut params = range(span);
    params.extend(of(names));
    params.extend(["FATAL", "ANR"].map(|kind| ("filter.issue.errorTypes", kind.to_owned())));
    let own = names.iter().filter_map(|name| name.rsplit_once(" ("));
    let own: BTreeSet<&str> = version
        .name
        .iter()
        .map(PlainText::as_str)
        .chain(own.map(|(name, _)| name))
        .collect();
    let groups = api.top("topIssues", &params, LIMIT).await?;
    let mut issues: Vec<Issue> = groups
        .into_iter()
        .filter_map(|group| issue(group, &own))
        .collect();
    issues.sort_by(|a, b| {
        (b.users, b.events)
            .cmp(&(a.users, a.events))
            .then_with(|| a.id.cmp(&b.id))
    });
    Ok(issues)
}

fn issue(group: Group, own: &BTreeSet<&str>) -> Option<Issue> {
    let body = group.issue.filter(|body| !body.id.is_empty())?;
    let metrics = group.metrics.first();
    let (title, place) = titled(&body);
    Some(Issue {
        recurrence: recurrence(&body, own),
        events: metrics.and_then(|m| m.events_count.0).unwrap_or(0),
        users: metrics.map_or(0, super::wire::Metrics::impacted_users),
        first_seen: instant(&body.first_seen_time),
        link: body.link().map(PlainText::from),
        id: body.id.as_str().into(),
        title,
        place,
        told_by: Vec::new(),
    })
}

/// What went wrong, and where. Crashlytics calls the place the title, and what went wrong there its subtitle.
pub(super) fn titled(body: &IssueBody) -> (PlainText, PlainText) {
    if body.subtitle.is_empty() {
        (body.title.as_str().into(), PlainText::default())
    } else {
        (body.subtitle.as_str().into(), body.title.as_str().into())
    }
}

/// First seen in the version, or marked by the vendor. A regressed issue that began in this version is new in it.
fn recurrence(body: &IssueBody, own: &BTreeSet<&str>) -> Recurrence {
    if own.contains(body.first_seen_version.as_str()) {
        Recurrence::New
    } else if body.has("SIGNAL_REGRESSED") {
        Recurrence::Regressed
    } else if body.has("SIGNAL_FRESH") {
        Recurrence::New
    } else {
        Recurrence::Recurring
    }
}
