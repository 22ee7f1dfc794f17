//! Pictures of apps as they were drawn last, shown again while there is nothing new in them, and when the next one is due.
//!
//! Of two hundred apps a second brings news of a few, and news come in bursts. What is shown is none older for it: whatever
//! time alone may change is looked at anew for every picture.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;

use super::app::WatchedApp;
use super::driver::Watcher;
use super::picture::{self, Scene};
use super::trust;
use crate::api::AppSnapshot;
use crate::domain::{AppId, Shared, Timestamp};
use crate::engine::{self, AppState};

/// News of so long make one picture on the wall clock.
const RHYTHM: TimeDelta = TimeDelta::milliseconds(200);

/// What moves by the hour, such as trends of shares, may be so old in a picture.
const KEPT: TimeDelta = TimeDelta::seconds(30);

#[derive(Default)]
pub(super) struct Gallery {
    drawn: Mutex<BTreeMap<AppId, Drawn>>,
    /// There is something that no picture shows yet.
    unshown: bool,
    not_before: Option<Timestamp>,
}

struct Drawn {
    /// What it was drawn of.
    state: Option<Shared<AppState>>,
    edition: u64,
    at: Timestamp,
    picture: AppSnapshot,
}

impl Gallery {
    /// The picture of an app. In a simulation, where time stands still, it is drawn each time.
    pub(super) fn picture(&self, scene: &Scene<'_>, app: &WatchedApp) -> AppSnapshot {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let known = drawn.get(&app.id);
        if let Some(known) = known.filter(|known| known.still_holds(scene, app)) {
            debug_assert!(known.is_like(&picture::app_picture(scene, app)));
            if !scene.discrete {
                return known.picture.clone();
            }
        }
        let picture = picture::app_picture(scene, app);
        let fresh = Drawn {
            state: scene.state.apps.get(&app.id).cloned(),
            edition: app.memory.edition,
            at: scene.now,
            picture: picture.clone(),
        };
        drawn.insert(app.id.clone(), fresh);
        picture
    }

    /// Everything is to be drawn anew: another plan holds.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Drawn {
    fn still_holds(&self, scene: &Scene<'_>, app: &WatchedApp) -> bool {
        let now = scene.now;
        let (Some(before), Some(state)) = (&self.state, scene.state.apps.get(&app.id)) else {
            return false;
        };
        let picture = &self.picture;
        let disarm = state.disarmed.as_ref();
        let disarmed = disarm.is_some_and(|disarm| disarm.is_active(now));
        before.is_one_with(state)
            && self.edition == app.memory.edition
            && (self.at..self.at + KEPT).contains(&now)
            // What it waits for may be a matter of other apps.
            && picture.waiting.is_none()
            && picture.disarmed.is_some() == disarmed
            && picture.acts_used == engine::used_today(scene.state, &app.id, now)
            && picture.sources == trust::sources(app, state, &app.memory.doubts, now)
    }

    /// The same but for what moves by the hour.
    fn is_like(&self, fresh: &AppSnapshot) -> bool {
        let mut known = self.picture.clone();
        (known.gaining, known.shares) = (fresh.gaining, fresh.shares.clone());
        known == *fresh
    }
}

impl Watcher {
    /// Shows what is new: at once in a simulation, else with what else comes in these moments.
    pub(super) fn show_soon(&mut self) {
        if self.outside.clock.is_discrete() {
            self.show();
        } else {
            self.gallery.unshown = true;
        }
    }

    /// When a picture is due, where one is.
    pub(super) fn next_picture(&self) -> Option<Timestamp> {
        let unshown = self.gallery.unshown;
        let at = self.gallery.not_before.unwrap_or(Timestamp::UNIX_EPOCH);
        unshown.then_some(at)
    }

    /// Shows what is new if its time has come.
    pub(super) fn show_if_due(&mut self) {
        let now = self.outside.clock.now();
        if self.next_picture().is_some_and(|at| at <= now) {
            self.gallery.not_before = Some(now + RHYTHM);
            self.show_last();
        }
    }

    /// Shows what is new before nobody looks after it any more.
    pub(super) fn show_last(&mut self) {
        if std::mem::take(&mut self.gallery.unshown) {
            self.show();
        }
    }
}

#[cfg(test)]
mod tests;
