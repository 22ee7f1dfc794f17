//! Google Play's reviews of the last week as a [`HealthSource`].
//!
//! Owns the conversation with `reviews.list` of the Android Publisher API v3; what reviews come to is [`super::reviews`]'s.
//! Play lists only reviews with a text that were written or changed within the last week, and only those of production.

mod error;
mod wire;

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::reviews::{Heard, Kept, Quiet};
use crate::domain::{Failure, Reach, SourceId, SourceReport, Timestamp, Version};
use crate::http::google_auth::{AuthError, CallError, KeyError, Sending};
use crate::http::{BaseUrl, Call, Client, GoogleAuth, Rate, ServiceAccount, VendorClient};
use crate::ports::{AccessCheck, Clock, HealthQuery, HealthSource};

use error::ReviewsError;
use wire::{Page, UserComment};

/// Of Play's own: reviews have 200 reads an hour and app, apart from everything else.
const RATE: Rate = Rate {
    per_minute: 60,
    burst: 45,
};
const SCOPE: &str = "https://www.googleapis.com/auth/androidpublisher";
/// How far back Play lists reviews.
const WEEK: TimeDelta = TimeDelta::days(7);
/// The most that Play gives in one answer.
const PAGE: &str = "100";
/// Four polls an hour of that many pages stay below Play's 200 reads.
const MAX_PAGES: usize = 40;
/// The right in the Play Console that these requests need.
const RIGHT: &str = "Reply to reviews";

/// Which app, at which Play.
pub struct Settings {
    pub id: SourceId,
    pub package: String,
    /// The service account's JSON key.
    pub key: SecretString,
    pub base: BaseUrl,
}

/// The reviews of one app.
pub struct PlayReviews {
    id: SourceId,
    package: String,
    base: BaseUrl,
    auth: GoogleAuth,
    clock: Arc<dyn Clock>,
    quiet: Quiet,
    kept: Kept<Listed>,
}

/// What Play listed.
#[derive(Clone)]
struct Listed {
    comments: Vec<UserComment>,
    /// There are more than were read.
    cut: bool,
    until: Timestamp,
}

impl PlayReviews {
    /// `seed` draws the jitter between retries.
    pub fn new(
        settings: Settings,
        client: Client,
        clock: Arc<dyn Clock>,
        seed: u64,
    ) -> Result<Self, KeyError> {
        let account = ServiceAccount::parse(&settings.key)?;
        let http = Arc::new(VendorClient::new(client, Arc::clone(&clock), RATE, seed));
        Ok(Self {
            id: settings.id,
            package: settings.package,
            base: settings.base,
            auth: GoogleAuth::new(account, &[SCOPE], http),
            clock,
            quiet: Quiet::default(),
            kept: Kept::default(),
        })
    }

    async fn report(&self, query: &HealthQuery) -> Result<SourceReport, ReviewsError> {
        let now = self.clock.now();
        let listed = if let Some(listed) = self.kept.fresh(now) {
            listed
        } else {
            let listed = self.list().await?;
            self.kept.keep(now, listed.clone());
            listed
        };
        let whose = |code: i64| {
            let code = code.to_string();
            let is = |version: &Version| version.build.as_str() == code;
            if query.also.iter().any(is) {
                query.version.key()
            } else {
                code
            }
        };
        let heard = Heard {
            opinions: listed
                .comments
                .iter()
                .filter_map(|comment| comment.opinion(whose))
                .collect(),
            since: (!listed.cut).then_some(listed.until - WEEK),
            until: listed.until,
        };
        let mut report = SourceReport::default();
        heard.tell(query, &mut report);
        if listed.cut {
            let note = "Play has more reviews of this week than haltline reads: they are shown, not counted";
            report.notes.push(note.into());
        }
        Ok(report)
    }

    /// Every page of the week.
    async fn list(&self) -> Result<Listed, ReviewsError> {
        let until = self.clock.now();
        let mut comments = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = self.page(PAGE, token.as_deref()).await?;
            comments.extend(page.comments());
            let next = page.next();
            if next.is_none() || next == token {
                token = None;
                break;
            }
            token = next;
        }
        Ok(Listed {
            comments,
            cut: token.is_some(),
            until,
        })
    }

    async fn page(&self, most: &str, token: Option<&str>) -> Result<Page, ReviewsError> {
        if let Some(wait) = self.quiet.left(self.clock.now()) {
            return Err(ReviewsError::Quiet { wait });
        }
        let mut url = self.base.join(&[
            "androidpublisher",
            "v3",
            "applications",
            &self.package,
            "reviews",
        ]);
        url.query_pairs_mut().append_pair("maxResults", most);
        if let Some(token) = token {
            url.query_pairs_mut().append_pair("token", token);
        }
        let answer = match self.auth.send(&Call::get(url), Sending::Read).await {
            Err(CallError::Auth(AuthError::Quota { retry_after, .. })) => {
                let wait = self.quiet.hush(retry_after, self.clock.now());
                return Err(ReviewsError::Quiet { wait });
            }
            answer => answer?,
        };
        if answer.is_success() {
            return Ok(answer.json()?);
        }
        let refused = ReviewsError::refused(&answer);
        Err(if refused.is_for_quota() {
            refused.wait(self.quiet.refused(&answer, self.clock.now()))
        } else {
            refused
        })
    }
}

impl HealthSource for PlayReviews {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move { Ok(self.report(query).await?) })
    }

    /// A handful of people who took the time to write: shown and told, never a reason by itself.
    fn reach(&self) -> Reach {
        Reach::Context
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(async move {
            let listed = self.page("1", None).await.map(drop);
            vec![AccessCheck {
                right: format!("watch: reviews: {RIGHT}").into(),
                result: listed.map_err(Failure::from),
            }]
        })
    }
}

#[cfg(test)]
mod tests;
