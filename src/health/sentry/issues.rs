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
    let new = match listed {
        0 => None,
        _ => first_seen_in(api, &of_release, (from, to)).await?,
    };
    let mut issues: Vec<Issue> = bodies
        .into_iter()
        .filter_map(|body| issue(body, new.as_ref()))
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

/// Ids of the issues that began in these releases; `None` where the server does not take the question.
async fn first_seen_in(
    api: &Api,
    of_release: &str,
    (from, to): (Timestamp, Timestamp),
) -> Result<Option<BTreeSet<String>>, SentryError> {
    // `firstRelease` takes the same values as `release`.
    let first = of_release.replacen("release:", "firstRelease:", 1);
    match api.issues(&ask(&first, from, to, NEW_LIMIT)).await {
        Ok(bodies) => Ok(Some(bodies.into_iter().map(|issue| issue.id).collect())),
        Err(error) if error.is_bad_request() => Ok(None),
        Err(error) => Err(error),
    }
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
fn issue(body: IssueBody, new: Option<&BTreeSet<String>>) -> Option<Issue> {
    let here = body.filtered?;
    let count = |number: Number| number.count().unwrap_or(0);
    let recurrence = match (new, body.substatus.as_deref()) {
        (Some(new), _) if new.contains(&body.id) => Recurrence::New,
        // For a week after it was first seen, in whatever release.
        (None, Some("new")) => Recurrence::New,
        (_, Some("regressed")) => Recurrence::Regressed,
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
        told_by: Vec::new(),
    })
}
