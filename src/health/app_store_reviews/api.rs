//! Conversations with App Store Connect and with the public lookup: tokens, pages, quotas.
//!
//! Must not know what the figures mean.

use chrono::TimeDelta;
use reqwest::Url;
use serde::de::DeserializeOwned;

use crate::domain::{FailureKind, Timestamp};
use crate::health::reviews::{Opinion, Quiet};
use crate::http::{Answer, AppleAuth, BaseUrl, Call, VendorClient};

use super::error::{Refused, ReviewsError, Whom};
use super::lookup::Rating;
use super::measured::Measured;
use super::wire::{Apps, Reviews, Versions};

/// Apple's largest page.
const PAGE: &str = "200";
/// Pages of reviews of one version; what is beyond is not counted.
const MAX_PAGES: usize = 10;
/// Of Apple's measurements: another form than the rest of the API.
const METRICS: &str = "application/vnd.apple.xcode-metrics+json";

pub(super) struct Api {
    auth: AppleAuth,
    http: VendorClient,
    base: BaseUrl,
    lookup: BaseUrl,
    connect_quiet: Quiet,
    lookup_quiet: Quiet,
}

/// The reviews of one version.
pub(super) struct Listed {
    pub(super) opinions: Vec<Opinion>,
    /// All reviews since then: the time asked for, or of the oldest that was read where there are more.
    pub(super) since: Timestamp,
}

impl Api {
    pub(super) fn new(auth: AppleAuth, http: VendorClient, base: BaseUrl, lookup: BaseUrl) -> Self {
        Self {
            auth,
            http,
            base,
            lookup,
            connect_quiet: Quiet::default(),
            lookup_quiet: Quiet::default(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.http.clock().now()
    }

    /// Apple's id of the app. The filter also finds those whose bundle id only begins so.
    pub(super) async fn app(&self, bundle_id: &str) -> Result<Option<String>, ReviewsError> {
        let query = [("filter[bundleId]", bundle_id), ("limit", PAGE)];
        let apps: Apps = self.get(self.url(&["apps"], &query)).await?;
        Ok(apps.id_of(bundle_id))
    }

    /// Apple's id of the version of this name for iOS.
    pub(super) async fn version(
        &self,
        app: &str,
        name: &str,
    ) -> Result<Option<String>, ReviewsError> {
        let query = [("filter[platform]", "IOS"), ("filter[versionString]", name)];
        let url = self.url(&["apps", app, "appStoreVersions"], &query);
        let versions: Versions = self.get(url).await?;
        Ok(versions.id_of(name))
    }

    /// The newest reviews of a version, back to `since`.
    pub(super) async fn reviews(
        &self,
        version: &str,
        key: &str,
        since: Timestamp,
    ) -> Result<Listed, ReviewsError> {
        let query = [("sort", "-createdDate"), ("limit", PAGE)];
        let mut url = self.url(&["appStoreVersions", version, "customerReviews"], &query);
        let mut opinions = Vec::new();
        for _ in 0..MAX_PAGES {
            let page: Reviews = self.get(url).await?;
            let found = page.opinions(key);
            let older = found.iter().any(|opinion| opinion.at < since);
            opinions.extend(found.into_iter().filter(|opinion| opinion.at >= since));
            let next = page.next().filter(|_| !older);
            let Some(next) = next else {
                return Ok(Listed { opinions, since });
            };
            // Links are followed on our own base only, so that no answer leads the token elsewhere.
            url = self.base.rebase(next).ok_or(ReviewsError::Astray)?;
        }
        // Newest first, as asked: up to the oldest none is missing, but there may be more of its second.
        let oldest = opinions.iter().map(|opinion| opinion.at).min();
        let since = oldest.map_or(since, |at| at + TimeDelta::seconds(1));
        Ok(Listed { opinions, since })
    }

    /// Whether the key may read reviews at all.
    pub(super) async fn any_review(&self, app: &str) -> Result<(), ReviewsError> {
        let url = self.url(&["apps", app, "customerReviews"], &[("limit", "1")]);
        self.get::<Reviews>(url).await.map(drop)
    }

    pub(super) async fn measured(&self, app: &str) -> Result<Measured, ReviewsError> {
        let query = [
            ("filter[platform]", "IOS"),
            ("filter[metricType]", "LAUNCH,HANG"),
            ("filter[deviceType]", "all_iphones"),
        ];
        let url = self.url(&["apps", app, "perfPowerMetrics"], &query);
        Ok(self.ask(url, METRICS).await?.json()?)
    }

    /// Of the app in one country; no key is sent.
    pub(super) async fn rating(
        &self,
        bundle_id: &str,
        country: &str,
    ) -> Result<Rating, ReviewsError> {
        self.may_ask(&self.lookup_quiet, Whom::Lookup)?;
        let mut url = self.lookup.join(&["lookup"]);
        url.query_pairs_mut()
            .extend_pairs([("bundleId", bundle_id), ("country", country)]);
        let answer = self.http.read(Call::get(url)).await?;
        self.taken(&self.lookup_quiet, Whom::Lookup, answer)?
            .json()
            .map_err(ReviewsError::from)
    }

    fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let path: Vec<&str> = std::iter::once("v1")
            .chain(segments.iter().copied())
            .collect();
        let mut url = self.base.join(&path);
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, ReviewsError> {
        Ok(self.ask(url, "application/json").await?.json()?)
    }

    /// A refused token is renewed once.
    async fn ask(&self, url: Url, accept: &str) -> Result<Answer, ReviewsError> {
        self.may_ask(&self.connect_quiet, Whom::Connect)?;
        let mut answer = self.send(&url, accept).await?;
        if answer.status == 401 {
            self.auth.forget();
            answer = self.send(&url, accept).await?;
        }
        self.taken(&self.connect_quiet, Whom::Connect, answer)
    }

    async fn send(&self, url: &Url, accept: &str) -> Result<Answer, ReviewsError> {
        let token = self.auth.token(self.now())?;
        let call = Call::get(url.clone())
            .bearer(&token)
            .header("accept", accept);
        Ok(self.http.read(call).await?)
    }

    fn may_ask(&self, quiet: &Quiet, whom: Whom) -> Result<(), ReviewsError> {
        quiet
            .left(self.now())
            .map_or(Ok(()), |wait| Err(ReviewsError::Quiet { whom, wait }))
    }

    fn taken(&self, quiet: &Quiet, whom: Whom, answer: Answer) -> Result<Answer, ReviewsError> {
        if answer.is_success() {
            return Ok(answer);
        }
        let mut refused = Refused::of(whom, &answer);
        if refused.kind() == FailureKind::Quota {
            refused.wait = Some(quiet.refused(&answer, self.now()));
        }
        Err(ReviewsError::Refused(Box::new(refused)))
    }
}
