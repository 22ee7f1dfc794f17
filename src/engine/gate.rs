//! The gate in front of a rollout. What the data say of it comes with the assessment; what entering a stage wants besides (approval,
//! window, freeze, outside check, plans) is judged here. Must not move a rollout.
//!
//! What is not known keeps it shut.

mod check;
mod wants;

pub(super) use check::{ask_to_begin, checked};

use super::draft::Draft;
use super::plan::{AppPlan, Plan};
use super::ratchet::in_force;
use super::state::{AppState, State};
use crate::domain::rollout::{Phased, ReleaseView};
use crate::domain::{AppId, Event, Exposure, Health, PlainText, Status, StoreKind, Timestamp};
use crate::policy::calendar::closed;
use crate::policy::{Assessment, GateStatus, Policy, Stage, Want, WantKind};
use wants::circumstances;

/// What a move would enter.
pub(super) struct Entry<'a> {
    /// In order. One move of the App Store may pass several.
    pub stages: Vec<&'a Stage>,
    /// From so many users, not at, to so many.
    pub from: Exposure,
    pub to: Exposure,
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
        let from = release.exposure;
        let next = next_stage(policy, release)?.exposure;
        let step = (store == StoreKind::AppStore).then(|| daily_step(release));
        let to = next.max(step.flatten().unwrap_or(next));
        let entered = |stage: &&Stage| from < stage.exposure && stage.exposure <= to;
        Some(Self {
            stages: policy.stages.iter().filter(entered).collect(),
            from,
            to,
            begins: false,
        })
    }

    /// A release that waits enters the first stage. Apple begins with its own share.
    fn begin(plan: &'a AppPlan) -> Self {
        Self {
            stages: plan.policy.stages.first().into_iter().collect(),
            from: Exposure::NONE,
            to: match plan.store {
                StoreKind::GooglePlay => first_share(plan),
                StoreKind::AppStore => Phased::share_on(1),
            },
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
    assessment.gate = ahead(
        draft.plan,
        &draft.state,
        id,
        policy,
        assessment,
        draft.now(),
    );
    let app = draft.app(id);
    let (Some(gate), Some(release), Some(plan)) =
        (&assessment.gate, &app.release, draft.app_plan(id))
    else {
        return;
    };
    if let Some(entry) = Entry::next(policy, plan.store, release) {
        check::ask(draft, id, &entry, release, &gate.wants);
        moved(draft, id, gate);
    }
}

/// The gate in front of a rollout that may go up through it: what the data say of it, and after that its circumstances.
pub fn ahead(
    plan: &Plan,
    state: &State,
    id: &AppId,
    policy: &Policy,
    assessment: &Assessment,
    now: Timestamp,
) -> Option<GateStatus> {
    let (app_plan, app) = (plan.apps.get(id)?, state.app(id)?);
    let release = app.release.as_ref().filter(|it| climbs(app, it))?;
    let entry = Entry::next(policy, app_plan.store, release)?;
    let found = assessment.gate.clone();
    let mut gate = found.or_else(|| before_first(&entry, release, assessment))?;
    let wants = circumstances(plan, state, id, &entry, now);
    gate.open &= wants.iter().all(|want| want.met == Some(true));
    gate.wants.extend(wants);
    Some(gate)
}

/// It is out, and nobody but a gate stopped it.
fn climbs(app: &AppState, release: &ReleaseView) -> bool {
    match release.status {
        Status::InProgress => true,
        Status::Stopped => app.waits_at_gate(),
        Status::Draft | Status::Pending | Status::Completed => false,
    }
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

/// Records that the gate opened or shut, or that something else is missing; how far soak and evidence have come is no news.
fn moved(draft: &mut Draft<'_>, id: &AppId, gate: &GateStatus) {
    let open = |want: &&Want| gate.open || want.met != Some(true);
    let told: Vec<&Want> = gate.wants.iter().filter(open).collect();
    let same = draft.app(id).gate.clone().is_some_and(|known| {
        let named = |(why, want): (&PlainText, &&Want)| match want.kind {
            WantKind::Approval | WantKind::Check | WantKind::Window => *why == words(want),
            _ => why.as_str().starts_with(want.what.as_str()),
        };
        let moved = (known.stage, known.next, known.open) != (gate.stage, gate.next, gate.open);
        !moved && known.why.len() == told.len() && known.why.iter().zip(&told).all(named)
    });
    if same {
        return;
    }
    draft.emit(
        Some(id),
        Event::GateMoved {
            stage: gate.stage,
            next: gate.next,
            open: gate.open,
            why: told.into_iter().map(words).collect(),
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
    let entry = Entry::begin(app_plan);
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
