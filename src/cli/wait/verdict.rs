//! Whether a wait is over, and with which exit code. Pure: looks at one picture at a time.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::api::AppSnapshot;
use crate::api::wire::WaitingView;
use crate::cli::exit::{self, Exit};
use crate::domain::execution::Phase;
use crate::domain::rollout::ReleaseView;
use crate::domain::{Exposure, Health, PlainText, Status, Target, Version};
use crate::policy::WantKind;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Until {
    /// Offered to at least so many.
    Stage(Exposure),
    Completed,
    Healthy,
}

impl FromStr for Until {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        match (raw, raw.strip_prefix("stage=")) {
            ("completed", _) => Ok(Self::Completed),
            ("healthy", _) => Ok(Self::Healthy),
            (_, Some(share)) => match share.parse() {
                Ok(Exposure::NONE) => Err("a stage of 0% is reached by every release".into()),
                Ok(share) => Ok(Self::Stage(share)),
                Err(error) => Err(error.to_string()),
            },
            _ => Err("write stage=25%, completed or healthy".into()),
        }
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(share) => write!(f, "stage={share}"),
            Self::Completed => f.write_str("completed"),
            Self::Healthy => f.write_str("healthy"),
        }
    }
}

/// How a wait ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    Reached,
    Halted,
    /// Paused, held, or a person has to decide something.
    Stopped,
    /// The release has been replaced, or is gone from the store.
    Gone,
    TimedOut,
    /// Somebody ended the wait; the rollout goes on.
    Interrupted,
}

/// That it is over, and why in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Over {
    pub outcome: Outcome,
    pub exit: Exit,
    pub why: String,
}

impl Over {
    fn new(outcome: Outcome, exit: Exit, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { outcome, exit, why }
    }
}

/// The release that a wait is about.
#[derive(Clone, Debug)]
pub(super) struct Awaited {
    which: Which,
    /// It has been the one watched.
    seen: bool,
}

#[derive(Clone, Debug)]
enum Which {
    /// The first that is known: one that somebody has started, one that waits beside a completed one, else the one watched.
    First,
    /// By its version code, its build number, or its version on the App Store.
    Named(PlainText),
    Known(Version),
}

impl Awaited {
    pub(super) fn new(named: Option<PlainText>) -> Self {
        let which = named.map_or(Which::First, Which::Named);
        Self { which, seen: false }
    }

    /// The release, where it is the one watched.
    fn find<'a>(&mut self, app: &'a AppSnapshot) -> Option<&'a ReleaseView> {
        if let Which::First = self.which {
            self.which = Which::Known(first(app)?);
        }
        let watched = app.release.as_ref();
        let here = watched.filter(|release| {
            std::iter::once(&release.version)
                .chain(&release.also)
                .any(|version| self.is(version))
        });
        self.seen |= here.is_some();
        here
    }

    fn is(&self, version: &Version) -> bool {
        match &self.which {
            Which::First => false,
            Which::Known(known) => known == version,
            Which::Named(name) => {
                version.build == *name
                    || version.name.as_ref() == Some(name)
                    || version.key() == name.as_str()
            }
        }
    }

    /// Looks whether it is over.
    pub(super) fn look(&mut self, app: &AppSnapshot, until: Until) -> Option<Over> {
        match self.find(app) {
            Some(release) => running(app, release, until),
            None => self.replaced(app),
        }
    }

    fn replaced(&self, app: &AppSnapshot) -> Option<Over> {
        let why = match &app.release {
            Some(release) if self.seen || self.is_before(&release.version) => {
                format!("it has been replaced by {}", app.version_name)
            }
            None if self.seen && app.store_failure.is_none() => {
                "it is gone from the store".to_owned()
            }
            _ => return None,
        };
        Some(Over::new(Outcome::Gone, Exit::Refused, why))
    }

    /// It can never come any more: version codes only rise. Build numbers may begin anew with each version.
    fn is_before(&self, watched: &Version) -> bool {
        let awaited = match &self.which {
            Which::First => return false,
            Which::Known(known) => known.clone(),
            Which::Named(name) => Version::from_code(name),
        };
        let codes = [&awaited, watched].map(|version| {
            let code = version.build.as_str().parse::<u64>().ok();
            code.filter(|_code| version.name.is_none())
        });
        matches!(codes, [Some(awaited), Some(watched)] if watched > awaited)
    }

    /// Where a wait stands whose time is up, or that somebody ended.
    pub(super) fn cut_short(&mut self, app: &AppSnapshot, interrupted: bool) -> Over {
        if interrupted {
            let why = "the wait was ended; the rollout goes on";
            return Over::new(Outcome::Interrupted, Exit::TimedOut, why);
        }
        let late = |exit, why: &str| Over::new(Outcome::TimedOut, exit, why);
        let id = &app.id;
        match (self.find(app), &app.waiting) {
            (None, Some(waiting)) => late(Exit::Waiting, &unbegun(app, waiting)),
            (None, None) => late(Exit::TimedOut, "the release has not been seen yet"),
            (Some(_), _) => match exit::of_app(app) {
                Exit::Fine if approval_wanted(app) => {
                    let why = format!("it waits for a person: haltline approve {id} --reason …");
                    late(Exit::Waiting, &why)
                }
                Exit::Fine => late(Exit::TimedOut, "the time is up; the rollout is still fine"),
                Exit::Unknown => late(Exit::Unknown, "the time is up, and its health is unknown"),
                exit => late(
                    exit,
                    &stop(app).map_or_else(|| "an act is under way".to_owned(), |over| over.why),
                ),
            },
        }
    }
}

fn first(app: &AppSnapshot) -> Option<Version> {
    let waiting = app.waiting.as_ref();
    let started = waiting.filter(|waiting| waiting.asked_by.is_some());
    let watched = app.release.as_ref();
    let running = watched.filter(|release| release.status != Status::Completed);
    let release = started
        .map(|waiting| &waiting.release)
        .or(running)
        .or(waiting.map(|waiting| &waiting.release))
        .or(watched);
    release.map(|release| release.version.clone())
}

/// What a release that waits to be begun waits for.
fn unbegun(app: &AppSnapshot, waiting: &WaitingView) -> String {
    let (id, version) = (&app.id, &waiting.release.version);
    if waiting.asked_by.is_none() {
        return format!("{version} waits for somebody to begin it: haltline start {id} --reason …");
    }
    let wants = waiting.gate.iter().flat_map(|gate| &gate.wants);
    let unmet: Vec<&str> = wants
        .filter(|want| want.met != Some(true))
        .map(|want| want.what.as_str())
        .collect();
    format!("{version} waits to be begun: {}", unmet.join(", "))
}

/// The next gate wants a person.
pub(super) fn approval_wanted(app: &AppSnapshot) -> bool {
    app.gate.as_ref().is_some_and(|gate| {
        let asks =
            |want: &crate::policy::Want| want.kind == WantKind::Approval && want.met != Some(true);
        gate.wants.iter().any(asks)
    })
}

fn running(app: &AppSnapshot, release: &ReleaseView, until: Until) -> Option<Over> {
    let stopping = app
        .desire
        .as_ref()
        .is_some_and(|desire| desire.target == Target::Stopped);
    let served = matches!(release.status, Status::InProgress | Status::Completed);
    let there = match until {
        Until::Stage(share) => release.status == Status::Completed || release.exposure >= share,
        Until::Completed => release.status == Status::Completed,
        Until::Healthy => app.health == Health::Healthy,
    };
    if served && there && !stopping && !app.latched && app.health != Health::Breached {
        let why = match until {
            Until::Healthy => "it is healthy".to_owned(),
            _ if release.status == Status::Completed => "everybody gets it".to_owned(),
            _ => format!("it has reached {}", release.exposure),
        };
        return Some(Over::new(Outcome::Reached, Exit::Fine, why));
    }
    stop(app)
}

/// What keeps it from going on by itself: a stop, a hold, or something that a person has to decide. While an act is under way, and
/// where a gate holds that may open again, nothing does.
pub(super) fn stop(app: &AppSnapshot) -> Option<Over> {
    let stopped = |why: String| Some(Over::new(Outcome::Stopped, Exit::Waiting, why));
    if app.desire.as_ref().is_some_and(|desire| !desire.failed) {
        return None;
    }
    let release = app.release.as_ref()?;
    let phase = app.execution.as_ref().map(|execution| execution.phase);
    match (release.status, &app.hold, &app.needs_person) {
        (Status::Stopped, ..) if app.latched => Some(Over::new(
            Outcome::Halted,
            Exit::Halted,
            format!("it is halted at {}", release.exposure),
        )),
        (_, Some(actor), _) => stopped(format!("it is held by {actor}")),
        (Status::Stopped, None, _) if phase == Some(Phase::Holding) => None,
        (Status::Stopped, None, _) => stopped(format!("it is paused at {}", release.exposure)),
        (_, None, Some(why)) => stopped(format!("a person is needed: {why}")),
        _ => None,
    }
}
