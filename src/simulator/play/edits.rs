//! Edits: a private copy of the tracks, alive until it is committed, deleted, too old, or until anybody else was faster.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::refusal::Refusal;
use super::release::{Release, Status};
use super::store::{State, Store};
use super::track::Track;
use crate::domain::Timestamp;
use crate::simulator::world::Author;

pub(super) struct Edit {
    package: String,
    pub(super) expires: Timestamp,
    pub(super) tracks: BTreeMap<String, Track>,
    dead: bool,
}

impl Edit {
    fn kill(&mut self) {
        self.dead = true;
        self.tracks.clear();
    }
}

/// What to do where changes of the app are in review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum InReview {
    #[serde(alias = "CHANGES_IN_REVIEW_BEHAVIOR_TYPE_UNSPECIFIED")]
    #[default]
    CancelInReviewAndSubmit,
    ErrorIfInReview,
}

impl State {
    /// A new edit; the account's other edit of the app is dead from now on.
    pub(super) fn open_edit(
        &mut self,
        package: &str,
        now: Timestamp,
    ) -> Result<(String, Timestamp), Refusal> {
        let tracks = self.app(package)?.tracks.clone();
        self.kill_edits(package);
        self.issued += 1;
        let id = format!("{:020}", 12_345_678_900_000_000_000_u64 + self.issued);
        let expires = now + TimeDelta::seconds(self.switches.edit_seconds);
        let edit = Edit {
            package: package.to_owned(),
            expires,
            tracks,
            dead: false,
        };
        self.edits.insert(id.clone(), edit);
        Ok((id, expires))
    }

    /// An edit that is alive.
    pub(super) fn edit(
        &mut self,
        package: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<&mut Edit, Refusal> {
        self.app(package)?;
        let edit = self
            .edits
            .get_mut(id)
            .filter(|e| e.package == package)
            .ok_or_else(|| Refusal::not_found("Edit not found."))?;
        if edit.dead {
            Err(Refusal::edit_deleted())
        } else if edit.expires <= now {
            Err(Refusal::edit_expired())
        } else {
            Ok(edit)
        }
    }

    pub(super) fn delete_edit(
        &mut self,
        package: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.edit(package, id, now)?.kill();
        Ok(())
    }

    /// Somebody changed the app: no edit that was open can be committed any more.
    pub(super) fn kill_edits(&mut self, package: &str) {
        for edit in self.edits.values_mut().filter(|e| e.package == package) {
            edit.kill();
        }
    }

    /// Sends desired changes for one track of an edit.
    pub(super) fn update_track(
        &mut self,
        package: &str,
        id: &str,
        name: &str,
        wanted: Vec<Release>,
        now: Timestamp,
    ) -> Result<&Track, Refusal> {
        let omission = self.switches.omission();
        if self.switches.draft_app && wanted.iter().any(|r| r.status != Status::Draft) {
            return Err(Refusal::precondition(
                "Only releases with status draft may be created on draft app.",
            ));
        }
        let track = self
            .edit(package, id, now)?
            .tracks
            .get_mut(name)
            .ok_or_else(|| Refusal::not_found(&format!("Track not found: {name}.")))?;
        *track = track.update(name, wanted, omission)?;
        Ok(track)
    }
}

impl Store {
    /// Makes an edit the truth, or refuses it; a refusal for changes in review leaves the edit alive.
    pub(super) fn commit(
        &self,
        package: &str,
        id: &str,
        in_review: InReview,
        not_sent_for_review: Option<bool>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut state = self.lock();
        let by_hand = state.switches.review_by_hand;
        let tracks = state.edit(package, id, now)?.tracks.clone();
        match not_sent_for_review {
            Some(true) if !by_hand => {
                return Err(Refusal::invalid(
                    "Changes are sent for review automatically. The query parameter changesNotSentForReview must not be set.",
                ));
            }
            None | Some(false) if by_hand => {
                return Err(Refusal::invalid(
                    "Changes cannot be sent for review automatically. Please set the query parameter changesNotSentForReview \
                     to true. Once committed, the changes in this edit can be sent for review from the Google Play Console UI.",
                ));
            }
            _ => {}
        }
        if let Some(app) = state.apps.get_mut(package)
            && app.in_review.is_some()
        {
            if in_review == InReview::ErrorIfInReview {
                return Err(Refusal::precondition(
                    "Changes are currently in review, and changesInReviewBehavior is ERROR_IF_IN_REVIEW.",
                ));
            }
            app.in_review = None;
            app.reviews_cancelled += 1;
        }
        tracks.values().try_for_each(Track::check_serves)?;
        self.publish(&mut state, package, tracks, Author::Api, now);
        Ok(())
    }
}
