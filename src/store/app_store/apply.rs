//! Bringing a phased release to a target: a fresh read, a decision, at most one request that writes.
//!
//! The PATCH is absolute, and a release request is made only of a version that still waits, so repeating either after a
//! lost reply does no harm; what it did is for the caller's read-back to say.

use serde_json::{Value, json};

use super::AppStore;
use super::error::{AppStoreError, FINAL_HINT, Route};
use super::session::Urgency;
use super::version::{AppVersion, Phase, PhasedRelease, State};
use super::wire::Single;
use crate::domain::rollout::{Applied, Order};
use crate::domain::{Exposure, Target, Version};

impl AppStore {
    pub(super) async fn carry_out(&self, order: &Order) -> Result<Applied, AppStoreError> {
        let versions = self.versions(None, Urgency::Act).await?;
        let mut found = None;
        for version in &versions.all {
            if self.is_ordered(&versions, version, &order.version).await? {
                found = Some(version);
                break;
            }
        }
        let version = found.ok_or_else(|| AppStoreError::NoVersion(order.version.clone()))?;
        let phased = self.phased_of(&versions, version, Urgency::Act).await?;
        let paused = phased
            .as_ref()
            .is_some_and(|phased| phased.phase == Phase::Paused);
        if paused && order.yields_to_a_stop() {
            return Err(AppStoreError::Stopped);
        }
        match decide(version.state, phased.as_ref(), order.target)? {
            Move::None => Ok(Applied::AlreadySo),
            Move::Change(id, phase) => self.change(id, phase).await,
            Move::Release => self.release(version).await,
        }
    }

    async fn release(&self, version: &AppVersion) -> Result<Applied, AppStoreError> {
        let url = self.session.url(&["appStoreVersionReleaseRequests"], &[]);
        let body = json!({
            "data": {
                "type": "appStoreVersionReleaseRequests",
                "relationships": {
                    "appStoreVersion": { "data": { "type": "appStoreVersions", "id": version.id() } },
                },
            }
        });
        let _answer: Single = self.session.post(Route::RELEASE, url, body).await?;
        Ok(Applied::Written)
    }

    async fn is_ordered(
        &self,
        versions: &super::version::Versions,
        version: &AppVersion,
        ordered: &Version,
    ) -> Result<bool, AppStoreError> {
        // Named versions are compared by name first: one build is looked up, not each.
        if let Some(name) = &ordered.name
            && Version::named(&version.name, "").name.as_ref() != Some(name)
        {
            return Ok(false);
        }
        let build = self.build_of(versions, version, Urgency::Act).await?;
        Ok(build.is_some_and(|build| Version::from_code(build).build == ordered.build))
    }

    async fn change(&self, id: &str, phase: Phase) -> Result<Applied, AppStoreError> {
        let url = self
            .session
            .url(&["appStoreVersionPhasedReleases", id], &[]);
        let answer: Result<Single, _> = self
            .session
            .patch(Route::CHANGE, url, body(id, phase))
            .await;
        match answer {
            Ok(_echo) => Ok(Applied::Written),
            Err(AppStoreError::Refused(refused)) if refused.is_same_value() => {
                Ok(Applied::AlreadySo)
            }
            Err(error) => Err(error),
        }
    }
}

fn body(id: &str, phase: Phase) -> Value {
    json!({
        "data": {
            "type": "appStoreVersionPhasedReleases",
            "id": id,
            "attributes": { "phasedReleaseState": phase.word() },
        }
    })
}

/// What has to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move<'a> {
    /// The store is so already.
    None,
    /// This phased release's new state.
    Change(&'a str, Phase),
    /// A release request.
    Release,
}

fn decide(
    state: State,
    phased: Option<&PhasedRelease>,
    target: Target,
) -> Result<Move<'_>, AppStoreError> {
    match (state, target) {
        (State::PendingDeveloper, Target::Started { exposure }) => {
            return startable(phased, exposure).map(|()| Move::Release);
        }
        // By our own request, or a person's.
        (State::PendingApple | State::Processing, Target::Started { .. }) => {
            return Ok(Move::None);
        }
        _ => {}
    }
    match state {
        State::Released => {}
        // A word that is new to us must not stand between a person and the brake: Apple knows what it allows.
        State::Unknown if phased.is_some() => {}
        State::PendingDeveloper => {
            return Err(not_there(
                "this version waits for its developer to release it: it has no rollout yet",
                "begin it with: haltline start APP --reason TEXT; or leave it unreleased",
            ));
        }
        State::PendingApple | State::Processing => {
            return Err(AppStoreError::NotThere {
                what: "Apple is still releasing this version: its rollout has not begun",
                hint: "it is tried again",
                later: true,
            });
        }
        State::Replaced => {
            return Err(not_there(
                "a newer version has replaced this one: its rollout is over",
                "act on the newer version",
            ));
        }
        State::Other | State::Unknown => {
            return Err(not_there(
                "this version is not released",
                "look at it in App Store Connect",
            ));
        }
    }
    let Some(phased) = phased else {
        return match target {
            Target::Completed | Target::Started { .. } => Ok(Move::None),
            Target::Stopped | Target::InProgress { .. } => Err(AppStoreError::NoSuchMove {
                what: "this version was released to everybody at once, without a phased release",
                hint: FINAL_HINT,
            }),
        };
    };
    let id = phased.id.as_str();
    match (phased.phase, target) {
        (Phase::Paused, Target::Stopped)
        | (Phase::Complete, Target::Completed)
        | (Phase::Inactive | Phase::Active | Phase::Complete, Target::Started { .. }) => {
            Ok(Move::None)
        }
        (Phase::Inactive, _) => Err(AppStoreError::NotThere {
            what: "the phased release has not begun",
            hint: "it is tried again once Apple has started it",
            later: true,
        }),
        (Phase::Complete, Target::Stopped | Target::InProgress { .. }) => {
            Err(AppStoreError::NoSuchMove {
                what: "the phased release is complete: everybody is offered this version, and Apple knows no way back",
                hint: FINAL_HINT,
            })
        }
        (Phase::Active, Target::Stopped) => Ok(Move::Change(id, Phase::Paused)),
        (Phase::Active | Phase::Paused, Target::Completed) => Ok(Move::Change(id, Phase::Complete)),
        (Phase::Paused, Target::Started { .. }) => Err(not_there(
            "this version was begun before and is paused",
            "go on with it: haltline resume APP --reason TEXT",
        )),
        (phase, Target::InProgress { exposure }) => {
            possible(phased, exposure)?;
            Ok(match phase {
                Phase::Paused => Move::Change(id, Phase::Active),
                _ => Move::None,
            })
        }
    }
}

/// Whether a version that waits may be released: in phases only, and Apple's first day is for 1 %.
fn startable(
    phased: Option<&PhasedRelease>,
    exposure: Option<Exposure>,
) -> Result<(), AppStoreError> {
    if exposure.is_some_and(|wanted| wanted != Exposure::from_percent(1)) {
        return Err(AppStoreError::NoSuchMove {
            what: "the App Store takes no percentage: Apple begins with 1 % and raises it once a day",
            hint: "start it without a percentage; complete it later, if it shall reach everybody early",
        });
    }
    match phased {
        Some(_) => Ok(()),
        None => Err(not_there(
            "this version has no phased release: releasing it would give it to everybody at once",
            "choose \"Release update over 7-day period using phased release\" for it in App Store Connect, then ask again",
        )),
    }
}

/// Only Apple chooses the percentage.
fn possible(phased: &PhasedRelease, wanted: Option<Exposure>) -> Result<(), AppStoreError> {
    match wanted {
        Some(wanted) if wanted != phased.exposure() => Err(AppStoreError::NoSuchMove {
            what: "the App Store takes no percentage: Apple raises it once a day, and the only step by hand is to everybody",
            hint: "wait for Apple's next daily step, or complete the rollout, which is final",
        }),
        _ => Ok(()),
    }
}

fn not_there(what: &'static str, hint: &'static str) -> AppStoreError {
    AppStoreError::NotThere {
        what,
        hint,
        later: false,
    }
}
