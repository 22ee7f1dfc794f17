//! What an action does, by itself: everything that `Do` names.

use super::super::export;
use crate::api::ActRequest;
use crate::tui::dialogs::confirm::Confirm;
use crate::tui::dialogs::prompt::{Prompt, Purpose};
use crate::tui::dialogs::{guide, help, palette};
use crate::tui::input::actions::{self, Action, Do, NO_FLAGS};
use crate::tui::state::look::Look;
use crate::tui::state::message::Effect;
use crate::tui::state::model::{Layer, Model, Pane, View};
use crate::tui::state::{bell, columns, evidence, filter, overview, travel};
use crate::tui::style::theme;
use crate::tui::style::theme::Tone;

/// Carries an action out where it can be done now, else says why not.
pub(in super::super) fn try_out(model: &mut Model, action: &Action, with: &str) -> Vec<Effect> {
    if let Some(why) = action.disabled(model) {
        let key = model.keys.name(action.id);
        model.tell(Tone::Warning, format!("{key}: {why}"));
        return Vec::new();
    }
    out(model, action.does, with)
}

/// Carries an action out; `with` is what was typed behind its name in the palette.
pub(in super::super) fn out(model: &mut Model, does: Do, with: &str) -> Vec<Effect> {
    match does {
        Do::Verb(_) | Do::Approve | Do::Postpone | Do::Acknowledge | Do::Disarm => {
            let dialog = model.shown().map(|app| match does {
                Do::Verb(verb) => Confirm::verb(model, app, verb),
                Do::Approve => Confirm::approve(model, app),
                Do::Postpone => Confirm::postpone(model, app),
                Do::Acknowledge => Confirm::acknowledge(model, app),
                _ => Confirm::disarm(model, app),
            });
            model.layer = dialog.map(|dialog| Layer::Confirm(Box::new(dialog)));
        }
        // Greyed out wherever the watcher knows of none, which is everywhere today.
        Do::Flag => model.tell(Tone::Warning, NO_FLAGS),
        Do::Note => model.layer = Some(Layer::Prompt(Box::new(Prompt::new(Purpose::Note, with)))),
        Do::Focus(pane) => {
            if model.view == View::Overview {
                overview::open(model);
            }
            focus(model, pane);
        }
        Do::NextPane => turn_pane(model, 1),
        Do::PreviousPane => turn_pane(model, Pane::ALL.len() - 1),
        Do::NextApp if model.view == View::Overview => overview::scroll(model, 1),
        Do::PreviousApp if model.view == View::Overview => overview::scroll(model, -1),
        Do::NextApp => turn_app(model, 1),
        Do::PreviousApp => turn_app(model, model.snapshot.apps.len().saturating_sub(1)),
        Do::Zoom => model.zoomed = !model.zoomed,
        Do::Scroll(rows) => {
            if model.view == View::Overview {
                overview::scroll(model, rows);
                return Vec::new();
            }
            if model.focus == Pane::Events {
                evidence::mark(model, rows);
                return Vec::new();
            }
            let last = model.rows(model.focus).saturating_sub(1);
            let to = model
                .offset(model.focus)
                .saturating_add_signed(rows)
                .min(last);
            model.scroll.insert(model.focus, to);
        }
        Do::Overview => overview::toggle(model),
        Do::LastView => overview::last_view(model),
        Do::Filter => filter::open(model, with),
        Do::Sort => overview::sort(model),
        Do::Columns => columns::open(model),
        Do::Freeze => travel::freeze(model),
        Do::Step(events) => return travel::step(model, events),
        Do::Travel(minutes) => return travel::travel(model, minutes),
        Do::GoTo if with.is_empty() => {
            model.layer = Some(Layer::Prompt(Box::new(Prompt::new(Purpose::GoTo, ""))));
        }
        Do::GoTo => return travel::go_to(model, with),
        Do::Live => travel::live(model),
        Do::Palette => palette::open(model),
        Do::Copy => return export::copy(model),
        Do::Export => return export::open(model, with),
        Do::Theme => theme::choose(model, with),
        Do::Mute => bell::mute(model),
        Do::Hint => guide::toggle(model),
        Do::Suspend => return vec![Effect::Suspend],
        Do::Open if model.view == View::Overview => overview::open(model),
        Do::Open if model.focus == Pane::Events => evidence::open(model),
        Do::Open => {
            let issue = model.shown().and_then(|app| {
                let issues = model.visible_issues(app);
                let issue = issues.get(model.offset(Pane::Crashes))?;
                Some(Look::at(&app.id, issue))
            });
            if let Some((look, question)) = issue {
                model.layer = Some(Layer::Crash(Box::new(look)));
                return question.into_iter().collect();
            }
        }
        Do::Help => help::open(model),
        Do::Repaint => return vec![Effect::Repaint],
        Do::Back if !model.moment.is_live() => travel::live(model),
        Do::Back if filter::clear(model) => {}
        Do::Back if model.view == View::Overview => return leave(model),
        Do::Back if model.zoomed => model.zoomed = false,
        Do::Back if model.lists.opened => overview::up(model),
        Do::Back => return leave(model),
    }
    Vec::new()
}

/// Leaves at once, or asks where something is under way.
pub(in super::super) fn leave(model: &mut Model) -> Vec<Effect> {
    let pending = model
        .snapshot
        .apps
        .iter()
        .any(|app| app.announced.is_some() || app.desire.is_some());
    if pending && model.is_watched() || model.around.is_anything_pending() {
        model.layer = Some(Layer::Quit);
        return Vec::new();
    }
    vec![Effect::Quit]
}

pub(in super::super) fn focus(model: &mut Model, pane: Pane) {
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
    overview::leaving(model);
    show(model, ids.into_iter().nth(next));
}

pub(in super::super) fn show(model: &mut Model, app: Option<crate::domain::AppId>) {
    model.app = app;
    model.scroll.clear();
    model.lists.forget_panes();
}

/// The only way to the watcher: whatever led here, nothing is asked for from a picture that is not of now.
pub(in super::super) fn ask(model: &mut Model, what: String, request: ActRequest) -> Vec<Effect> {
    if let Some(why) = actions::locked(model) {
        model.tell(Tone::Bad, format!("{what}: nothing was done: {why}"));
        return Vec::new();
    }
    model.tell(Tone::Strong, format!("{what}: asked"));
    let request = Box::new(request);
    vec![Effect::Ask { what, request }]
}

/// Asking twice with one id is asking once, so every request has its own.
pub(in super::super) fn request_id(model: &mut Model) -> String {
    model.asked += 1;
    format!(
        "screen-{}-{}-{}",
        model.identity.user,
        model.now.wall.timestamp_millis(),
        model.asked
    )
}
