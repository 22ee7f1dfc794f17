//! Climbing: a release begins, goes up a stage through an open gate, and is paused before a daily step whose gate is shut. What may
//! raise exposure without a person is decided here, once, in [`barred`].

mod begin;
mod daily;
mod overrule;

pub(super) use begin::{begin, begin_past_gate, start};
pub(super) use daily::pause_before_daily_step;
pub(super) use overrule::overrule;

use super::acts::withheld_words;
use super::draft::Draft;
use super::gate;
use super::guard::Guard;
use super::plan::Plan;
use super::ratchet::in_force;
use super::state::AppState;
use super::{budget, reconcile};
use crate::domain::event::{Urgency, Withheld};
use crate::domain::{
    Actor, AppId, Event, Exposure, PlainText, Status, StoreKind, Target, Timestamp, Verb,
};
use crate::policy::Start;

/// haltline carries the stages out from now on.
pub(super) fn take(draft: &mut Draft<'_>, id: &AppId, actor: Actor, reason: &PlainText) {
    let words = format!("{id}: haltline carries the stages out ({actor}, {reason})");
    let reason = reason.clone();
    draft.emit(Some(id), Event::LadderTaken { actor, reason });
    draft.tell(Some(id), Urgency::Info, &words);
}

/// With `start = "automatic"` the ladder is taken of whatever rolls out.
pub(super) fn take_found(draft: &mut Draft<'_>, id: &AppId) {
    let app = draft.app(id);
    let (Some(plan), Some(release)) = (draft.app_plan(id), &app.release) else {
        return;
    };
    let wanted = plan.start == Start::Automatic && app.ladder.is_none();
    let staged = release.status == Status::InProgress && !in_force(plan, &app).stages.is_empty();
    if wanted && staged && draft.context.distrust.is_none() {
        take(draft, id, Actor::Haltline, &"start = \"automatic\"".into());
    }
}

/// Takes the next step up, if there is one to take now. Called when the gate has just been judged.
pub(super) fn climb(draft: &mut Draft<'_>, id: &AppId) {
    let app = draft.app(id);
    let (Some(plan), Some(release), Some(_)) = (draft.app_plan(id), &app.release, &app.ladder)
    else {
        return;
    };
    let policy = in_force(plan, &app);
    let Some(next) = gate::next_stage(&policy, release) else {
        return;
    };
    let stage = next.exposure;
    let (verb, target) = match (plan.store, release.status, stage == Exposure::FULL) {
        (StoreKind::AppStore, Status::Stopped, _) => {
            (Verb::Resume, Target::InProgress { exposure: None })
        }
        (StoreKind::AppStore, Status::InProgress, true) if next.complete_early => {
            (Verb::Complete, Target::Completed)
        }
        (StoreKind::GooglePlay, Status::InProgress, true) => (Verb::Complete, Target::Completed),
        (StoreKind::GooglePlay, Status::InProgress, false) => {
            let exposure = Some(stage);
            (Verb::Advance, Target::InProgress { exposure })
        }
        _ => return pause_before_daily_step(draft, id),
    };
    if app.desire.is_some() || release.in_review {
        return;
    }
    if against(draft, id, false).is_some() {
        return pause_before_daily_step(draft, id);
    }
    if allowed(draft, id, stage, verb) {
        let found = app.gate.as_ref().map_or(&[][..], |gate| &gate.why);
        reconcile::want(
            draft,
            id,
            verb,
            target,
            Actor::Gate { stage },
            &joined(found).into(),
        );
    }
}

/// Why a gate must not raise exposure now, if it must not (invariant 2). Whatever is wanted in the name of a gate comes by here.
pub(super) fn barred(draft: &Draft<'_>, id: &AppId, begins: bool) -> bool {
    against(draft, id, begins).is_some() || limit(draft, id, Verb::Advance).is_some()
}

/// What speaks against it: somebody stopped or holds it, or the gate is shut.
pub(super) fn against(draft: &Draft<'_>, id: &AppId, begins: bool) -> Option<PlainText> {
    let (app, now) = (draft.app(id), draft.now());
    if draft.plan.keeps(Guard::PersonLifts) {
        // Who asks for another release to be begun knows that this one was stopped.
        let other = begins && app.starting.is_some();
        if let Some(actor) = &app.hold {
            return Some(format!("held by {actor}").into());
        }
        if app.announced.is_some() || app.withheld.as_ref().is_some_and(|act| !act.of_gate()) {
            return Some("a rule wants it stopped".into());
        }
        if app.latched && !other {
            return Some("it is halted".into());
        }
        let stopper = app.stopped_by.as_ref().filter(|_| !app.waits_at_gate());
        if let Some(actor) = stopper.filter(|_| !other) {
            return Some(format!("stopped by {actor}").into());
        }
    }
    if draft.plan.keeps(Guard::OpenGate) {
        let unmet = if begins {
            let gate = gate::to_begin(draft.plan, &draft.state, id, now);
            gate.map_or_else(
                || vec!["nothing waits to be begun".into()],
                |gate| gate::unmet(&gate.wants),
            )
        } else {
            gate::shut(draft.plan, &draft.state, id, now)
        };
        if !unmet.is_empty() {
            return Some(joined(&unmet).into());
        }
    }
    None
}

/// How much the machine may do alone.
fn limit(draft: &Draft<'_>, id: &AppId, verb: Verb) -> Option<Withheld> {
    if draft.app_plan(id).is_some_and(|plan| plan.advise) {
        return Some(Withheld::Advise);
    }
    if draft.state.disarm_of(id, draft.now()).is_some() && draft.plan.keeps(Guard::Disarm) {
        return Some(Withheld::Disarmed);
    }
    let distrust = draft.context.distrust.as_ref();
    if let Some(why) = distrust.filter(|_| draft.plan.keeps(Guard::Distrust)) {
        return Some(Withheld::Journal { why: why.clone() });
    }
    // A pause needs no budget of its own: each follows a resume that had one, or a person's.
    let raises = !verb.lowers();
    raises
        .then(|| budget::gates_exceeded(draft.plan, &draft.state, id, draft.now()))
        .flatten()
}

/// Whether the machine may; where it may not for long, a person is told, once.
fn allowed(draft: &mut Draft<'_>, id: &AppId, stage: Exposure, verb: Verb) -> bool {
    let Some(why) = limit(draft, id, verb) else {
        return true;
    };
    let passes = matches!(why, Withheld::Disarmed | Withheld::Journal { .. });
    let told = draft.app(id).withheld.is_some();
    if !told && (!passes || verb.lowers()) {
        let words = format!("{id}: {}", withheld_words(verb, &why));
        let rule = format!("gate to {stage}").into();
        draft.emit(Some(id), Event::ActWithheld { rule, verb, why });
        draft.tell(Some(id), Urgency::Warning, &words);
    }
    false
}

/// When the ladder next has something to do by itself.
pub(super) fn wakes(
    plan: &Plan,
    id: &AppId,
    app: &AppState,
    now: Timestamp,
) -> [Option<Timestamp>; 3] {
    let Some(app_plan) = plan.apps.get(id) else {
        return [None; 3];
    };
    let waits = app.waiting.is_some() && app.desire.is_none();
    let asked = app.starting.is_some() || app_plan.start == Start::Automatic;
    let begins = waits && asked;
    let climbs = app.ladder.is_some() && app_plan.store == StoreKind::AppStore;
    [
        climbs
            .then(|| daily::pause_due(app_plan, app, &in_force(app_plan, app), now))
            .flatten(),
        begins
            .then(|| gate::opens_to_begin(plan, app_plan, now))
            .flatten(),
        begins.then(|| gate::check_due(app_plan, app)).flatten(),
    ]
}

fn joined(words: &[PlainText]) -> String {
    let words: Vec<&str> = words.iter().map(PlainText::as_str).collect();
    words.join("; ")
}
