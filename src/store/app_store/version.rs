//! Apple's app versions, builds and phased releases, each checked as far as it is used.

use std::cmp::Ordering;

use super::date;
use super::error::Malformed;
use super::session::Everything;
use super::wire::{Related, Resource};
use crate::domain::rollout::Phased;
use crate::domain::{Exposure, Timestamp};

/// The platform that haltline watches; phased releases of the others are not this app's.
pub(super) const PLATFORM: &str = "IOS";

/// Where a version stands, as far as a rollout goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// On sale: `READY_FOR_DISTRIBUTION`, before `READY_FOR_SALE`.
    Released,
    PendingDeveloper,
    PendingApple,
    Processing,
    /// A newer version took its place.
    Replaced,
    /// In preparation, in review, rejected or off sale: nothing that could roll out.
    Other,
    /// A word that this haltline does not know.
    Unknown,
}

impl State {
    /// By `appVersionState`, or where that is missing by the `appStoreState` that it replaced.
    fn of(version: &Resource) -> Result<Self, Malformed> {
        let word = match version.text("appVersionState")? {
            Some(word) => Some(word),
            None => version.text("appStoreState")?,
        };
        Ok(match word {
            Some("READY_FOR_DISTRIBUTION" | "READY_FOR_SALE") => Self::Released,
            Some("PENDING_DEVELOPER_RELEASE") => Self::PendingDeveloper,
            Some("PENDING_APPLE_RELEASE") => Self::PendingApple,
            Some("PROCESSING_FOR_DISTRIBUTION" | "PROCESSING_FOR_APP_STORE") => Self::Processing,
            Some("REPLACED_WITH_NEW_VERSION") => Self::Replaced,
            Some(
                "ACCEPTED"
                | "DEVELOPER_REJECTED"
                | "DEVELOPER_REMOVED_FROM_SALE"
                | "IN_REVIEW"
                | "INVALID_BINARY"
                | "METADATA_REJECTED"
                | "NOT_APPLICABLE"
                | "PENDING_CONTRACT"
                | "PREORDER_READY_FOR_SALE"
                | "PREPARE_FOR_SUBMISSION"
                | "READY_FOR_REVIEW"
                | "REJECTED"
                | "REMOVED_FROM_SALE"
                | "WAITING_FOR_EXPORT_COMPLIANCE"
                | "WAITING_FOR_REVIEW",
            ) => Self::Other,
            Some(_) | None => Self::Unknown,
        })
    }

    /// Approved, and on its way to users or there.
    pub(super) fn can_roll_out(self) -> bool {
        matches!(
            self,
            Self::Released | Self::PendingDeveloper | Self::PendingApple | Self::Processing
        )
    }
}

/// One version of the app on [`PLATFORM`].
#[derive(Debug)]
pub(super) struct AppVersion {
    /// Marketing version, `8.43.0`.
    pub(super) name: String,
    pub(super) state: State,
    pub(super) created: Option<Timestamp>,
    resource: Resource,
}

impl AppVersion {
    /// `None` for another platform's version: the server's filters are not to be trusted.
    fn parse(resource: Resource) -> Result<Option<Self>, Malformed> {
        let state = State::of(&resource)?;
        match resource.text("platform")? {
            Some(PLATFORM) => {}
            None if state.can_roll_out() => {
                return Err(Malformed("a version does not say its platform".into()));
            }
            Some(_) | None => return Ok(None),
        }
        let Some(name) = resource.text("versionString")? else {
            return Err(Malformed("a version does not say its versionString".into()));
        };
        Ok(Some(Self {
            name: name.to_owned(),
            state,
            created: resource.text("createdDate")?.and_then(date::parse),
            resource,
        }))
    }

    pub(super) fn id(&self) -> &str {
        &self.resource.id
    }

    /// Older to newer: when they were created, where both say so, then by the numbers of the version.
    fn cmp_age(&self, other: &Self, dated: bool) -> Ordering {
        let by_date = if dated {
            self.created.cmp(&other.created)
        } else {
            Ordering::Equal
        };
        by_date
            .then_with(|| numbers(&self.name).cmp(&numbers(&other.name)))
            .then_with(|| self.name.cmp(&other.name))
            .then_with(|| self.id().cmp(other.id()))
    }
}

/// The newest; dates count only where every one of `versions` has one.
pub(super) fn newest<'a>(
    versions: impl Iterator<Item = &'a AppVersion> + Clone,
) -> Option<&'a AppVersion> {
    let dated = versions.clone().all(|version| version.created.is_some());
    versions.max_by(|a, b| a.cmp_age(b, dated))
}

fn numbers(name: &str) -> Vec<u64> {
    name.split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

/// What a to-one relationship gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Joined<T> {
    /// The list does not say; ask for it.
    Unsaid,
    /// There is none.
    None,
    Is(T),
}

/// All versions of one app on [`PLATFORM`], with what came along.
#[derive(Debug)]
pub(super) struct Versions {
    pub(super) all: Vec<AppVersion>,
    included: Vec<Resource>,
}

impl Versions {
    pub(super) fn parse(answer: Everything) -> Result<Self, Malformed> {
        let mut all = Vec::with_capacity(answer.data.len());
        for resource in answer.data {
            all.extend(AppVersion::parse(resource)?);
        }
        Ok(Self {
            all,
            included: answer.included,
        })
    }

    /// The build number, `CFBundleVersion`.
    pub(super) fn build(&self, version: &AppVersion) -> Result<Joined<String>, Malformed> {
        self.join(version, "build", build_number)
    }

    pub(super) fn phased(&self, version: &AppVersion) -> Result<Joined<PhasedRelease>, Malformed> {
        self.join(version, "appStoreVersionPhasedRelease", |resource| {
            PhasedRelease::parse(resource).map(Some)
        })
    }

    fn join<T>(
        &self,
        version: &AppVersion,
        relationship: &str,
        parse: impl FnOnce(&Resource) -> Result<Option<T>, Malformed>,
    ) -> Result<Joined<T>, Malformed> {
        let (kind, id) = match version.resource.related(relationship) {
            Related::Unsaid => return Ok(Joined::Unsaid),
            Related::Nowhere => return Ok(Joined::None),
            Related::To { kind, id } => (kind, id),
        };
        let found = self
            .included
            .iter()
            .find(|resource| resource.kind == kind && resource.id == id);
        Ok(match found.map(parse).transpose()?.flatten() {
            Some(joined) => Joined::Is(joined),
            None => Joined::Unsaid,
        })
    }
}

pub(super) fn build_number(build: &Resource) -> Result<Option<String>, Malformed> {
    Ok(build.text("version")?.map(str::to_owned))
}

/// `phasedReleaseState`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Inactive,
    Active,
    Paused,
    Complete,
}

impl Phase {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Inactive => "INACTIVE",
            Self::Active => "ACTIVE",
            Self::Paused => "PAUSED",
            Self::Complete => "COMPLETE",
        }
    }
}

/// A version's phased release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PhasedRelease {
    pub(super) id: String,
    pub(super) phase: Phase,
    /// 1..=7; 0 where Apple tells none.
    pub(super) day: u8,
    pub(super) start: Option<Timestamp>,
    /// `totalPauseDuration`. Apple states no unit; days fit its limit of 30 and every body seen.
    pub(super) paused_days: u32,
}

impl PhasedRelease {
    pub(super) fn parse(resource: &Resource) -> Result<Self, Malformed> {
        let phase = match resource.text("phasedReleaseState")? {
            Some("INACTIVE") => Phase::Inactive,
            Some("ACTIVE") => Phase::Active,
            Some("PAUSED") => Phase::Paused,
            Some("COMPLETE") => Phase::Complete,
            _ => {
                return Err(Malformed(
                    "phasedReleaseState is none of INACTIVE, ACTIVE, PAUSED and COMPLETE".into(),
                ));
            }
        };
        let day = resource.whole("currentDayNumber")?.unwrap_or(0);
        let paused = resource.whole("totalPauseDuration")?.unwrap_or(0);
        Ok(Self {
            id: resource.id.clone(),
            phase,
            day: day.clamp(0, 7) as u8,
            start: resource.text("startDate")?.and_then(date::parse),
            paused_days: u32::try_from(paused.max(0)).unwrap_or(u32::MAX),
        })
    }

    /// Apple's schedule; complete is everybody, whatever the day says.
    pub(super) fn exposure(&self) -> Exposure {
        match self.phase {
            Phase::Complete => Exposure::FULL,
            Phase::Inactive => Exposure::NONE,
            _ => Phased::share_on(self.day),
        }
    }
}
