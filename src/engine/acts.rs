//! From a rule that fired to an act: guards, grace, announcement, desire.

use chrono::{TimeDelta, Timelike};

use super::budget;
use super::draft::Draft;
use super::guard::Guard;
use super::plan::AppPlan;
use super::reconcile;
use super::state::{AppState, Desire, WithheldAct, passes};
use crate::domain::event::{Urgency, Withheld};
use crate::domain::rollout::ReleaseView;
use crate::domain::{Actor, AppId, Event, PlainText, Status, StoreKind, Target, Timestamp, Verb};

/// How long before Apple's daily step a held rollout is paused.
const BEFORE_DAILY_STEP: TimeDelta = TimeDelta::hours(2);

/// Whether the rollout is, or will be, as this verb would make it.
pub(super) fn is_needless(app: &AppState, verb: Verb) -> bool {
    // What a gate or a plan stopped goes on by itself: it has to be stopped for good.
    let lowers = |desire: &Desire| desire.verb.lowers() && !passes(&desire.actor);
    let stopped = |release: &ReleaseView| release.status == Status::Stopped && !app.waits_at_gate();
    let halts = |act: &WithheldAct| act.verb == Verb::Halt;
    if verb == Verb::Halt {
        return app.latched;
    }
    app.desire.as_ref().is_some_and(lowers)
        || app.release.as_ref().is_some_and(stopped)
        || app.withheld.as_ref().is_some_and(halts)
}

/// A rule wants the rollout stopped. Does it at once, announces it, or says why not.
pub(super) fn propose(
    draft: &mut Draft<'_>,
    id: &AppId,
    rule: &PlainText,
    verb: Verb,
    reason: &PlainText,
    grace: TimeDelta,
) {
    if let Some(why) = guard(draft, id) {
        return withhold(draft, id, rule, verb, why);
    }
    let now = draft.now();
    let due = now + grace;
    let pending = draft.app(id).announced.clone();
    if grace > TimeDelta::zero() {
        // A halt takes the place of an announced pause, never later than the pause would have come.
        if pending
            .as_ref()
            .is_some_and(|act| act.verb == verb || act.verb == Verb::Halt)
        {
            return;
        }
        let due = pending.map_or(due, |act| act.due.min(due));
        let announced = Event::ActAnnounced {
            rule: rule.clone(),
            verb,
            due,
            reason: reason.clone(),
        };
        draft.emit(Some(id), announced);
        let words = format!(
            "{id}: {verb} at {} unless somebody holds it: {reason}",
            due.format("%H:%M:%S UTC")
        );
        return draft.tell(Some(id), Urgency::Page, &words);
    }
    stop(draft, id, rule, verb, reason);
}

fn stop(draft: &mut Draft<'_>, id: &AppId, rule: &PlainText, verb: Verb, reason: &PlainText) {
    let words = format!(
        "{id}: {verb} at {}: {reason}",
        super::store::exposure_of(draft, id)
    );
    reconcile::want(
        draft,
        id,
        verb,
        Target::Stopped,
        Actor::Rule { id: rule.clone() },
        reason,
    );
    draft.tell(Some(id), Urgency::Page, &words);
}

/// The grace of an announced act is over.
pub(super) fn announced_due(draft: &mut Draft<'_>, id: &AppId) {
    let Some(act) = draft
        .app(id)
        .announced
        .clone()
        .filter(|act| act.due <= draft.now())
    else {
        return;
    };
    if let Some(why) = guard(draft, id) {
        return withhold(draft, id, &act.rule, act.verb, why);
    }
    stop(draft, id, &act.rule, act.verb, &act.reason);
}

/// Why the machine must not act on this app now, if it must not.
pub(super) fn guard(draft: &Draft<'_>, id: &AppId) -> Option<Withheld> {
    let plan = draft.app_plan(id)?;
    let app = draft.app(id);
    let impossible = |why: &str| Some(Withheld::Impossible { why: why.into() });
    match app.release.as_ref().map(|release| release.status) {
        None => return impossible("the store shows no release"),
        Some(Status::Draft | Status::Pending) => return impossible("the release is not out yet"),
        Some(Status::Completed) if plan.store == StoreKind::AppStore => {
            return impossible(
                "everybody has it: the App Store stops nothing after COMPLETE, ship a fix",
            );
        }
        Some(_) => {}
    }
    if plan.advise {
        return Some(Withheld::Advise);
    }
    if draft.state.disarm_of(id, draft.now()).is_some() && draft.plan.keeps(Guard::Disarm) {
        return Some(Withheld::Disarmed);
    }
    if let Some(why) = draft
        .context
        .distrust
        .as_ref()
        .filter(|_| draft.plan.keeps(Guard::Distrust))
    {
        return Some(Withheld::Journal { why: why.clone() });
    }
    budget::exceeded(draft.plan, &draft.state, id, draft.now())
}

fn withhold(draft: &mut Draft<'_>, id: &AppId, rule: &PlainText, verb: Verb, why: Withheld) {
    let words = format!("{id}: {}", withheld_words(verb, &why));
    draft.emit(
        Some(id),
        Event::ActWithheld {
            rule: rule.clone(),
            verb,
            why,
        },
    );
    draft.tell(Some(id), Urgency::Page, &words);
}

/// For people: what was not done, why, and what they can do.
pub fn withheld_words(verb: Verb, why: &Withheld) -> String {
    match why {
        Withheld::Advise => {
            format!("policy says {verb}, but this app is in advise mode: a person has to do it")
        }
        Withheld::Disarmed => format!(
            "policy says {verb}, but automation is disarmed: a person has to do it, or arm it"
        ),
        Withheld::Budget { used, limit, per } => {
            format!(
                "policy says {verb}, but {used} of {limit} automatic acts {per} are used up: a person has to do it"
            )
        }
        Withheld::Storm { apps } => {
            format!(
                "policy says {verb}, but {apps} apps breach at once: is the source broken? A person has to decide"
            )
        }
        Withheld::Journal { why } => format!(
            "policy says {verb}, but the journal cannot be trusted ({why}): a person has to do it"
        ),
        Withheld::Impossible { why } => format!("policy says {verb}, but it cannot be done: {why}"),
    }
}

/// When a held iOS rollout has to be paused; `None` where there is nothing to hold.
pub(super) fn hold_due(plan: &AppPlan, app: &AppState, now: Timestamp) -> Option<Timestamp> {
    let release = app.release.as_ref()?;
    let held = app.hold.is_some() && plan.store == StoreKind::AppStore && app.desire.is_none();
    let start = release.phased.as_ref()?.start?;
    (held && release.status == Status::InProgress)
        .then(|| next_daily_step(start, now) - BEFORE_DAILY_STEP)
}

/// Pauses a held iOS rollout before Apple's next daily step, which comes at the hour of the start date.
pub(super) fn hold_before_daily_step(draft: &mut Draft<'_>, id: &AppId) {
    let (app, now) = (draft.app(id), draft.now());
    let Some(due) = draft
        .app_plan(id)
        .and_then(|plan| hold_due(plan, &app, now))
    else {
        return;
    };
    let Some(actor) = app.hold.clone() else {
        return;
    };
    let machine = !matches!(actor, Actor::Person { .. });
    if due > now || (machine && guard(draft, id).is_some()) {
        return;
    }
    let reason = format!(
        "held before Apple's daily step at {}",
        (due + BEFORE_DAILY_STEP).format("%H:%M UTC")
    );
    reconcile::want(
        draft,
        id,
        Verb::Hold,
        Target::Stopped,
        actor,
        &reason.into(),
    );
}

/// The next moment after `now` at the time of day of `start`.
pub(super) fn next_daily_step(start: Timestamp, now: Timestamp) -> Timestamp {
    let seconds = |t: Timestamp| i64::from(t.num_seconds_from_midnight());
    let ahead = (seconds(start) - seconds(now)).rem_euclid(86_400);
    now + TimeDelta::seconds(if ahead == 0 { 86_400 } else { ahead })
}
