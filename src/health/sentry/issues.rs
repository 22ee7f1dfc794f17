//! The crashes of the version watched: which, how many, new or not.

use std::collections::BTreeSet;

use crate::domain::{Issue, PlainText, Recurrence, Timestamp};

use super::api::{Api, Params};
use super::error::SentryError;
use super::windows::{range, release_query};
use super::wire::{IssueBody, Number, instant};

const LIMIT: usize = 25;
/// Issues first seen in the version; the server's own maximum.
const NEW_LIMIT: usize = 100;

/// Top issues and what could not be told about them.
pub(super) struct Top {
    pub(super) issues: Vec<Issue>,
    pub(super) note: Option<&'static str>,
}

/// Unhandled errors of `releases` since `from`, most users first.
pub(super) async fn top(
    api: &Api,
    releases: &[String],
    (from, to): (Timestamp, Timestamp),
) -> Result<Top, SentryError> {
    let of_release = release_query(releases);
    let bodies = api.issues(&ask(&of_release, from, to, LIMIT)).await?;
    let listed = bodies.len();
    let mut new = BTreeSet::new();
    if listed > 0 {
        // `firstRelease` takes the same values as `release`.
        let first = of_release.replacen("release:", "firstRelease:", 1);
        let bodies = api.issues(&ask(&first, from, to, NEW_LIMIT)).await?;
        new.extend(bodies.into_iter().map(|issue| issue.id));
    }
    let mut issues: Vec<Issue> = bodies
        .into_iter()
        .filter_map(|body| issue(body, &new))
        .collect();
    issues.sort_by(|a, b| {
        (b.users, b.events)
            .cmp(&(a.users, a.events))
            .then_with(|| a.id.cmp(&b.id))
    });
    let note = (issues.len() < listed)
        .then_some("Sentry gave no counts of this release for some issues: they are left out");
    Ok(Top { issues, note })
}

fn ask(of: &str, from: Timestamp, to: Timestamp, limit: usize) -> Params {
    let mut params = range(from, to);
    params.extend([
        ("query", format!("{of} error.unhandled:true")),
        ("sort", "user".to_owned()),
        ("limit", limit.to_string()),
    ]);
    params
}

/// `None` where the server has no counts of this release: those of the whole issue would be another version's.
fn issue(body: IssueBody, new: &BTreeSet<String>) -> Option<Issue> {
    let here = body.filtered?;
    let count = |number: Number| number.count().unwrap_or(0);
    let recurrence = match body.substatus.as_deref() {
        _ if new.contains(&body.id) => Recurrence::New,
        Some("regressed") => Recurrence::Regressed,
        _ => Recurrence::Recurring,
    };
    let first_seen = body
        .lifetime
        .and_then(|life| life.first_seen)
        .or(body.first_seen);
    Some(Issue {
        recurrence,
        title: PlainText::new(&body.title),
        place: PlainText::new(&body.culprit),
        events: count(here.count),
        users: count(here.users),
        first_seen: first_seen.as_deref().and_then(instant),
        link: body
            .permalink
            .filter(|link| link.starts_with("https://") || link.starts_with("http://"))
            .map(PlainText::from),
        id: PlainText::new(&body.id),
    })
}
