//! What a person does in the Play Console, behind haltline's back: it kills every open edit of the app.

use std::sync::{Arc, Weak};

use serde_json::{Value, json};

use super::release::{Release, Status};
use super::store::{State, Store};
use super::track::Track;
use crate::domain::{Exposure, Timestamp};
use crate::simulator::scenario::{AppPlan, ConsoleAct, Role};
use crate::simulator::world::{Author, Console};

/// The world owns its consoles, and so must not be owned by them.
pub(super) struct Person(pub(super) Weak<Store>);

impl Person {
    fn store(&self) -> Result<Arc<Store>, String> {
        self.0.upgrade().ok_or_else(|| "the store is closed".into())
    }
}

impl Console for Person {
    fn act(&self, app: &AppPlan, act: &ConsoleAct, at: Timestamp) -> Result<(), String> {
        let store = self.store()?;
        let mut state = store.lock();
        let changed = act_on(&mut state, app, act)?;
        match changed {
            Some(track) => {
                let mut tracks = state
                    .apps
                    .get(&app.package)
                    .map(|a| a.tracks.clone())
                    .unwrap_or_default();
                tracks.insert(app.track.clone(), track);
                store.publish(&mut state, &app.package, tracks, Author::Console, at);
            }
            None => state.kill_edits(&app.package),
        }
        Ok(())
    }

    fn state(&self) -> Value {
        self.store().map_or(Value::Null, |store| {
            let state = store.lock();
            json!({ "apps": state.apps, "switches": state.switches })
        })
    }

    fn switch(&self, switches: Value) -> Result<(), String> {
        self.store()?.lock().switches =
            serde_json::from_value(switches).map_err(|e| e.to_string())?;
        Ok(())
    }
}

const NO_NEXT: &str = "the scenario has no next version";

/// The track as the person leaves it; `None` where the act has nothing to do with it.
fn act_on(state: &mut State, plan: &AppPlan, act: &ConsoleAct) -> Result<Option<Track>, String> {
    let nothing = || format!("the track {} has no release for that", plan.track);
    let app = state.apps.get_mut(&plan.package).ok_or_else(nothing)?;
    let track = app.tracks.get(&plan.track).ok_or_else(nothing)?;
    let newest = |statuses: &[Status]| {
        track
            .releases
            .iter()
            .filter(|r| statuses.contains(&r.status))
            .max_by_key(|r| r.code())
            .cloned()
            .ok_or_else(nothing)
    };
    let staged = [Status::InProgress, Status::Halted];
    let changed = match act {
        ConsoleAct::Halt => {
            let mut release = newest(&[Status::InProgress, Status::Completed])?;
            release.status = Status::Halted;
            release
        }
        ConsoleAct::Resume => {
            let mut release = newest(&[Status::Halted])?;
            release.status = match release.user_fraction {
                Some(_) => Status::InProgress,
                None => Status::Completed,
            };
            release
        }
        ConsoleAct::Raise { to } => {
            let mut release = newest(&staged)?;
            release.user_fraction = Some(to.fraction());
            release
        }
        ConsoleAct::Complete => completed(newest(&staged)?),
        ConsoleAct::Prepare => {
            let next = plan.with_role(Role::Next).ok_or(NO_NEXT)?;
            Release::new(&next.name, &next.build, Status::Draft, None)
        }
        ConsoleAct::NewRelease { to } => {
            let next = plan.with_role(Role::Next).ok_or(NO_NEXT)?;
            let fraction = to
                .or(next.exposure)
                .map(Exposure::fraction)
                .filter(|f| *f < 1.0);
            let status = fraction.map_or(Status::Completed, |_| Status::InProgress);
            Release::new(&next.name, &next.build, status, fraction)
        }
        ConsoleAct::StartReview => {
            app.in_review = newest(&staged).ok().map(|r| r.code());
            return Ok(None);
        }
        ConsoleAct::EndReview => {
            app.in_review = None;
            return Ok(None);
        }
        ConsoleAct::Touch => return Ok(None),
    };
    let after = track.put(changed);
    after
        .check_serves()
        .map_err(|_refusal| "there is no release to fall back on".to_owned())?;
    Ok(Some(after))
}

fn completed(mut release: Release) -> Release {
    release.status = Status::Completed;
    release.user_fraction = None;
    release.country_targeting = None;
    release
}
