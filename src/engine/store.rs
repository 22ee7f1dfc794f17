//! What a fresh read of the store means: our own act confirmed, the store's own course, or somebody else's hand.

use chrono::TimeDelta;

use super::draft::Draft;
use super::effect::Effect;
use super::guard::Guard;
use super::state::{AppState, Desire, Phase};
use super::{gate, ladder, reconcile};
use crate::domain::event::Urgency;
use crate::domain::rollout::ReleaseView;
use crate::domain::{
    Actor, AppId, Event, Exposure, Failure, PlainText, Status, StoreKind, StoreView, Timestamp,
    Verb, Version,
};

/// Apple allows 30 days of pause in all; what happens after them is documented nowhere.
pub(super) const PAUSE_DAYS_TO_WARN_AT: u32 = 20;

/// Takes in a full read.
pub(super) fn read(draft: &mut Draft<'_>, id: &AppId, result: Result<StoreView, Failure>) {
    let Some(plan) = draft.app_plan(id) else {
        return;
    };
    let view = match result {
        Ok(view) => view,
        Err(failure) => return lost(draft, id, failure),
    };
    if draft.app(id).store_failure.is_some() {
        draft.emit(Some(id), Event::StoreBack);
    }
    begun(draft, id, &view);
    let app = draft.app(id);
    match (&app.release, view.release) {
        (None, None) => {}
        (Some(_), None) => {
            let undone = supersede_for_new_release(draft, id, "the release is gone from the store");
            draft.emit(Some(id), Event::ReleaseGone);
            tell_undone(draft, id, undone);
            draft.tell(
                Some(id),
                Urgency::Warning,
                &format!("{id}: the store shows no release to watch any more"),
            );
        }
        (Some(old), Some(new)) if old.version == new.version => {
            same_release(draft, id, plan.store, old, new);
        }
        (_, Some(new)) => {
            let undone = supersede_for_new_release(draft, id, "another release took its place");
            found(draft, id, plan.store, new, view.previous);
            tell_undone(draft, id, undone);
        }
    }
    waits(draft, id, view.waiting);
    ladder::take_found(draft, id);
    let app = draft.app(id);
    let unseen = app
        .desire
        .as_ref()
        .is_some_and(|desire| desire.phase == Phase::Verify);
    // What it does not show yet it does not show in the same moment either: the next tick asks again.
    if !unseen {
        reconcile::go_on(draft, id);
    }
}

fn found(
    draft: &mut Draft<'_>,
    id: &AppId,
    store: StoreKind,
    release: ReleaseView,
    previous: Option<Version>,
) {
    let words = format!(
        "{id}: watching {} ({} at {}) on {}",
        release.version,
        release.status.word(store),
        release.exposure,
        store.name()
    );
    let starting = draft.app(id).starting.clone();
    let found = release.version.clone();
    draft.emit(Some(id), Event::ReleaseFound { release, previous });
    draft.tell(Some(id), Urgency::Info, &words);
    match starting {
        Some(begun) if begun.version == found => {
            ladder::take(draft, id, begun.actor, &begun.reason);
        }
        Some(void) => {
            let words = format!(
                "{id}: {} is not begun by itself any more, since {found} was rolled out: ask again",
                void.version
            );
            draft.tell(Some(id), Urgency::Warning, &words);
        }
        None => {}
    }
}

/// The release that was to begin is out: what was wanted of it has come true.
fn begun(draft: &mut Draft<'_>, id: &AppId, view: &StoreView) {
    let (Some(desire), Some(release)) = (draft.app(id).desire.clone(), &view.release) else {
        return;
    };
    if desire.version.as_ref() == Some(&release.version) && desire.target.is_met_by(release) {
        reconcile::confirmed(draft, id, &desire, release);
    }
}

/// How long the store may show a release nowhere that it was told to begin.
const ON_ITS_WAY: TimeDelta = TimeDelta::hours(1);

/// Takes in which release waits to be begun, and whether the one that shall begin still does.
fn waits(draft: &mut Draft<'_>, id: &AppId, waiting: Option<ReleaseView>) {
    let (app, now) = (draft.app(id), draft.now());
    if app.waiting != waiting {
        let version = |release: &Option<ReleaseView>| release.as_ref().map(|it| it.version.clone());
        let news = version(&waiting).filter(|_| version(&waiting) != version(&app.waiting));
        let release = waiting.clone();
        draft.emit(Some(id), Event::WaitingChanged { release });
        if let Some(version) = news {
            let words = format!("{id}: {version} waits to be begun");
            draft.tell(Some(id), Urgency::Info, &words);
        }
    }
    let Some(desire) = app.desire.clone().filter(|_| app.writing.is_none()) else {
        return;
    };
    let Some(wanted) = &desire.version else {
        return;
    };
    match waiting.filter(|waiting| waiting.version == *wanted) {
        Some(release) if desire.phase == Phase::Verify => {
            let revision = desire.revision;
            draft.emit(Some(id), Event::ReadBackDiffers { revision, release });
        }
        Some(_) => {}
        None if desire.attempts > 0 && now - desire.since < ON_ITS_WAY => {}
        None => {
            let undone = supersede_for_new_release(draft, id, "the release that waited is gone");
            tell_undone(draft, id, undone);
        }
    }
}

fn lost(draft: &mut Draft<'_>, id: &AppId, failure: Failure) {
    let app = draft.app(id);
    let known = app
        .store_failure
        .as_ref()
        .is_some_and(|known| known.kind == failure.kind && known.what == failure.what);
    if known {
        return;
    }
    let words = format!("{id}: the store cannot be read: {failure}");
    let urgency = if app.desire.is_some() {
        Urgency::Page
    } else {
        Urgency::Warning
    };
    draft.emit(Some(id), Event::StoreLost { failure });
    draft.tell(Some(id), urgency, &words);
}

/// Ends what was wanted of a release that is there no more. What has to be told is for after the next one was found: with this one
/// its incident ends, and whoever is paged shall find one that is open.
fn supersede_for_new_release(draft: &mut Draft<'_>, id: &AppId, why: &str) -> Option<String> {
    let desire = draft.app(id).desire.clone()?;
    let (revision, words) = (desire.revision, why.into());
    let superseded = Event::DesireSuperseded {
        revision,
        why: words,
    };
    draft.emit(Some(id), superseded);
    Some(format!("{id}: {} was not carried out: {why}", desire.verb))
}

fn tell_undone(draft: &mut Draft<'_>, id: &AppId, words: Option<String>) {
    if let Some(words) = words {
        draft.tell(Some(id), Urgency::Page, &words);
    }
}

/// A rollout goes on, and for so long nobody has seen how.
const BLIND_FOR: TimeDelta = TimeDelta::minutes(15);

/// When somebody has to be woken for a store that cannot be read.
pub(super) fn page_due(app: &AppState) -> Option<Timestamp> {
    let (since, _) = app.store_lost.filter(|(_, paged)| !paged)?;
    let release = app.release.as_ref()?;
    (release.status == Status::InProgress).then(|| since + BLIND_FOR)
}

/// Wakes somebody, once, where the store has not been read for long.
pub(super) fn tick(draft: &mut Draft<'_>, id: &AppId) {
    let now = draft.now();
    let Some(app) = draft.state.app(id) else {
        return;
    };
    let (Some(due), Some(failure)) = (page_due(app), &app.store_failure) else {
        return;
    };
    if due <= now {
        let why: PlainText = failure.to_string().into();
        let minutes = (now - due + BLIND_FOR).num_minutes();
        let words =
            format!("{id}: store unknown for {minutes} min while the rollout goes on: {why}");
        draft.emit(Some(id), Event::StorePaged { why });
        draft.tell(Some(id), Urgency::Page, &words);
    }
}

fn same_release(
    draft: &mut Draft<'_>,
    id: &AppId,
    store: StoreKind,
    old: &ReleaseView,
    new: ReleaseView,
) {
    let app = draft.app(id);
    // A write in flight makes what was read older than what will be: wait for its own read-back.
    if app.writing.is_some() {
        return;
    }
    if let Some(desire) = app
        .desire
        .as_ref()
        .filter(|desire| desire.version.is_none())
    {
        if desire.target.is_met_by(&new) {
            if *old != new {
                draft.emit(
                    Some(id),
                    Event::StoreChanged {
                        release: new.clone(),
                    },
                );
            }
            reconcile::confirmed(draft, id, desire, &new);
            return;
        }
        if let Some(why) = overtaken(desire, old, &new) {
            reconcile::supersede(draft, id, desire, why);
        } else if desire.phase == Phase::Verify {
            draft.emit(
                Some(id),
                Event::ReadBackDiffers {
                    revision: desire.revision,
                    release: new,
                },
            );
            return;
        }
    }
    if *old == new {
        return;
    }
    warn_of_pause_budget(draft, id, old, &new);
    let told = app
        .direct
        .as_ref()
        .is_some_and(|direct| direct.holds(draft.now(), &new));
    match drift(store, old, &new).filter(|_| !told) {
        None => draft.emit(Some(id), Event::StoreChanged { release: new }),
        Some(drift) => drifted(draft, id, drift, new),
    }
}

/// Why a raise is not tried again, where somebody did something else after haltline had begun it: theirs is the later word, and
/// another write would undo it. Before the first write, a stop may still be that of an earlier act whose answer was lost; and a
/// resume finds it stopped until it has come through.
fn overtaken(desire: &Desire, old: &ReleaseView, new: &ReleaseView) -> Option<&'static str> {
    let resumes = desire.verb == Verb::Resume && old.status == Status::Stopped;
    match new.status {
        _ if desire.verb.lowers() => None,
        Status::Stopped if desire.attempts > 0 && !resumes => {
            Some("the rollout was stopped outside haltline meanwhile")
        }
        Status::Completed => Some("the release was given to everybody outside haltline meanwhile"),
        _ => None,
    }
}

/// A change that nobody asked haltline for.
struct Drift {
    what: String,
    /// A stopped release runs again: a person's resume.
    resumed: bool,
}

fn drift(store: StoreKind, old: &ReleaseView, new: &ReleaseView) -> Option<Drift> {
    let phases_ran_out = store == StoreKind::AppStore
        && new.status == Status::Completed
        && old.status == Status::InProgress
        && old.phased.as_ref().is_none_or(|phased| phased.day >= 6);
    let same_status = old.status == new.status;
    let apple_stepped = store == StoreKind::AppStore && same_status;
    if phases_ran_out || apple_stepped || (same_status && old.exposure == new.exposure) {
        return None;
    }
    let what = if same_status {
        format!("exposure {} → {}", old.exposure, new.exposure)
    } else {
        format!(
            "{} at {} → {} at {}",
            old.status.word(store),
            old.exposure,
            new.status.word(store),
            new.exposure
        )
    };
    let resumed = old.status == Status::Stopped
        && matches!(new.status, Status::InProgress | Status::Completed);
    Some(Drift { what, resumed })
}

fn drifted(draft: &mut Draft<'_>, id: &AppId, drift: Drift, release: ReleaseView) {
    let now = draft.now();
    let stopped = release.status == Status::Stopped;
    let mut words = format!("{id}: changed outside haltline: {}", drift.what);
    if drift.resumed && draft.app(id).waits_at_gate() {
        let to = gate::daily_step(&release).unwrap_or(release.exposure);
        let who = (Actor::Outside, "resumed in the store".into());
        ladder::overrule(draft, id, to, who);
    }
    draft.emit(
        Some(id),
        Event::Drift {
            release,
            what: drift.what.into(),
        },
    );
    if drift.resumed && draft.plan.keeps(Guard::RestartEvidence) {
        let resumes = draft.app(id).resumes + 1;
        draft.emit(Some(id), Event::EvidenceRestarted { from: now, resumes });
        words.push_str("; taken as a person's resume: evidence starts again now");
    } else if stopped
        && let Some(act) = draft
            .app(id)
            .announced
            .clone()
            .filter(|act| act.verb == Verb::Pause)
    {
        draft.emit(
            Some(id),
            Event::ActCancelled {
                rule: act.rule,
                why: "somebody stopped the rollout already".into(),
            },
        );
    }
    draft.tell(Some(id), Urgency::Warning, &words);
}

fn warn_of_pause_budget(draft: &mut Draft<'_>, id: &AppId, old: &ReleaseView, new: &ReleaseView) {
    let days = |release: &ReleaseView| {
        release
            .phased
            .as_ref()
            .map_or(0, |phased| phased.paused_days)
    };
    let (before, after) = (days(old), days(new));
    if after > before && after >= PAUSE_DAYS_TO_WARN_AT {
        let urgency = if after >= 28 {
            Urgency::Page
        } else {
            Urgency::Warning
        };
        let words = format!("{id}: paused for {after} of the 30 days that Apple allows in all");
        draft.tell(Some(id), urgency, &words);
    }
}

/// Asks for a fresh read.
pub(super) fn ask(draft: &mut Draft<'_>, id: &AppId) {
    draft.effect(Effect::Read { app: id.clone() });
}

/// The exposure to name in a sentence.
pub(super) fn exposure_of(draft: &Draft<'_>, id: &AppId) -> Exposure {
    draft
        .app(id)
        .release
        .as_ref()
        .map_or(Exposure::NONE, |release| release.exposure)
}
