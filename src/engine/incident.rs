//! Incidents: what is told of one release, from the first page about it until nothing is wrong any more.
//!
//! Derived from what was told: its state is the fold of messages, acknowledgements and escalations. Owns when it is acknowledged,
//! told to more people, and over. Must not decide anything about a rollout.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::outbox;
use super::plan::Plan;
use super::state::{AppState, State};
use crate::domain::{
    Actor, AppId, Event, Health, IncidentChange, IncidentNews, PlainText, Status, Timestamp,
    Urgency,
};

/// How often the last ones are paged again, where nobody answers.
const RINGS_AGAIN: u32 = 3;

/// One that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// As in [`IncidentNews::key`].
    pub key: PlainText,
    pub opened: Timestamp,
    pub acknowledged: Option<(Actor, Timestamp)>,
    /// How often it was escalated.
    pub level: u32,
    /// When it was escalated last, or opened.
    pub since: Timestamp,
    /// The channels that took a message of it.
    pub told: BTreeSet<PlainText>,
    /// What channels call their conversations about it.
    pub threads: BTreeMap<PlainText, PlainText>,
    /// What was paged last.
    pub text: PlainText,
}

/// What a message about this app is to its incident.
pub(super) fn news(state: &State, id: &AppId, urgency: Urgency) -> Option<IncidentNews> {
    let app = state.app(id)?;
    if let Some(open) = &app.incident {
        return Some(open.news(IncidentChange::Updated));
    }
    let release = app.release.as_ref().filter(|_| urgency == Urgency::Page)?;
    let key = format!("haltline/{id}/{}", release.version.key()).into();
    let change = IncidentChange::Opened;
    Some(IncidentNews { key, change })
}

impl Incident {
    fn news(&self, change: IncidentChange) -> IncidentNews {
        let key = self.key.clone();
        IncidentNews { key, change }
    }

    /// When it has to be told to more people.
    pub fn escalates(&self, plan: &Plan) -> Option<Timestamp> {
        let after = plan.telling.escalate_after?;
        let levels = plan.telling.channels.iter().map(|channel| channel.level);
        let last = levels.max().unwrap_or(0).saturating_add(RINGS_AGAIN);
        let unanswered = self.acknowledged.is_none() && self.level < last;
        unanswered.then(|| self.since + after)
    }
}

impl AppState {
    /// The fold; what was told comes from [`State::apply_telling`].
    pub(super) fn apply_incident(&mut self, at: Timestamp, event: &Event) {
        match (event, &mut self.incident) {
            (
                Event::TellQueued {
                    urgency,
                    text,
                    incident: Some(IncidentNews { key, change }),
                    ..
                },
                open,
            ) => match (change, open) {
                (IncidentChange::Resolved, open) => *open = None,
                (IncidentChange::Opened, open) => {
                    *open = Some(Incident {
                        key: key.clone(),
                        opened: at,
                        acknowledged: None,
                        level: 0,
                        since: at,
                        told: BTreeSet::new(),
                        threads: BTreeMap::new(),
                        text: text.clone(),
                    });
                }
                (IncidentChange::Updated, Some(open)) if *urgency == Urgency::Page => {
                    open.text = text.clone();
                }
                _ => {}
            },
            (Event::Acknowledged { actor }, Some(open)) => {
                open.acknowledged = Some((actor.clone(), at));
            }
            (Event::Escalated { level }, Some(open)) => {
                (open.level, open.since) = (*level, at);
            }
            _ => {}
        }
    }
}

/// Somebody is there: whoever was told of the incident hears who.
pub(super) fn acknowledge(draft: &mut Draft<'_>, id: &AppId, actor: &Actor, reason: &PlainText) {
    let open = draft.state.app(id).and_then(|app| app.incident.clone());
    let actor = actor.clone();
    let mut words = format!("{id}: acknowledged by {actor}");
    if !reason.is_empty() {
        words = format!("{words}: {reason}");
    }
    let known = open.as_ref().and_then(|open| open.acknowledged.as_ref());
    let again = known.is_some_and(|(by, _)| *by == actor);
    draft.emit(Some(id), Event::Acknowledged { actor });
    if let Some(open) = open.filter(|_| !again) {
        tell_all(draft, id, &open, IncidentChange::Acknowledged, words);
    }
}

/// Tells everybody who was told of it, or is about to be, whatever they want to hear otherwise.
fn tell_all(
    draft: &mut Draft<'_>,
    id: &AppId,
    open: &Incident,
    change: IncidentChange,
    words: String,
) {
    let tells = draft.state.tells.values();
    let of_it = tells.filter(|tell| {
        let news = tell.incident.as_ref();
        news.is_some_and(|news| news.key == open.key)
    });
    let mut to = open.told.clone();
    to.extend(of_it.flat_map(|tell| tell.waiting.keys().cloned()));
    if to.is_empty() {
        to.insert(outbox::log());
    }
    let to = to.into_iter().collect();
    let message = (Urgency::Info, words.into());
    outbox::queue(draft, Some(id), message, Some(open.news(change)), to);
}

fn resolve(draft: &mut Draft<'_>, id: &AppId, why: &str) {
    if let Some(open) = draft.state.app(id).and_then(|app| app.incident.clone()) {
        let words = format!("{id}: resolved: {why}");
        tell_all(draft, id, &open, IncidentChange::Resolved, words);
    }
}

/// A fact is about to be recorded: with the release that another one takes the place of its incident ends.
pub(super) fn before(draft: &mut Draft<'_>, id: &AppId, event: &Event) {
    let next = match event {
        Event::ReleaseFound { release, .. } => Some(&release.version),
        Event::ReleaseGone => None,
        _ => return,
    };
    let watched = draft.state.app(id).and_then(|app| app.release.as_ref());
    let Some(watched) = watched.map(|release| &release.version) else {
        return;
    };
    let why = match next {
        Some(next) => format!("{next} took the place of {watched}"),
        None => format!("the store does not show {watched} any more"),
    };
    resolve(draft, id, &why);
}

/// The end of a step: what nothing is wrong with any more is told as such.
pub(super) fn settle(draft: &mut Draft<'_>) {
    abandon(draft);
    for id in draft.touched() {
        let Some(app) = draft.state.app(&id) else {
            continue;
        };
        let over = app.incident.as_ref().is_some_and(|open| {
            // Never in the moment in which it began.
            open.opened < draft.now() && is_over(app, open)
        });
        let release = app.release.as_ref().filter(|_| over);
        if let Some(release) = release {
            let how = if release.status == Status::Completed {
                "is complete".to_owned()
            } else {
                format!("goes on at {}", release.exposure)
            };
            let why = format!("{} {how}, nothing is wrong any more", release.version);
            resolve(draft, &id, &why);
        }
    }
}

/// After a start, and with another config: nobody will ever see how it goes on with an app that is not watched any more.
fn abandon(draft: &mut Draft<'_>) {
    let begins = |(_, event): &(Option<AppId>, Event)| {
        matches!(
            event,
            Event::WatcherStarted { .. } | Event::ConfigReloaded { .. }
        )
    };
    if !draft.events.iter().any(begins) {
        return;
    }
    let apps = draft.state.apps.keys();
    let gone = apps.filter(|id| !draft.plan.apps.contains_key(*id));
    let gone: Vec<AppId> = gone.cloned().collect();
    for id in gone {
        resolve(draft, &id, "haltline does not watch it any more");
    }
}

/// Nothing of what pages is so any more. Not known is not well, but after a person resumed: what was known is of before.
fn is_over(app: &AppState, open: &Incident) -> bool {
    let goes_on = app.release.as_ref().is_some_and(|release| {
        let running = matches!(release.status, Status::InProgress | Status::Completed);
        running || app.waits_at_gate()
    });
    let asks = app.announced.is_some() || app.withheld.is_some() || app.needs_person.is_some();
    let wants = app.desire.is_some() || app.latched;
    let blind = app.dark.is_some()
        || app.store_failure.is_some()
        || app.lost_sources.values().any(|lost| lost.paged);
    let well = match app.health {
        Health::Healthy | Health::Warning => true,
        Health::Unknown => app.evidence_from.is_some_and(|from| from >= open.opened),
        Health::Breached => false,
    };
    goes_on && !asks && !wants && !blind && well
}

/// Nobody acknowledged it in time: more people are told, and in the end the last ones again.
pub(super) fn tick(draft: &mut Draft<'_>, id: &AppId) {
    let (plan, now) = (draft.plan, draft.now());
    let Some(open) = draft.state.app(id).and_then(|app| app.incident.clone()) else {
        return;
    };
    if open.escalates(plan).is_none_or(|due| due > now) {
        return;
    }
    let level = open.level + 1;
    draft.emit(Some(id), Event::Escalated { level });
    let to = outbox::wanting(draft, Some(id), Urgency::Page, level);
    let text = open.text.as_str();
    let text = text.strip_prefix(&format!("{id}: ")).unwrap_or(text);
    let minutes = (now - open.opened).num_minutes();
    let words = format!("{id}: not acknowledged for {minutes} min: {text}");
    let news = open.news(IncidentChange::Escalated);
    let message = (Urgency::Page, words.into());
    outbox::queue(draft, Some(id), message, Some(news), to);
}

/// When it is told to more people.
pub(super) fn wakes(plan: &Plan, app: &AppState) -> Option<Timestamp> {
    app.incident.as_ref()?.escalates(plan)
}
