//! The picture as a stream: whole at first, then what is different from the one before it.
//!
//! A watcher of two hundred apps changes a few of them a second; fifty screens must not each get all of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::{AppSnapshot, Disarmed, Snapshot, TrainView, WatcherState};
use crate::domain::{AppId, PlainText, Record, Timestamp};

/// Events kept in a picture.
const EVENTS: usize = 200;

/// What makes a picture of the one before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    pub at: Timestamp,
    pub seq: u64,
    pub watcher: WatcherState,
    pub disarmed: Option<Disarmed>,
    pub told: Vec<PlainText>,
    pub trains: Vec<TrainView>,
    /// All of them, in their order.
    pub order: Vec<AppId>,
    /// Those that are different.
    pub apps: Vec<AppSnapshot>,
    /// Those that are new, oldest first.
    pub events: Vec<Record>,
}

impl Change {
    /// From one picture to the next.
    pub fn between(before: &Snapshot, after: &Snapshot) -> Self {
        let known: BTreeMap<_, _> = before.apps.iter().map(|app| (&app.id, app)).collect();
        // Apps without news are mostly not even equal ones, but one and the same.
        let is_new = |app: &&AppSnapshot| known.get(&app.id).is_none_or(|known| *known != *app);
        let last = before.events.last().map_or(0, |record| record.seq);
        let events = after.events.iter().filter(|record| record.seq > last);
        Self {
            at: after.at,
            seq: after.seq,
            watcher: after.watcher.clone(),
            disarmed: after.disarmed.clone(),
            told: after.told.clone(),
            trains: after.trains.clone(),
            order: after.apps.iter().map(|app| app.id.clone()).collect(),
            apps: after.apps.iter().filter(is_new).cloned().collect(),
            events: events.cloned().collect(),
        }
    }

    /// Makes `picture` the next one. False where it is not the one that this is a change of: ask for a whole one.
    #[must_use]
    pub fn apply(self, picture: &mut Snapshot) -> bool {
        let known = std::mem::take(&mut picture.apps).into_iter();
        // Of two with one id the later one stays.
        let mut known: BTreeMap<AppId, AppSnapshot> = known
            .chain(self.apps)
            .map(|app| (app.id.clone(), app))
            .collect();
        for id in &self.order {
            let Some(app) = known.remove(id) else {
                return false;
            };
            picture.apps.push(app);
        }
        (picture.at, picture.seq) = (self.at, self.seq);
        (picture.watcher, picture.disarmed) = (self.watcher, self.disarmed);
        (picture.told, picture.trains) = (self.told, self.trains);
        picture.events.extend(self.events);
        let surplus = picture.events.len().saturating_sub(EVENTS);
        picture.events.drain(..surplus);
        true
    }
}
