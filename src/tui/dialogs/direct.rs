//! Stopping a rollout without the watcher, which cannot be reached: at the store, with the credentials of whoever looks.
//!
//! The screen only asks for it, and shows what came of it until the watcher is heard again; where credentials are and what a
//! store is, `cli` knows.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::confirm::Confirm;
use crate::api::AppSnapshot;
use crate::api::client::Link;
use crate::domain::{Act, AppId, Exposure, Failure, PlainText, Timestamp, Verb};
use crate::tui::input::actions::Do;
use crate::tui::state::message::Effect;
use crate::tui::state::model::{Model, Notice};
use crate::tui::style::theme::Tone;
use crate::tui::words::format::{age, moment};
use crate::tui::words::plan::{Statement, say};

/// The way around a watcher that cannot be reached. It lowers exposure, and does nothing else.
pub trait Direct: Send + Sync {
    /// Pauses or halts the release of `app`, and reads the store back: the exposure at which it stands still now.
    ///
    /// What was done is kept, and told to the watcher as soon as it answers again.
    ///
    /// # Errors
    /// Why it is not stopped, or why that is not known; another verb than pause and halt.
    fn stop(
        &self,
        app: AppId,
        verb: Verb,
        reason: PlainText,
    ) -> BoxFuture<'static, Result<Exposure, Failure>>;
}

/// What a screen knows of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    /// There is one.
    pub(crate) open: bool,
    /// What was asked of the stores since the watcher was last heard.
    asked: BTreeMap<AppId, Asked>,
}

#[derive(Clone, Debug)]
struct Asked {
    verb: Verb,
    at: Timestamp,
    /// `None` while it is under way.
    outcome: Option<Result<Exposure, Failure>>,
}

impl Around {
    /// It is not known yet what came of it.
    pub(crate) fn is_pending(&self, app: &AppId) -> bool {
        self.asked.get(app).is_some_and(|it| it.outcome.is_none())
    }

    pub(crate) fn is_anything_pending(&self) -> bool {
        self.asked.values().any(|it| it.outcome.is_none())
    }
}

/// Whether this goes around the watcher now.
pub(crate) fn is_offered(model: &Model, does: Do) -> bool {
    let out_of_reach = matches!(model.link, Link::Reconnecting { .. } | Link::Lost { .. });
    let stops = matches!(does, Do::Verb(Verb::Halt | Verb::Pause));
    model.around.open && out_of_reach && stops && model.readonly.is_none() && model.moment.is_live()
}

/// What was done directly, until the watcher shows it.
pub(crate) fn statement(model: &Model, app: &AppSnapshot) -> Option<Statement> {
    let asked = model.around.asked.get(&app.id)?;
    let (store, now) = (app.store.name(), model.present);
    let verb = asked.verb.name().to_uppercase();
    let (at, ago) = (moment(asked.at, now), age(now - asked.at));
    Some(match &asked.outcome {
        None => say(
            Tone::Bad,
            format!("{verb} asked of {store} directly {ago} ago, waiting for it"),
        ),
        Some(Ok(exposure)) => say(
            Tone::Strong,
            format!(
                "{verb} DONE DIRECTLY at {at}: {store} reads {} at {exposure}; the watcher is told once it answers",
                app.store.stopped_word()
            ),
        ),
        Some(Err(failure)) => say(
            Tone::Bad,
            format!("{verb} DIRECTLY at {at} NOT CONFIRMED: {failure}; use the store's console"),
        ),
    })
}

/// What a confirmed dialog comes to.
pub(crate) fn ask(model: &mut Model, dialog: &Confirm, reason: PlainText) -> Vec<Effect> {
    let Act::Do { verb, .. } = dialog.act else {
        return Vec::new();
    };
    let app = dialog.app.clone();
    if !is_offered(model, Do::Verb(verb)) || model.around.is_pending(&app) {
        let text = format!(
            "{}: nothing was done: the watcher answers again",
            dialog.name
        );
        model.tell(Tone::Bad, text);
        return Vec::new();
    }
    let asked = Asked {
        verb,
        at: model.present,
        outcome: None,
    };
    model.around.asked.insert(app.clone(), asked);
    vec![Effect::Stop { app, verb, reason }]
}

/// What came of it: said until a key is pressed, and above the panes until the watcher shows it.
pub(crate) fn answered(model: &mut Model, app: &AppId, outcome: Result<Exposure, Failure>) {
    let Some(asked) = model.around.asked.get_mut(app) else {
        return;
    };
    let verb = asked.verb;
    let (tone, text) = match &outcome {
        Ok(exposure) => (
            Tone::Strong,
            format!("{app}: {verb} done directly, the store reads so at {exposure}"),
        ),
        Err(failure) => (
            Tone::Bad,
            format!("{app}: {verb} directly: {}", failure.what),
        ),
    };
    asked.outcome = Some(outcome);
    model.notice = Some(Notice {
        text: PlainText::from(text).to_string(),
        tone,
        until: None,
    });
}

/// The watcher is heard again, and shows what it knows.
pub(crate) fn heard(model: &mut Model) {
    model.around.asked.retain(|_, it| it.outcome.is_none());
}

#[cfg(test)]
mod tests;
