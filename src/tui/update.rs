//! The only place that changes the model. Pure: what has to be done outside comes back as effects.
//!
//! A key goes to the layer on top ([`press`]), else through the keymap to what it does ([`carry`]).

pub(super) mod carry;
mod press;

use std::sync::Arc;

use super::dialogs::direct;
use super::input::actions;
use super::input::mouse;
use super::state::bell;
use super::state::message::{Effect, Message};
use super::state::model::{Layer, Model, View};
use super::state::remember::ViewState;
use super::state::{charts, lists, news, overview, travel};
use super::style::theme::Tone;
use super::words::headline::Headline;
use super::words::link;
use crate::api::client::Link;
use crate::api::{ActReply, Snapshot};
use crate::domain::RefusalKind;

/// One step, and what follows from any: a chart that wants to know more, a view to remember, the bell.
pub(crate) fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let kept = matches!(message, Message::Key(_)).then(|| ViewState::of(model));
    let mut effects = step(model, message);
    effects.extend(charts::wanted(model));
    if kept.is_some_and(|kept| kept != ViewState::of(model)) {
        effects.push(Effect::Remember);
    }
    if bell::rings(model) {
        effects.push(Effect::Bell);
    }
    effects
}

fn step(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Tick(now) => {
            travel::tick(model, now);
            model.lists.news.grow_old(now.wall);
            if model
                .notice
                .as_ref()
                .is_some_and(|notice| notice.until.is_some_and(|until| until <= now.wall))
            {
                model.notice = None;
            }
            Vec::new()
        }
        Message::Snapshot(snapshot) => take_snapshot(model, snapshot),
        Message::Me(me) => {
            model.me = me;
            Vec::new()
        }
        Message::Link(link) => {
            link::changed(model, link);
            Vec::new()
        }
        Message::Past(answer) => travel::arrived(model, answer),
        Message::History { app, history } => {
            charts::arrived(model, app, history);
            Vec::new()
        }
        Message::Told { tone, text } => {
            model.tell(tone, text);
            Vec::new()
        }
        Message::WatcherGone => {
            let since = model.present;
            link::changed(model, Link::Lost { since });
            Vec::new()
        }
        Message::Key(key) => press::press(model, key),
        Message::Mouse { event, area } => mouse::take(model, event, area),
        Message::Paste => {
            if matches!(model.layer, Some(Layer::Confirm(_))) {
                model.tell(Tone::Warning, "a paste does not confirm: type it");
            }
            Vec::new()
        }
        Message::Resize => vec![Effect::Repaint],
        Message::Details {
            source,
            id,
            details,
        } => match &mut model.layer {
            Some(Layer::Crash(look)) => look.take(&source, &id, details).into_iter().collect(),
            _ => Vec::new(),
        },
        Message::Stopped { app, outcome } => {
            direct::answered(model, &app, outcome);
            Vec::new()
        }
        Message::Answered { what, reply } => {
            match reply {
                Some(ActReply::Taken { .. }) => {
                    model.tell(Tone::Strong, format!("{what}: taken"));
                }
                Some(ActReply::Done) => model.tell(Tone::Strong, format!("{what}: done")),
                Some(ActReply::Waits { what: other }) => {
                    model.tell(Tone::Strong, format!("{what}: waits for {other}"));
                }
                Some(ActReply::Refused(refusal)) => {
                    let how = match refusal.kind {
                        RefusalKind::Unanswered => "not known to be done",
                        _ => "refused",
                    };
                    model.tell(Tone::Bad, format!("{what}: {how}: {refusal}"));
                }
                None => model.tell(
                    Tone::Bad,
                    format!("{what}: not known to be done, the watcher does not answer"),
                ),
            }
            Vec::new()
        }
    }
}

fn take_snapshot(model: &mut Model, snapshot: Arc<Snapshot>) -> Vec<Effect> {
    let before = model.shown().map(|app| model.severity(app));
    let former = std::mem::replace(&mut model.latest, Arc::clone(&snapshot));
    if !model.moment.is_live() {
        travel::meanwhile(model, &former);
        return Vec::new();
    }
    let old = Arc::clone(&model.snapshot);
    lists::keeping(model, |model| model.snapshot = snapshot);
    news::mark(model, &old);
    if old.apps.is_empty() {
        overview::start(model);
    }
    if model.shown().is_none() {
        model.app = model.first_app();
    }
    if let Some(Layer::Confirm(dialog)) = &model.layer
        && !dialog.holds(model.snapshot.apps.iter().find(|app| app.id == dialog.app))
    {
        let name = dialog.name;
        model.layer = None;
        model.tell(
            Tone::Warning,
            format!("{name} not done: the state changed meanwhile, look again"),
        );
    }
    close_locked(model);
    let Some((id, severity)) = model
        .apps()
        .first()
        .map(|app| (app.id.clone(), model.severity(app)))
    else {
        return Vec::new();
    };
    // Only for an alarm: an app that is merely not read yet must not slip under somebody's hands.
    let breached = severity.0 == Headline::Breached;
    let elsewhere = model.app.as_ref() != Some(&id) && before.is_none_or(|it| severity.0 > it.0);
    if breached && elsewhere && !model.app_chosen && model.layer.is_none() {
        let text = match model.view {
            View::Overview => format!("{id} is breached, and selected"),
            View::Rollout => format!("showing {id}: it is breached (] for others)"),
        };
        model.tell(Tone::Warning, text);
        overview::leaving(model);
        carry::show(model, Some(id));
    }
    Vec::new()
}

/// A dialog does not outlive the moment in which its act could be asked for.
fn close_locked(model: &mut Model) {
    let around = matches!(&model.layer, Some(Layer::Confirm(dialog)) if dialog.direct);
    if !around
        && let Some(why) = actions::locked(model)
        && close_dialog(model)
    {
        model.tell(Tone::Bad, format!("{why}: nothing was done"));
    }
}

pub(crate) fn close_dialog(model: &mut Model) -> bool {
    let open = matches!(model.layer, Some(Layer::Confirm(_)));
    if open {
        model.layer = None;
    }
    open
}

#[cfg(test)]
mod tests;
