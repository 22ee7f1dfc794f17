//! Top errors of the version watched, and more of one.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Issue, IssueDetail, PlainText, Recurrence, Version};
use crate::ports::{HealthQuery, IssueQuery};

use super::Bugsnag;
use super::error::BugsnagError;
use super::wire::{ErrorBody, FrameBody};

const MOST: usize = 25;
/// Builds of one release that are asked about.
const MOST_BUILDS: usize = 3;

impl Bugsnag {
    /// Most users first. Several builds of one release may share users: the largest number of them stands.
    pub(super) async fn top(&self, query: &HealthQuery) -> Result<Vec<Issue>, BugsnagError> {
        let dashboard = self.dashboard().await;
        let (mut found, mut new) = (BTreeMap::<PlainText, ErrorBody>::new(), BTreeSet::new());
        let builds = std::iter::once(&query.version).chain(&query.also);
        for build in builds.take(MOST_BUILDS) {
            for error in self.errors_of(build, "seen_in").await? {
                match found.get_mut(&error.id) {
                    Some(known) => {
                        let sum = known.events.unwrap_or(0) + error.events.unwrap_or(0);
                        known.events = Some(sum);
                        known.users = known.users.max(error.users);
                    }
                    None => drop(found.insert(error.id.clone(), error)),
                }
            }
            let introduced = self.errors_of(build, "introduced_in").await?;
            new.extend(introduced.into_iter().map(|error| error.id));
        }
        let mut issues: Vec<Issue> = found
            .into_values()
            .map(|error| issue(error, &new, dashboard.as_ref()))
            .collect();
        issues.sort_by(|a, b| b.users.cmp(&a.users).then(b.events.cmp(&a.events)));
        issues.truncate(MOST);
        Ok(issues)
    }

    /// What was handled is a warning unless the app says otherwise.
    async fn errors_of(&self, build: &Version, how: &str) -> Result<Vec<ErrorBody>, BugsnagError> {
        let (field, value) = match &build.name {
            None => (format!("version_code.{how}"), build.build.as_str()),
            Some(name) => (format!("version.{how}"), name.as_str()),
        };
        let filters = [
            ("app.release_stage", self.stage.as_str()),
            ("event.severity", "error"),
            (field.as_str(), value),
        ];
        self.api.errors(&filters, MOST).await
    }

    /// Asked once; a link is not worth a failed poll.
    async fn dashboard(&self) -> Option<PlainText> {
        let known = self.memory().dashboard.clone();
        if let Some(known) = known {
            return Some(known).filter(|at| !at.is_empty());
        }
        let url = self.api.project().await.ok()?.html_url;
        let url = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        let url = url.map(|url| PlainText::new(url.trim_end_matches('/')));
        self.memory().dashboard = Some(url.clone().unwrap_or_default());
        url
    }

    pub(super) async fn detail(&self, query: &IssueQuery) -> Result<IssueDetail, BugsnagError> {
        let event = self.api.latest_event(query.id.as_str()).await?;
        let dashboard = self.dashboard().await;
        let exception = event.exceptions.first();
        let frames = exception.map_or(&[] as &[_], |it| it.stacktrace.as_slice());
        Ok(IssueDetail {
            title: exception
                .map_or_else(PlainText::default, |it| title(&it.error_class, &it.message)),
            stack: frames
                .iter()
                .take(IssueDetail::MOST_FRAMES)
                .map(frame)
                .collect(),
            last_seen: event.received_at,
            link: dashboard.map(|at| link(&at, &query.id)),
            ..IssueDetail::default()
        })
    }
}

/// Bugsnag has no word for what was fixed and is back.
fn issue(error: ErrorBody, new: &BTreeSet<PlainText>, dashboard: Option<&PlainText>) -> Issue {
    Issue {
        title: title(&error.error_class, &error.message),
        place: error.context,
        recurrence: if new.contains(&error.id) {
            Recurrence::New
        } else {
            Recurrence::Recurring
        },
        events: error.events.unwrap_or(0),
        users: error.users.unwrap_or(0),
        first_seen: error.first_seen_unfiltered,
        link: dashboard.map(|at| link(at, &error.id)),
        told_by: Vec::new(),
        id: error.id,
    }
}

fn link(dashboard: &PlainText, id: &PlainText) -> PlainText {
    format!("{dashboard}/errors/{id}").into()
}

fn title(class: &PlainText, message: &PlainText) -> PlainText {
    if message.is_empty() {
        class.clone()
    } else {
        format!("{class}: {message}").into()
    }
}

fn frame(frame: &FrameBody) -> PlainText {
    let place = match frame.line_number {
        Some(line) => format!("{}:{line}", frame.file),
        None => frame.file.clone(),
    };
    match (frame.method.as_str(), place.as_str()) {
        (method, "") => method.into(),
        ("", place) => place.into(),
        (method, place) => format!("{method} ({place})").into(),
    }
}
