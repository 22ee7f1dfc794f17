//! What is known of one issue beyond its counts: a recent stack, devices, systems. Asked when somebody looks at it.

use std::collections::BTreeMap;

use crate::domain::{IssueDetail, PlainText};
use crate::ports::IssueQuery;

use super::Crashlytics;
use super::api::Params;
use super::error::CrashlyticsError;
use super::issues::titled;
use super::versions::{LOOK_BACK, of, range};
use super::wire::{Event, Frame, Group, Trace, instant};

impl Crashlytics {
    /// The issue must be there; each of the other three may be missing. Devices and systems are those of the version where
    /// its display name is known from a poll, of all versions else.
    pub(super) async fn detail(&self, query: &IssueQuery) -> Result<IssueDetail, CrashlyticsError> {
        let body = self.api.issue(query.id.as_str()).await?;
        let (title, _place) = titled(&body);
        let mut detail = IssueDetail {
            title,
            last_seen: instant(&body.last_seen_time),
            link: body.link().map(PlainText::from),
            ..IssueDetail::default()
        };
        if !body.sample_event.is_empty()
            && let Ok(events) = self.api.events(&[&body.sample_event]).await
        {
            let event = events.events.into_iter().next().unwrap_or_default();
            detail.last_seen = detail.last_seen.or(instant(&event.time));
            detail.stack = stack(&event);
        }
        let names = self.memory().names.get(&query.version.key()).cloned();
        let mut params: Params = range((query.now - LOOK_BACK, query.now));
        params.extend(of(&names.unwrap_or_default()));
        params.push(("filter.issue.id", query.id.as_str().to_owned()));
        let devices = if query.version.name.is_some() {
            "topAppleDevices"
        } else {
            "topAndroidDevices"
        };
        if let Ok(groups) = self.api.report(devices, &params).await {
            detail.devices = most(&groups.all, |group| {
                let device = group.device.as_ref()?;
                let names = [&device.marketing_name, &device.display_name];
                names.into_iter().find(|name| !name.is_empty())
            });
        }
        if let Ok(groups) = self.api.report("topOperatingSystems", &params).await {
            detail.os_versions = most(&groups.all, |group| {
                let name = &group.operating_system.as_ref()?.display_name;
                Some(name).filter(|name| !name.is_empty())
            });
        }
        Ok(detail)
    }
}

/// The leaves of nested groups by name, most events first.
fn most<'a>(
    groups: &'a [Group],
    name: impl Fn(&'a Group) -> Option<&'a String>,
) -> Vec<(PlainText, u64)> {
    let mut sums = BTreeMap::<&str, u64>::new();
    let mut left: Vec<&Group> = groups.iter().collect();
    while let Some(group) = left.pop() {
        if !group.subgroups.is_empty() {
            left.extend(&group.subgroups);
        } else if let Some(name) = name(group) {
            let events = group.metrics.iter().filter_map(|m| m.events_count.0);
            *sums.entry(name).or_default() += events.sum::<u64>();
        }
    }
    let mut rows: Vec<(PlainText, u64)> = sums
        .into_iter()
        .map(|(name, events)| (name.into(), events))
        .collect();
    rows.sort_by_key(|(_, events)| std::cmp::Reverse(*events));
    rows.truncate(IssueDetail::MOST_ROWS);
    rows
}

/// The frames at fault: of the exception, error or thread that Crashlytics blames, else of the one that crashed, else of the
/// first; else the one frame that it blames.
fn stack(event: &Event) -> Vec<PlainText> {
    let traces = || {
        let all = event.exceptions.iter().chain(&event.errors);
        all.chain(&event.threads)
            .filter(|trace| !trace.frames.is_empty())
    };
    let at_fault: Option<&Trace> = traces()
        .find(|trace| trace.blamed)
        .or_else(|| traces().find(|trace| trace.crashed))
        .or_else(|| traces().next());
    let frames: Vec<&Frame> = match at_fault {
        Some(trace) => trace.frames.iter().collect(),
        None => event.blame_frame.iter().collect(),
    };
    let shown = frames.into_iter().take(IssueDetail::MOST_FRAMES);
    shown.map(|frame| words(frame).into()).collect()
}

/// `symbol (file:line)`, as far as there is of it.
fn words(frame: &Frame) -> String {
    let symbol = match (frame.symbol.as_str(), frame.library.as_str()) {
        ("", "") => "?",
        ("", library) => library,
        (symbol, _) => symbol,
    };
    match (frame.file.as_str(), frame.line.0) {
        ("", _) => symbol.to_owned(),
        (file, Some(line)) => format!("{symbol} ({file}:{line})"),
        (file, None) => format!("{symbol} ({file})"),
    }
}
