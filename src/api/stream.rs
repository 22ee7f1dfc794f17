//! The picture as a stream: whole at first, then what is different from the one before it.
//!
//! A watcher of two hundred apps changes a few of them a second; fifty screens must not each get all of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::{
    AppSnapshot, Disarmed, MuteView, Snapshot, TrainView, WatcherState, records_that_are_known,
};
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mute: Vec<MuteView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<PlainText>,
    pub trains: Vec<TrainView>,
    /// All of them, in their order.
    pub order: Vec<AppId>,
    /// Those that are different.
    pub apps: Vec<AppSnapshot>,
    /// Those that are new, oldest first.
    #[serde(deserialize_with = "records_that_are_known")]
    pub events: Vec<Record>,
}

impl Change {
    /// From one picture to the next.
    pub fn between(before: &Snapshot, after: &Snapshot) -> Self {
        let known: BTreeMap<_, _> = before.apps.iter().map(|app| (&app.id, app)).collect();
        // Apps without news are mostly not even equal ones, but one and the same.
        let is_new = |app: &&AppSnapshot| known.get(&app.id).is_none_or(|known| *known != *app);
        let last = before.events.last().map_or(0, |record| record.seq);
        // A field that is left out does not compile: no screen would ever see it change.
        let Snapshot {
            schema: _,
            at,
            seq,
            watcher,
            disarmed,
            told,
            mute,
            on_call,
            apps,
            trains,
            events,
        } = after;
        Self {
            at: *at,
            seq: *seq,
            watcher: watcher.clone(),
            disarmed: disarmed.clone(),
            told: told.clone(),
            mute: mute.clone(),
            on_call: on_call.clone(),
            trains: trains.clone(),
            order: apps.iter().map(|app| app.id.clone()).collect(),
            apps: apps.iter().filter(is_new).cloned().collect(),
            events: events
                .iter()
                .filter(|record| record.seq > last)
                .cloned()
                .collect(),
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
        (picture.mute, picture.on_call) = (self.mute, self.on_call);
        picture.events.extend(self.events);
        let surplus = picture.events.len().saturating_sub(EVENTS);
        picture.events.drain(..surplus);
        true
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::{Value, json};

    use super::*;
    use crate::tui::fixture;

    /// Whatever a picture gains later has to be in a change too: each field is named here, and is another one in the end.
    #[test]
    fn a_change_makes_the_next_picture_whatever_is_different() {
        let before = fixture::healthy();
        let mut app = before.apps[0].clone();
        app.sentence = "it is another one".into();
        let event = |seq| Record {
            seq,
            at: before.at,
            app: None,
            event: crate::domain::Event::StoreBack,
        };
        let mut events = before.events.clone();
        events.extend((1..=EVENTS as u64).map(|more| event(before.seq + more)));
        events.drain(..before.events.len());
        let after = Snapshot {
            schema: before.schema.clone(),
            at: before.at + TimeDelta::seconds(1),
            seq: before.seq + EVENTS as u64,
            watcher: WatcherState::Acting { term: 4711 },
            disarmed: Some(Disarmed {
                until: None,
                actor: crate::domain::Actor::Outside,
                reason: "a test".into(),
            }),
            told: vec!["mail".into()],
            mute: vec![MuteView {
                channel: "mail".into(),
                since: before.at,
                why: "it does not answer".into(),
                waiting: 3,
            }],
            on_call: Some("alice".into()),
            apps: vec![app],
            trains: vec![TrainView {
                train: "weekly".into(),
                zone: chrono_tz::Europe::Berlin,
                on_watch: None,
                until: None,
                after: None,
                due: None,
            }],
            events,
        };
        let mut picture = before.clone();
        assert!(Change::between(&before, &after).apply(&mut picture));
        assert_eq!(picture, after);
        assert!(Change::between(&after, &before).apply(&mut picture));
        let earlier = Snapshot {
            events: picture.events.clone(),
            ..before
        };
        assert_eq!(
            picture, earlier,
            "all but the events, which never become fewer"
        );
    }

    /// A screen outlives the update of its watcher: what it does not know yet is left out, and the rest is shown.
    #[test]
    fn what_a_newer_watcher_tells_besides_breaks_no_older_screen() {
        let with_news = |mut told: Value| {
            told["new"] = json!({ "field": 1 });
            for app in told["apps"].as_array_mut().unwrap() {
                app["new"] = json!([1, 2]);
            }
            let events = told["events"].as_array_mut().unwrap();
            if let Some(last) = events.last_mut() {
                last["new"] = Value::Null;
            }
            let later = json!({ "seq": 99_999, "at": fixture::now(), "event": "of-a-later-kind", "why": {} });
            events.push(later);
            told.to_string()
        };
        let (first, next) = (fixture::healthy(), fixture::halted());
        let picture: Snapshot = serde_json::from_str(&with_news(json!(first))).unwrap();
        assert_eq!(picture, first);
        let change = Change::between(&first, &next);
        let read: Change = serde_json::from_str(&with_news(json!(change))).unwrap();
        assert_eq!(read, change);
    }
}
