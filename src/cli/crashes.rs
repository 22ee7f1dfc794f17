//! `haltline crashes`: the crashes of the version watched, and more of one of them from whoever tells of it.

use std::path::Path;

use super::args::CrashesArgs;
use super::attach::{self, Reach};
use super::exit::Exit;
use super::{house, say};
use crate::api::AppSnapshot;
use crate::api::remote::Line;
use crate::config::Surroundings;
use crate::domain::{AppId, Failure, FailureKind, Issue, IssueDetail, Recurrence, SourceId};
use crate::policy::figures::count;
use crate::watcher::Watcher;

pub(super) async fn run(
    path: Option<&Path>,
    args: &CrashesArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let reach = match attach::reach(path, around).await {
        Ok(reach) => reach,
        Err(exit) => return Ok(exit),
    };
    let snapshot = match reach.picture_with(&args.app.0).await? {
        Ok(snapshot) => snapshot,
        Err(exit) => return Ok(exit),
    };
    let Some(app) = snapshot.apps.iter().find(|app| app.id == args.app.0) else {
        return Ok(Exit::Internal);
    };
    let Some(number) = args.number else {
        list(app, args.json);
        return Ok(Exit::Fine);
    };
    let Some(issue) = number.checked_sub(1).and_then(|n| app.issues.get(n)) else {
        say::err(&format!(
            "haltline: {} has no crash {number}: haltline crashes {} lists {}",
            app.id,
            app.id,
            app.issues.len()
        ));
        return Ok(Exit::Usage);
    };
    let asked = match &reach {
        Reach::Socket(line) => Asked::Watcher(line),
        Reach::Journal(config, clock) => Asked::Sources(Box::new(house::look(config, clock)?)),
    };
    match ask(&asked, &app.id, issue).await {
        Ok((source, detail)) => {
            show(issue, &source, &detail, args.json);
            Ok(Exit::Fine)
        }
        Err(failure) => {
            say::err(&format!("haltline: {failure}"));
            Ok(match failure.kind {
                FailureKind::Credentials | FailureKind::Rights => Exit::Credentials,
                _ => Exit::Unknown,
            })
        }
    }
}

/// Who is asked for more.
enum Asked<'a> {
    /// The watcher, which asks its sources.
    Watcher(&'a Line),
    Sources(Box<Watcher>),
}

/// The first of those who tell of the crash that says more.
async fn ask(
    asked: &Asked<'_>,
    app: &AppId,
    issue: &Issue,
) -> Result<(SourceId, IssueDetail), Failure> {
    let mut last = Failure::new(FailureKind::NotFound, "no source says where it comes from");
    for told in &issue.told_by {
        let (source, id) = (&told.source, told.id.clone());
        let detail = match asked {
            Asked::Watcher(line) => line.issue(app, source, &id).await,
            Asked::Sources(watcher) => watcher.details(app, source, id).await,
        };
        match detail {
            Ok(detail) => return Ok((told.source.clone(), detail)),
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

fn word(recurrence: Recurrence) -> &'static str {
    match recurrence {
        Recurrence::New => "NEW",
        Recurrence::Regressed => "REGRESSED",
        Recurrence::Recurring => "recurring",
    }
}

fn list(app: &AppSnapshot, json: bool) {
    if json {
        say::json(&serde_json::json!({
            "schema": "haltline/crashes/v1",
            "app": app.id,
            "version": app.version_name,
            "crashes": app.issues,
        }));
        return;
    }
    if app.issues.is_empty() {
        say::out(&format!("no crash of {} is known", app.version_name));
    }
    for (n, issue) in app.issues.iter().enumerate() {
        let place = match issue.place.as_str() {
            "" => String::new(),
            place => format!(" · {place}"),
        };
        let sources: Vec<&str> = issue
            .told_by
            .iter()
            .map(|told| told.source.0.as_str())
            .collect();
        say::out(&format!(
            "{:>3}  {:<9}  {} users  {} events  {}{place}  [{}]",
            n + 1,
            word(issue.recurrence),
            count(issue.users),
            count(issue.events),
            issue.title,
            sources.join(", "),
        ));
    }
}

fn show(issue: &Issue, source: &SourceId, detail: &IssueDetail, json: bool) {
    if json {
        say::json(&serde_json::json!({
            "schema": "haltline/crash/v1",
            "crash": issue,
            "source": source,
            "detail": detail,
        }));
        return;
    }
    say::out(&format!("{}  {}", word(issue.recurrence), issue.title));
    for told in &issue.told_by {
        let link = told
            .link
            .as_ref()
            .map_or_else(String::new, |link| format!("  {link}"));
        say::out(&format!(
            "{}: {} users, {} events{link}",
            told.source,
            count(told.users),
            count(told.events)
        ));
    }
    for frame in &detail.stack {
        say::out(&format!("    at {frame}"));
    }
    for (name, rows) in [
        ("devices", &detail.devices),
        ("systems", &detail.os_versions),
    ] {
        let rows: Vec<String> = rows
            .iter()
            .map(|(what, n)| format!("{what} {}", count(*n)))
            .collect();
        if !rows.is_empty() {
            say::out(&format!("{name}: {}", rows.join(", ")));
        }
    }
    if let Some(link) = &detail.link {
        say::out(&format!("{source}: {link}"));
    }
}
