//! A track, and what becomes of it when desired changes are sent: Play's omission rules.
//!
//! Pure. The rules, as the field has found them:
//! 1. a `completed` release left out under a staged one stays;
//! 2. an `inProgress` release left out is halted;
//! 3. a version code left out of its release is deactivated;
//! 4. an empty list changes nothing;
//! 5. two releases with one status are refused.

use serde::Serialize;

use super::refusal::Refusal;
use super::release::{Release, Status};

/// What a track holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Track {
    pub(super) releases: Vec<Release>,
    /// Completed releases that were superseded, the latest last: what a halted `completed` release falls back on.
    pub(super) superseded: Vec<Release>,
}

/// How to read what was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Omission {
    /// By the five rules.
    Rules,
    /// What is left out is gone, as some have read the documentation.
    Replaces,
}

impl Track {
    /// The track after `wanted` was sent for it, if Play takes it.
    pub(super) fn update(
        &self,
        name: &str,
        wanted: Vec<Release>,
        omission: Omission,
    ) -> Result<Self, Refusal> {
        if wanted.is_empty() {
            return Ok(self.clone());
        }
        for release in &wanted {
            let now = self.find(release);
            release.check(now, name)?;
            self.check_move(name, now, release, &wanted)?;
        }
        check_duplicates(&wanted)?;
        let wanted: Vec<_> = wanted.into_iter().map(|r| self.settle(r)).collect();
        Ok(self.merge(wanted, omission))
    }

    /// A person's change in the console: this release becomes so, the others stay unless it supersedes them.
    pub(super) fn put(&self, release: Release) -> Self {
        self.merge(vec![release], Omission::Rules)
    }

    /// Whether a commit can bring the track here: a halted release that was completed needs one to fall back on.
    pub(super) fn check_serves(&self) -> Result<(), Refusal> {
        let serves = |r: &Release| r.status == Status::Completed;
        let stopped = |r: &Release| r.status == Status::Halted && r.user_fraction.is_none();
        if self.releases.iter().any(stopped) && !self.releases.iter().any(serves) {
            return Err(Refusal::internal());
        }
        Ok(())
    }

    pub(super) fn find(&self, release: &Release) -> Option<&Release> {
        self.releases.iter().find(|r| r.same_as(release))
    }

    fn check_move(
        &self,
        name: &str,
        now: Option<&Release>,
        to: &Release,
        wanted: &[Release],
    ) -> Result<(), Refusal> {
        let before = now.map(|r| r.status);
        let another = |status| move |r: &&Release| r.status == status && !r.same_as(to);
        let base = self
            .releases
            .iter()
            .chain(wanted)
            .find(another(Status::Completed));
        match (before, to.status) {
            (Some(Status::Completed), Status::InProgress) => {
                Err(Refusal::invalid("Fully released can not be staged"))
            }
            (Some(Status::Completed), Status::Draft) => Err(Refusal::invalid(
                "A released version can not become a draft.",
            )),
            (Some(Status::Completed), Status::Halted) => {
                if matches!(name, "internal" | "qa") {
                    return Err(Refusal::invalid(
                        "Releases on the internal track can not be halted.",
                    ));
                }
                if wanted.iter().any(|r| another(Status::Completed)(&r)) {
                    return Err(Refusal::invalid(
                        "You can't halt a fully rolled out release and create a new fully rolled out release in a single edit.",
                    ));
                }
                let above = |r: &Release| {
                    r.code() > to.code() && matches!(r.status, Status::InProgress | Status::Halted)
                };
                if self.releases.iter().any(above) {
                    return Err(Refusal::invalid(
                        "The serving fallback release can not be halted.",
                    ));
                }
                Ok(())
            }
            (Some(Status::Halted), Status::InProgress)
                if now.is_some_and(|n| n.user_fraction.is_none())
                    && wanted
                        .iter()
                        .chain(&self.releases)
                        .any(|r| another(Status::InProgress)(&r)) =>
            {
                Err(Refusal::invalid("Fully released can not be staged"))
            }
            (None, Status::Halted) => Err(Refusal::nothing_to_halt()),
            (_, Status::InProgress) if base.is_none() => Err(Refusal::invalid(
                "The first release on a track cannot be staged",
            )),
            _ => Ok(()),
        }
    }

    /// What was sent, with what Play fills in.
    fn settle(&self, mut release: Release) -> Release {
        let now = self.find(&release);
        if release.in_app_update_priority.is_none() {
            release.in_app_update_priority = now.and_then(|n| n.in_app_update_priority);
        }
        if release.name.is_none() {
            let generated = release.version_codes.first().cloned();
            release.name = now.and_then(|n| n.name.clone()).or(generated);
        }
        let was_completed = now.is_some_and(|n| n.status == Status::Completed);
        if release.status == Status::Halted && was_completed {
            release.user_fraction = None;
        }
        release
    }

    fn merge(&self, wanted: Vec<Release>, omission: Omission) -> Self {
        let mut after = Self {
            releases: wanted,
            superseded: self.superseded.clone(),
        };
        let served = |r: &&Release| r.status == Status::Completed;
        let new_base = after.releases.iter().find(served).map(Release::code);
        for left_out in &self.releases {
            if after.find(left_out).is_some() {
                continue;
            }
            let mut kept = left_out.clone();
            let superseded = new_base.is_some_and(|base| base > kept.code());
            if kept.status == Status::Completed && new_base.is_some() {
                after.superseded.push(kept);
                continue;
            }
            if omission == Omission::Replaces || (superseded && kept.status != Status::Draft) {
                continue;
            }
            if kept.status == Status::InProgress {
                kept.status = Status::Halted;
            }
            after.releases.push(kept);
        }
        after.fall_back();
        after
    }

    /// Where a completed release was halted, the one before it serves again; where it goes on, that one steps back.
    fn fall_back(&mut self) {
        let stopped = self
            .releases
            .iter()
            .any(|r| r.status == Status::Halted && r.user_fraction.is_none());
        let serves = self.releases.iter().any(|r| r.status == Status::Completed);
        if stopped
            && !serves
            && let Some(fallback) = self.superseded.pop()
        {
            self.releases.push(fallback);
        }
    }
}

/// Rule 5, and a version code can be in one release only.
fn check_duplicates(wanted: &[Release]) -> Result<(), Refusal> {
    for (i, release) in wanted.iter().enumerate() {
        for other in wanted.iter().skip(i + 1) {
            if release.same_as(other) {
                return Err(Refusal::invalid(
                    "A version code can be in one release of a track only.",
                ));
            }
            if release.status == other.status && release.status != Status::Draft {
                return Err(Refusal::invalid(
                    "Releases of a track must have different statuses.",
                ));
            }
        }
    }
    Ok(())
}
