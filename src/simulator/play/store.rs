//! What the fake Play holds: apps with their tracks, open edits, and switches that a test may turn.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::edits::Edit;
use super::refusal::Refusal;
use super::release::{Release, Status};
use super::reviews::Reads;
use super::track::{Omission, Track};
use crate::domain::{AppId, Exposure, StoreKind, Timestamp};
use crate::simulator::World;
use crate::simulator::scenario::{AppPlan, Role};
use crate::simulator::world::{Author, StoreWrite};

/// Queries a minute that one account may make.
const QUOTA: u32 = 3000;

pub(super) struct Store {
    pub(super) world: Arc<World>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// By package name.
    pub(super) apps: BTreeMap<String, App>,
    /// By id; dead ones too, to be told apart from those that never were.
    pub(super) edits: BTreeMap<String, Edit>,
    pub(super) switches: Switches,
    /// Numbers edits.
    pub(super) issued: u64,
    pub(super) review_reads: Reads,
    /// Minute since the epoch and the queries in it.
    queries: (i64, u32),
}

/// One app at the store.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct App {
    #[serde(skip)]
    pub(super) id: AppId,
    pub(super) tracks: BTreeMap<String, Track>,
    /// Version code of the release whose changes are in review.
    pub(super) in_review: Option<u64>,
    /// How often a commit has cancelled a review.
    pub(super) reviews_cancelled: u32,
}

/// What differs from account to account and year to year.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, turned by name"
)]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Releases left out of an update are gone.
    pub strict_replacement: bool,
    /// Updates are answered by 200 without a body.
    pub empty_updates: bool,
    /// Lifetime of an edit in seconds.
    pub edit_seconds: i64,
    /// Changes have to be sent for review by hand: commits need `changesNotSentForReview`.
    pub review_by_hand: bool,
    pub draft_app: bool,
    /// The account has no right on any app.
    pub no_right: bool,
    /// The API is not switched on in the project of the account.
    pub api_off: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            strict_replacement: false,
            empty_updates: false,
            edit_seconds: 3600,
            review_by_hand: false,
            draft_app: false,
            no_right: false,
            api_off: false,
        }
    }
}

impl Switches {
    pub(super) fn omission(&self) -> Omission {
        if self.strict_replacement {
            Omission::Replaces
        } else {
            Omission::Rules
        }
    }
}

impl Store {
    pub(super) fn new(world: Arc<World>) -> Self {
        let apps = world
            .apps()
            .iter()
            .filter(|plan| plan.store == StoreKind::GooglePlay)
            .map(|plan| (plan.package.clone(), App::at_start(plan)))
            .collect();
        Self {
            world,
            state: Mutex::new(State {
                apps,
                ..State::default()
            }),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `tracks` in place: tells the world what is offered now, keeps what changed, and kills the open edits.
    pub(super) fn publish(
        &self,
        state: &mut State,
        package: &str,
        tracks: BTreeMap<String, Track>,
        by: Author,
        at: Timestamp,
    ) {
        state.kill_edits(package);
        let Some(app) = state.apps.get_mut(package) else {
            return;
        };
        let before = std::mem::replace(&mut app.tracks, tracks);
        for (name, track) in &app.tracks {
            let was = before.get(name);
            for release in &track.releases {
                let became = release.became();
                let same = was
                    .and_then(|t| t.find(release))
                    .is_some_and(|r| r.became() == became);
                if !same {
                    self.world.record(StoreWrite {
                        at,
                        app: app.id.clone(),
                        build: release.version_codes.join("+"),
                        became,
                        by,
                    });
                }
            }
        }
        let Some(plan) = self.world.app(&app.id) else {
            return;
        };
        let track = app.tracks.get(&plan.track);
        for version in &plan.versions {
            if !matches!(version.role, Role::New | Role::Next) {
                continue;
            }
            let release = track.and_then(|t| t.releases.iter().find(|r| r.has(&version.build)));
            let share = release.map_or(0.0, Release::offered);
            if share
                .total_cmp(&self.world.offered(&app.id, &version.build))
                .is_ne()
            {
                self.world.serve(&app.id, &version.build, &[(at, share)]);
            }
        }
    }
}

impl State {
    /// The app, if the account may see it.
    pub(super) fn app(&self, package: &str) -> Result<&App, Refusal> {
        if self.switches.api_off {
            return Err(Refusal::api_off());
        }
        let app = self
            .apps
            .get(package)
            .ok_or_else(|| Refusal::not_found(&format!("Package not found: {package}.")))?;
        if self.switches.no_right {
            return Err(Refusal::no_right());
        }
        Ok(app)
    }

    /// Counts one query.
    pub(super) fn count_query(&mut self, now: Timestamp) -> Result<(), Refusal> {
        let minute = now.timestamp().div_euclid(60);
        if self.queries.0 != minute {
            self.queries = (minute, 0);
        }
        self.queries.1 += 1;
        if self.queries.1 > QUOTA {
            return Err(Refusal::quota());
        }
        Ok(())
    }
}

impl App {
    fn at_start(plan: &AppPlan) -> Self {
        let release = |v: &crate::simulator::scenario::VersionPlan, status, fraction| {
            Release::new(&v.name, &v.build, status, fraction)
        };
        let mut track = Track::default();
        for version in &plan.versions {
            match (version.role, version.exposure.map(Exposure::fraction)) {
                (Role::Old, _) => track
                    .superseded
                    .push(release(version, Status::Completed, None)),
                (Role::New, Some(fraction)) if fraction < 1.0 => track.releases.insert(
                    0,
                    release(version, Status::InProgress, Some(fraction))
                        .in_countries(&["DE", "US"]),
                ),
                (Role::Baseline | Role::New, _) => {
                    let served = release(version, Status::Completed, None);
                    track = track.put(served);
                }
                (Role::Next, _) if version.waits == Some(true) => {
                    track.releases.push(release(version, Status::Draft, None));
                }
                (Role::Next, _) => {}
            }
        }
        let empty = ["production", "beta", "alpha", "internal"]
            .map(|name| (name.to_owned(), Track::default()));
        let mut tracks = BTreeMap::from(empty);
        tracks.insert(plan.track.clone(), track);
        Self {
            id: plan.id.clone(),
            tracks,
            in_review: None,
            reviews_cancelled: 0,
        }
    }
}
