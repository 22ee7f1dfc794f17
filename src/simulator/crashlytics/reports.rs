//! `GET …/reports/{report}`: groups by version, issue, device or operating system, most events first, in pages.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::params::{Grain, Params};
use super::refusal::Refusal;
use super::versions::{self, put};
use super::{Crashlytics, PROJECT, issues};
use crate::domain::Timestamp;
use crate::simulator::scenario::AppPlan;

/// Name, title, and what there is to know of it.
const REPORTS: [(&str, &str, &str); 5] = [
    (
        "topVersions",
        "Top Versions",
        "Counts of events by app version, most events first.",
    ),
    (
        "topIssues",
        "Top Issues",
        "Counts of events by issue, most events first.",
    ),
    (
        "topOperatingSystems",
        "Top Operating Systems",
        "Counts of events by operating system, with its versions.",
    ),
    (
        "topAndroidDevices",
        "Top Android Devices",
        "Counts of events by device model.",
    ),
    (
        "topAppleDevices",
        "Top Apple Devices",
        "Counts of events by device model.",
    ),
];

fn name(app: &str, report: &str) -> String {
    format!("projects/{PROJECT}/apps/{app}/reports/{report}")
}

pub(super) fn list(app: &str) -> Value {
    let reports = REPORTS.map(|(report, title, usage)| {
        json!({"name": name(app, report), "displayName": title, "usage": usage})
    });
    json!({ "reports": reports })
}

/// A group and its events.
type Counted = (u64, Value);

pub(super) fn get(
    it: &Crashlytics,
    app: &AppPlan,
    report: &str,
    params: &Params,
) -> Result<Value, Refusal> {
    let known = REPORTS.iter().find(|(known, _, _)| *known == report);
    let Some((_, title, usage)) = known else {
        return Err(Refusal::not_found("Requested entity was not found."));
    };
    params.check()?;
    let now = it.world.now();
    let range = params.interval(now)?;
    let intervals = versions::intervals(it, params.grain()?, range)?;
    let mut groups = match report {
        "topVersions" => versions::wanted(it, app, params)
            .iter()
            .filter_map(|version| versions::group(it, app, version, params, &intervals))
            .collect(),
        "topIssues" => issues::groups(it, app, params, range),
        _ if params.grain()? != Grain::Whole => {
            let why = "The requested granularity is not supported for this report.";
            return Err(Refusal::invalid(why));
        }
        "topOperatingSystems" => systems(it, app, params, range),
        _ => devices(it, app, params, range),
    };
    groups.sort_by_key(|(events, _)| std::cmp::Reverse(*events));
    let total = groups.len();
    let (offset, size) = params.page(now, it.server.page)?;
    let page = groups.into_iter().skip(offset).take(size);
    let mut out = json!({
        "name": name(&super::application(app), report),
        "displayName": title,
        "usage": usage,
        "totalSize": total,
        "groups": page.map(|(_, group)| group).collect::<Vec<_>>(),
    });
    let next = offset.saturating_add(size);
    if let (Some(out), true) = (out.as_object_mut(), next < total) {
        out.insert("nextPageToken".into(), params.token(next, now).into());
    }
    Ok(out)
}

/// Events in the range by what a kind of stratum says of who met them; those of one issue are spread as all are.
fn by_stratum(
    it: &Crashlytics,
    app: &AppPlan,
    params: &Params,
    (from, to): (Timestamp, Timestamp),
    kind: &str,
    usual: &str,
) -> Vec<(String, u64)> {
    let mut sums = BTreeMap::<String, u64>::new();
    for version in versions::wanted(it, app, params) {
        let span = (from, to.min(it.through()));
        for part in it.world.parted(&app.id, &version.build, span) {
            let name = part.stratum.get(kind).map_or(usual, String::as_str);
            *sums.entry(name.to_owned()).or_default() += versions::events(&part.cell, params);
        }
    }
    let all: u64 = sums.values().sum();
    let wanted = match params.one("filter.issue.id") {
        Some(id) => issues::events_of(it, app, params, (from, to), id),
        None => all,
    };
    let spread = |events: u64| (events * wanted).div_ceil(all.max(1));
    sums.into_iter()
        .map(|(name, events)| (name, spread(events)))
        .filter(|(_, events)| *events > 0)
        .collect()
}

fn counted(events: u64, (from, to): (Timestamp, Timestamp)) -> Value {
    let mut out = serde_json::Map::new();
    out.insert("startTime".into(), versions::wire(from));
    out.insert("endTime".into(), versions::wire(to));
    put(&mut out, "eventsCount", events);
    json!([out])
}

/// One group a system, and in it one a version.
fn systems(
    it: &Crashlytics,
    app: &AppPlan,
    params: &Params,
    range: (Timestamp, Timestamp),
) -> Vec<Counted> {
    let system = match app.store {
        crate::domain::StoreKind::GooglePlay => "Android",
        crate::domain::StoreKind::AppStore => "iOS",
    };
    let versions = by_stratum(it, app, params, range, "os", "16");
    let all: u64 = versions.iter().map(|(_, events)| events).sum();
    let named = |name: &str, version: Option<&str>| match version {
        Some(version) => {
            json!({"os": name, "displayVersion": version, "displayName": format!("{name} ({version})")})
        }
        None => json!({"os": name, "displayName": name}),
    };
    let group = |(version, events): &(String, u64)| json!({"operatingSystem": named(system, Some(version)), "metrics": counted(*events, range)});
    let subgroups: Vec<Value> = versions.iter().map(group).collect();
    if all == 0 {
        return Vec::new();
    }
    let group = json!({
        "operatingSystem": named(system, None),
        "metrics": counted(all, range),
        "subgroups": subgroups,
    });
    vec![(all, group)]
}

/// One model stands for each tier of devices.
fn devices(
    it: &Crashlytics,
    app: &AppPlan,
    params: &Params,
    range: (Timestamp, Timestamp),
) -> Vec<Counted> {
    let android = app.store == crate::domain::StoreKind::GooglePlay;
    let tiers = by_stratum(it, app, params, range, "device", "high");
    let group = |(tier, events): (String, u64)| {
        let (maker, model, marketing) = match (android, tier.as_str()) {
            (true, "low") => ("samsung", "SM-A145F", "Galaxy A14"),
            (true, "mid") => ("samsung", "SM-A546B", "Galaxy A54 5G"),
            (true, _) => ("Google", "Pixel 8", "Pixel 8"),
            (false, "low") => ("Apple", "iPhone12,8", "iPhone SE"),
            (false, "mid") => ("Apple", "iPhone13,2", "iPhone 12"),
            (false, _) => ("Apple", "iPhone16,1", "iPhone 15 Pro"),
        };
        let device = json!({
            "manufacturer": maker,
            "companyName": maker,
            "model": model,
            "marketingName": marketing,
            "displayName": format!("{maker} ({model})"),
            "formFactor": "PHONE",
        });
        (
            events,
            json!({"device": device, "metrics": counted(events, range)}),
        )
    };
    tiers.into_iter().map(group).collect()
}
