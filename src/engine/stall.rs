//! Rollouts that stand still: told once, with what they wait for, and once more when they move.
//!
//! A rollout that nobody moves is served to a part of the users for good, and looks like one that is watched. A wait that somebody
//! has to end is one too: for an approval, for data that never come, for a person who resumes. A soak that lasts and a freeze are
//! planned, so that they are not.

use chrono::TimeDelta;

use super::draft::Draft;
use super::plan::{AppPlan, Plan};
use super::state::{AppState, State};
use super::{ratchet, trains};
use crate::domain::event::Urgency;
use crate::domain::rollout::ReleaseView;
use crate::domain::{Actor, AppId, Event, Exposure, PlainText, Status, StoreKind, Timestamp};

/// From this share of the users on a rollout looks finished to everybody, and is not.
const ALMOST: f64 = 0.999;

/// How long what could be done only now may take: after a soak, or after a freeze.
const TO_DO_IT: TimeDelta = TimeDelta::days(1);

/// Of the 30 days for which Apple lets a rollout be paused: from here on the store's reads tell it, day by day.
const PAUSE_DAYS: u32 = super::store::PAUSE_DAYS_TO_WARN_AT;

/// A rollout that does not move.
struct Standing {
    since: Timestamp,
    /// It has stood for too long from then on.
    due: Timestamp,
    /// Told already, by whoever saw the reason.
    told: bool,
}

/// Tells that it stands still, or moves again.
pub(super) fn tick(draft: &mut Draft<'_>, id: &AppId) {
    let (plan, now) = (draft.plan, draft.now());
    let (Some(app_plan), Some(app)) = (plan.apps.get(id), draft.state.app(id)) else {
        return;
    };
    let stalled = standing(app_plan, app, now).filter(|standing| standing.due <= now);
    match (stalled, &app.stalled) {
        (Some(standing), None) if not_before(plan, now) <= now => {
            let why = words(app_plan, app, id, &standing);
            let watch = trains::on_watch(trains::of(plan, app_plan.train.as_ref()), now);
            let told = format!("{id}: stalled: {why}{watch}");
            draft.emit(Some(id), Event::Stalled { why: why.into() });
            if !standing.told {
                draft.tell(Some(id), Urgency::Warning, &told);
            }
        }
        (None, Some(_)) => {
            draft.emit(Some(id), Event::StallOver);
            let words = format!("{id}: not stalled any more");
            draft.tell(Some(id), Urgency::Info, &words);
        }
        _ => {}
    }
}

/// When the next rollout will have stood still for too long.
pub(super) fn wakes<'a>(
    plan: &'a Plan,
    state: &'a State,
    now: Timestamp,
) -> impl Iterator<Item = Timestamp> + 'a {
    plan.apps.iter().filter_map(move |(id, app_plan)| {
        let app = state.app(id).filter(|app| app.stalled.is_none())?;
        let due = standing(app_plan, app, now)?.due;
        Some(due.max(not_before(plan, due.max(now))))
    })
}

/// While a freeze lasts nothing is expected to move, nor in the day after it.
fn not_before(plan: &Plan, at: Timestamp) -> Timestamp {
    let ends = plan.freezes.iter().filter(|freeze| freeze.from <= at);
    let ends = ends.map(|freeze| freeze.until + TO_DO_IT);
    ends.filter(|end| *end > at).max().unwrap_or(at)
}

fn standing(plan: &AppPlan, app: &AppState, now: Timestamp) -> Option<Standing> {
    let release = app.release.as_ref()?;
    match release.status {
        Status::InProgress if release.exposure < Exposure::FULL => {
            // While it is in review nobody new gets it: then since it last got on.
            let reached = app.reached.last().map(|(_, at)| *at);
            let since = app.exposed_since.or(reached).or(app.found)?;
            let mut due = after(since, plan.stalled_after);
            // The policy in force is looked up for what would be told only.
            if due <= now
                && let Some(soak) = soak(plan, app, release.exposure)
            {
                due = due.max(after(since, soak + TO_DO_IT));
            }
            let told = false;
            Some(Standing { since, due, told })
        }
        Status::Stopped => {
            let since = app.stopped_since?;
            let told = paused_days(release) >= PAUSE_DAYS;
            let patience = if told {
                TimeDelta::zero()
            } else {
                plan.stalled_after
            };
            let due = after(since, patience);
            Some(Standing { since, due, told })
        }
        _ => None,
    }
}

/// A backtest waits for ever.
fn after(since: Timestamp, patience: TimeDelta) -> Timestamp {
    since
        .checked_add_signed(patience)
        .unwrap_or(Timestamp::MAX_UTC)
}

fn paused_days(release: &ReleaseView) -> u32 {
    let phased = release.phased.as_ref();
    phased.map_or(0, |phased| phased.paused_days)
}

/// How long the present stage is meant to last.
fn soak(plan: &AppPlan, app: &AppState, exposure: Exposure) -> Option<TimeDelta> {
    let policy = ratchet::in_force(plan, app);
    let mut stages = policy.stages.iter();
    let stage = stages.rfind(|stage| stage.exposure <= exposure);
    stage
        .map(|stage| stage.soak)
        .filter(|soak| *soak > TimeDelta::zero())
}

/// In words that stay true: where it stands, since when, and what it waits for.
fn words(plan: &AppPlan, app: &AppState, id: &AppId, standing: &Standing) -> String {
    let Some(release) = &app.release else {
        return String::new();
    };
    let (exposure, since) = (
        release.exposure,
        standing.since.format("%Y-%m-%d %H:%M UTC"),
    );
    let waits = waits_for(plan, app, id, release);
    if release.status != Status::Stopped {
        return format!("at {exposure} since {since}: {waits}");
    }
    let word = if app.latched {
        "halted"
    } else {
        plan.store.stopped_word()
    };
    let by = app.stopped_by.as_ref().map(|actor| format!(" by {actor}"));
    let by = by.unwrap_or_default();
    let days = match paused_days(release) {
        days if plan.store == StoreKind::AppStore && days > 0 => {
            format!(" ({days} of the 30 days of pause that Apple allows are used)")
        }
        _ => String::new(),
    };
    format!("{word} at {exposure}{by} since {since}{days}: {waits}")
}

fn waits_for(plan: &AppPlan, app: &AppState, id: &AppId, release: &ReleaseView) -> String {
    let stopped = release.status == Status::Stopped;
    let shut = app.gate.as_ref().filter(|gate| !gate.open);
    if let Some(question) = &app.needs_person {
        return format!("a person must decide: {question}");
    }
    match (shut, &app.stopped_by) {
        (Some(gate), by) if by.as_ref().is_none_or(of_a_gate) && app.hold.is_none() => {
            let why: Vec<&str> = gate.why.iter().map(PlainText::as_str).collect();
            return format!("the gate to {} waits for {}", gate.next, why.join("; "));
        }
        _ => {}
    }
    if stopped {
        return format!("nobody resumed it or replaced it; haltline resume {id} --reason …");
    }
    if let Some(actor) = &app.hold {
        return format!("held by {actor}; haltline resume {id} --reason … lifts it");
    }
    if release.in_review {
        return "the store still reviews its changes".to_owned();
    }
    if release.exposure.fraction() >= ALMOST {
        return format!(
            "almost everybody has it and nobody finished it; haltline complete {id} --reason …"
        );
    }
    if app.ladder.is_some() {
        return "nothing that haltline knows of is in its way".to_owned();
    }
    if ratchet::in_force(plan, app).stages.is_empty() {
        "nobody moves it".to_owned()
    } else {
        format!("nobody moves it; haltline start {id} lets haltline carry out the stages")
    }
}

fn of_a_gate(actor: &Actor) -> bool {
    matches!(actor, Actor::Gate { .. })
}
