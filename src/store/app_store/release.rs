//! Which of an app's versions is the rollout, and how it looks in the terms of both stores. Pure.

use super::version::{AppVersion, Phase, PhasedRelease, State, Versions, newest};
use crate::domain::rollout::{Phased, ReleaseView};
use crate::domain::{Exposure, PlainText, Status, Version};

/// The rollout, what it replaces, and what comes next; none of them where there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched<'a> {
    pub(super) version: Option<&'a AppVersion>,
    /// Newer than the rollout and approved: waits for its developer, or is on its way.
    pub(super) waiting: Option<&'a AppVersion>,
    pub(super) previous: Option<&'a AppVersion>,
    /// Versions in preparation or waiting beside these; those replaced are history.
    pub(super) others: u32,
}

/// Only what is released is watched: a version that waits must neither hide the one that users have, nor the proof of what
/// was done to it. One that Apple is still releasing goes on waiting, so that nobody takes it for gone meanwhile.
pub(super) fn watched(versions: &Versions) -> Watched<'_> {
    let version = newest(in_state(versions, |state| state == State::Released));
    let approved = in_state(versions, |state| {
        state.can_roll_out() && state != State::Released
    });
    let waiting = newest(approved).filter(|waiting| {
        version.is_none_or(|out| {
            let both = [out, *waiting];
            newest(both.into_iter()).is_some_and(|newer| newer.id() == waiting.id())
        })
    });
    let before = in_state(versions, |state| {
        matches!(state, State::Released | State::Replaced)
    });
    let is = |other: &AppVersion, known: Option<&AppVersion>| {
        known.is_some_and(|known| known.id() == other.id())
    };
    let previous = newest(before.filter(|other| !is(other, version)));
    let beside = versions
        .all
        .iter()
        .filter(|other| other.state != State::Replaced)
        .filter(|other| {
            ![version, waiting, previous]
                .into_iter()
                .any(|known| is(other, known))
        })
        .count();
    Watched {
        version,
        waiting,
        previous,
        others: u32::try_from(beside).unwrap_or(u32::MAX),
    }
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
