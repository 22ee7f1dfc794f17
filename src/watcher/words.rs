//! The messages that people get: the sentence that was decided, with what helps to act on it.
//!
//! Built when it is sent: the numbers in it are the latest. Must not decide who gets it.

mod digest;
mod facts;

use super::driver::Watcher;
use crate::domain::{AppId, Event, IncidentChange, PlainText, Urgency, Version};
use crate::engine::{AppState, Incident, PendingTell};
use crate::ports::notify::About;
use crate::ports::{self, Message};

/// One message of these; `None` where none of them waits any more.
pub(super) fn message(watcher: &Watcher, ids: Vec<u64>, channel: &PlainText) -> Option<Message> {
    let tells: Vec<&PendingTell> = ids
        .iter()
        .filter_map(|id| watcher.state.tells.get(id))
        .collect();
    let first = tells.first()?;
    let said = digest::of(&tells)?;
    let delivery = first.waiting.get(channel);
    let thread = delivery.and_then(|delivery| delivery.thread.clone());
    let same = |tell: &&PendingTell| (&tell.app, &tell.version) == (&first.app, &first.version);
    let id = first.app.as_ref().filter(|_| tells.iter().all(same));
    let message = Message {
        ids,
        at: first.queued,
        digest: said.digest,
        thread: thread.filter(|_| said.incident.is_some()),
        incident: said.incident,
        ..of_watcher(watcher, said.urgency, said.text)
    };
    Some(match id {
        Some(id) => about_app(watcher, id, first.version.as_ref(), message),
        None => message,
    })
}

/// What is known of the app, for a message about it.
fn about_app(
    watcher: &Watcher,
    id: &AppId,
    version: Option<&Version>,
    message: Message,
) -> Message {
    let about = about(watcher, id, version);
    let now = watcher.outside.clock.now();
    let state = watcher.state.app(id);
    let watched = state.and_then(|app| Some(&app.release.as_ref()?.version));
    let link = watcher.apps.get(id).map(|app| app.link(version));
    let message = Message { link, ..message };
    let (Some(state), Some(about)) = (state, about) else {
        return message;
    };
    // Of a release that is not watched any more nothing is known but its name.
    if watched.is_none() || watched != version {
        let about = Some(about);
        return Message { about, ..message };
    }
    let over = message
        .incident
        .as_ref()
        .is_some_and(|news| news.change == IncidentChange::Resolved);
    let command = facts::next_move(id, state, now).filter(|_| !over);
    let known = facts::Known {
        store: about.store,
        state,
        new_name: &about.release,
        old_name: previous(watcher, id, state),
        fired: fired(watcher, id, state),
        users: users(watcher, id, state),
    };
    Message {
        facts: known.facts(now),
        command: command.map(PlainText::from),
        about: Some(about),
        ..message
    }
}

fn about(watcher: &Watcher, id: &AppId, version: Option<&Version>) -> Option<About> {
    let app = watcher.apps.get(id)?;
    Some(About {
        app: id.clone(),
        name: app.name.clone(),
        store: app.store.kind(),
        version: version.cloned(),
        release: version
            .map(|version| app.version_name(version))
            .unwrap_or_default(),
    })
}

fn previous(watcher: &Watcher, id: &AppId, state: &AppState) -> Option<PlainText> {
    let app = watcher.apps.get(id)?;
    let version = app.baseline_of(state.previous.as_ref())?;
    Some(super::observe::old_name(app, &version))
}

/// The rule that fired last on the evidence that counts, with what it found then.
fn fired<'a>(watcher: &'a Watcher, id: &AppId, state: &AppState) -> Option<facts::Fired<'a>> {
    let mut records = watcher.events.iter().rev();
    let (rule, verb, finding) = records.find_map(|record| match &record.event {
        Event::RuleFired {
            rule,
            verb,
            finding,
        } if record.app.as_ref() == Some(id) && state.fired.contains_key(rule) => {
            Some((rule, *verb, finding))
        }
        _ => None,
    })?;
    let assessment = watcher.apps.get(id)?.memory.assessment.as_ref()?;
    let status = assessment
        .rules
        .iter()
        .find(|status| status.rule == *rule)?;
    Some(facts::Fired {
        called: status.called(),
        verb,
        metric: status.metric.clone(),
        finding,
    })
}

/// Users of the version in the last day, where a source tells.
fn users(watcher: &Watcher, id: &AppId, state: &AppState) -> Option<u64> {
    let key = state.release.as_ref()?.version.key();
    let shares = watcher.apps.get(id)?.shares();
    let mut of_it = shares
        .iter()
        .filter(|share| share.version.as_ref() == Some(&key));
    of_it.find_map(|share| share.users)
}

/// The open incidents that this channel was told of, for one that has to hear of them again.
pub(super) fn incidents(watcher: &Watcher, channel: &str) -> Vec<ports::Incident> {
    let open = watcher.state.apps.iter().filter_map(|(id, app)| {
        let open = app.incident.as_ref()?;
        let told = open.told.iter().any(|told| told.as_str() == channel);
        told.then(|| incident(watcher, id, app, open)).flatten()
    });
    open.collect()
}

fn incident(
    watcher: &Watcher,
    id: &AppId,
    app: &AppState,
    open: &Incident,
) -> Option<ports::Incident> {
    let version = app.release.as_ref().map(|release| &release.version);
    Some(ports::Incident {
        key: open.key.clone(),
        about: about(watcher, id, version)?,
        opened: open.opened,
        text: open.text.clone(),
        acknowledged: open.acknowledged.is_some(),
    })
}

/// A message of the watcher itself, without a number: no journal knows of it.
pub(super) fn of_watcher(watcher: &Watcher, urgency: Urgency, text: PlainText) -> Message {
    Message {
        ids: Vec::new(),
        at: watcher.outside.clock.now(),
        urgency,
        text,
        digest: Vec::new(),
        about: None,
        facts: Vec::new(),
        command: None,
        link: None,
        on_call: watcher.outside.on_call.borrow().clone(),
        incident: None,
        thread: None,
    }
}
