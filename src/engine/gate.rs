//! The gate in front of a rollout. What the data say of it comes with the assessment; what entering a stage wants besides (approval,
//! window, freeze, outside check, plans) is judged here. Must not move a rollout.
//!
//! What is not known keeps it shut.

use std::collections::BTreeSet;

use super::cross;
use super::draft::Draft;
use super::effect::Effect;
use super::guard::Guard;
use super::plan::{AppPlan, Plan};
use super::ratchet::in_force;
use super::state::{AppState, CheckState, State};
use crate::domain::event::Urgency;
use crate::domain::rollout::{Phased, ReleaseView};
use crate::domain::{
    Actor, AppId, Check, Event, Exposure, Health, PlainText, Status, StoreKind, Timestamp,
};
use crate::policy::calendar::closed;
use crate::policy::{Access, Approval, Assessment, GateStatus, Policy, Stage, Want, WantKind};

/// What a move would enter.
pub(super) struct Entry<'a> {
    /// In order. One move of the App Store may pass several.
    pub stages: Vec<&'a Stage>,
    /// A release that waits begins.
    pub begins: bool,
}

impl<'a> Entry<'a> {
    /// The next step of a rollout that runs: a stage on Play; on the App Store all that Apple's next daily step reaches, and at least
    /// one.
    pub(super) fn next(
        policy: &'a Policy,
        store: StoreKind,
        release: &ReleaseView,
    ) -> Option<Self> {
        let next = next_stage(policy, release)?.exposure;
        let step = (store == StoreKind::AppStore).then(|| daily_step(release));
        let reaches = next.max(step.flatten().unwrap_or(next));
        let entered =
            |stage: &&Stage| release.exposure < stage.exposure && stage.exposure <= reaches;
        Some(Self {
            stages: policy.stages.iter().filter(entered).collect(),
            begins: false,
        })
    }

    fn begin(policy: &'a Policy) -> Self {
        Self {
            stages: policy.stages.first().into_iter().collect(),
            begins: true,
        }
    }
}

/// The first stage above where the release is.
pub(super) fn next_stage<'a>(policy: &'a Policy, release: &ReleaseView) -> Option<&'a Stage> {
    let mut stages = policy.stages.iter();
    stages.find(|stage| stage.exposure > release.exposure)
}

/// To how many users Apple's next daily step leads.
pub(super) fn daily_step(release: &ReleaseView) -> Option<Exposure> {
    let phased = release.phased.as_ref()?;
    Some(Phased::share_on(phased.day.saturating_add(1)))
}

/// Adds to an assessment what its gate wants of the circumstances, asks the outside check once nothing else is missing, and records
/// that the gate opened or shut.
pub(super) fn judge(
    draft: &mut Draft<'_>,
    id: &AppId,
    policy: &Policy,
    assessment: &mut Assessment,
) {
    let found = assessment.gate.take();
    let app = draft.app(id);
    let (Some(plan), Some(release)) = (draft.app_plan(id), &app.release) else {
        return;
    };
    let (true, Some(entry)) = (
        climbs(&app, release),
        Entry::next(policy, plan.store, release),
    ) else {
        return;
    };
    let Some(mut gate) = found.or_else(|| before_first(&entry, release, assessment)) else {
        return;
    };
    let wants = circumstances(draft.plan, &draft.state, id, &entry, draft.now());
    gate.open &= wants.iter().all(|want| want.met == Some(true));
    gate.wants.extend(wants);
    ask(draft, id, &entry, release, &gate.wants);
    moved(draft, id, &gate);
    assessment.gate = Some(gate);
}

/// It is out, and nobody but a gate stopped it.
fn climbs(app: &AppState, release: &ReleaseView) -> bool {
    match release.status {
        Status::InProgress => true,
        Status::Stopped => waits_at_gate(app),
        Status::Draft | Status::Pending | Status::Completed => false,
    }
}

/// Stopped, and not for anything that was found.
pub(super) fn waits_at_gate(app: &AppState) -> bool {
    matches!(
        app.stopped_by,
        Some(Actor::Gate { .. } | Actor::Plan { .. })
    )
}

/// A rollout that was begun below the first stage has no stage to leave: it has to be well, and that is all.
fn before_first(
    entry: &Entry<'_>,
    release: &ReleaseView,
    assessment: &Assessment,
) -> Option<GateStatus> {
    let next = entry.stages.first()?.exposure;
    let met = match assessment.health {
        Health::Healthy => Some(true),
        Health::Unknown => None,
        Health::Warning | Health::Breached => Some(false),
    };
    Some(GateStatus {
        stage: release.exposure,
        next,
        open: met == Some(true),
        wants: vec![Want {
            kind: WantKind::Data,
            what: "healthy".into(),
            met,
            now: assessment.sentence.clone(),
        }],
    })
}

fn moved(draft: &mut Draft<'_>, id: &AppId, gate: &GateStatus) {
    let known = draft.app(id).gate;
    let same = known.is_some_and(|known| {
        (known.stage, known.next, known.open) == (gate.stage, gate.next, gate.open)
    });
    if same {
        return;
    }
    let told = gate
        .wants
        .iter()
        .filter(|want| gate.open || want.met != Some(true));
    draft.emit(
        Some(id),
        Event::GateMoved {
            stage: gate.stage,
            next: gate.next,
            open: gate.open,
            why: told.map(words).collect(),
        },
    );
}

fn words(want: &Want) -> PlainText {
    format!("{}: {}", want.what, want.now).into()
}

/// Why the gate in front of the rollout is shut now: as it was judged last, and by what can be known without data.
pub(super) fn shut(plan: &Plan, state: &State, id: &AppId, now: Timestamp) -> Vec<PlainText> {
    let (Some(app_plan), Some(app)) = (plan.apps.get(id), state.app(id)) else {
        return vec!["there is no such app".into()];
    };
    let policy = in_force(app_plan, app);
    let entry = app
        .release
        .as_ref()
        .and_then(|release| Entry::next(&policy, app_plan.store, release));
    let Some(entry) = entry else {
        return vec!["there is no stage to go to".into()];
    };
    let next = entry.stages.first().map(|stage| stage.exposure);
    match &app.gate {
        Some(gate) if Some(gate.next) == next && gate.open => {
            unmet(&circumstances(plan, state, id, &entry, now))
        }
        Some(gate) if Some(gate.next) == next => gate.why.clone(),
        _ => vec!["nobody has judged it yet".into()],
    }
}

/// What is not known to be met, in words.
pub(super) fn unmet(wants: &[Want]) -> Vec<PlainText> {
    let open = wants.iter().filter(|want| want.met != Some(true));
    open.map(words).collect()
}

/// The gate in front of a release that waits to be begun, by the file's policy; `None` where none waits.
pub fn to_begin(plan: &Plan, state: &State, id: &AppId, now: Timestamp) -> Option<GateStatus> {
    let (app_plan, app) = (plan.apps.get(id)?, state.app(id)?);
    app.waiting.as_ref()?;
    let entry = Entry::begin(&app_plan.policy);
    let wants = circumstances(plan, state, id, &entry, now);
    Some(GateStatus {
        stage: Exposure::NONE,
        next: first_share(app_plan),
        open: wants.iter().all(|want| want.met == Some(true)),
        wants,
    })
}

/// The first stage; everybody, where the policy has none.
pub(super) fn first_share(app_plan: &AppPlan) -> Exposure {
    let first = app_plan.policy.stages.first();
    first.map_or(Exposure::FULL, |stage| stage.exposure)
}

/// When a closed window or freeze opens for a release that waits.
pub(super) fn opens_to_begin(plan: &Plan, app_plan: &AppPlan, now: Timestamp) -> Option<Timestamp> {
    let window = app_plan
        .policy
        .stages
        .first()
        .and_then(|stage| stage.window.as_ref());
    closed(window, &plan.freezes, now)?.opens
}

/// When the check before the first stage may be asked again.
pub(super) fn check_due(app_plan: &AppPlan, app: &AppState) -> Option<Timestamp> {
    let stage = app_plan.policy.stages.first()?;
    let (check, asked) = (stage.check.as_ref()?, app.checks.get(&stage.exposure)?);
    (asked.passed == Some(false)).then(|| asked.at + check.every)
}

/// What entering wants of people, of the calendar, of outside checks and of other apps.
fn circumstances(
    plan: &Plan,
    state: &State,
    id: &AppId,
    entry: &Entry<'_>,
    now: Timestamp,
) -> Vec<Want> {
    let Some(app) = state.app(id) else {
        return Vec::new();
    };
    let mut wants = Vec::new();
    for stage in &entry.stages {
        let approval = stage.approval.as_ref();
        wants.extend(
            approval
                .map(|approval| approved(*approval, stage.exposure, &plan.access, &app.approvals)),
        );
        let check = stage.check.as_ref();
        wants.extend(check.map(|check| checks(check, app.checks.get(&stage.exposure))));
    }
    wants.extend(window(plan, &entry.stages, now));
    wants.extend(cross::wants(plan, state, id, entry, now));
    wants
}

fn approved(
    approval: Approval,
    stage: Exposure,
    access: &Access,
    given: &[(Exposure, Actor)],
) -> Want {
    let names: BTreeSet<&PlainText> = given
        .iter()
        .filter(|(of, actor)| *of == stage && access.role_of(actor) >= approval.role)
        .filter_map(|(_, actor)| match actor {
            Actor::Person { name, .. } => Some(name),
            _ => None,
        })
        .collect();
    let role = approval.role.name();
    let what = match approval.persons {
        0 | 1 => format!("approval of {stage} by an {role}"),
        persons => format!("approval of {stage} by {persons} {role}s"),
    };
    let by = names
        .iter()
        .map(|name| format!("@{name}"))
        .collect::<Vec<_>>()
        .join(", ");
    let met = names.len() >= approval.persons.max(1) as usize;
    let now = match (met, names.len()) {
        (true, _) => format!("given by {by}"),
        (false, 0) => "not given".to_owned(),
        (false, some) => format!("{some} of {}: {by}", approval.persons),
    };
    Want {
        kind: WantKind::Approval,
        what: what.into(),
        met: Some(met),
        now: now.into(),
    }
}

fn checks(check: &Check, asked: Option<&CheckState>) -> Want {
    let (met, now) = match asked {
        None => (None, "asked once nothing else is missing".to_owned()),
        Some(CheckState { passed: None, .. }) => (None, "being asked".to_owned()),
        Some(CheckState {
            passed: Some(passed),
            says,
            ..
        }) => {
            let word = if *passed { "passed" } else { "says no" };
            let says = if says.is_empty() {
                word.to_owned()
            } else {
                format!("{word}: {says}")
            };
            (Some(*passed), says)
        }
    };
    Want {
        kind: WantKind::Check,
        what: format!("check {}", check.how.name()).into(),
        met,
        now: now.into(),
    }
}

/// The hours of the stages, and freezes. A freeze is no want where none holds.
fn window(plan: &Plan, stages: &[&Stage], now: Timestamp) -> Option<Want> {
    let mut windows: Vec<_> = stages.iter().map(|stage| stage.window.as_ref()).collect();
    windows.push(None);
    let shut = windows.iter().find_map(|window| {
        let closed = closed(*window, &plan.freezes, now)?;
        Some((*window, closed))
    });
    let (window, met, now) = match shut {
        Some((window, closed)) => {
            let opens = closed.opens.map_or_else(
                || "no opening in sight".to_owned(),
                |opens| format!("opens {}", opens.format("%Y-%m-%d %H:%M UTC")),
            );
            (window, false, format!("{}, {opens}", closed.why))
        }
        None => {
            let window = windows.into_iter().flatten().next()?;
            (Some(window), true, "open".to_owned())
        }
    };
    Some(Want {
        kind: WantKind::Window,
        what: window.map_or_else(|| "no freeze".into(), |window| window.to_string().into()),
        met: Some(met),
        now: now.into(),
    })
}

/// Asks the outside check once everything else is met: never two at a time, and not again so soon after it said no.
pub(super) fn ask(
    draft: &mut Draft<'_>,
    id: &AppId,
    entry: &Entry<'_>,
    release: &ReleaseView,
    wants: &[Want],
) {
    let (app, now) = (draft.app(id), draft.now());
    let missing = wants
        .iter()
        .any(|want| want.kind != WantKind::Check && want.met != Some(true));
    let busy = app.checks.values().any(|check| check.passed.is_none());
    let off = draft.state.disarm_of(id, now).is_some() && draft.plan.keeps(Guard::Disarm);
    if missing || busy || off || draft.context.distrust.is_some() {
        return;
    }
    let due = entry.stages.iter().find_map(|stage| {
        let check = stage.check.as_ref()?;
        let attempt = match app.checks.get(&stage.exposure) {
            None => 1,
            Some(asked) if asked.passed == Some(false) && asked.at + check.every <= now => {
                asked.attempt + 1
            }
            Some(_) => return None,
        };
        Some((stage.exposure, attempt, check.clone()))
    });
    if let Some((stage, attempt, check)) = due {
        draft.emit(Some(id), Event::CheckStarted { stage, attempt });
        draft.effect(Effect::Check {
            app: id.clone(),
            version: release.version.clone(),
            stage,
            attempt,
            check,
        });
    }
}

/// The same for a release that waits.
pub(super) fn ask_to_begin(draft: &mut Draft<'_>, id: &AppId, wants: &[Want]) {
    if let (Some(plan), Some(waiting)) = (draft.app_plan(id), draft.app(id).waiting) {
        ask(draft, id, &Entry::begin(&plan.policy), &waiting, wants);
    }
}

/// An outside check answered.
pub(super) fn checked(
    draft: &mut Draft<'_>,
    id: &AppId,
    (stage, attempt): (Exposure, u32),
    result: &Result<PlainText, PlainText>,
) {
    let asked = draft.app(id).checks.remove(&stage);
    if asked.is_none_or(|check| check.attempt != attempt || check.passed.is_some()) {
        return;
    }
    let (passed, says) = match result {
        Ok(says) => (true, says.clone()),
        Err(says) => (false, says.clone()),
    };
    // Told once: it is asked again and again.
    if !passed && attempt == 1 {
        let words = format!("{id}: the check before {stage} says no: {says}");
        draft.tell(Some(id), Urgency::Info, &words);
    }
    draft.emit(
        Some(id),
        Event::CheckEnded {
            stage,
            attempt,
            passed,
            says,
        },
    );
}
