//! Climbing: a release begins, goes up a stage through an open gate, and is paused before a daily step whose gate is shut. What may
//! raise exposure without a person is decided here, once, in [`barred`].

use chrono::TimeDelta;

use super::acts::{next_daily_step, withheld_words};
use super::draft::Draft;
use super::gate::{self, Entry};
use super::guard::Guard;
use super::plan::{AppPlan, Plan};
use super::ratchet::in_force;
use super::state::AppState;
use super::{budget, cross, reconcile};
use crate::domain::event::{Urgency, Withheld};
use crate::domain::rollout::ReleaseView;
use crate::domain::{
    ActReply, ActRequest, Actor, AppId, Event, Exposure, PlainText, Status, StoreKind, Target,
    Timestamp, Verb,
};
use crate::policy::{Policy, Start};

/// How long before Apple's daily step a rollout is paused whose gate is shut.
const BEFORE_DAILY_STEP: TimeDelta = TimeDelta::hours(2);

/// The same where nobody has judged the gate since the watcher started: the data may be on their way.
const UNJUDGED: TimeDelta = TimeDelta::hours(1);

/// A person starts the rollout: the release that waits, else haltline takes the ladder of the one that runs.
pub(super) fn start(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
    to: Option<Exposure>,
) -> Result<ActReply, String> {
    let app = draft.app(id);
    let Some(plan) = draft.app_plan(id) else {
        return Err("there is no such app".into());
    };
    if let Some(waiting) = &app.waiting {
        return start_waiting(draft, request, id, (plan, &app, waiting), to);
    }
    let Some(release) = &app.release else {
        return Err("no release waits to be begun, and none is rolled out".into());
    };
    if release.status == Status::Completed {
        return Err("everybody has it already, and no other release waits to be begun".into());
    }
    if in_force(plan, &app).stages.is_empty() {
        return Err("the policy has no stages to carry out".into());
    }
    let further = to.filter(|to| *to > release.exposure);
    if app.ladder.is_some() && further.is_none() {
        return Err("haltline carries its stages out already".into());
    }
    if app.ladder.is_none() {
        take(draft, id, request.actor.clone(), &request.reason);
    }
    Ok(ActReply::Done)
}

fn start_waiting(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
    (plan, app, waiting): (&AppPlan, &AppState, &ReleaseView),
    to: Option<Exposure>,
) -> Result<ActReply, String> {
    match (plan.store, to, plan.policy.stages.is_empty()) {
        (StoreKind::AppStore, Some(_), _) => {
            return Err("Apple chooses the share of each day: leave --to out".into());
        }
        (StoreKind::GooglePlay, None, true) => {
            return Err("the policy has no stages: say with --to how many get it first".into());
        }
        _ => {}
    }
    if let Some(desire) = &app.desire {
        return Err(format!(
            "{} is under way: wait until it is confirmed",
            desire.verb
        ));
    }
    let (actor, reason) = (request.actor.clone(), request.reason.clone());
    draft.emit(
        Some(id),
        Event::StartAsked {
            version: waiting.version.clone(),
            actor: actor.clone(),
            reason: reason.clone(),
            to,
        },
    );
    let words = format!(
        "{id}: start of {} asked for by {actor}: {reason}",
        waiting.version
    );
    let missing = missing_to_begin(draft, id);
    if missing.is_empty() {
        draft.tell(Some(id), Urgency::Info, &words);
        passed_over(draft, id, &plan.policy, to, request);
        let revision = begin_as(draft, id, actor, &reason);
        return Ok(ActReply::Taken { revision });
    }
    let what = joined(&missing);
    draft.tell(
        Some(id),
        Urgency::Info,
        &format!("{words}; it waits: {what}"),
    );
    begin(draft, id);
    Ok(ActReply::Waits { what: what.into() })
}

/// What keeps a release that waits from being begun.
fn missing_to_begin(draft: &Draft<'_>, id: &AppId) -> Vec<PlainText> {
    let gate = gate::to_begin(draft.plan, &draft.state, id, draft.now());
    let mut missing = gate.map_or_else(Vec::new, |gate| gate::unmet(&gate.wants));
    let hold = draft.app(id).hold;
    missing.extend(hold.map(|actor| PlainText::from(format!("held by {actor}"))));
    missing
}

/// A person goes past the gate in front of a release that waits.
pub(super) fn begin_past_gate(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
) -> Option<ActReply> {
    let app = draft.app(id);
    let (plan, starting) = (draft.app_plan(id)?, app.starting?);
    let runs = app
        .release
        .as_ref()
        .is_some_and(|release| matches!(release.status, Status::InProgress | Status::Stopped));
    if runs || app.desire.is_some() {
        return None;
    }
    let (actor, reason) = (request.actor.clone(), request.reason.clone());
    let next = starting.to.unwrap_or(gate::first_share(plan));
    let unmet = missing_to_begin(draft, id);
    overruled(draft, id, (Exposure::NONE, next), unmet, (&actor, &reason));
    let revision = begin_as(draft, id, actor, &reason);
    Some(ActReply::Taken { revision })
}

/// Begins a release that waits, where a person asked for it or a plan says so, and nothing is in the way any more.
pub(super) fn begin(draft: &mut Draft<'_>, id: &AppId) {
    let app = draft.app(id);
    let (Some(plan), Some(_), None) = (draft.app_plan(id), &app.waiting, &app.desire) else {
        return;
    };
    let by_plan = cross::begins(draft.plan, id).filter(|_| plan.start == Start::Automatic);
    let reason = match (&app.starting, by_plan) {
        (Some(starting), _) => format!("asked for by {}: {}", starting.actor, starting.reason),
        (None, Some(name)) => format!("plan {name}"),
        (None, None) => return,
    };
    let Some(status) = gate::to_begin(draft.plan, &draft.state, id, draft.now()) else {
        return;
    };
    gate::ask_to_begin(draft, id, &status.wants);
    let stage = status.next;
    if against(draft, id, true).is_none() && allowed(draft, id, stage, Verb::Start) {
        begin_as(draft, id, Actor::Gate { stage }, &reason.into());
    }
}

fn begin_as(draft: &mut Draft<'_>, id: &AppId, actor: Actor, reason: &PlainText) -> u64 {
    let app = draft.app(id);
    let (Some(plan), Some(waiting)) = (draft.app_plan(id), app.waiting) else {
        return draft.state.last_revision;
    };
    let asked = app.starting.and_then(|starting| starting.to);
    let share = asked.unwrap_or(gate::first_share(plan));
    let exposure = (plan.store == StoreKind::GooglePlay && share < Exposure::FULL).then_some(share);
    let target = Target::Started { exposure };
    reconcile::want_of(
        draft,
        id,
        (Verb::Start, target, Some(waiting.version)),
        actor,
        reason,
    )
}

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
        let found = app.gate.map_or_else(Vec::new, |gate| gate.why);
        reconcile::want(
            draft,
            id,
            verb,
            target,
            Actor::Gate { stage },
            &joined(&found).into(),
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
        let stopper = app
            .stopped_by
            .as_ref()
            .filter(|_| !gate::waits_at_gate(&app));
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

/// When a rollout on the App Store has to be paused, should its gate be shut then; `None` where Apple's next step enters no stage.
pub(super) fn pause_due(
    plan: &AppPlan,
    app: &AppState,
    policy: &Policy,
    now: Timestamp,
) -> Option<Timestamp> {
    let release = app.release.as_ref()?;
    let start = release.phased.as_ref()?.start?;
    let next = gate::next_stage(policy, release)?.exposure;
    let free = plan.store == StoreKind::AppStore
        && release.status == Status::InProgress
        && app.ladder.is_some()
        && app.desire.is_none()
        && app.hold.is_none();
    let enters = gate::daily_step(release)? >= next;
    let let_go = app.overruled.is_some_and(|stage| stage >= next);
    let judged = app.gate.as_ref().is_some_and(|gate| gate.next == next);
    let before = if judged { BEFORE_DAILY_STEP } else { UNJUDGED };
    (free && enters && !let_go).then(|| next_daily_step(start, now) - before)
}

/// Pauses before Apple's next daily step where that would enter a stage whose gate is shut.
pub(super) fn pause_before_daily_step(draft: &mut Draft<'_>, id: &AppId) {
    let (app, now) = (draft.app(id), draft.now());
    let (Some(plan), Some(release)) = (draft.app_plan(id), &app.release) else {
        return;
    };
    if app.ladder.is_none() || plan.store != StoreKind::AppStore {
        return;
    }
    let policy = in_force(plan, &app);
    if pause_due(plan, &app, &policy, now).is_none_or(|due| due > now) {
        return;
    }
    let shut = gate::shut(draft.plan, &draft.state, id, now);
    let entry = Entry::next(&policy, plan.store, release);
    let (false, Some(stage)) = (
        shut.is_empty(),
        entry.and_then(|entry| Some(entry.stages.first()?.exposure)),
    ) else {
        return;
    };
    if allowed(draft, id, stage, Verb::Hold) {
        let reason = format!(
            "before Apple's daily step, the gate to {stage}: {}",
            joined(&shut)
        );
        reconcile::want(
            draft,
            id,
            Verb::Hold,
            Target::Stopped,
            Actor::Gate { stage },
            &reason.into(),
        );
    }
}

/// A person raises exposure to `to`: every gate on the way that is shut, or was never judged, is written down with what it wanted.
pub(super) fn overrule(
    draft: &mut Draft<'_>,
    id: &AppId,
    to: Exposure,
    (actor, reason): (Actor, PlainText),
) {
    let app = draft.app(id);
    let (Some(plan), Some(release)) = (draft.app_plan(id), &app.release) else {
        return;
    };
    let policy = in_force(plan, &app);
    let below = policy.stages.iter().rev();
    let mut stage = below
        .map(|stage| stage.exposure)
        .find(|exposure| *exposure <= release.exposure)
        .unwrap_or(release.exposure);
    let first = gate::next_stage(&policy, release).map(|next| next.exposure);
    for next in policy.stages.iter().map(|stage| stage.exposure) {
        if next <= release.exposure || next > to {
            continue;
        }
        let unmet = if Some(next) == first {
            gate::shut(draft.plan, &draft.state, id, draft.now())
        } else {
            vec!["it was passed over".into()]
        };
        overruled(draft, id, (stage, next), unmet, (&actor, &reason));
        stage = next;
    }
}

/// A release that is begun above the first stage never waits at the gates before it.
fn passed_over(
    draft: &mut Draft<'_>,
    id: &AppId,
    policy: &Policy,
    to: Option<Exposure>,
    request: &ActRequest,
) {
    let stages = policy.stages.iter().map(|stage| stage.exposure);
    for (stage, next) in stages.clone().zip(stages.skip(1)) {
        if to.is_some_and(|to| to >= next) {
            let unmet = vec!["it was passed over".into()];
            overruled(
                draft,
                id,
                (stage, next),
                unmet,
                (&request.actor, &request.reason),
            );
        }
    }
}

fn overruled(
    draft: &mut Draft<'_>,
    id: &AppId,
    (stage, next): (Exposure, Exposure),
    unmet: Vec<PlainText>,
    (actor, reason): (&Actor, &PlainText),
) {
    if unmet.is_empty() {
        return;
    }
    let (actor, reason) = (actor.clone(), reason.clone());
    draft.emit(
        Some(id),
        Event::GateOverruled {
            stage,
            next,
            unmet,
            actor,
            reason,
        },
    );
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
            .then(|| pause_due(app_plan, app, &in_force(app_plan, app), now))
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
