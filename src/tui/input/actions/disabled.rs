//! Why an action cannot be done now, in words.

use super::super::rights;
use super::Do;
use crate::api::AppSnapshot;
use crate::api::client::Link;
use crate::api::wire::WatcherState;
use crate::domain::rollout::Status;
use crate::domain::{Exposure, Health, StoreKind, Target, Verb};
use crate::tui::dialogs::direct;
use crate::tui::state::model::{Model, Pane, View, is_stopped};
use crate::tui::state::overview;
use crate::tui::state::sort::By;
use crate::tui::words::{climb, link};

/// The answer to a flag's key.
pub(crate) const NO_FLAGS: &str = "no flag service configured";

/// `None` where it can be done.
pub(super) fn disabled(does: Do, model: &Model) -> Option<String> {
    let key = |id| model.keys.name(id);
    match does {
        _ if model.view == View::Overview && overview::disabled(model, does).is_some() => {
            overview::disabled(model, does)
        }
        Do::Open if model.view == View::Overview => None,
        Do::Overview if model.view == View::Rollout && !overview::is_wanted(model) => {
            Some("there is one app only".into())
        }
        Do::LastView => (model.lists.before.is_none()).then(|| "no other view was shown".into()),
        Do::Sort if By::of(model.list()).is_empty() => {
            Some("this list has an order of its own".into())
        }
        Do::Filter if !model.list().can_be_filtered() => Some("this pane is no list".into()),
        Do::Columns if model.view != View::Overview => {
            Some(format!("it is for the overview ({})", key("overview")))
        }
        Do::Open if model.focus == Pane::Events => {
            (model.rows(Pane::Events) == 0).then(|| "nothing has happened yet".into())
        }
        Do::Open if model.focus != Pane::Crashes => {
            let (crashes, events) = (key("pane.crashes"), key("pane.events"));
            Some(format!(
                "choose the crashes ({crashes}) or the events ({events}) first"
            ))
        }
        Do::Open => (model.rows(Pane::Crashes) == 0).then(|| "no crash is listed".into()),
        Do::Live => model.moment.is_live().then(|| "this is now".into()),
        Do::Step(_) | Do::Travel(_) | Do::GoTo if !model.reaches_journal() => {
            Some("the watcher cannot be reached, and with it the journal".into())
        }
        Do::NextApp | Do::PreviousApp => {
            (model.snapshot.apps.len() < 2).then(|| "there is one app only".into())
        }
        does if does.acts() => {
            if let Some(why) = out_of_reach(model) {
                return Some(why);
            }
            let Some(app) = model.shown() else {
                return Some("no app is watched".into());
            };
            if direct::is_offered(model, does) {
                let pending = model.around.is_pending(&app.id);
                return pending.then(|| "it is being asked of the store directly".into());
            }
            let refused = || rights::refusal(model, app, does);
            unwatched(model, app, does)
                .or_else(refused)
                .or_else(|| match does {
                    Do::Verb(verb) => verb_disabled(model, verb, app),
                    Do::Postpone => match &app.announced {
                        None => Some("no act is announced".into()),
                        Some(act) if act.held => {
                            let key = key("disarm");
                            Some(format!(
                                "held once already; disarm ({key}) stops automation"
                            ))
                        }
                        Some(_) => None,
                    },
                    Do::Approve => (app.proposal.is_none() && climb::to_approve(app).is_none())
                        .then(|| "nothing waits for an approval".into()),
                    Do::Acknowledge => nothing_to_acknowledge(app),
                    Do::Flag if app.flags.is_none() => Some(NO_FLAGS.into()),
                    _ => None,
                })
        }
        _ => None,
    }
}

/// Why nothing can be asked of the watcher now, whatever it is; `None` where it can.
pub(crate) fn locked(model: &Model) -> Option<String> {
    out_of_reach(model).or_else(|| Some(nobody(model)?.to_owned()))
}

/// This screen must not act, or shows no picture of now.
fn out_of_reach(model: &Model) -> Option<String> {
    if let Some(why) = &model.readonly {
        return Some(why.to_string());
    }
    let key = model.keys.name("live");
    (!model.moment.is_live()).then(|| format!("acts are locked here: {key} goes back to now"))
}

/// Nobody would carry it out.
fn nobody(model: &Model) -> Option<&'static str> {
    let nobody = matches!(model.snapshot.watcher, WatcherState::NobodySince { .. });
    link::locked(model).or(nobody.then_some("nobody watches"))
}

/// The same, with the command that works all the same: nothing is kept for later.
fn unwatched(model: &Model, app: &AppSnapshot, does: Do) -> Option<String> {
    let why = nobody(model)?;
    Some(match instead(model, app, does) {
        Some(command) => format!("{why}; run: {command}"),
        None => why.into(),
    })
}

/// What works from a shell where nobody would carry it out from here; `None` where the key works, or this screen must not act.
pub(crate) fn instead(model: &Model, app: &AppSnapshot, does: Do) -> Option<String> {
    // While the journal is being opened there is nothing but to wait.
    let elsewhere = !direct::is_offered(model, does)
        && out_of_reach(model).is_none()
        && nobody(model).is_some();
    (elsewhere && model.link != Link::Opening).then(|| command(app, does))
}

fn command(app: &AppSnapshot, does: Do) -> String {
    let (verb, how_long) = match does {
        Do::Verb(verb) => (verb.name(), ""),
        Do::Approve => ("approve", ""),
        // Whoever wants it held wants no halt.
        Do::Disarm | Do::Postpone => ("disarm", "--for 2h "),
        _ => ("halt", ""),
    };
    format!("haltline {verb} {} {how_long}--reason …", app.id)
}

fn verb_disabled(model: &Model, verb: Verb, app: &AppSnapshot) -> Option<String> {
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
        Verb::Advance => advance_disabled(model, app, release.status),
        Verb::Hold | Verb::Complete => None,
    }
}

fn advance_disabled(model: &Model, app: &AppSnapshot, status: Status) -> Option<String> {
    if is_stopped(app) {
        let key = model.keys.name("resume");
        return Some(format!("it is stopped: resume it first ({key})"));
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
