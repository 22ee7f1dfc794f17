//! `GET …/anomalies`: what has become unexpectedly worse, by version. How Google finds them is not known; here a version is
//! one on a day on which three times as many of its users crashed as of all users in the week before.

use serde_json::{Value, json};

use super::civil::Period;
use super::errors::listed;
use super::measure::{self, Sum};
use super::page;
use super::refusal::Refusal;
use super::sets::Set;
use super::{Pairs, Reporting, freshness};
use crate::domain::Timestamp;
use crate::simulator::scenario::AppPlan;

const TIMES: f64 = 3.0;
/// Days that are looked at.
const DAYS: usize = 7;

pub(super) fn list(reporting: &Reporting, app: &AppPlan, pairs: &Pairs) -> Result<Value, Refusal> {
    page::refuse_parameters(pairs, &["filter", "pageSize", "pageToken"])?;
    let (from, to) = active(page::parameter(pairs, "filter"))?;
    let day = Period::Daily;
    let mut end = freshness::end(reporting, app, day);
    let mut found = Vec::new();
    for _ in 0..DAYS {
        let start = day.before(end);
        if from.is_none_or(|from| end > from) && to.is_none_or(|to| start < to) {
            found.extend(of_day(reporting, app, start));
        }
        end = start;
    }
    let (found, next) = page::of(pairs, 50, 100)?.cut(found);
    Ok(listed("anomalies", found, next))
}

fn of_day(reporting: &Reporting, app: &AppPlan, start: Timestamp) -> Vec<Value> {
    let day = Period::Daily;
    let mut before = start;
    (0..DAYS).for_each(|_| before = day.before(before));
    let world = &reporting.world;
    let versions = world.versions(&app.id);
    let rate = |sum: &Sum, length| {
        let told = sum.metrics(Set::Crash, length)?;
        let (_, rate) = told
            .into_iter()
            .find(|(name, _)| *name == "userPerceivedCrashRate")?;
        rate.parse::<f64>().ok()
    };
    let sum = |build: &str, range| {
        let sums = measure::sums(world, app, build, range, &[], false);
        sums.into_values().next().unwrap_or_default()
    };
    let mut week = Sum::default();
    for (version, _) in &versions {
        week.add(&sum(&version.build, (before, start)));
    }
    // Over a week more users meet a crash than on a day: it is the days that are compared.
    let usual = rate(&week, start - before).map(|rate| rate / DAYS as f64);
    let Some(usual) = usual.filter(|usual| *usual > 0.0) else {
        return Vec::new();
    };
    let end = day.next(start);
    let bad = versions.iter().filter_map(|(version, _)| {
        let now = rate(&sum(&version.build, (start, end)), end - start)?;
        (now > TIMES * usual).then_some((version, now))
    });
    bad.map(|(version, now)| {
        json!({
            "name": format!("apps/{}/anomalies/{}-{}", app.package, version.build, start.format("%Y%m%d")),
            "metricSet": format!("apps/{}/{}", app.package, Set::Crash.resource()),
            "timelineSpec": {
                "aggregationPeriod": day.word(),
                "startTime": day.json(start),
                "endTime": day.json(end),
            },
            "dimensions": [{ "dimension": "versionCode", "int64Value": version.build, "valueLabel": version.build }],
            "metric": { "metric": "userPerceivedCrashRate", "decimalValue": { "value": now.to_string() } },
        })
    })
    .collect()
}

/// `activeBetween("2026-11-19T00:00:00Z", UNBOUNDED)`, or nothing.
fn active(filter: &str) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
    if filter.is_empty() {
        return Ok((None, None));
    }
    let bad = || Refusal::invalid("Invalid filter: activeBetween(startTime, endTime) is expected");
    let bound = |text: &str| match text.trim() {
        "UNBOUNDED" => Ok(None),
        text => text
            .trim_matches('"')
            .parse()
            .map(Some)
            .map_err(|_no_time| bad()),
    };
    let inner = filter.trim().strip_prefix("activeBetween(");
    let inner = inner
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(bad)?;
    let (from, to) = inner.split_once(',').ok_or_else(bad)?;
    Ok((bound(from)?, bound(to)?))
}
