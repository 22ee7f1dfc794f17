//! The only place that changes the model. Pure: what has to be done outside comes back as effects.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::actions::{self, Do};
use super::confirm::{Confirm, Outcome};
use super::headline::Headline;
use super::look::Look;
use super::message::{Effect, Message};
use super::model::{Layer, Model, Pane};
use super::theme::Tone;
use crate::api::{ActReply, ActRequest, Snapshot};

/// One step.
pub(crate) fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Tick(now) => {
            model.now = now;
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
        Message::WatcherGone => {
            model.live = false;
            if close_dialog(model) {
                model.tell(Tone::Bad, "the watcher has stopped: nothing was done");
            }
            vec![Effect::Bell]
        }
        Message::Key(key) => press(model, key),
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
        Message::Answered { what, reply } => {
            match reply {
                Some(ActReply::Taken { .. }) => {
                    model.tell(Tone::Strong, format!("{what}: taken"));
                }
                Some(ActReply::Done) => model.tell(Tone::Strong, format!("{what}: done")),
                Some(ActReply::Waits { what: other }) => {
                    model.tell(Tone::Strong, format!("{what}: waits for {other}"));
                }
                Some(ActReply::Refused { why }) => {
                    model.tell(Tone::Bad, format!("{what}: refused: {why}"));
                }
                None => model.tell(
                    Tone::Bad,
                    format!("{what}: not done, the watcher has stopped"),
                ),
            }
            Vec::new()
        }
    }
}

fn take_snapshot(model: &mut Model, snapshot: Arc<Snapshot>) -> Vec<Effect> {
    let before = model.shown().map(|app| model.severity(app));
    let worst_before = model.apps().first().map(|app| model.severity(app).0);
    model.snapshot = snapshot;
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
        model.tell(
            Tone::Warning,
            format!("showing {id}: it is breached (o for others)"),
        );
        show(model, Some(id));
    }
    let alarm = breached && worst_before.is_none_or(|it| it < severity.0);
    alarm.then_some(Effect::Bell).into_iter().collect()
}

fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let control_c = key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c');
    model.notice = None;
    match model.layer.take() {
        Some(Layer::Quit) if control_c || key.code == KeyCode::Char('y') => vec![Effect::Quit],
        Some(Layer::Quit) => Vec::new(),
        _ if control_c => leave(model),
        Some(Layer::Confirm(mut dialog)) => match dialog.press(key, model.now.wall) {
            Outcome::Stays => {
                model.layer = Some(Layer::Confirm(dialog));
                Vec::new()
            }
            Outcome::Cancelled => {
                model.tell(
                    Tone::Plain,
                    format!("{} cancelled: nothing was done", dialog.name),
                );
                Vec::new()
            }
            Outcome::Confirmed { reason, every_app } => {
                let one = !every_app;
                let what = if one {
                    format!("{} {}", dialog.name, dialog.app)
                } else {
                    format!("{} every app", dialog.name)
                };
                let request = ActRequest {
                    id: request_id(model),
                    app: one.then(|| dialog.app.clone()),
                    act: dialog.act,
                    actor: model.identity.actor(),
                    reason,
                    expect: one.then_some(dialog.revision),
                };
                ask(model, what, request)
            }
        },
        Some(Layer::Crash(mut look)) => {
            let does = actions::of_key(key).map(|action| action.does);
            if let Some(Do::Scroll(rows)) = does {
                look.scroll(rows);
            }
            if !matches!(does, Some(Do::Back | Do::Open)) {
                model.layer = Some(Layer::Crash(look));
            }
            Vec::new()
        }
        Some(Layer::Help) => {
            let closes = matches!(key.code, KeyCode::Esc | KeyCode::Char('q' | '?'));
            if !closes {
                model.layer = Some(Layer::Help);
            }
            Vec::new()
        }
        None => actions::of_key(key).map_or_else(Vec::new, |action| match action.disabled(model) {
            Some(why) => {
                model.tell(Tone::Warning, format!("{}: {why}", action.key_names()));
                Vec::new()
            }
            None => carry_out(model, action.does),
        }),
    }
}

fn carry_out(model: &mut Model, does: Do) -> Vec<Effect> {
    match does {
        Do::Verb(_) | Do::Approve | Do::Postpone | Do::Disarm => {
            let dialog = model.shown().map(|app| match does {
                Do::Verb(verb) => Confirm::verb(model, app, verb),
                Do::Approve => Confirm::approve(model, app),
                Do::Postpone => Confirm::postpone(model, app),
                _ if app.disarmed.is_some() || model.snapshot.disarmed.is_some() => {
                    Confirm::arm(model, app)
                }
                _ => Confirm::disarm(model, app),
            });
            model.layer = dialog.map(|dialog| Layer::Confirm(Box::new(dialog)));
        }
        Do::Acknowledge => {
            let Some(app) = model.app.clone() else {
                return Vec::new();
            };
            let request = ActRequest {
                id: request_id(model),
                app: Some(app.clone()),
                act: crate::domain::Act::Acknowledge,
                actor: model.identity.actor(),
                reason: "from the screen".into(),
                expect: None,
            };
            return ask(model, format!("acknowledge {app}"), request);
        }
        Do::Focus(pane) => focus(model, pane),
        Do::NextPane => turn_pane(model, 1),
        Do::PreviousPane => turn_pane(model, Pane::ALL.len() - 1),
        Do::NextApp => turn_app(model, 1),
        Do::PreviousApp => turn_app(model, model.snapshot.apps.len().saturating_sub(1)),
        Do::Zoom => model.zoomed = !model.zoomed,
        Do::Scroll(rows) => {
            let last = model.rows(model.focus).saturating_sub(1);
            let to = model
                .offset(model.focus)
                .saturating_add_signed(rows)
                .min(last);
            model.scroll.insert(model.focus, to);
        }
        Do::Open => {
            let issue = model.shown().and_then(|app| {
                let issue = app.issues.get(model.offset(Pane::Crashes))?;
                Some(Look::at(&app.id, issue))
            });
            if let Some((look, question)) = issue {
                model.layer = Some(Layer::Crash(Box::new(look)));
                return question.into_iter().collect();
            }
        }
        Do::Help => model.layer = Some(Layer::Help),
        Do::Repaint => return vec![Effect::Repaint],
        Do::Back if model.zoomed => model.zoomed = false,
        Do::Back => return leave(model),
    }
    Vec::new()
}

/// Leaves at once, or asks where something is under way.
fn leave(model: &mut Model) -> Vec<Effect> {
    let pending = model
        .snapshot
        .apps
        .iter()
        .any(|app| app.announced.is_some() || app.desire.is_some());
    if pending && model.is_watched() {
        model.layer = Some(Layer::Quit);
        return Vec::new();
    }
    vec![Effect::Quit]
}

fn close_dialog(model: &mut Model) -> bool {
    let open = matches!(model.layer, Some(Layer::Confirm(_)));
    if open {
        model.layer = None;
    }
    open
}

fn focus(model: &mut Model, pane: Pane) {
    model.focus = pane;
    if !matches!(pane, Pane::Health | Pane::Rules) {
        model.tab = Some(pane);
    }
}

fn turn_pane(model: &mut Model, by: usize) {
    let at = Pane::ALL
        .iter()
        .position(|pane| *pane == model.focus)
        .unwrap_or_default();
    if let Some(pane) = Pane::ALL.get((at + by) % Pane::ALL.len()) {
        focus(model, *pane);
    }
}

fn turn_app(model: &mut Model, by: usize) {
    let ids: Vec<_> = model.apps().iter().map(|app| app.id.clone()).collect();
    let at = ids
        .iter()
        .position(|id| Some(id) == model.app.as_ref())
        .unwrap_or_default();
    let next = (at + by) % ids.len().max(1);
    model.app_chosen = true;
    show(model, ids.into_iter().nth(next));
}

fn show(model: &mut Model, app: Option<crate::domain::AppId>) {
    model.app = app;
    model.scroll.clear();
}

fn ask(model: &mut Model, what: String, request: ActRequest) -> Vec<Effect> {
    model.tell(Tone::Strong, format!("{what}: asked"));
    let request = Box::new(request);
    vec![Effect::Ask { what, request }]
}

/// Asking twice with one id is asking once, so every request has its own.
fn request_id(model: &mut Model) -> String {
    model.asked += 1;
    format!(
        "screen-{}-{}-{}",
        model.identity.user,
        model.now.wall.timestamp_millis(),
        model.asked
    )
}

#[cfg(test)]
mod tests;
