//! `GET …/issues/`: crash groups, counted over the range, over all time, and over what the query matches.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::params::{Params, Term, search};
use super::reply::{Page, Refusal};
use super::{FIRST_PROJECT, ORGANIZATION, Sentry};
use crate::domain::{Recurrence, Timestamp};
use crate::simulator::scenario::{AppPlan, Ending, IssuePlan, VersionPlan};
use crate::simulator::world::{HISTORY, IssueCount};

pub(super) const FIRST_ISSUE: u64 = 6_700_000;
const MAX_LIMIT: usize = 100;
/// An issue is new for so long.
const NEW_FOR: TimeDelta = TimeDelta::days(7);

/// How an SDK names a release unless told otherwise.
pub(super) fn release(app: &AppPlan, version: &VersionPlan) -> String {
    format!("{}@{}+{}", app.package, version.name, version.build)
}

/// The issue of an id: its project, its app and its place in the plan.
pub(super) fn of_id<'a>(sentry: &'a Sentry, id: &str) -> Option<(u64, &'a AppPlan, usize)> {
    let number = id.parse::<u64>().ok()?.checked_sub(FIRST_ISSUE)?;
    let place = usize::try_from(number / 1000).ok()?;
    let app = sentry.world.apps().get(place)?;
    let index = usize::try_from(number % 1000).ok()?;
    Some((FIRST_PROJECT + number / 1000, app, index))
}

/// Counts of an issue over some versions.
#[derive(Clone, Copy, Default)]
struct Counts {
    events: u64,
    users: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Counts {
    fn add(&mut self, count: &IssueCount) {
        if count.events > 0 {
            self.events += count.events;
            self.users += count.users;
            self.first = [self.first, count.first_seen].into_iter().flatten().min();
            self.last = self.last.max(count.last_seen);
        }
    }

    fn json(&self) -> Value {
        json!({
            "count": self.events.to_string(),
            "userCount": self.users,
            "firstSeen": self.first.map(wire),
            "lastSeen": self.last.map(wire),
            "stats": {},
        })
    }
}

struct Found {
    id: u64,
    project: u64,
    short: String,
    plan: IssuePlan,
    slug: String,
    window: Counts,
    filtered: Counts,
    lifetime: Counts,
}

pub(super) fn answer(sentry: &Sentry, params: &Params) -> Result<Page, Refusal> {
    let now = sentry.now();
    let (start, end) = params.range(now, TimeDelta::days(14))?;
    let query = params.one("query").unwrap_or("is:unresolved");
    let terms = search(query)?;
    if let Some(term) = terms.iter().find(|term| !is_known(term)) {
        return Err(Refusal::bad(format!("Invalid search filter: {}", term.key)));
    }
    let mut found = Vec::new();
    if params.is_production() {
        for (place, (number, app)) in (0_u64..).zip(params.projects(sentry)?) {
            collect(sentry, app, &terms, (start, end), &mut found, number, place);
        }
    }
    sort(&mut found, params.one("sort").unwrap_or("date"))?;

    let offset = params.offset()?;
    let size = params
        .number("limit")?
        .unwrap_or(MAX_LIMIT)
        .clamp(1, MAX_LIMIT);
    let hits = found.len();
    let page = found.iter().skip(offset).take(size);
    let body = page
        .map(|issue| issue.json(now, !query.is_empty()))
        .collect();
    Ok(Page {
        body: Value::Array(body),
        question: params.question(),
        offset,
        size,
        more: hits > offset.saturating_add(size),
        hits: Some(hits),
    })
}

fn is_known(term: &Term) -> bool {
    matches!(
        term.key.as_str(),
        "release" | "firstRelease" | "error.unhandled" | "is"
    )
}

fn collect(
    sentry: &Sentry,
    app: &AppPlan,
    terms: &[Term],
    (start, end): (Timestamp, Timestamp),
    found: &mut Vec<Found>,
    project: u64,
    place: u64,
) {
    let world = &sentry.world;
    let versions = world.versions(&app.id);
    let admits = |key: &str, value: &str| {
        terms
            .iter()
            .filter(|t| t.key == key)
            .all(|t| t.admits(value))
    };
    let counts = |from, to| -> Vec<(String, Vec<IssueCount>)> {
        let of = |(version, _): &(VersionPlan, Timestamp)| {
            (
                release(app, version),
                world.issues(&app.id, &version.build, from, to),
            )
        };
        versions.iter().map(of).collect()
    };
    let window = counts(start, end);
    let lifetime = counts(world.start() - HISTORY, world.now());
    for (index, plan) in app.issues.iter().enumerate() {
        let sum = |of: &[(String, Vec<IssueCount>)], wanted: &dyn Fn(&str) -> bool| {
            let mut sum = Counts::default();
            for (_, counts) in of.iter().filter(|(release, _)| wanted(release)) {
                counts
                    .iter()
                    .filter(|c| c.index == index)
                    .for_each(|c| sum.add(c));
            }
            sum
        };
        let filtered = sum(&window, &|release| admits("release", release));
        let unhandled = admits("error.unhandled", "true") || admits("error.unhandled", "1");
        let first = first_release(&lifetime, index, plan.kind);
        let first = first.is_some_and(|release| admits("firstRelease", release));
        let is = terms
            .iter()
            .filter(|t| t.key == "is")
            .all(|t| match plan.kind {
                Recurrence::Regressed => t.admits("unresolved") || t.admits("regressed"),
                Recurrence::New => t.admits("unresolved") || t.admits("new"),
                Recurrence::Recurring => t.admits("unresolved") || t.admits("ongoing"),
            });
        if filtered.events > 0 && unhandled && first && is {
            found.push(Found {
                id: FIRST_ISSUE + place * 1000 + index as u64,
                project,
                short: format!("{}-{}", app.id.as_str().to_uppercase(), index + 1),
                plan: plan.clone(),
                slug: app.id.to_string(),
                window: sum(&window, &|_| true),
                filtered,
                lifetime: sum(&lifetime, &|_| true),
            });
        }
    }
}

/// The release that an issue was first seen in: for one that is not new that is the oldest one.
fn first_release(
    lifetime: &[(String, Vec<IssueCount>)],
    index: usize,
    kind: Recurrence,
) -> Option<&str> {
    if kind != Recurrence::New {
        return lifetime.first().map(|(release, _)| release.as_str());
    }
    let firsts = lifetime.iter().filter_map(|(release, counts)| {
        let count = counts.iter().find(|c| c.index == index && c.events > 0)?;
        Some((count.first_seen?, release.as_str()))
    });
    firsts
        .min_by_key(|(first, _)| *first)
        .map(|(_, release)| release)
}

fn sort(found: &mut [Found], by: &str) -> Result<(), Refusal> {
    let key = |issue: &Found| {
        let counts = &issue.filtered;
        let seen = |at: Option<Timestamp>| at.map_or(0, |at| at.timestamp());
        Some(match by {
            "date" => seen(counts.last),
            "new" => seen(issue.lifetime.first),
            "user" => counts.users.cast_signed(),
            "freq" | "trends" | "inbox" | "recommended" => counts.events.cast_signed(),
            _ => return None,
        })
    };
    if found.iter().any(|issue| key(issue).is_none()) {
        return Err(Refusal::bad("Invalid sort parameter."));
    }
    found.sort_by_key(|issue| (std::cmp::Reverse(key(issue)), issue.id));
    Ok(())
}

impl Found {
    fn json(&self, now: Timestamp, asked: bool) -> Value {
        let plan = &self.plan;
        let (kind, value) = plan.title.split_once(": ").unwrap_or((&plan.title, ""));
        let young = self
            .lifetime
            .first
            .is_some_and(|first| now - first < NEW_FOR);
        let substatus = match plan.kind {
            Recurrence::New if young => "new",
            Recurrence::Regressed => "regressed",
            _ => "ongoing",
        };
        json!({
            "id": self.id.to_string(),
            "shareId": null,
            "shortId": self.short,
            "title": plan.title,
            "culprit": plan.place,
            "permalink": format!("https://{ORGANIZATION}.sentry.io/issues/{}/", self.id),
            "logger": null,
            "level": if plan.of == Ending::Crash { "fatal" } else { "error" },
            "status": "unresolved",
            "statusDetails": {},
            "substatus": substatus,
            "isPublic": false,
            "platform": "native",
            "project": {"id": self.project.to_string(), "slug": self.slug, "name": self.slug, "platform": null},
            "type": "error",
            "metadata": {"type": kind, "value": value},
            "numComments": 0,
            "isBookmarked": false,
            "isSubscribed": false,
            "hasSeen": false,
            "annotations": [],
            "isUnhandled": true,
            "count": self.window.events.to_string(),
            "userCount": self.window.users,
            "firstSeen": self.lifetime.first.map(wire),
            "lastSeen": self.lifetime.last.map(wire),
            "stats": {},
            "lifetime": self.lifetime.json(),
            // Without a query there is nothing that it could have matched.
            "filtered": asked.then(|| self.filtered.json()),
        })
    }
}

pub(super) fn wire(t: Timestamp) -> String {
    t.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
