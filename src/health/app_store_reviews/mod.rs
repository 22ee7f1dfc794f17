//! What the App Store tells of a version beside its rollout, as a [`HealthSource`]: customer reviews, the public rating,
//! Apple's own measurements of launches and hangs.
//!
//! Owns what is asked and remembered; the conversation is in [`api`], what reviews come to is [`super::reviews`]'s. A
//! customer review carries no version, but Apple lists the reviews of one version: those are what is counted. The public
//! rating is of one country and usually of all versions, so it is not the version's rating (`level:store_rating`).

mod api;
mod error;
mod lookup;
mod measured;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use futures_util::future::BoxFuture;

use super::reviews::{Heard, Kept, Opinion};
use crate::domain::{Failure, Level, PlainText, Reach, SourceId, SourceReport, Timestamp, Version};
use crate::http::apple_auth::{ApiKey, BadKey};
use crate::http::{AppleAuth, BaseUrl, Client, Rate, VendorClient};
use crate::ports::{AccessCheck, Clock, HealthQuery, HealthSource};

use api::Api;
use error::ReviewsError;

/// Of the key's 3600 requests an hour the store's own conversation needs most.
const RATE: Rate = Rate {
    per_minute: 30,
    burst: 20,
};
/// How far back reviews are read.
const LOOK_BACK: TimeDelta = TimeDelta::days(14);

/// Which app, at which App Store.
pub struct Settings {
    pub id: SourceId,
    pub bundle_id: String,
    pub key: ApiKey,
    pub base: BaseUrl,
    /// Of the public lookup.
    pub lookup: BaseUrl,
    /// Of the public rating: `us`.
    pub country: String,
}

/// Reviews, rating and measurements of one app.
pub struct AppStoreReviews {
    id: SourceId,
    bundle_id: String,
    country: String,
    api: Api,
    /// Apple's ids, which never change: of the app under the empty name, of its versions under theirs.
    ids: Mutex<BTreeMap<String, String>>,
    kept: Kept<Told>,
}

/// Everything of one asking.
#[derive(Clone)]
struct Told {
    /// The versions that were asked for.
    of: Vec<Version>,
    heard: Heard,
    levels: Vec<Level>,
    notes: Vec<PlainText>,
}

impl AppStoreReviews {
    /// `seed` draws the jitter between retries.
    pub fn new(
        settings: Settings,
        client: Client,
        clock: Arc<dyn Clock>,
        seed: u64,
    ) -> Result<Self, BadKey> {
        let auth = AppleAuth::new(settings.key)?;
        let http = VendorClient::new(client, clock, RATE, seed);
        Ok(Self {
            id: settings.id,
            bundle_id: settings.bundle_id,
            country: settings.country,
            api: Api::new(auth, http, settings.base, settings.lookup),
            ids: Mutex::default(),
            kept: Kept::default(),
        })
    }

    async fn report(&self, query: &HealthQuery) -> Result<SourceReport, ReviewsError> {
        let now = self.api.now();
        let of: Vec<Version> = std::iter::once(&query.version)
            .chain(&query.baseline)
            .cloned()
            .collect();
        let kept = self.kept.fresh(now).filter(|told| told.of == of);
        let told = if let Some(told) = kept {
            told
        } else {
            let told = self.ask(of, now).await?;
            self.kept.keep(now, told.clone());
            told
        };
        let mut report = SourceReport {
            version_name: query.version.name.clone(),
            notes: told.notes,
            ..SourceReport::default()
        };
        told.heard.tell(query, &mut report);
        report.levels.extend(told.levels);
        Ok(report)
    }

    /// The reviews must be had; without the others a note says what is missing.
    async fn ask(&self, of: Vec<Version>, now: Timestamp) -> Result<Told, ReviewsError> {
        let app = self.app_id().await?;
        let wanted = now - LOOK_BACK;
        let (mut since, mut opinions, mut notes) = (wanted, Vec::new(), Vec::new());
        for version in &of {
            let Some(id) = self.version_id(&app, version).await? else {
                notes.push(format!("the App Store has no version {version}").into());
                continue;
            };
            let reviews = self.api.reviews(&id, &version.key(), wanted).await?;
            opinions.extend(reviews.opinions);
            since = since.max(reviews.since);
        }
        opinions.retain(|opinion: &Opinion| opinion.at >= since);
        if since > wanted {
            let note = format!(
                "more reviews than haltline reads: counted since {}",
                since.format("%Y-%m-%d %H:%M UTC")
            );
            notes.push(note.into());
        }
        let heard = Heard {
            opinions,
            since: Some(since),
            until: now,
        };
        let mut levels = Vec::new();
        match self.api.rating(&self.bundle_id, &self.country).await {
            Ok(rating) => match rating.level(&of, now) {
                Ok(level) => levels.extend(level),
                Err(why) => notes.push(why.into()),
            },
            Err(error) => notes.push(missing("the public rating", error)),
        }
        match self.api.measured(&app).await {
            Ok(measured) => {
                let (found, why) = measured.levels(&of, now);
                levels.extend(found);
                notes.extend(why.map(PlainText::from));
            }
            Err(error) => notes.push(missing("launch times and hangs", error)),
        }
        Ok(Told {
            of,
            heard,
            levels,
            notes,
        })
    }

    async fn app_id(&self) -> Result<String, ReviewsError> {
        if let Some(id) = self.known("") {
            return Ok(id);
        }
        let found = self.api.app(&self.bundle_id).await?;
        let id = found.ok_or_else(|| ReviewsError::NoApp(self.bundle_id.clone()))?;
        self.learn("", &id);
        Ok(id)
    }

    /// By its name: a version that has another build meanwhile is the same version to those who review it.
    async fn version_id(
        &self,
        app: &str,
        version: &Version,
    ) -> Result<Option<String>, ReviewsError> {
        let Some(name) = &version.name else {
            return Ok(None);
        };
        if let Some(id) = self.known(name.as_str()) {
            return Ok(Some(id));
        }
        let id = self.api.version(app, name.as_str()).await?;
        if let Some(id) = &id {
            self.learn(name.as_str(), id);
        }
        Ok(id)
    }

    fn known(&self, name: &str) -> Option<String> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.get(name).cloned()
    }

    fn learn(&self, name: &str, id: &str) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.insert(name.to_owned(), id.to_owned());
    }

    async fn try_access(&self) -> Vec<AccessCheck> {
        let check = |right: &str, result: Result<(), ReviewsError>| AccessCheck {
            right: right.into(),
            result: result.map_err(Failure::from),
        };
        let app = match self.app_id().await {
            Ok(app) => app,
            Err(error) => return vec![check("watch: the key sees the app", Err(error))],
        };
        let seen = check("watch: the key sees the app", Ok(()));
        let reviews = self.api.any_review(&app).await;
        let rating = self.api.rating(&self.bundle_id, &self.country).await;
        vec![
            seen,
            check("watch: reviews: read customer reviews", reviews),
            check(
                "watch: the public rating, which needs no key",
                rating.map(drop),
            ),
        ]
    }
}

fn missing(what: &str, error: ReviewsError) -> PlainText {
    format!("without {what}: {}", Failure::from(error).what).into()
}

impl HealthSource for AppStoreReviews {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move { Ok(self.report(query).await?) })
    }

    /// A handful of people who took the time to write, and measurements without counts: shown and told.
    fn reach(&self) -> Reach {
        Reach::Context
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(self.try_access())
    }
}

#[cfg(test)]
mod tests;
