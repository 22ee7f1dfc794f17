//! Who moves the rollout on, what its gate waits for, and what waits for a person: statements of the second line.

use super::format::moment;
use super::plan::{Statement, say};
use crate::api::AppSnapshot;
use crate::domain::execution::Phase;
use crate::domain::{Exposure, Status, StoreKind};
use crate::policy::{GateStatus, Want, WantKind};
use crate::tui::state::model::{Model, is_stopped};
use crate::tui::style::theme::Tone;

/// It is stopped by a gate alone: haltline goes on by itself once that is open.
pub(crate) fn is_held_by_gate(app: &AppSnapshot) -> bool {
    let phase = app.execution.as_ref().map(|execution| execution.phase);
    is_stopped(app) && phase == Some(Phase::Holding) && app.hold.is_none()
}

/// Where the rollout goes next, by stages or by Apple's days.
pub(crate) fn next_stage(app: &AppSnapshot) -> Option<Exposure> {
    let release = app.release.as_ref()?;
    let ahead = |stage: &&Exposure| **stage > release.exposure;
    app.stages.iter().find(ahead).copied()
}

/// What a person is waited for, most pressing first.
pub(crate) fn questions(model: &Model, app: &AppSnapshot) -> Vec<Statement> {
    let mut out = Vec::new();
    let key = model.keys.name("approve");
    if let Some(proposal) = &app.proposal {
        let text = format!("A SECOND PERSON IS WANTED: {proposal} ({key} agrees)");
        out.push(say(Tone::Warning, text));
    }
    let gate = gate_ahead(app);
    if let Some(gate) = gate.filter(|gate| waits_for_approval_alone(gate)) {
        let text = format!("waits for a person to approve {} ({key})", gate.next);
        out.push(say(Tone::Warning, text));
    }
    if let Some(why) = &app.stalled {
        out.push(say(Tone::Warning, format!("STALLED: {why}")));
    }
    if let Some(tier) = &app.tier {
        let text = format!("{}: {}", tier.name, tier.say);
        out.push(say(Tone::Warning, text));
    }
    for over in &app.overrides {
        let until = moment(over.until, model.now.watched);
        let text = format!("rule {} is overridden until {until}", over.rule);
        out.push(say(Tone::Warning, text));
    }
    out
}

/// What moves it on.
pub(crate) fn course(model: &Model, app: &AppSnapshot) -> Option<Statement> {
    if let Some(waiting) = app.waiting.as_ref().filter(|it| it.asked_by.is_some()) {
        let version = &waiting.release.version;
        let text = match waiting.gate.as_ref().and_then(unmet) {
            Some(what) => format!("{version} begins by itself once: {what}"),
            None => format!("{version} begins by itself"),
        };
        return Some(say(Tone::Plain, text));
    }
    let release = app.release.as_ref()?;
    if is_held_by_gate(app) {
        let what = app.gate.as_ref().and_then(unmet);
        let what = what.map_or_else(String::new, |what| format!(": {what}"));
        let text = format!(
            "held before Apple's daily step, goes on by itself once its gate is open{what}"
        );
        return Some(say(Tone::Stopped, text));
    }
    let next = next_stage(app)?;
    if release.status != Status::InProgress {
        return None;
    }
    if !app.climbs {
        let key = model.keys.name("start");
        let text = format!("people move it on ({key} lets haltline carry the stages out)");
        return Some(say(Tone::Plain, text));
    }
    let moves = match app.store {
        StoreKind::GooglePlay => format!("goes to {next} by itself once its gate is open"),
        StoreKind::AppStore => {
            format!("is paused before Apple's step to {next} unless its gate is open")
        }
    };
    // That a person is waited for is a question of its own.
    let gate = app
        .gate
        .as_ref()
        .filter(|gate| !waits_for_approval_alone(gate))?;
    let text = match unmet(gate) {
        Some(what) => format!("{moves}: {what}"),
        None => format!("{moves}: it is"),
    };
    Some(say(Tone::Plain, text))
}

/// The first thing that a gate waits for, and how many more.
fn unmet(gate: &GateStatus) -> Option<String> {
    let mut wants = gate.wants.iter().filter(|want| want.met != Some(true));
    let first = wants.next()?;
    let more = match wants.count() {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    Some(format!("{} ({}){more}", first.what, first.now))
}

fn gate_ahead(app: &AppSnapshot) -> Option<&GateStatus> {
    let waiting = app.waiting.as_ref().filter(|it| it.asked_by.is_some());
    waiting.map_or(app.gate.as_ref(), |waiting| waiting.gate.as_ref())
}

/// The stage whose gate an approval would be for, with what else it waits for.
pub(crate) fn to_approve(app: &AppSnapshot) -> Option<(Exposure, Vec<&Want>)> {
    let gate = gate_ahead(app)?;
    let wants = |want: &&Want| want.met != Some(true);
    let approval = gate.wants.iter().filter(wants);
    approval
        .clone()
        .any(|want| want.kind == WantKind::Approval)
        .then(|| {
            let others = approval.filter(|want| want.kind != WantKind::Approval);
            (gate.next, others.collect())
        })
}

fn waits_for_approval_alone(gate: &GateStatus) -> bool {
    let mut wants = gate.wants.iter().filter(|want| want.met != Some(true));
    let approval = |want: &Want| want.kind == WantKind::Approval;
    wants.clone().any(approval) && wants.all(approval)
}
