//! `haltline wait`: for pipelines. Waits until a rollout has come somewhere, and tells how it went; never changes anything.
//!
//! Follows the watcher, as `status` does. A stop (halt, pause, hold, or something that a person has to decide) ends it, unless
//! `--on-halt wait`. A gate that is shut does not, not even one that wants a person's approval: somebody may give it. Nobody watching
//! does not either, but is told at once. Its time is the wall's, as that of the pipeline.

mod github;
mod junit;
mod markdown;
mod report;
#[cfg(test)]
mod tests;
pub(super) mod verdict;

use std::path::Path;

use chrono::TimeDelta;

use super::args::{OnHalt, WaitArgs};
use super::exit::Exit;
use super::eyes::Eyes;
use super::{attach, say, signals};
use crate::api::wire::WatcherState;
use crate::api::{AppSnapshot, Snapshot};
use crate::config::Surroundings;
use crate::ports::{Clock as _, WallClock};

use github::{GitHub, Level};
use report::Report;
use verdict::{Awaited, Outcome};

/// How often it looks, on the wall.
const RHYTHM: TimeDelta = TimeDelta::seconds(1);

pub(super) async fn run(
    path: Option<&Path>,
    args: &WaitArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let reach = match attach::reach(path, around).await {
        Ok(reach) => reach,
        Err(exit) => return Ok(exit),
    };
    if let Err(exit) = reach.knows(&args.app.0).await? {
        return Ok(exit);
    }
    let github = GitHub::of(around);
    let deadline = WallClock.now() + args.timeout;
    let (mut eyes, mut teller) = (Eyes::of(reach).await?, Teller::new(github.is_some()));
    let mut awaited = Awaited::new(args.build.clone());
    let mut stop = std::pin::pin!(signals::stop());
    let mut interrupted = false;
    loop {
        let mut snapshot = eyes.look()?;
        snapshot.apps.retain(|app| app.id == args.app.0);
        let Some(app) = snapshot.apps.first() else {
            return Ok(Exit::Internal);
        };
        let watched = matches!(snapshot.watcher, WatcherState::Acting { .. });
        teller.tell(app, watched);
        let over = awaited.look(app, args.until).filter(|over| {
            let stop = matches!(over.outcome, Outcome::Halted | Outcome::Stopped);
            !stop || args.on_halt == OnHalt::Fail
        });
        let late = interrupted || WallClock.now() >= deadline;
        let over = over.or_else(|| late.then(|| awaited.cut_short(app, interrupted)));
        if let Some(over) = over {
            let report = Report {
                app,
                until: args.until,
                over: &over,
                watched,
            };
            return Ok(finish(&report, args, github.as_ref(), &snapshot));
        }
        let next = deadline.min(WallClock.now() + RHYTHM);
        tokio::select! {
            () = &mut stop, if !interrupted => interrupted = true,
            () = WallClock.sleep_until(next) => {}
        }
    }
}

/// Tells how it ended, in every form that was asked for.
fn finish(
    report: &Report<'_>,
    args: &WaitArgs,
    github: Option<&GitHub<'_>>,
    snapshot: &Snapshot,
) -> Exit {
    let summary = markdown::summary(report, snapshot.at);
    let files = [
        (&args.summary_file, summary.clone()),
        (&args.junit, junit::xml(report)),
    ];
    let mut exit = report.over.exit;
    for (path, text) in files {
        let Some(path) = path else { continue };
        if let Err(error) = std::fs::write(path, text) {
            say::err(&format!(
                "haltline: cannot write {}: {error}",
                path.display()
            ));
            // What the pipeline asked for is missing: it must not look like success.
            if exit == Exit::Fine {
                exit = Exit::Internal;
            }
        }
    }
    if args.json {
        say::json(&report.document());
    }
    let line = format!("{}: {}: {}", report.app.id, report.result(), report.why());
    say::err(&github::harmless(&line));
    if let Some(github) = github {
        github.tell(report, &summary);
    }
    exit
}

/// Tells on stderr how it goes, a line a change.
struct Teller {
    on_github: bool,
    told: Option<String>,
    nobody: bool,
    approval: bool,
}

impl Teller {
    fn new(on_github: bool) -> Self {
        Self {
            on_github,
            told: None,
            nobody: false,
            approval: false,
        }
    }

    fn tell(&mut self, app: &AppSnapshot, watched: bool) {
        if !watched && !self.nobody {
            self.loudly(
                Level::Warning,
                app,
                "nobody is watching: nothing moves until somebody does: haltline watch",
            );
        }
        self.nobody = !watched;
        let approval = verdict::approval_wanted(app);
        if approval && !self.approval {
            let how = format!(
                "the next gate wants a person: haltline approve {} --reason …",
                app.id
            );
            self.loudly(Level::Notice, app, &how);
        }
        self.approval = approval;
        let line = progress(app);
        if self.told.as_ref() != Some(&line) {
            say::err(&github::harmless(&line));
            self.told = Some(line);
        }
    }

    fn loudly(&self, level: Level, app: &AppSnapshot, what: &str) {
        if self.on_github {
            GitHub::annotate(level, &format!("haltline {}", app.id), what);
        } else {
            say::err(&format!("{}: {what}", app.id));
        }
    }
}

/// Where it stands, without the numbers that change at every look.
fn progress(app: &AppSnapshot) -> String {
    let release = app.release.as_ref().map_or_else(
        || "no release to watch".to_owned(),
        |release| {
            let status = release.status.word(app.store);
            format!("{} {status} at {}", app.version_name, release.exposure)
        },
    );
    let line = format!("{}: {release}: {}", app.id, app.health);
    let Some(gate) = &app.gate else {
        return line;
    };
    let wants = gate.wants.iter().filter(|want| want.met != Some(true));
    let wants: Vec<&str> = wants.map(|want| want.what.as_str()).collect();
    if gate.open {
        format!("{line}; the gate to {} is open", gate.next)
    } else {
        format!(
            "{line}; the gate to {} wants {}",
            gate.next,
            wants.join(", ")
        )
    }
}
