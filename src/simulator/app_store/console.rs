//! A person at App Store Connect's web pages, who asks nobody.

use std::sync::{Arc, Mutex, Weak};

use serde_json::{Map, Value, json};

use super::catalog::{App, Catalog, VersionState};
use super::lock;
use super::phased::{Phase, Refusal};
use crate::domain::Timestamp;
use crate::simulator::scenario::{AppPlan, ConsoleAct};
use crate::simulator::world::{Author, Console, World};

pub(super) struct Person {
    /// The world owns its consoles.
    world: Weak<World>,
    catalog: Arc<Mutex<Catalog>>,
}

impl Person {
    pub(super) fn new(world: &Arc<World>, catalog: &Arc<Mutex<Catalog>>) -> Self {
        Self {
            world: Arc::downgrade(world),
            catalog: Arc::clone(catalog),
        }
    }
}

impl Console for Person {
    fn act(&self, plan: &AppPlan, act: &ConsoleAct, at: Timestamp) -> Result<(), String> {
        let world = self.world.upgrade().ok_or("the world is gone")?;
        let mut catalog = lock(&self.catalog);
        catalog.advance(at);
        let app = catalog
            .apps
            .iter_mut()
            .find(|app| app.plan == plan.id)
            .ok_or_else(|| format!("{} is not on the App Store", plan.id))?;
        match act {
            ConsoleAct::Halt => change(app, Phase::Paused, at, &world),
            ConsoleAct::Resume => change(app, Phase::Active, at, &world),
            ConsoleAct::Complete => change(app, Phase::Complete, at, &world),
            ConsoleAct::Prepare => review(
                app,
                VersionState::Preparing,
                VersionState::PendingDeveloperRelease,
            ),
            ConsoleAct::NewRelease { to: None } => {
                let place = waiting(app, VersionState::PendingDeveloperRelease)?;
                app.release(place, (at, Author::Console), &world);
                Ok(())
            }
            ConsoleAct::Raise { .. } | ConsoleAct::NewRelease { to: Some(_) } => {
                Err("the App Store takes no percentage".into())
            }
            ConsoleAct::StartReview => review(
                app,
                VersionState::PendingDeveloperRelease,
                VersionState::InReview,
            ),
            ConsoleAct::EndReview => review(
                app,
                VersionState::InReview,
                VersionState::PendingDeveloperRelease,
            ),
            ConsoleAct::Touch => Ok(()),
        }
    }

    fn state(&self) -> Value {
        let mut catalog = lock(&self.catalog);
        if let Some(world) = self.world.upgrade() {
            catalog.advance(world.now());
        }
        let apps = catalog.apps.iter().map(|app| {
            let versions = app.versions.iter().map(|version| {
                let phased = version.phased.as_ref().map(|phased| {
                    json!({
                        "id": phased.id,
                        "phase": phased.phase.word(),
                        "day": phased.day,
                        "missed": phased.missed,
                    })
                });
                let state = json!({
                    "id": version.id,
                    "name": version.name,
                    "state": version.state.word(),
                    "phased": phased,
                });
                (version.build.clone(), state)
            });
            (app.plan.to_string(), versions.collect::<Map<_, _>>().into())
        });
        apps.collect::<Map<_, _>>().into()
    }
}

/// On the version that is out.
fn change(app: &mut App, to: Phase, at: Timestamp, world: &World) -> Result<(), String> {
    let place = waiting(app, VersionState::Ready)?;
    if app.versions.get(place).is_some_and(|v| v.phased.is_none()) {
        return Err("the version was not released in phases".into());
    }
    app.change_phase(place, to, (at, Author::Console), world)
        .map_err(|refusal| match refusal {
            Refusal::Same => format!("it is {} already", to.word()),
            Refusal::Final => "it is complete, which is final".into(),
            Refusal::Transition(from, to) => format!("{} cannot become {}", from.word(), to.word()),
        })
}

fn review(app: &mut App, from: VersionState, to: VersionState) -> Result<(), String> {
    let place = waiting(app, from)?;
    if let Some(version) = app.versions.get_mut(place) {
        version.state = to;
    }
    Ok(())
}

/// The newest version in this state.
fn waiting(app: &App, state: VersionState) -> Result<usize, String> {
    app.versions
        .iter()
        .rposition(|version| version.state == state)
        .ok_or_else(|| format!("no version is {}", state.word()))
}
