//! `haltline config check | schema | example`: what is wrong with a config, its schema, and one to begin with.
//!
//! Writes to what it is given; the exit code is made of the [`Outcome`] by the caller.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::config::{
    self, ChannelKind, Config, Loaded, Outcome, Problem, Report, StoreConfig, Surroundings,
};
use crate::domain::{PlainText, Urgency};

/// How `check` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people, with colours where `styled`.
    Text { styled: bool },
    /// One JSON document, `haltline/config-check/v1`.
    Json,
}

/// Checks the config at `path` with the credentials that it names, and says what it found.
pub fn check(
    path: &Path,
    around: &Surroundings,
    form: Form,
    out: &mut impl Write,
) -> io::Result<Outcome> {
    let loaded = config::load(path, around);
    match form {
        Form::Text { styled } => text(&loaded, styled, out)?,
        Form::Json => json(&loaded, out)?,
    }
    Ok(loaded.outcome())
}

/// Everything that is wrong, as people read it: also what any other command shows of a config that it cannot use.
pub fn problems(loaded: &Loaded, styled: bool, out: &mut impl Write) -> io::Result<()> {
    shown(&loaded.report, styled, out)
}

/// The same of any report.
pub(super) fn shown(report: &Report, styled: bool, out: &mut impl Write) -> io::Result<()> {
    for problem in report.errors().chain(report.warnings()) {
        writeln!(out, "{}\n", report.render(problem, styled))?;
    }
    Ok(())
}

/// The JSON schema of the file.
pub fn schema(out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &config::schema::schema())?;
    writeln!(out)
}

/// The documented example, or the one of a person's `screen.toml`.
pub fn example(screen: bool, out: &mut impl Write) -> io::Result<()> {
    let text = if screen {
        config::SCREEN_EXAMPLE
    } else {
        config::EXAMPLE
    };
    out.write_all(text.as_bytes())
}

fn text(loaded: &Loaded, styled: bool, out: &mut impl Write) -> io::Result<()> {
    problems(loaded, styled, out)?;
    let report = &loaded.report;
    if let Some(config) = &loaded.config {
        for app in &config.apps {
            let mode = if app.advise { ", advises only" } else { "" };
            let (store, policy) = (app.store.kind().name(), &app.policy.name);
            writeln!(out, "{} ({store}): policy {policy}{mode}", app.id)?;
            for found in loaded
                .credentials
                .iter()
                .filter(|one| one.app.as_ref() == Some(&app.id))
            {
                let how = if found.by_convention {
                    ", found by convention"
                } else {
                    ""
                };
                writeln!(out, "  {}: {}{how}", found.for_what, found.origin)?;
            }
        }
        told_on(config, loaded, out)?;
        let state = config.watcher.state.display().to_string();
        writeln!(out, "journal: {}", PlainText::from(state))?;
    }
    let errors = counted(report.errors().count(), "error");
    let warnings = counted(report.warnings().count(), "warning");
    let verdict = match loaded.outcome() {
        Outcome::Fine => "fine",
        Outcome::BadConfig => "the config must change",
        Outcome::BadCredentials => "the config is fine, its credentials are not",
    };
    let path = PlainText::from(report.path().display().to_string());
    writeln!(out, "{path}: {verdict} ({errors}, {warnings})")
}

/// Who is told, and that nobody is woken where that is so.
fn told_on(config: &Config, loaded: &Loaded, out: &mut impl Write) -> io::Result<()> {
    if config.channels.len() == 1 {
        writeln!(
            out,
            "told: the log alone; nobody is woken until there is a [[notify]]"
        )?;
    } else {
        for channel in channels(config) {
            writeln!(out, "told: {}", in_words(&channel))?;
        }
    }
    for found in loaded.credentials.iter().filter(|one| one.app.is_none()) {
        writeln!(out, "  {}: {}", found.for_what, found.origin)?;
    }
    Ok(())
}

fn in_words(channel: &Channel<'_>) -> String {
    let urgency = match channel.urgency {
        Urgency::Info => "everything",
        Urgency::Warning => "warnings and pages",
        Urgency::Page => "pages",
    };
    let Channel { name, kind, .. } = channel;
    let kind = if name == kind {
        String::new()
    } else {
        format!(" ({kind})")
    };
    match channel.level {
        0 => format!("{name}{kind}: {urgency}"),
        level => format!("{name}{kind}: {urgency}, from escalation {level} on"),
    }
}

pub(super) fn counted(n: usize, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {what}{s}")
}

#[derive(Serialize)]
struct Answer<'a> {
    schema: &'static str,
    path: String,
    ok: bool,
    problems: Vec<Told<'a>>,
    apps: Vec<App<'a>>,
    channels: Vec<Channel<'a>>,
    /// Of channels, and of who is on call.
    credentials: Vec<Credential<'a>>,
    /// Folder of the journal.
    state: String,
}

#[derive(Serialize)]
pub(super) struct Told<'a> {
    severity: &'static str,
    /// `config` or `credentials`
    kind: &'static str,
    line: Option<usize>,
    column: Option<usize>,
    what: &'a str,
    help: &'a str,
    app: Option<&'a str>,
}

#[derive(Serialize)]
struct App<'a> {
    id: &'a str,
    store: crate::domain::StoreKind,
    policy: &'a str,
    policy_hash: &'a str,
    advise: bool,
    /// Whether its store can be asked; where not, a problem says why.
    usable: bool,
    credentials: Vec<Credential<'a>>,
}

#[derive(Serialize)]
struct Channel<'a> {
    name: &'a str,
    kind: &'static str,
    /// The least urgent that it gets.
    urgency: Urgency,
    level: u32,
    /// Whether its secrets could be had; where not, a problem says why.
    usable: bool,
}

#[derive(Serialize)]
struct Credential<'a> {
    r#for: &'a str,
    origin: &'a str,
    by_convention: bool,
}

fn json(loaded: &Loaded, out: &mut impl Write) -> io::Result<()> {
    let report = &loaded.report;
    let apps = loaded.config.iter().flat_map(|config| &config.apps);
    let answer = Answer {
        schema: "haltline/config-check/v1",
        path: report.path().display().to_string(),
        ok: loaded.outcome() == Outcome::Fine,
        problems: report.errors().chain(report.warnings()).map(told).collect(),
        apps: apps
            .map(|app| App {
                id: app.id.as_str(),
                store: app.store.kind(),
                policy: app.policy.name.as_str(),
                policy_hash: &app.policy.hash,
                advise: app.advise,
                usable: !matches!(app.store, StoreConfig::Unusable { .. }),
                credentials: credentials(loaded, Some(app.id.as_str())),
            })
            .collect(),
        channels: loaded.config.iter().flat_map(channels).collect(),
        credentials: credentials(loaded, None),
        state: loaded.state.display().to_string(),
    };
    serde_json::to_writer(&mut *out, &answer)?;
    writeln!(out)
}

/// How each is reached, with what it wants to hear.
fn channels(config: &Config) -> impl Iterator<Item = Channel<'_>> {
    let each = config.channels.iter().zip(&config.telling.channels);
    each.map(|(reached, wants)| Channel {
        name: reached.name.as_str(),
        kind: reached.kind.word(),
        urgency: wants.least,
        level: wants.level,
        usable: !matches!(reached.kind, ChannelKind::Unusable { .. }),
    })
}

pub(super) fn told(problem: &Problem) -> Told<'_> {
    Told {
        severity: problem.severity.word(),
        kind: match problem.kind {
            config::Kind::Config => "config",
            config::Kind::Credentials => "credentials",
        },
        line: problem.place.map(|place| place.line),
        column: problem.place.map(|place| place.column),
        what: problem.what.as_str(),
        help: problem.help.as_str(),
        app: problem.app.as_ref().map(crate::domain::AppId::as_str),
    }
}

fn credentials<'a>(loaded: &'a Loaded, app: Option<&str>) -> Vec<Credential<'a>> {
    let of_app = loaded
        .credentials
        .iter()
        .filter(|found| found.app.as_ref().map(crate::domain::AppId::as_str) == app);
    of_app
        .map(|found| Credential {
            r#for: found.for_what,
            origin: found.origin.as_str(),
            by_convention: found.by_convention,
        })
        .collect()
}
