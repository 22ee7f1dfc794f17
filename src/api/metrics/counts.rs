//! What is counted as it happens: a fold over the records of this process's watch.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::family::{Family, Labels};
use crate::api::Snapshot;
use crate::domain::event::{Withheld, WriteResult};
use crate::domain::{Actor, AppId, Event, PlainText, Record, Urgency, Verb};

/// Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<Mutex<Sums>>);

#[derive(Debug, Default)]
struct Sums {
    /// By app, what was decided, and by whom.
    decisions: BTreeMap<(AppId, &'static str, &'static str), u64>,
    /// By app, and why not.
    withheld: BTreeMap<(AppId, &'static str), u64>,
    /// By app, and what the write came to.
    writes: BTreeMap<(AppId, &'static str), u64>,
    drifts: BTreeMap<AppId, u64>,
    /// By channel, and what became of it.
    notifications: BTreeMap<(PlainText, &'static str), u64>,
    pages: u64,
    escalations: u64,
    configs_refused: u64,
}

/// Why an act may be withheld.
const CAUSES: [&str; 6] = [
    "advise",
    "disarmed",
    "budget",
    "storm",
    "journal",
    "impossible",
];

/// What can become of a message on a channel.
const OUTCOMES: [&str; 3] = ["delivered", "failed", "dropped"];

impl Counts {
    /// Counts every record before it is handed on: for what sees them as they become durable.
    pub fn before(
        &self,
        mut next: Box<dyn FnMut(&Record) + Send>,
    ) -> Box<dyn FnMut(&Record) + Send> {
        let counts = self.clone();
        Box::new(move |record| {
            counts.count(record);
            next(record);
        })
    }

    /// To be called with every record, once.
    pub fn count(&self, record: &Record) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sums.count(record);
    }

    pub(super) fn families(&self, picture: &Snapshot) -> Vec<Family> {
        let sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sums.families(picture)
    }
}

impl Sums {
    fn count(&mut self, record: &Record) {
        if let Some(app) = &record.app {
            self.count_of_app(app, &record.event);
        }
        let mut delivery = |channel: &PlainText, outcome| {
            let sum = self.notifications.entry((channel.clone(), outcome));
            *sum.or_default() += 1;
        };
        match &record.event {
            Event::Told { channel, .. } => delivery(channel, "delivered"),
            Event::TellFailed {
                channel: Some(channel),
                ..
            } => delivery(channel, "failed"),
            Event::TellDropped { channel, .. } => delivery(channel, "dropped"),
            Event::TellQueued {
                urgency: Urgency::Page,
                ..
            } => self.pages += 1,
            Event::Escalated { .. } => self.escalations += 1,
            Event::ConfigRefused { .. } => self.configs_refused += 1,
            _ => {}
        }
    }

    fn count_of_app(&mut self, app: &AppId, event: &Event) {
        let decided = match event {
            Event::DesireSet { verb, actor, .. } => Some((verb.name(), by(actor))),
            Event::HoldSet { actor, .. } => Some((Verb::Hold.name(), by(actor))),
            _ => None,
        };
        if let Some((action, by)) = decided {
            *self.decisions.entry((app.clone(), action, by)).or_default() += 1;
        }
        match event {
            Event::ActWithheld { why, .. } => {
                let sum = self.withheld.entry((app.clone(), cause(why)));
                *sum.or_default() += 1;
            }
            Event::WriteEnded { result, .. } => {
                let outcome = match result {
                    WriteResult::Done { .. } => "done",
                    WriteResult::Failed { .. } => "failed",
                };
                *self.writes.entry((app.clone(), outcome)).or_default() += 1;
            }
            Event::Drift { .. } => *self.drifts.entry(app.clone()).or_default() += 1,
            _ => {}
        }
    }

    /// Of apps and channels that are still there.
    fn families(&self, picture: &Snapshot) -> Vec<Family> {
        let stores: BTreeMap<&AppId, &str> = picture
            .apps
            .iter()
            .map(|app| (&app.id, app.store.word()))
            .collect();
        let of = |app: &AppId| -> Option<Labels> {
            let store = (*stores.get(app)?).to_owned();
            Some(vec![("app", app.to_string()), ("store", store)])
        };
        let with = |app: &AppId, more: &[(&'static str, &str)]| {
            let mut labels = of(app)?;
            labels.extend(
                more.iter()
                    .map(|(name, value)| (*name, (*value).to_owned())),
            );
            Some(labels)
        };
        let decisions = self
            .decisions
            .iter()
            .filter_map(|((app, action, by), sum)| {
                Some((with(app, &[("action", action), ("by", by)])?, *sum as f64))
            });
        // Each cause from the start: the first storm would go unseen.
        let causes = stores
            .keys()
            .flat_map(|app| CAUSES.map(|cause| (*app, cause)));
        let withheld = causes.filter_map(|(app, cause)| {
            let sum = self.withheld.get(&(app.clone(), cause));
            let sum = sum.copied().unwrap_or(0);
            Some((with(app, &[("cause", cause)])?, sum as f64))
        });
        let writes = self.writes.iter().filter_map(|((app, outcome), sum)| {
            Some((with(app, &[("outcome", outcome)])?, *sum as f64))
        });
        let drifts = self.drifts.iter();
        let drifts = drifts.filter_map(|(app, sum)| Some((of(app)?, *sum as f64)));
        vec![
            Family::counter(
                "haltline_decisions",
                "What was decided for a rollout, and by whom: a rule, a gate, a plan, a person",
            )
            .rows(decisions),
            Family::counter(
                "haltline_acts_withheld",
                "Acts that a rule asked for and that were not done, and why",
            )
            .rows(withheld),
            Family::counter(
                "haltline_store_writes",
                "Writes to a store, and what they came to",
            )
            .rows(writes),
            Family::counter(
                "haltline_store_drifts",
                "Changes seen in a store that nobody asked haltline for",
            )
            .rows(drifts),
            Family::counter(
                "haltline_notifications",
                "Messages to people by channel; a failed one is tried again, a dropped one is not",
            )
            .rows(self.notifications(picture)),
            Family::counter("haltline_pages", "Messages that are to wake somebody")
                .row(vec![], self.pages as f64),
            Family::counter(
                "haltline_escalations",
                "Pages that nobody acknowledged in time",
            )
            .row(vec![], self.escalations as f64),
            Family::counter(
                "haltline_configs_refused",
                "New configs that could not be taken; the old one holds",
            )
            .row(vec![], self.configs_refused as f64),
        ]
    }

    /// Every channel has each of its series from the start: an increase from nothing to one would go unseen.
    fn notifications(&self, picture: &Snapshot) -> Vec<(Labels, f64)> {
        let channels = picture.told.iter();
        let series = channels.flat_map(|channel| OUTCOMES.map(|outcome| (channel, outcome)));
        let row = |(channel, outcome): (&PlainText, &'static str)| {
            let sum = self.notifications.get(&(channel.clone(), outcome));
            let labels = vec![
                ("channel", channel.to_string()),
                ("outcome", outcome.to_owned()),
            ];
            (labels, sum.copied().unwrap_or(0) as f64)
        };
        series.map(row).collect()
    }
}

fn by(actor: &Actor) -> &'static str {
    match actor {
        Actor::Rule { .. } => "rule",
        Actor::Person { .. } => "person",
        Actor::Gate { .. } => "gate",
        Actor::Plan { .. } => "plan",
        Actor::Outside => "outside",
        Actor::Haltline => "haltline",
    }
}

fn cause(why: &Withheld) -> &'static str {
    match why {
        Withheld::Advise => "advise",
        Withheld::Disarmed => "disarmed",
        Withheld::Budget { .. } => "budget",
        Withheld::Storm { .. } => "storm",
        Withheld::Journal { .. } => "journal",
        Withheld::Impossible { .. } => "impossible",
    }
}
