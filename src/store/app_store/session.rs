//! One request to Apple: token on it, renewed once on a 401, quota noted, refusals named.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::date;
use super::error::{AppStoreError, Malformed, Refused, Route, Skew};
use super::quota::Quota;
use super::wire::{Links, Listing, Refusals, Resource};
use crate::domain::Timestamp;
use crate::http::{Answer, AppleAuth, BaseUrl, Body, Call, VendorClient};

/// Past this difference a 401 is blamed on the clock.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// Longest list that is followed; more is a server that pages in circles.
const MAX_PAGES: usize = 50;

/// Who waits for the quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Leaves the quota's reserve alone.
    Glance,
    /// Waits only where Apple said so.
    Read,
    /// Is always tried: it may be what stops a rollout.
    Act,
}

/// Everything of a paged list.
#[derive(Debug, Default)]
pub(super) struct Everything {
    pub(super) data: Vec<Resource>,
    pub(super) included: Vec<Resource>,
}

pub(super) struct Session {
    signer: AppleAuth,
    http: Arc<VendorClient>,
    base: BaseUrl,
    quota: Mutex<Quota>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(signer: AppleAuth, http: Arc<VendorClient>, base: BaseUrl) -> Self {
        Self {
            signer,
            http,
            base,
            quota: Mutex::default(),
        }
    }

    /// Below `/v1`.
    pub(super) fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let path: Vec<&str> = std::iter::once("v1")
            .chain(segments.iter().copied())
            .collect();
        let mut url = self.base.join(&path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        route: Route,
        url: Url,
        urgency: Urgency,
    ) -> Result<T, AppStoreError> {
        let answer = self.send(route, Method::GET, &url, None, urgency).await?;
        answer
            .json()
            .map_err(|source| AppStoreError::Http { route, source })
    }

    /// Every page of a list, on our own base whatever host the links name.
    pub(super) async fn list(
        &self,
        route: Route,
        first: Url,
        urgency: Urgency,
    ) -> Result<Everything, AppStoreError> {
        let mut all = Everything::default();
        let mut next = Some(first);
        for _ in 0..MAX_PAGES {
            let Some(url) = next else { return Ok(all) };
            let page: Listing = self.get(route, url, urgency).await?;
            all.data.extend(page.data);
            all.included.extend(page.included.into_iter().flatten());
            next = match page.links.and_then(|Links { next }| next) {
                None => None,
                Some(link) => Some(self.base.rebase(&link).ok_or_else(|| {
                    AppStoreError::malformed(route)(Malformed(
                        "links.next does not lead to this API".into(),
                    ))
                })?),
            };
        }
        Err(AppStoreError::malformed(route)(Malformed(
            "the list has no end".into(),
        )))
    }

    pub(super) async fn patch<T: DeserializeOwned>(
        &self,
        route: Route,
        url: Url,
        body: Value,
    ) -> Result<T, AppStoreError> {
        self.write(route, Method::PATCH, url, body).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        route: Route,
        url: Url,
        body: Value,
    ) -> Result<T, AppStoreError> {
        self.write(route, Method::POST, url, body).await
    }

    async fn write<T: DeserializeOwned>(
        &self,
        route: Route,
        method: Method,
        url: Url,
        body: Value,
    ) -> Result<T, AppStoreError> {
        let answer = self
            .send(route, method, &url, Some(body), Urgency::Act)
            .await?;
        answer
            .json()
            .map_err(|source| AppStoreError::Http { route, source })
    }

    /// A successful answer. A refused token is renewed once, and the request sent once more: a 401 has changed nothing.
    async fn send(
        &self,
        route: Route,
        method: Method,
        url: &Url,
        body: Option<Value>,
        urgency: Urgency,
    ) -> Result<Answer, AppStoreError> {
        self.wait_for_quota(urgency)?;
        let mut answer = self.send_once(route, &method, url, body.as_ref()).await?;
        if answer.status == 401 {
            self.signer.forget();
            answer = self.send_once(route, &method, url, body.as_ref()).await?;
        }
        if answer.is_success() {
            Ok(answer)
        } else {
            Err(self.refusal(route, &answer))
        }
    }

    async fn send_once(
        &self,
        route: Route,
        method: &Method,
        url: &Url,
        body: Option<&Value>,
    ) -> Result<Answer, AppStoreError> {
        let token = self.signer.token(self.now())?;
        let body = body.map_or(Body::Empty, |value| Body::Json(value.clone()));
        let call = Call::new(method.clone(), url.clone(), body)
            .bearer(&token)
            .header("accept", "application/json");
        let answer = if route.writes {
            self.http.send(call).await
        } else {
            self.http.read(call).await
        }
        .map_err(|source| AppStoreError::Http { route, source })?;
        let mut quota = self.quota();
        quota.note(answer.header("x-rate-limit"), self.now());
        if answer.status != 429 {
            quota.served();
        }
        Ok(answer)
    }

    fn wait_for_quota(&self, urgency: Urgency) -> Result<(), AppStoreError> {
        let (quota, now) = (self.quota(), self.now());
        let wait = match urgency {
            Urgency::Glance => quota.wait_to_glance(now),
            Urgency::Read => quota.wait_to_read(now),
            Urgency::Act => None,
        };
        wait.map_or(Ok(()), |seconds| {
            Err(AppStoreError::Waiting {
                seconds,
                low: quota.wait_to_read(now).is_none(),
            })
        })
    }

    fn refusal(&self, route: Route, answer: &Answer) -> AppStoreError {
        let now = self.now();
        let errors = answer
            .json::<Refusals>()
            .unwrap_or_default()
            .errors
            .unwrap_or_default();
        let words: Vec<String> = errors
            .iter()
            .flat_map(|error| [&error.title, &error.detail])
            .flatten()
            .cloned()
            .collect();
        let code = errors.iter().find_map(|error| error.code.clone());
        let mut refused = Refused {
            route,
            status: answer.status,
            code: code.unwrap_or_default(),
            words: words.join(" "),
            retry_after: answer.retry_after(now),
            skew: skew(answer, now),
        };
        if answer.status == 429 {
            refused.retry_after = Some(self.quota().refused(refused.retry_after, now));
        }
        AppStoreError::Refused(Box::new(refused))
    }

    fn now(&self) -> Timestamp {
        self.http.clock().now()
    }

    fn quota(&self) -> std::sync::MutexGuard<'_, Quota> {
        self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn skew(answer: &Answer, now: Timestamp) -> Skew {
    let Some(theirs) = answer.header("date").and_then(date::parse_http) else {
        return Skew::None;
    };
    let ahead = now - theirs;
    if ahead > CLOCK_TOLERANCE {
        Skew::Ahead
    } else if ahead < -CLOCK_TOLERANCE {
        Skew::Behind
    } else {
        Skew::None
    }
}
