//! The snapshot: state, memory and plan drawn together for every surface.

use std::collections::BTreeMap;

use crate::api::wire::{
    Announced, AppSnapshot, AppView, DeclaredView, DesireView, Disarmed, ExecutionView,
    IncidentView, MuteView, OverrideView, Remark, SNAPSHOT_SCHEMA, Snapshot, TierView, TrainView,
    WaitingView, WatcherState,
};
use crate::domain::{
    Actor, AppId, Fix, Health, PlainText, Record, Status, StoreKind, Timestamp, checklist,
};
use crate::engine::{self, Plan, State};
use crate::policy::train::Train;
use crate::policy::{Assessment, GateStatus};

use super::app::WatchedApp;
use super::driver::Watcher;
use super::gallery::Gallery;
use super::{observe, trust};

/// What a picture is drawn of.
pub(super) struct Scene<'a> {
    pub plan: &'a Plan,
    pub state: &'a State,
    pub apps: &'a BTreeMap<AppId, WatchedApp>,
    /// In the order of the config.
    pub order: &'a [AppId],
    /// The latest ones, oldest first.
    pub events: Vec<Record>,
    pub now: Timestamp,
    /// Whom it tells what it does.
    pub(super) told: Vec<PlainText>,
    /// Time moves by leaps.
    pub(super) discrete: bool,
    /// What was drawn before, where it may be shown again.
    pub(super) gallery: Option<&'a Gallery>,
}

/// A picture without anything in it, for before the first one.
pub fn empty(at: Timestamp) -> Snapshot {
    Snapshot {
        schema: SNAPSHOT_SCHEMA.into(),
        at,
        seq: 0,
        watcher: WatcherState::NobodySince { since: None },
        disarmed: None,
        told: Vec::new(),
        mute: Vec::new(),
        on_call: None,
        apps: Vec::new(),
        trains: Vec::new(),
        events: Vec::new(),
    }
}

/// The picture of a running watcher.
pub(super) fn of(watcher: &Watcher) -> Snapshot {
    let state = match &watcher.distrust {
        Some(why) => WatcherState::WatchingOnly { why: why.clone() },
        None => WatcherState::Acting {
            term: watcher.state.term,
        },
    };
    draw(watcher, state)
}

/// The picture from the journal alone: nobody watches.
pub(super) fn offline(watcher: &Watcher) -> Snapshot {
    draw(
        watcher,
        WatcherState::NobodySince {
            since: watcher.state.last_at,
        },
    )
}

pub(super) fn draw(watcher: &Watcher, watching: WatcherState) -> Snapshot {
    let scene = Scene {
        plan: &watcher.plan,
        state: &watcher.state,
        apps: &watcher.apps,
        order: &watcher.order,
        events: watcher.events.iter().cloned().collect(),
        now: watcher.outside.clock.now(),
        told: told(watcher),
        discrete: watcher.outside.clock.is_discrete(),
        gallery: Some(&watcher.gallery),
    };
    Snapshot {
        told: told(watcher),
        on_call: watcher.outside.on_call.borrow().clone(),
        ..of_scene(scene, watching)
    }
}

pub(super) fn of_scene(watcher: Scene<'_>, watching: WatcherState) -> Snapshot {
    let now = watcher.now;
    let apps = watcher.order.iter().filter_map(|id| {
        let app = watcher.apps.get(id)?;
        Some(match watcher.gallery {
            Some(gallery) => gallery.picture(&watcher, app),
            None => app_picture(&watcher, app),
        })
    });
    Snapshot {
        schema: SNAPSHOT_SCHEMA.into(),
        at: now,
        seq: watcher.state.seq,
        watcher: watching,
        disarmed: watcher
            .state
            .disarmed
            .as_ref()
            .filter(|disarm| disarm.is_active(now))
            .map(disarmed),
        apps: apps.collect(),
        told: watcher.told,
        mute: mute(watcher.state),
        on_call: None,
        trains: watcher
            .plan
            .trains
            .iter()
            .map(|train| train_view(train, now))
            .collect(),
        events: watcher.events,
    }
}

/// Whom it tells. One that only follows tells nobody; the one that acts has the same config.
fn told(watcher: &Watcher) -> Vec<PlainText> {
    let notifiers = watcher.outside.notifiers.iter();
    notifiers.map(|notifier| notifier.name().into()).collect()
}

/// The channels that fail.
fn mute(state: &State) -> Vec<MuteView> {
    let channels = state.channels.iter();
    let view = channels.filter_map(|(name, channel)| {
        let failing = channel.failing.as_ref()?;
        let waiting = state.tells.values();
        let waiting = waiting.filter(|tell| tell.waiting.contains_key(name));
        Some(MuteView {
            channel: name.clone(),
            since: failing.since,
            why: failing.why.clone(),
            waiting: u32::try_from(waiting.count()).unwrap_or(u32::MAX),
        })
    });
    view.collect()
}

fn incident(plan: &Plan, app: &engine::AppState) -> Option<IncidentView> {
    let open = app.incident.as_ref()?;
    Some(IncidentView {
        key: open.key.clone(),
        opened: open.opened,
        acknowledged_by: open.acknowledged.as_ref().map(|(by, _)| by.clone()),
        level: open.level,
        told: open.told.iter().cloned().collect(),
        escalates: open.escalates(plan),
    })
}

fn disarmed(disarm: &engine::state::Disarm) -> Disarmed {
    Disarmed {
        until: disarm.until,
        actor: disarm.actor.clone(),
        reason: disarm.reason.clone(),
    }
}

#[expect(clippy::too_many_lines, reason = "one field after the other")]
pub(super) fn app_picture(watcher: &Scene<'_>, app: &WatchedApp) -> AppSnapshot {
    let (plan, whole, now) = (watcher.plan.apps.get(&app.id), watcher.state, watcher.now);
    let state = whole.app(&app.id).cloned().unwrap_or_default();
    let memory = &app.memory;
    let store = app.store.kind();
    let assessment = memory.assessment.as_ref();
    let sources = trust::sources(app, &state, &memory.doubts, now);
    let stopped = state
        .release
        .as_ref()
        .filter(|release| needs_way_out(store, release.status, state.health));
    let previous = app.baseline_of(state.previous.as_ref());
    let health = shown_health(&state, &sources);
    let policy = plan.map(|plan| engine::in_force(plan, &state));
    AppSnapshot::from(AppView {
        id: app.id.clone(),
        name: app.name.clone(),
        store,
        policy: policy
            .as_ref()
            .map(|policy| policy.name.clone())
            .unwrap_or_default(),
        acts: plan.is_some_and(|plan| !plan.advise),
        disarmed: state
            .disarmed
            .as_ref()
            .filter(|disarm| disarm.is_active(now))
            .map(disarmed),
        revision: state.revision,
        version_name: state
            .release
            .as_ref()
            .map(|release| app.version_name(&release.version))
            .unwrap_or_default(),
        previous_name: previous
            .as_ref()
            .map(|version| observe::old_name(app, version)),
        previous,
        started: state.started.or_else(|| {
            memory
                .reports
                .values()
                .filter_map(|latest| latest.report.first_session)
                .min()
        }),
        store_read_at: memory.store_read_at,
        store_failure: state.store_failure.clone(),
        stages: policy
            .map(|policy| policy.stages.iter().map(|stage| stage.exposure).collect())
            .unwrap_or_default(),
        health,
        sentence: assessment.map_or_else(
            || state.sentence.clone(),
            |assessment| assessment.sentence.clone(),
        ),
        metrics: assessment
            .map(|assessment| assessment.metrics.clone())
            .unwrap_or_default(),
        levels: assessment
            .map(|assessment| assessment.levels.clone())
            .unwrap_or_default(),
        disagreements: assessment
            .map(|assessment| assessment.disagreements.clone())
            .unwrap_or_default(),
        dark: state.dark.clone(),
        rules: assessment
            .map(|assessment| assessment.rules.clone())
            .unwrap_or_default(),
        gate: assessment.and_then(|assessment| shown_gate(assessment, &state, health)),
        fired: state.fired.keys().cloned().collect(),
        reviews: app.reviews(),
        issues: app.issues(),
        answered: memory.answered.clone(),
        shares: app.share_views(now),
        gaining: state
            .release
            .as_ref()
            .and_then(|release| memory.uptake.gaining(&release.version.key(), now)),
        remarks: state.remarks.iter().rev().map(remark).collect(),
        flags: None,
        notes: memory
            .reports
            .values()
            .flat_map(|latest| latest.report.notes.clone())
            .collect(),
        hold: state.hold.clone(),
        latched: state.latched,
        stakes: engine::stakes(watcher.plan, whole, &app.id, None).unwrap_or_default(),
        announced: state.announced.as_ref().map(|act| Announced {
            rule: act.rule.clone(),
            verb: act.verb,
            due: act.due,
            held: act.held,
        }),
        desire: state.desire.as_ref().map(desire),
        needs_person: state.needs_person.clone(),
        acknowledged_by: state.acknowledged_by.clone(),
        incident: incident(watcher.plan, &state),
        way_out: stopped
            .map(|release| checklist::way_out(store, release.status, &release.version))
            .unwrap_or_default(),
        execution: state.execution.as_ref().map(|execution| ExecutionView {
            number: execution.number,
            phase: execution.phase,
            since: execution.since,
            actor: execution.actor.clone(),
            reason: execution.reason.clone(),
            policy_hash: state
                .pinned
                .as_ref()
                .map(|pinned| pinned.hash.clone())
                .unwrap_or_default(),
        }),
        waiting: state.waiting.as_ref().map(|release| WaitingView {
            release: release.clone(),
            asked_by: state
                .starting
                .as_ref()
                .map(|starting| starting.actor.clone()),
            gate: engine::to_begin(watcher.plan, whole, &app.id, now),
        }),
        climbs: state.ladder.is_some(),
        overrides: overrides(&state),
        proposal: state.proposal.as_ref().map(|proposal| {
            let changes: Vec<&str> = proposal.changes.iter().map(PlainText::as_str).collect();
            format!("{} asks: {}", proposal.actor, changes.join("; ")).into()
        }),
        policy_differs: state.differs.is_some(),
        tier: state.tier.as_ref().map(|tier| TierView {
            name: tier.name.clone(),
            say: tier.say.clone(),
        }),
        declared: declared(&state),
        plan: watcher
            .plan
            .plans
            .iter()
            .find(|plan| plan.apps.contains(&app.id))
            .map(|plan| plan.name.clone()),
        train: plan.and_then(|plan| plan.train.clone()),
        stalled: state.stalled.clone(),
        acts_used: engine::used_today(whole, &app.id, now),
        acts_allowed: watcher.plan.budgets.per_app_day,
        release: state.release,
        sources,
    })
}

/// Who is on watch of a train, and what is due next.
pub fn train_view(train: &Train, now: Timestamp) -> TrainView {
    let watch = train.on_watch(now);
    let (on_watch, next) = watch.map(|watch| (watch.owner, watch.next)).unzip();
    let (until, after) = next.flatten().unzip();
    TrainView {
        train: train.name.clone(),
        zone: train.zone,
        on_watch,
        until,
        after,
        due: train.due(now).map(|(what, due)| (what.name().into(), due)),
    }
}

fn overrides(state: &engine::AppState) -> Vec<OverrideView> {
    let view = |(rule, set): (&PlainText, &engine::state::Override)| OverrideView {
        rule: rule.clone(),
        until: set.until,
        actor: set.actor.clone(),
        reason: set.reason.clone(),
        changes: set.changes.clone(),
    };
    state.overrides.iter().map(view).collect()
}

fn remark(remark: &engine::state::Remark) -> Remark {
    Remark {
        at: remark.at,
        actor: remark.actor.clone(),
        text: remark.text.clone(),
    }
}

fn declared(state: &engine::AppState) -> Vec<DeclaredView> {
    let view = |(flow, (fix, actor)): (&PlainText, &(Fix, Actor))| DeclaredView {
        flow: flow.clone(),
        fix: *fix,
        actor: actor.clone(),
    };
    state.declared.iter().map(view).collect()
}

/// The gate of a rollout that may go up through it. It closes by itself where green fades.
fn shown_gate(
    assessment: &Assessment,
    state: &engine::AppState,
    shown: Health,
) -> Option<GateStatus> {
    let release = state.release.as_ref()?;
    let gate = assessment.gate.clone()?;
    (release.status == Status::InProgress || state.waits_at_gate()).then(|| GateStatus {
        open: gate.open && shown == Health::Healthy,
        ..gate
    })
}

fn desire(desire: &engine::Desire) -> DesireView {
    DesireView {
        revision: desire.revision,
        verb: desire.verb,
        target: desire.target,
        actor: desire.actor.clone(),
        reason: desire.reason.clone(),
        since: desire.since,
        attempts: desire.attempts,
        failure: desire.failure.clone(),
        failed: desire.failed,
    }
}

/// A rollout that is stopped, or that is bad and that the store cannot stop any more.
fn needs_way_out(store: StoreKind, status: Status, health: Health) -> bool {
    let too_late = store == StoreKind::AppStore && status == Status::Completed;
    status == Status::Stopped || (too_late && health == Health::Breached)
}

/// Green fades by itself: a verdict that was healthy is unknown once a required source has gone stale since.
fn shown_health(state: &engine::AppState, sources: &[crate::policy::SourceState]) -> Health {
    let blind = state.release.is_none()
        || sources
            .iter()
            .any(|source| source.required && !source.is_fresh());
    match state.health {
        Health::Healthy | Health::Warning if blind => Health::Unknown,
        health => health,
    }
}

/// The verdict over all apps, worst first: what an exit code is made of.
pub fn verdict_of(snapshot: &Snapshot) -> Health {
    snapshot
        .apps
        .iter()
        .map(|app| app.health)
        .max()
        .unwrap_or(Health::Unknown)
}
