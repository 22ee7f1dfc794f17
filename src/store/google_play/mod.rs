//! Google Play: staged rollouts through the Android Publisher API, version 3.
//!
//! Reads and writes go through an edit: a private copy of the app's state that a commit makes live, and that dies when
//! anybody else changes the app. Every write here is read, change, write within one edit, so that the state it rests on is
//! the state it replaces. Every edit opened is committed or deleted.

mod access;
mod account;
mod case;
mod error;
mod summary;
mod track;
mod wire;

use futures_util::future::BoxFuture;
use secrecy::SecretString;

pub use account::{Accounts, RATE};
pub use case::Case;
pub use error::{PlayError, Refusal, Step};
pub use track::TrackError;

use crate::domain::rollout::{Applied, Glance, InReview, Order};
use crate::domain::{Failure, StoreKind, StoreView, Target};
use crate::http::BaseUrl;
use crate::http::google_auth::KeyError;
use crate::ports::{AccessCheck, Store, ahead};
use summary::Summaries;
use track::{Plan, Track};
use wire::{EditId, Reviews, Wire};

/// Google's own address.
pub const BASE_URL: &str = "https://androidpublisher.googleapis.com";

/// Which track of which app, and how to get at it.
pub struct Settings {
    pub base: BaseUrl,
    pub package: String,
    /// `production`, `beta`, `alpha`, `internal` (or `qa`, the documentation's name for it), `wear:production`, or a closed
    /// track's own name.
    pub track: String,
    /// The service account's JSON key.
    pub key: SecretString,
    /// Watch this version code instead of the newest staged release.
    pub version_code: Option<u64>,
}

/// One track of one app on Google Play.
pub struct GooglePlay {
    wire: Wire,
    version_code: Option<u64>,
}

impl GooglePlay {
    /// Opens nothing at Google; fails where the key cannot sign.
    pub fn new(accounts: &Accounts, settings: Settings) -> Result<Self, KeyError> {
        let account = accounts.open(&settings.key, &settings.package)?;
        let track = match settings.track.as_str() {
            "qa" => "internal".to_owned(),
            _ => settings.track,
        };
        Ok(Self {
            wire: Wire {
                account,
                base: settings.base,
                package: settings.package,
                track,
            },
            version_code: settings.version_code,
        })
    }

    async fn list(&self) -> Result<Summaries, PlayError> {
        self.wire.list_releases().await
    }

    async fn track(&self) -> Result<Track, PlayError> {
        let _turn = self.wire.account.turn.lock().await;
        // Whoever has the turn does not queue with it: a halt may be next.
        ahead(async {
            let edit = self.wire.insert_edit().await?;
            let track = self.wire.get_track(&edit).await;
            self.leave(&edit).await;
            track
        })
        .await
    }

    async fn view(&self) -> Result<StoreView, PlayError> {
        let summaries = self.list().await?;
        let track = self.track().await?;
        Ok(track.view(self.version_code, &summaries.releases)?)
    }

    async fn carry_out(&self, order: &Order) -> Result<Applied, PlayError> {
        let _turn = self.wire.account.turn.lock().await;
        let edit = self.wire.insert_edit().await?;
        let outcome = self.carry_out_in(&edit, order).await;
        match &outcome {
            // Committed: the edit is gone. Or perhaps committed: the next edit ends it, if it is still there.
            Ok(Applied::Written) => {}
            Err(error) if is_ambiguous(error) => {}
            Ok(Applied::AlreadySo) | Err(_) => self.leave(&edit).await,
        }
        outcome
    }

    async fn carry_out_in(&self, edit: &EditId, order: &Order) -> Result<Applied, PlayError> {
        let track = self.wire.get_track(edit).await?;
        // Only of a release that is to begin does it matter whether Play holds it back.
        let summaries = match order.target {
            Target::Started { .. } => self.list().await?.releases,
            _ => Vec::new(),
        };
        if order.yields_to_a_stop() && track.is_stopped(&order.version) {
            return Err(TrackError::Stopped(order.version.build.clone()).into());
        }
        let write = match track.plan(&order.version, order.target, &summaries)? {
            Plan::AlreadySo => return Ok(Applied::AlreadySo),
            Plan::Write(write) => write,
        };
        match (
            self.put(edit, write.track).await,
            write.without_other_halted,
        ) {
            (Err(PlayError::Refused { refusal, .. }), Some(track))
                if matches!(refusal.case, Case::Other | Case::NothingToHalt) =>
            {
                self.put(edit, track).await?;
            }
            (put, _) => put?,
        }
        let committed = match self.wire.commit(edit, Reviews::Error).await {
            Err(error) => match self.is_review(error).await {
                PlayError::Refused { refusal, .. }
                    if refusal.case == Case::InReview && order.in_review == InReview::Cancel =>
                {
                    self.wire.commit(edit, Reviews::Cancel).await
                }
                error => Err(error),
            },
            done => done,
        };
        committed.map_err(|error| match error {
            PlayError::Refused { place, refusal }
                if write.halts_completed && refusal.case == Case::CommitUnknown =>
            {
                let case = Case::NothingToFallBackOn;
                PlayError::Refused {
                    place,
                    refusal: Refusal { case, ..refusal },
                }
            }
            error => error,
        })?;
        Ok(Applied::Written)
    }

    async fn put(&self, edit: &EditId, track: serde_json::Value) -> Result<(), PlayError> {
        self.wire.put_track(edit, track).await?;
        self.wire.validate(edit).await
    }

    /// A refused commit, as a review in the way where the releases' lifecycle says so: what Play says then is not on record.
    async fn is_review(&self, error: PlayError) -> PlayError {
        match error {
            PlayError::Refused { place, refusal } if refusal.may_mean_review() => {
                let in_review = refusal.speaks_of_review()
                    || self
                        .list()
                        .await
                        .is_ok_and(|list| list.releases.iter().any(summary::Summary::is_in_review));
                let case = if in_review {
                    Case::InReview
                } else {
                    refusal.case
                };
                PlayError::Refused {
                    place,
                    refusal: Refusal { case, ..refusal },
                }
            }
            error => error,
        }
    }

    /// Deletes an edit that is done with. Where that fails it expires, or the next edit of this account ends it.
    async fn leave(&self, edit: &EditId) {
        if let Err(error) = self.wire.delete_edit(edit).await {
            tracing::debug!(%error, "an edit was left to expire");
        }
    }
}

fn is_ambiguous(error: &PlayError) -> bool {
    match error {
        PlayError::Http { step, error } => {
            *step == Step::Commit && !matches!(error, crate::http::HttpError::NotSent { .. })
        }
        PlayError::Refused { refusal, .. } => {
            matches!(
                refusal.case,
                Case::CommitUnknown | Case::NothingToFallBackOn
            )
        }
        PlayError::Auth(_) | PlayError::Track(_) => false,
    }
}

impl Store for GooglePlay {
    fn kind(&self) -> StoreKind {
        StoreKind::GooglePlay
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        Box::pin(async move {
            let summaries = self.list().await?;
            Ok(Glance {
                fingerprint: summaries.fingerprint(),
            })
        })
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        Box::pin(async move { Ok(self.view().await?) })
    }

    fn apply<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        Box::pin(async move { Ok(self.carry_out(order).await?) })
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(access::check(self))
    }
}

#[cfg(test)]
mod tests;
