//! What a wait came to, for every form in which it is told.

use serde::Serialize;

use super::verdict::{Outcome, Over, Until};
use crate::api::AppSnapshot;
use crate::cli::words;
use crate::domain::execution::Phase;
use crate::domain::{AppId, Exposure, Health, PlainText, Status, StoreKind};
use crate::policy::{GateStatus, RuleStatus};

/// What a wait came to.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub app: &'a AppSnapshot,
    pub until: Until,
    pub over: &'a Over,
    /// A watcher was running at the end.
    pub watched: bool,
}

/// `haltline/wait/v1`
#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema: &'static str,
    app: &'a AppId,
    until: String,
    result: Outcome,
    exit: u8,
    why: PlainText,
    watched: bool,
    store: StoreKind,
    /// Of the release that is watched at the end; none where there is no release.
    build: Option<&'a PlainText>,
    version: &'a PlainText,
    status: Option<Status>,
    exposure: Option<Exposure>,
    phase: Option<Phase>,
    health: Health,
    sentence: String,
    /// haltline carries the stages out by itself.
    climbs: bool,
    policy: &'a PlainText,
    gate: Option<&'a GateStatus>,
    rules: &'a [RuleStatus],
}

impl<'a> Report<'a> {
    pub(super) fn document(&self) -> Document<'a> {
        let app = self.app;
        let release = app.release.as_ref();
        Document {
            schema: "haltline/wait/v1",
            app: &app.id,
            until: self.until.to_string(),
            result: self.over.outcome,
            exit: self.over.exit.code(),
            why: self.why(),
            watched: self.watched,
            store: app.store,
            build: release.map(|release| &release.version.build),
            version: &app.version_name,
            status: release.map(|release| release.status),
            exposure: release.map(|release| release.exposure),
            phase: app.execution.as_ref().map(|execution| execution.phase),
            health: app.health,
            sentence: words::sentence(app),
            climbs: app.climbs,
            policy: &app.policy,
            gate: app.gate.as_ref(),
            rules: &app.rules,
        }
    }

    pub(super) fn why(&self) -> PlainText {
        self.over.why.as_str().into()
    }

    /// `reached`, `timed out`
    pub(super) fn result(&self) -> &'static str {
        match self.over.outcome {
            Outcome::Reached => "reached",
            Outcome::Halted => "halted",
            Outcome::Stopped => "stopped",
            Outcome::Gone => "gone",
            Outcome::TimedOut => "timed out",
            Outcome::Interrupted => "interrupted",
        }
    }

    /// `8.43.0 (84300), in progress at 5%`
    pub(super) fn release(&self) -> String {
        self.app.release.as_ref().map_or_else(
            || "no release to watch".to_owned(),
            |release| {
                let status = release.status.word(self.app.store);
                format!(
                    "{}, {status} at {}",
                    self.app.version_name, release.exposure
                )
            },
        )
    }

    /// What the gate still wants: `soak 2h: 40 min so far`.
    pub(super) fn unmet(&self) -> Vec<String> {
        unmet(self.app)
    }
}

pub(super) fn unmet(app: &AppSnapshot) -> Vec<String> {
    let wants = app.gate.iter().flat_map(|gate| &gate.wants);
    wants
        .filter(|want| want.met != Some(true))
        .map(|want| format!("{}: {}", want.what, want.now))
        .collect()
}
