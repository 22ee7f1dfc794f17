//! Crashes and ANRs in groups: `errorIssues:search`, `errorReports:search`, and counts of reports by device and system.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::civil::interval;
use super::filter::Filter;
use super::measure::Values;
use super::page;
use super::query::Named;
use super::refusal::Refusal;
use super::{Pairs, Reporting};
use crate::domain::Timestamp;
use crate::simulator::dice;
use crate::simulator::scenario::{AppPlan, Ending, IssuePlan};

const SEARCH: [&str; 5] = ["interval.", "filter", "pageSize", "pageToken", "parent"];
/// Of an issue at most so many reports are kept apart: alike ones are one.
const REPORTS: u64 = 5;

/// Brand, device, name and API level of who reports, and of a hundred how many.
const DEVICES: [(&str, &str, &str, u32, u64); 4] = [
    ("google", "shiba", "Google Pixel 8", 35, 40),
    ("samsung", "a14", "Samsung Galaxy A14", 34, 30),
    ("Redmi", "tapas", "Redmi Note 12", 33, 20),
    ("motorola", "penang", "moto g53 5G", 31, 10),
];

/// One issue over the versions and the range that were asked for.
struct Found<'a> {
    id: String,
    plan: &'a IssuePlan,
    events: u64,
    users: u64,
    /// Version codes.
    first: u64,
    last: u64,
    last_seen: Timestamp,
}

fn id(app: &AppPlan, index: usize) -> String {
    format!("{:016x}", dice::key(0, &app.package, &index.to_string()))
}

fn kind(of: Ending) -> (&'static str, &'static str) {
    match of {
        Ending::Crash => ("CRASH", "CRASH"),
        Ending::Abnormal => ("ANR", "APPLICATION_NOT_RESPONDING"),
    }
}

fn found<'a>(
    reporting: &Reporting,
    app: &'a AppPlan,
    (from, to): (Timestamp, Timestamp),
    filter: &Filter,
) -> Vec<Found<'a>> {
    let world = &reporting.world;
    let mut all = BTreeMap::<usize, Found<'a>>::new();
    for (version, _) in world.versions(&app.id) {
        if !filter.admits("versionCode", &version.build) {
            continue;
        }
        let code = version.build.parse().unwrap_or(0);
        for count in world.issues(&app.id, &version.build, from, to) {
            let (Some(plan), Some(seen)) = (app.issues.get(count.index), count.last_seen) else {
                continue;
            };
            if !filter.admits("errorIssueType", kind(plan.of).0) {
                continue;
            }
            let found = all.entry(count.index).or_insert_with(|| Found {
                id: id(app, count.index),
                plan,
                events: 0,
                users: 0,
                first: code,
                last: code,
                last_seen: seen,
            });
            found.events += count.events;
            found.users += count.users;
            found.first = found.first.min(code);
            found.last = found.last.max(code);
            found.last_seen = found.last_seen.max(seen);
        }
    }
    all.into_values().collect()
}

/// `GET …/errorIssues:search`
pub(super) fn issues(
    reporting: &Reporting,
    app: &AppPlan,
    pairs: &Pairs,
) -> Result<Value, Refusal> {
    let mut known = SEARCH.to_vec();
    known.extend(["orderBy", "sampleErrorReportLimit"]);
    page::refuse_parameters(pairs, &known)?;
    let range = interval(pairs, reporting.world.now())?;
    let fields = ["versionCode", "errorIssueType", "isUserPerceived"];
    let filter = Filter::parse(page::parameter(pairs, "filter"), &fields)?;
    let mut all = found(reporting, app, range, &filter);
    let by = |it: &Found<'_>| match page::parameter(pairs, "orderBy") {
        "" | "errorReportCount desc" => Some(-it.events.cast_signed()),
        "errorReportCount asc" => Some(it.events.cast_signed()),
        "distinctUsers desc" => Some(-it.users.cast_signed()),
        "distinctUsers asc" => Some(it.users.cast_signed()),
        _ => None,
    };
    if all.iter().any(|it| by(it).is_none()) {
        return Err(Refusal::invalid("Invalid value at 'order_by'"));
    }
    all.sort_by_key(|it| (by(it), it.id.clone()));
    let everybody: u64 = all.iter().map(|it| it.users).sum();
    let (all, next) = page::of(pairs, 50, 1_000)?.cut(all);
    let told: Vec<Value> = all.iter().map(|it| it.json(app, everybody)).collect();
    Ok(listed("errorIssues", told, next))
}

impl Found<'_> {
    fn json(&self, app: &AppPlan, everybody: u64) -> Value {
        let (before, after) = self
            .plan
            .title
            .split_once(": ")
            .unwrap_or((&self.plan.title, ""));
        // Of a crash the exception alone, of an ANR what it was.
        let cause = match self.plan.of {
            Ending::Crash => before,
            Ending::Abnormal if after.is_empty() => before,
            Ending::Abnormal => after,
        };
        let percent = self.users as f64 / everybody.max(1) as f64;
        let package = &app.package;
        json!({
            "name": format!("apps/{package}/{}", self.id),
            "type": kind(self.plan.of).1,
            "cause": cause,
            "location": self.plan.place,
            "errorReportCount": self.events.to_string(),
            "distinctUsers": self.users.to_string(),
            "distinctUsersPercent": { "value": format!("{percent:.4}") },
            "firstAppVersion": { "versionCode": self.first.to_string() },
            "lastAppVersion": { "versionCode": self.last.to_string() },
            "firstOsVersion": { "apiLevel": "31" },
            "lastOsVersion": { "apiLevel": "35" },
            "lastErrorReportTime": hour(self.last_seen),
            "issueUri": format!("https://play.google.com/console/developers/app/{package}/vitals/crashes/{}/details", self.id),
        })
    }
}

/// `GET …/errorReports:search`
pub(super) fn reports(
    reporting: &Reporting,
    app: &AppPlan,
    pairs: &Pairs,
) -> Result<Value, Refusal> {
    page::refuse_parameters(pairs, &SEARCH)?;
    let range = interval(pairs, reporting.world.now())?;
    let fields = [
        "versionCode",
        "errorIssueType",
        "errorIssueId",
        "isUserPerceived",
    ];
    let filter = Filter::parse(page::parameter(pairs, "filter"), &fields)?;
    let mut told = Vec::new();
    for (index, plan) in app.issues.iter().enumerate() {
        let issue = id(app, index);
        if !filter.admits("errorIssueId", &issue) {
            continue;
        }
        let found = found(reporting, app, range, &filter);
        let Some(found) = found.iter().find(|it| it.id == issue) else {
            continue;
        };
        let frames = reporting.world.stack(&app.id, index);
        let frames: Vec<String> = frames.iter().map(|it| format!("  at {it}")).collect();
        let text = match plan.of {
            Ending::Crash => format!("Exception {}:\n{}\n", plan.title, frames.join("\n")),
            Ending::Abnormal => {
                format!(
                    "{}\n\"main\" tid=1 Native\n{}\n",
                    plan.title,
                    frames.join("\n")
                )
            }
        };
        let devices = DEVICES.iter().cycle().zip(0..found.events.min(REPORTS));
        told.extend(devices.map(|((brand, device, name, level, _), n)| {
            json!({
                "name": format!("apps/{}/{issue}{n:02x}", app.package),
                "type": kind(plan.of).1,
                "issue": format!("apps/{}/{issue}", app.package),
                "reportText": text,
                "eventTime": hour(found.last_seen),
                "appVersion": { "versionCode": found.last.to_string() },
                "osVersion": { "apiLevel": level.to_string() },
                "deviceModel": {
                    "marketingName": name,
                    "deviceId": { "buildBrand": brand, "buildDevice": device },
                },
            })
        }));
    }
    let (told, next) = page::of(pairs, 50, 100)?.cut(told);
    Ok(listed("errorReports", told, next))
}

/// Rows of the error counts in one window.
pub(super) fn counted(
    reporting: &Reporting,
    app: &AppPlan,
    range: (Timestamp, Timestamp),
    dimensions: &[&'static str],
    filter: &Filter,
) -> Vec<(Values, Named)> {
    let mut sums = BTreeMap::<Values, (u64, u64)>::new();
    for (version, _) in reporting.world.versions(&app.id) {
        let code = &version.build;
        for count in reporting.world.issues(&app.id, code, range.0, range.1) {
            let Some(plan) = app.issues.get(count.index).filter(|_| count.events > 0) else {
                continue;
            };
            for (brand, device, _, level, share) in DEVICES {
                let value = |name: &str| match name {
                    "versionCode" => code.clone(),
                    "issueId" => id(app, count.index),
                    "reportType" => kind(plan.of).1.to_owned(),
                    "deviceModel" => format!("{brand}/{device}"),
                    _ => level.to_string(),
                };
                let names = [
                    "versionCode",
                    "issueId",
                    "reportType",
                    "deviceModel",
                    "apiLevel",
                ];
                if names.iter().any(|name| !filter.admits(name, &value(name))) {
                    continue;
                }
                let values = dimensions.iter().map(|name| (*name, value(name))).collect();
                let sum = sums.entry(values).or_default();
                sum.0 += count.events * share;
                sum.1 += count.users * share;
            }
        }
    }
    let whole = |hundredths: u64| (hundredths + 50) / 100;
    let told = sums
        .into_iter()
        .filter(|(_, (events, _))| whole(*events) > 0);
    told.map(|(values, (events, users))| {
        let named = vec![
            ("errorReportCount", whole(events).to_string()),
            ("distinctUsers", whole(users).to_string()),
        ];
        (values, named)
    })
    .collect()
}

/// A list as Google writes it: nothing where there is nothing.
pub(super) fn listed(name: &str, told: Vec<Value>, next: Option<String>) -> Value {
    let mut body = serde_json::Map::new();
    if !told.is_empty() {
        body.insert(name.to_owned(), told.into());
    }
    body.extend(next.map(|token| ("nextPageToken".to_owned(), token.into())));
    body.into()
}

/// The start of the hour of an event.
fn hour(seen: Timestamp) -> String {
    seen.format("%Y-%m-%dT%H:00:00Z").to_string()
}
