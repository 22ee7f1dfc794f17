//! `haltline doctor`: every credential tried, each missing right named by the verbs that need it; and what the terminal at
//! hand does to the screen.

mod terminal;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::args::JsonArgs;
use super::exit::Exit;
use super::{compose, load, say};
use crate::config::{ChannelKind, Config, Surroundings};
use crate::domain::PlainText;
use crate::journal::{Access, SqliteJournal};
use crate::ports::{AccessCheck, Clock};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    checks: Vec<Line>,
    /// About the terminal; they fail nothing.
    notes: Vec<String>,
}

/// One right, and whether it is there.
#[derive(Serialize)]
pub(super) struct Line {
    subject: PlainText,
    right: PlainText,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<PlainText>,
}

pub(super) async fn run(
    path: Option<&Path>,
    args: &JsonArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let lines = look(&config, &clock).await?;
    let exit = exit(&lines);
    let notes = terminal::notes(around);
    if args.json {
        say::json(&Document {
            schema: "haltline/doctor/v1",
            checks: lines,
            notes,
        });
    } else {
        show(&lines);
        for note in notes {
            say::out(&format!("note     terminal: {note}"));
        }
    }
    Ok(exit)
}

/// Tries everything.
pub(super) async fn look(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Vec<Line>> {
    let mut lines = vec![journal_line(&config.watcher.state)];
    for app in compose::apps(config, clock)? {
        let store = app.store.kind().name();
        lines.extend(
            app.store
                .access()
                .await
                .into_iter()
                .map(|check| line(&format!("{}: {store}", app.id), check)),
        );
        for watched in &app.sources {
            let subject = format!("{}: {}", app.id, watched.source.id());
            lines.extend(
                watched
                    .source
                    .access()
                    .await
                    .into_iter()
                    .map(|check| line(&subject, check)),
            );
        }
    }
    lines.extend(channels(config, clock)?);
    lines.extend(on_call(config, clock).await?);
    Ok(lines)
}

/// The channels to people, without a word to anybody: what can be known of them is whether their secrets are there.
fn channels(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Vec<Line>> {
    let made = compose::channels(config, clock)?;
    let lines = made.iter().zip(&config.channels).map(|(made, channel)| {
        let problem = match &channel.kind {
            ChannelKind::Unusable { why, .. } => Some(why.to_string().into()),
            _ => None,
        };
        Line {
            subject: format!("tell: {}", channel.name).into(),
            right: made.describe().into(),
            ok: problem.is_none(),
            problem,
        }
    });
    Ok(lines.collect())
}

/// Who is on call, where somebody is to be asked.
async fn on_call(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Line>> {
    let asked = compose::asked(config, clock).await?;
    Ok(asked.map(|answer| {
        let (right, problem) = match answer {
            Ok(Some(who)) => (who, None),
            Ok(None) => ("nobody, at this time".into(), None),
            Err(failure) => ("who it is".into(), Some(failure.to_string().into())),
        };
        Line {
            subject: "on call".into(),
            right,
            ok: problem.is_none(),
            problem,
        }
    }))
}

/// For people, on stdout.
pub(super) fn show(lines: &[Line]) {
    for line in lines {
        let mark = if line.ok { "ok     " } else { "MISSING" };
        let problem = line
            .problem
            .as_ref()
            .map(|problem| format!("\n         {problem}"))
            .unwrap_or_default();
        say::out(&format!(
            "{mark}  {}: {}{problem}",
            line.subject, line.right
        ));
    }
}

pub(super) fn exit(lines: &[Line]) -> Exit {
    if lines.iter().all(|line| line.ok) {
        Exit::Fine
    } else {
        Exit::Credentials
    }
}

fn line(subject: &str, check: AccessCheck) -> Line {
    let problem = check.result.err().map(|failure| failure.to_string().into());
    Line {
        subject: subject.into(),
        right: check.right,
        ok: problem.is_none(),
        problem,
    }
}

fn journal_line(state: &Path) -> Line {
    let problem = journal_problem(state);
    Line {
        subject: "journal".into(),
        right: state.display().to_string().into(),
        ok: problem.is_none(),
        problem,
    }
}

/// Why the journal cannot be used, where there is one and it cannot.
pub(super) fn journal_problem(state: &Path) -> Option<PlainText> {
    let opened = SqliteJournal::exists(state).then(|| SqliteJournal::open(state, Access::ReadOnly));
    let error = opened.and_then(Result::err)?;
    Some(error.to_string().into())
}
