//! What App Store Connect holds: apps, their versions and builds, and what releasing one does to the others.

use aws_lc_rs::digest;

use super::phased::{Phase, Phased, Refusal};
use crate::domain::{AppId, StoreKind, Timestamp};
use crate::simulator::scenario::{AppPlan, Role, VersionPlan};
use crate::simulator::world::{Author, HISTORY, StoreWrite, World};
use chrono::TimeDelta;

/// How long before its release a version was created.
const IN_THE_MAKING: TimeDelta = TimeDelta::days(3);
/// How long Apple takes to bring a version that was released to its store.
const PROCESSING: TimeDelta = TimeDelta::minutes(5);

/// Where a version stands; those of Apple's states that a world needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VersionState {
    Preparing,
    InReview,
    PendingDeveloperRelease,
    /// Ready from this time on.
    Processing(Timestamp),
    Ready,
    Replaced,
}

impl VersionState {
    /// `appVersionState`
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Preparing => "PREPARE_FOR_SUBMISSION",
            Self::InReview => "IN_REVIEW",
            Self::Processing(_) => "PROCESSING_FOR_DISTRIBUTION",
            Self::PendingDeveloperRelease => "PENDING_DEVELOPER_RELEASE",
            Self::Ready => "READY_FOR_DISTRIBUTION",
            Self::Replaced => "REPLACED_WITH_NEW_VERSION",
        }
    }

    /// `appStoreState`, deprecated but still sent.
    pub(super) fn old_word(self) -> &'static str {
        match self {
            Self::Ready => "READY_FOR_SALE",
            Self::Processing(_) => "PROCESSING_FOR_APP_STORE",
            other => other.word(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct AppVersion {
    pub(super) id: String,
    pub(super) build_id: String,
    pub(super) name: String,
    pub(super) build: String,
    pub(super) state: VersionState,
    pub(super) created: Timestamp,
    pub(super) phased: Option<Phased>,
}

#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) plan: AppId,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) bundle_id: String,
    /// Oldest first.
    pub(super) versions: Vec<AppVersion>,
}

#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) apps: Vec<App>,
}

impl Catalog {
    /// As the world begins.
    pub(super) fn stock(world: &World) -> Self {
        let ours = world
            .apps()
            .iter()
            .filter(|app| app.store == StoreKind::AppStore);
        let apps = (1..).zip(ours).map(|(number, plan)| App {
            plan: plan.id.clone(),
            id: format!("{}", 6_470_000_000_u64 + number),
            name: plan.name.clone(),
            bundle_id: plan.package.clone(),
            versions: versions(world, plan),
        });
        Self {
            apps: apps.collect(),
        }
    }

    pub(super) fn advance(&mut self, now: Timestamp) {
        for app in &mut self.apps {
            app.finish_processing(now);
        }
        for version in self.apps.iter_mut().flat_map(|app| &mut app.versions) {
            if let (VersionState::Ready, Some(phased)) = (version.state, &mut version.phased) {
                phased.advance(now);
            }
        }
    }

    pub(super) fn app(&self, id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.id == id)
    }

    pub(super) fn version(&self, id: &str) -> Option<(&App, &AppVersion)> {
        self.apps.iter().find_map(|app| {
            let version = app.versions.iter().find(|version| version.id == id)?;
            Some((app, version))
        })
    }

    pub(super) fn version_mut(&mut self, id: &str) -> Option<(&mut App, usize)> {
        self.apps.iter_mut().find_map(|app| {
            let place = app.versions.iter().position(|version| version.id == id)?;
            Some((app, place))
        })
    }

    /// The app and the place in it of the version that this phased release is of.
    pub(super) fn phased_mut(&mut self, id: &str) -> Option<(&mut App, usize)> {
        self.apps.iter_mut().find_map(|app| {
            let has = |version: &AppVersion| version.phased.as_ref().is_some_and(|p| p.id == id);
            let place = app.versions.iter().position(has)?;
            Some((app, place))
        })
    }
}

impl App {
    /// Changes a released version's phased release, and tells the world.
    pub(super) fn change_phase(
        &mut self,
        place: usize,
        to: Phase,
        (at, by): (Timestamp, Author),
        world: &World,
    ) -> Result<(), Refusal> {
        let Some(version) = self.versions.get_mut(place) else {
            return Ok(());
        };
        let Some(phased) = &mut version.phased else {
            return Ok(());
        };
        phased.change(to)?;
        world.serve(&self.plan, &version.build, &phased.offers(at));
        world.record(StoreWrite {
            at,
            app: self.plan.clone(),
            build: version.build.clone(),
            became: to.word().into(),
            by,
        });
        Ok(())
    }

    /// Releases a version: Apple takes its time, then it is on sale. The world is told at once what will be offered.
    pub(super) fn release(&mut self, place: usize, (at, by): (Timestamp, Author), world: &World) {
        let Some(version) = self.versions.get_mut(place) else {
            return;
        };
        let ready = at + PROCESSING;
        version.state = VersionState::Processing(ready);
        let offers = match &mut version.phased {
            Some(phased) => {
                let mut begun = phased.clone();
                begun.begin(ready);
                begun.offers(ready)
            }
            None => vec![(ready, 1.0)],
        };
        world.serve(&self.plan, &version.build, &offers);
        world.record(StoreWrite {
            at,
            app: self.plan.clone(),
            build: version.build.clone(),
            became: version.state.word().into(),
            by,
        });
    }

    /// Puts what is ready by now on sale: what was there is replaced, and its phased release is over.
    fn finish_processing(&mut self, now: Timestamp) {
        let due = |version: &AppVersion| match version.state {
            VersionState::Processing(ready) => (ready <= now).then_some(ready),
            _ => None,
        };
        let Some((place, ready)) = (0..)
            .zip(&self.versions)
            .find_map(|(place, version)| Some((place, due(version)?)))
        else {
            return;
        };
        for (other, version) in (0_usize..).zip(&mut self.versions) {
            let phased = version.phased.as_mut();
            if other == place {
                version.state = VersionState::Ready;
                if let Some(phased) = phased {
                    phased.begin(ready);
                }
            } else if version.state == VersionState::Ready {
                version.state = VersionState::Replaced;
                if let Some(phased) = phased {
                    phased.phase = Phase::Complete;
                }
            }
        }
    }
}

fn versions(world: &World, plan: &AppPlan) -> Vec<AppVersion> {
    let newest_out = plan.with_role(Role::New).or(plan.with_role(Role::Baseline));
    let count = plan.versions.len();
    (0..)
        .zip(&plan.versions)
        .map(|(place, version)| {
            let before = TimeDelta::days(14) * i32::try_from(count - place).unwrap_or(1);
            let begun = match (version.started, version.role) {
                (Some(started), _) => world.start() + started.0,
                (None, Role::New | Role::Next) => world.start(),
                (None, Role::Old | Role::Baseline) => world.start() - HISTORY - before,
            };
            let state = match version.role {
                Role::Next if version.waits == Some(false) => VersionState::Preparing,
                Role::Next => VersionState::PendingDeveloperRelease,
                _ if newest_out.is_some_and(|out| out.build == version.build) => {
                    VersionState::Ready
                }
                _ => VersionState::Replaced,
            };
            // An app's first version cannot be released in phases.
            let phased = (place > 0).then(|| phased(world, plan, version, begun));
            AppVersion {
                id: id(world, plan, version, "version"),
                build_id: id(world, plan, version, "build"),
                name: version.name.clone(),
                build: version.build.clone(),
                state,
                created: begun - IN_THE_MAKING,
                phased,
            }
        })
        .collect()
}

fn phased(world: &World, app: &AppPlan, version: &VersionPlan, begun: Timestamp) -> Phased {
    let mut phased = Phased::planned(id(world, app, version, "phased release"));
    if version.role != Role::Next {
        phased.begin(begun);
        phased.advance(world.now());
    }
    if matches!(version.role, Role::Old | Role::Baseline) {
        phased.phase = Phase::Complete;
    }
    phased
}

fn id(world: &World, app: &AppPlan, version: &VersionPlan, what: &str) -> String {
    let seed = world.seed().to_string();
    uuid(&[&seed, app.id.as_str(), &version.build, what])
}

/// An id that follows from these words.
pub(super) fn uuid(words: &[&str]) -> String {
    let hash = digest::digest(&digest::SHA256, words.join("\n").as_bytes());
    let hex: Vec<String> = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().concat();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 16)
    )
}
