//! Which of an app's versions is the rollout, and how it looks in the terms of both stores. Pure.

use super::version::{AppVersion, Phase, PhasedRelease, State, Versions, newest};
use crate::domain::rollout::{Phased, ReleaseView};
use crate::domain::{Exposure, PlainText, Status, Version};

/// The rollout and what it replaces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched<'a> {
    pub(super) version: &'a AppVersion,
    pub(super) previous: Option<&'a AppVersion>,
    /// Versions in preparation or waiting beside these two; those replaced are history.
    pub(super) others: u32,
}

/// The newest that is released; the newest that is approved only where none is out yet. A version that waits must neither
/// hide the one that users have, nor the proof of what was done to it.
pub(super) fn watched(versions: &Versions) -> Option<Watched<'_>> {
    let released = newest(in_state(versions, |state| state == State::Released));
    let version = released.or_else(|| newest(in_state(versions, State::can_roll_out)))?;
    let before = in_state(versions, |state| {
        matches!(state, State::Released | State::Replaced)
    });
    let previous = newest(before.filter(|other| other.id() != version.id()));
    let beside = versions
        .all
        .iter()
        .filter(|other| other.state != State::Replaced && other.id() != version.id())
        .filter(|other| previous.is_none_or(|previous| previous.id() != other.id()))
        .count();
    Some(Watched {
        version,
        previous,
        others: u32::try_from(beside).unwrap_or(u32::MAX),
    })
}

fn in_state(
    versions: &Versions,
    wanted: impl Fn(State) -> bool + Clone,
) -> impl Iterator<Item = &AppVersion> + Clone {
    versions
        .all
        .iter()
        .filter(move |version| wanted(version.state))
}

/// As haltline shows it.
pub(super) fn view(
    version: &AppVersion,
    build: &str,
    phased: Option<&PhasedRelease>,
) -> ReleaseView {
    let (status, exposure) = match (version.state, phased) {
        (State::Released, None) => (Status::Completed, Exposure::FULL),
        (State::Released, Some(phased)) => (
            match phased.phase {
                // Released, but Apple has not begun: nobody is offered it yet.
                Phase::Inactive => Status::Pending,
                Phase::Active => Status::InProgress,
                Phase::Paused => Status::Stopped,
                Phase::Complete => Status::Completed,
            },
            phased.exposure(),
        ),
        (State::PendingDeveloper | State::PendingApple | State::Processing, _) => {
            (Status::Pending, Exposure::NONE)
        }
        (State::Replaced | State::Other | State::Unknown, _) => (Status::Draft, Exposure::NONE),
    };
    ReleaseView {
        also: Vec::new(),
        version: Version::named(&version.name, build),
        label: PlainText::default(),
        status,
        exposure,
        in_review: false,
        phased: phased.map(|phased| Phased {
            day: phased.day,
            start: phased.start,
            paused_days: phased.paused_days,
        }),
    }
}
