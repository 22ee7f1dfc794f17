//! Why an action cannot be done now, in words.

use super::super::climb;
use super::super::link;
use super::super::model::{Model, Pane, is_stopped};
use super::Do;
use crate::api::AppSnapshot;
use crate::api::wire::WatcherState;
use crate::domain::rollout::Status;
use crate::domain::{Exposure, Health, StoreKind, Target, Verb};

/// `None` where it can be done.
pub(super) fn disabled(does: Do, model: &Model) -> Option<String> {
    match does {
        Do::Open if model.focus == Pane::Events => {
            (model.rows(Pane::Events) == 0).then(|| "nothing has happened yet".into())
        }
        Do::Open if model.focus != Pane::Crashes => {
            Some("choose the crashes (5) or the events (6) first".into())
        }
        Do::Live => model.moment.is_live().then(|| "this is now".into()),
        Do::Step(_) | Do::Travel(_) | Do::GoTo if !model.reaches_journal() => {
            Some("the watcher cannot be reached, and with it the journal".into())
        }
        Do::Open => (model.rows(Pane::Crashes) == 0).then(|| "no crash is known".into()),
        Do::NextApp | Do::PreviousApp => {
            (model.snapshot.apps.len() < 2).then(|| "there is one app only".into())
        }
        does if does.acts() => {
            if let Some(why) = &model.readonly {
                return Some(why.to_string());
            }
            if !model.moment.is_live() {
                return Some("acts are locked here: . goes back to now".into());
            }
            let Some(app) = model.shown() else {
                return Some("no app is watched".into());
            };
            unreachable_watcher(model, app).or_else(|| match does {
                Do::Verb(verb) => verb_disabled(verb, app),
                Do::Postpone => match &app.announced {
                    None => Some("no act is announced".into()),
                    Some(act) if act.held => {
                        Some("held once already; disarm (D) stops automation".into())
                    }
                    Some(_) => None,
                },
                Do::Approve => (app.proposal.is_none() && climb::to_approve(app).is_none())
                    .then(|| "nothing waits for an approval".into()),
                Do::Acknowledge => nothing_to_acknowledge(app),
                _ => None,
            })
        }
        _ => None,
    }
}

fn unreachable_watcher(model: &Model, app: &AppSnapshot) -> Option<String> {
    let nobody = matches!(model.snapshot.watcher, WatcherState::NobodySince { .. });
    link::locked(model, &app.id).or_else(|| {
        nobody.then(|| format!("nobody watches; run: haltline halt {} --reason …", app.id))
    })
}

fn verb_disabled(verb: Verb, app: &AppSnapshot) -> Option<String> {
    let Some(release) = &app.release else {
        if verb == Verb::Start && app.waiting.is_some() {
            return None;
        }
        return Some("there is no release to act on".into());
    };
    let stopping = app
        .desire
        .as_ref()
        .is_some_and(|desire| desire.target == Target::Stopped && !desire.failed);
    match verb {
        Verb::Resume => {
            let something = is_stopped(app) || stopping || app.hold.is_some();
            (!something).then(|| "it is not stopped".into())
        }
        Verb::Halt if app.latched && is_stopped(app) => Some("it is halted already".into()),
        Verb::Pause if is_stopped(app) => {
            Some(format!("it is {} already", app.store.stopped_word()))
        }
        Verb::Pause | Verb::Halt => match (release.status, app.store) {
            (Status::Draft | Status::Pending, store) => Some(format!(
                "it is {}: no user gets it yet",
                release.status.word(store)
            )),
            (Status::Completed, StoreKind::AppStore) => Some(
                "it is completed at the App Store, which cannot take it back: expedite a new build"
                    .into(),
            ),
            _ => None,
        },
        Verb::Start if app.waiting.is_some() => None,
        Verb::Start if app.stages.is_empty() => Some("its policy has no stages".into()),
        Verb::Start => app
            .climbs
            .then(|| "haltline carries its stages out already".into()),
        Verb::Advance => advance_disabled(app, release.status),
        Verb::Hold | Verb::Complete => None,
    }
}

fn advance_disabled(app: &AppSnapshot, status: Status) -> Option<String> {
    if is_stopped(app) {
        return Some("it is stopped: resume it first (R)".into());
    }
    if status != Status::InProgress {
        return Some(format!("it is {}", status.word(app.store)));
    }
    match (climb::next_stage(app), app.store) {
        (None, _) => Some("its policy has no further stage: haltline advance --to".into()),
        (Some(next), StoreKind::AppStore) if next < Exposure::FULL => {
            Some("Apple steps by itself, once a day: only haltline complete goes further".into())
        }
        _ => None,
    }
}

fn nothing_to_acknowledge(app: &AppSnapshot) -> Option<String> {
    if let Some(actor) = &app.acknowledged_by {
        return Some(format!("acknowledged by {actor} already"));
    }
    let quiet = app.health < Health::Warning
        && app.fired.is_empty()
        && app.needs_person.is_none()
        && app.desire.is_none();
    quiet.then(|| "there is nothing to acknowledge".into())
}
