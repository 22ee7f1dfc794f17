//! The crashes and ANRs of the version watched: which, how many, new or not; and what is known of one of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::domain::{Issue, IssueDetail, PlainText, Recurrence, Timestamp};
use crate::ports::IssueQuery;

use super::PlayVitals;
use super::api::{Api, Question};
use super::error::VitalsError;
use super::known::codes;
use super::poll::About;
use super::rows::Owners;
use super::strata::android;
use super::time::Period;
use super::wire::{IssueBody, ReportBody};

const LIMIT: u32 = 25;
/// Issues of all versions in which those of the version are looked for; the API's own maximum.
const ALL_LIMIT: u32 = 1000;
/// How far back a version before may have had an issue.
const MEMORY: TimeDelta = TimeDelta::days(28);
const KINDS: &str = "(errorIssueType = CRASH OR errorIssueType = ANR)";
const COUNTS: &str = "errorCountMetricSet";

/// The version's issues since `since`, most users first.
///
/// Google does not say whether an issue is new: it names the first version that had it, of those asked for in the time asked
/// for. So the same is asked again of all versions over four weeks.
pub(super) async fn top(
    api: &Api,
    about: &About,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Issue>, VitalsError> {
    let until = Period::Hours.ceil(now);
    let filter = format!("{} AND {KINDS}", codes(about.codes()));
    let range = (Period::Hours.floor(since), until);
    let found = api.issues(&filter, range, LIMIT).await?.error_issues;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let range = (Period::Hours.floor(now - MEMORY), until);
    let all = api.issues(KINDS, range, ALL_LIMIT).await?.error_issues;
    let own: BTreeSet<&str> = about.codes().map(String::as_str).collect();
    let began_here: BTreeSet<&str> = all
        .iter()
        .filter(|issue| own.contains(issue.first_app_version.version_code.0.to_string().as_str()))
        .map(|issue| issue.name.as_str())
        .collect();
    let mut issues: Vec<Issue> = found
        .iter()
        .map(|body| {
            // One that is not among the thousand biggest was not seen to begin here, and is not called new.
            let recurrence = if began_here.contains(body.name.as_str()) {
                Recurrence::New
            } else {
                Recurrence::Recurring
            };
            issue(body, recurrence)
        })
        .collect();
    issues.sort_by(|a, b| {
        (b.users, b.events)
            .cmp(&(a.users, a.events))
            .then_with(|| a.id.cmp(&b.id))
    });
    Ok(issues)
}

fn issue(body: &IssueBody, recurrence: Recurrence) -> Issue {
    let id = body.name.rsplit('/').next().unwrap_or_default();
    let title = match body.r#type.as_str() {
        "APPLICATION_NOT_RESPONDING" => format!("ANR: {}", body.cause),
        _ => body.cause.clone(),
    };
    let link = Some(&body.issue_uri).filter(|link| link.starts_with("https://"));
    Issue {
        id: id.into(),
        title: title.into(),
        place: PlainText::new(&body.location),
        recurrence,
        events: body.error_report_count.count(),
        users: body.distinct_users.count(),
        first_seen: None,
        link: link.map(|link| PlainText::new(link)),
        told_by: Vec::new(),
    }
}

impl PlayVitals {
    /// A recent report of an issue, and by device and OS version how many there were.
    pub(super) async fn detail(&self, query: &IssueQuery) -> Result<IssueDetail, VitalsError> {
        let own = query.also.iter().chain([&query.version]);
        let own = own.map(|version| (version.build.to_string(), query.version.key()));
        let about = About {
            new: query.version.key(),
            owners: own.collect::<Owners>(),
        };
        let id = query.id.as_str();
        let of_version = codes(about.codes());
        let range = (
            Period::Hours.floor(query.now - MEMORY),
            Period::Hours.ceil(query.now),
        );
        let filter = format!("errorIssueId = {id} AND {of_version}");
        let mut reports = self.api.reports(&filter, range).await?.error_reports;
        reports.sort_by(|a, b| b.event_time.cmp(&a.event_time));
        let latest = reports.first();
        let told = self
            .memory()
            .issues
            .iter()
            .find(|it| it.id == query.id)
            .cloned();
        let text = latest.map_or("", |report| report.report_text.as_str());
        let title = told.as_ref().map(|issue| issue.title.clone());
        let title = title.unwrap_or_else(|| text.lines().next().unwrap_or_default().into());
        let counted = self.counted(id, &of_version, range.0).await;
        let (devices, os_versions) = match counted {
            Ok(counts) if !counts.0.is_empty() => counts,
            // Counts are a day late and more; the reports themselves are not.
            _ => tallied(&reports),
        };
        Ok(IssueDetail {
            title,
            stack: stack(text),
            devices: most(devices),
            os_versions: most(os_versions),
            last_seen: latest.and_then(|report| report.event_time.parse().ok()),
            link: told.and_then(|issue| issue.link),
        })
    }

    /// Reports by device model, and by release of Android, as far as they have been counted.
    async fn counted(
        &self,
        id: &str,
        of_version: &str,
        since: Timestamp,
    ) -> Result<(Counted, Counted), VitalsError> {
        let offered = self.api.freshness(COUNTS).await?;
        let days = offered.iter().find(|fresh| fresh.period == Period::Days);
        let mut both = [Counted::new(), Counted::new()];
        let Some(days) = days else {
            return Ok(Default::default());
        };
        for (dimension, counted) in ["deviceModel", "apiLevel"].into_iter().zip(&mut both) {
            let question = Question {
                dimensions: &["reportType", dimension],
                metrics: &["errorReportCount"],
                filter: &format!("issueId = {id} AND {of_version}"),
                from: days.period.floor(since),
                to: days,
            };
            for row in self.api.query(COUNTS, &question).await?.all {
                let value = row.dimension(dimension);
                let name = match (dimension, value.parse()) {
                    ("apiLevel", Ok(level)) => android(level),
                    _ => value,
                };
                let reports = row.metric("errorReportCount").unwrap_or(0.0);
                *counted.entry(name).or_default() += reports.round() as u64;
            }
        }
        let [devices, systems] = both;
        Ok((devices, systems))
    }
}

type Counted = BTreeMap<String, u64>;

fn tallied(reports: &[ReportBody]) -> (Counted, Counted) {
    let (mut devices, mut systems) = (Counted::new(), Counted::new());
    for report in reports {
        let device = &report.device_model;
        let name = match device.marketing_name.as_str() {
            "" => format!(
                "{}/{}",
                device.device_id.build_brand, device.device_id.build_device
            ),
            name => name.to_owned(),
        };
        *devices.entry(name).or_default() += 1;
        if let Ok(level) = u32::try_from(report.os_version.api_level.0) {
            *systems.entry(android(level)).or_default() += 1;
        }
    }
    (devices, systems)
}

fn most(counted: Counted) -> Vec<(PlainText, u64)> {
    let mut rows: Vec<_> = counted.into_iter().filter(|(_, n)| *n > 0).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    rows.truncate(IssueDetail::MOST_ROWS);
    rows.into_iter().map(|(name, n)| (name.into(), n)).collect()
}

/// The frames of a report's text: Java's `at …`, native code's `#00 pc …`. A text in which none is recognised is told line by
/// line: its form is not promised.
fn stack(text: &str) -> Vec<PlainText> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let frame = |line: &str| {
        let java = line.strip_prefix("at ");
        let native = line.strip_prefix('#').map(|_| line);
        java.or(native).map(PlainText::new)
    };
    let frames: Vec<PlainText> = lines()
        .filter_map(frame)
        .take(IssueDetail::MOST_FRAMES)
        .collect();
    if frames.is_empty() {
        return lines()
            .map(PlainText::new)
            .take(IssueDetail::MOST_FRAMES)
            .collect();
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_java_and_of_native_code() {
        let frames =
            |text: &str| -> Vec<String> { stack(text).iter().map(ToString::to_string).collect() };
        let java = "Exception java.lang.NullPointerException:\n  at com.example.A.b (A.kt:76)\n  at com.example.C.d (C.kt:1)\nCaused by x";
        assert_eq!(
            frames(java),
            ["com.example.A.b (A.kt:76)", "com.example.C.d (C.kt:1)"]
        );
        let native = "*** ***\nbacktrace:\n  #00  pc 0x0000000000089b2c  libc.so (abort+164)";
        assert_eq!(
            frames(native),
            ["#00 pc 0x0000000000089b2c libc.so (abort+164)"]
        );
        assert_eq!(
            frames("what is this\n\nno stack"),
            ["what is this", "no stack"]
        );
        assert!(frames("").is_empty());
    }
}
