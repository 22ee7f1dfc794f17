//! What a dialog tells of an act that raises exposure: resume, advance, start, complete, approve.

use super::lower::now;
use super::{About, Confirm, Fact, phrase};
use crate::api::AppSnapshot;
use crate::domain::{Act, Exposure, StoreKind, Verb};
use crate::policy::{SourceState, Want, WantKind};
use crate::tui::state::model::Model;
use crate::tui::words::{blast, climb, format, state_words};

pub(super) fn dialog(model: &Model, app: &AppSnapshot, verb: Verb) -> Confirm {
    let to = blast::reaches(app, verb);
    let unmet = unmet(app);
    let skips = matches!(verb, Verb::Advance | Verb::Complete) && !unmet.is_empty();
    let mut facts = vec![now(model, app), About::After.tell(after(app, verb, to))];
    facts.extend(blast::raised(app, verb).map(|text| About::Adds.tell(text)));
    facts.push(About::Blast.tell(verb.meaning(app.store)));
    if skips {
        facts.push(About::Overrules.tell(told(&unmet)));
    } else {
        facts.extend(gate(app));
    }
    facts.push(health(app));
    facts.push(data(model, app));
    facts.extend(second(app, verb));
    facts.push(About::Undo.tell(undo(model, app, verb, to)));
    // Past a gate that is shut, and out of a halt, the log is told why.
    let ask = phrase(app, to, app.latched || skips);
    let act = Act::Do { verb, to: None };
    let name = verb.name();
    Confirm::new(model, app, (name, name), act, facts, ask)
}

pub(super) fn approve(model: &Model, app: &AppSnapshot) -> Confirm {
    let mut facts = Vec::new();
    let mut to = app.release.as_ref().map(|release| release.exposure);
    if let Some(proposal) = &app.proposal {
        facts.push(About::Now.tell(proposal.to_string()));
        facts.push(About::After.tell("the rollout goes by the looser policy, at once"));
        facts.push(About::Who.tell("somebody else than the person who asked"));
        facts.push(health(app));
    } else if let Some((next, others)) = climb::to_approve(app) {
        to = Some(next);
        facts.push(About::Now.tell(format!("the gate to {next} waits for a person")));
        let others = told(&others);
        facts.push(About::After.tell(if others.is_empty() {
            format!("haltline goes to {next} at its next look")
        } else {
            format!("haltline goes to {next} once: {others}")
        }));
        let adds = blast::adds(app, next, blast::reached(app));
        facts.extend(adds.map(|text| About::Adds.tell(text)));
        facts.push(health(app));
        facts.push(data(model, app));
        facts.extend(second(app, Verb::Advance));
        facts.push(About::Undo.tell("hold or pause: a stop takes every approval back"));
    }
    let ask = phrase(app, to, false);
    let name = "approve";
    Confirm::new(model, app, (name, name), Act::Approve, facts, ask)
}

fn after(app: &AppSnapshot, verb: Verb, to: Option<Exposure>) -> String {
    match (verb, &app.waiting) {
        (Verb::Start, Some(waiting)) => {
            let at = to.map_or_else(String::new, |to| format!(", at {to}"));
            format!("{} begins{at}", waiting.release.version)
        }
        (Verb::Start, None) => {
            let next = climb::next_stage(app).map_or_else(String::new, |next| {
                format!(", next to {next} once its gate is open")
            });
            format!("{}; haltline moves it{next}", state_words::of(app))
        }
        _ => state_words::after(app, verb),
    }
}

fn undo(model: &Model, app: &AppSnapshot, verb: Verb, to: Option<Exposure>) -> String {
    let everybody = verb == Verb::Complete || (verb == Verb::Advance && to == Some(Exposure::FULL));
    let (halt, pause) = (model.keys.name("halt"), model.keys.name("pause"));
    match (app.store, everybody) {
        (StoreKind::AppStore, true) => {
            "none: the App Store cannot take a completed release back".into()
        }
        (StoreKind::AppStore, false) => {
            format!("{pause} or {halt} stops the daily step; users who update meanwhile keep it")
        }
        (StoreKind::GooglePlay, true) => {
            format!("{halt} halts it where Play has a fallback; users who update keep it")
        }
        (StoreKind::GooglePlay, false) => {
            format!("{halt} halts it again; users who update meanwhile keep it")
        }
    }
}

fn unmet(app: &AppSnapshot) -> Vec<&Want> {
    let gate = app.gate.as_ref().filter(|gate| !gate.open);
    let wants = gate.iter().flat_map(|gate| &gate.wants);
    wants.filter(|want| want.met != Some(true)).collect()
}

fn told(wants: &[&Want]) -> String {
    let told: Vec<String> = wants
        .iter()
        .map(|want| format!("{} ({})", want.what, want.now))
        .collect();
    told.join("; ")
}

fn gate(app: &AppSnapshot) -> Option<Fact> {
    let gate = app.gate.as_ref()?;
    let (all, next) = (gate.wants.len(), gate.next);
    let unmet = unmet(app);
    Some(About::Gates.tell(if unmet.is_empty() {
        format!("to {next} open: all {all} wants are met")
    } else {
        format!("to {next} shut: {}", told(&unmet))
    }))
}

fn health(app: &AppSnapshot) -> Fact {
    About::Health.tell(format!("{}: {}", app.health, app.sentence))
}

/// Each source with its age; first whether any of them is not to be trusted.
fn data(model: &Model, app: &AppSnapshot) -> Fact {
    let aged = |source: &SourceState| {
        let age = source.read_through.map_or_else(
            || "never read".into(),
            |at| format::age(model.now.watched - at),
        );
        format!("{} {age}", source.id)
    };
    let list = |fresh: bool| {
        let sources = app.sources.iter().filter(|it| it.is_fresh() == fresh);
        sources.map(aged).collect::<Vec<_>>().join(", ")
    };
    let (fresh, not) = (list(true), list(false));
    About::Data.tell(match (fresh.is_empty(), not.is_empty()) {
        (true, true) => "no source".into(),
        (false, true) => format!("{fresh}: all fresh"),
        (true, false) => format!("NOT fresh: {not}"),
        (false, false) => format!("NOT fresh: {not}; fresh: {fresh}"),
    })
}

/// Whether somebody else has to agree, as the gate ahead says.
fn second(app: &AppSnapshot, verb: Verb) -> Option<Fact> {
    if !matches!(verb, Verb::Advance | Verb::Complete) {
        return None;
    }
    let mut wants = app.gate.as_ref()?.wants.iter();
    let approval = wants.find(|want| want.kind == WantKind::Approval);
    Some(About::Who.tell(match approval {
        Some(want) => format!("{} ({})", want.what, want.now),
        None => format!("not asked for by policy {}", app.policy),
    }))
}
