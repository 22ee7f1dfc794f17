//! Conversations with Bugsnag's Data Access API, version 2: one method an endpoint, its rate limit obeyed.
//!
//! Owns URL, token, paging and limits. Must not know what the numbers mean.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use reqwest::Url;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::domain::Timestamp;
use crate::http::{Answer, BaseUrl, Call, Client};
use crate::ports::Clock;

use super::error::BugsnagError;
use super::wire::{ErrorBody, EventBody, ProjectBody, ReleaseBody};

/// Builds on a page: more are refused.
const PAGE: usize = 10;
/// Requests are counted by the minute.
const WINDOW: u32 = 60;
const LONGEST_WAIT: u32 = 3600;

/// Whom to ask, and for what.
pub(super) struct Api {
    pub(super) client: Client,
    pub(super) base: BaseUrl,
    /// `token …`
    pub(super) authorization: SecretString,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) project: String,
    /// Until when nothing must be asked.
    pub(super) quiet: Mutex<Option<Timestamp>>,
}

/// Some pages of builds, newest first.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) releases: Vec<ReleaseBody>,
    /// Where it goes on.
    pub(super) next: Option<Url>,
}

impl Api {
    /// The newest builds of a stage.
    pub(super) async fn releases(
        &self,
        stage: &str,
        at_most: usize,
    ) -> Result<Listing, BugsnagError> {
        let mut url = self.base.join(&["projects", &self.project, "releases"]);
        url.query_pairs_mut()
            .append_pair("release_stage", stage)
            .append_pair("per_page", &at_most.min(PAGE).to_string());
        self.page(url).await
    }

    /// A page of builds by the link to it.
    pub(super) async fn page(&self, url: Url) -> Result<Listing, BugsnagError> {
        let (answer, releases) = self.get(url).await?;
        let next = answer.header("link").and_then(next_link);
        Ok(Listing {
            releases,
            // On this base only, so that no answer can lead the token to another host.
            next: next.and_then(|link| self.base.rebase(link)),
        })
    }

    /// One build.
    pub(super) async fn release(&self, id: &str) -> Result<ReleaseBody, BugsnagError> {
        let url = self.base.join(&["projects", &self.project, "releases", id]);
        Ok(self.get(url).await?.1)
    }

    /// Errors that pass these filters (field and value), most users first.
    pub(super) async fn errors(
        &self,
        filters: &[(&str, &str)],
        at_most: usize,
    ) -> Result<Vec<ErrorBody>, BugsnagError> {
        let mut url = self.base.join(&["projects", &self.project, "errors"]);
        url.query_pairs_mut()
            .append_pair("sort", "users")
            .append_pair("direction", "desc")
            .append_pair("per_page", &at_most.to_string());
        for (field, value) in filters {
            url.query_pairs_mut()
                .append_pair(&format!("filters[{field}][][type]"), "eq")
                .append_pair(&format!("filters[{field}][][value]"), value);
        }
        Ok(self.get(url).await?.1)
    }

    /// The latest event of an error.
    pub(super) async fn latest_event(&self, error: &str) -> Result<EventBody, BugsnagError> {
        let url = self.base.join(&["errors", error, "latest_event"]);
        Ok(self.get(url).await?.1)
    }

    pub(super) async fn project(&self) -> Result<ProjectBody, BugsnagError> {
        let url = self.base.join(&["projects", &self.project]);
        Ok(self.get(url).await?.1)
    }

    async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<(Answer, T), BugsnagError> {
        self.may_ask()?;
        let mut call = Call::get(url).header("x-version", "2");
        call.authorization = Some(self.authorization.clone());
        let answer = self.client.send(call).await?;
        let wait = self.heed_limits(&answer);
        if !answer.is_success() {
            return Err(BugsnagError::refused(&answer, wait));
        }
        let body = answer.json()?;
        Ok((answer, body))
    }

    fn may_ask(&self) -> Result<(), BugsnagError> {
        let quiet = *self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let left = quiet.map(|until| until - self.clock.now());
        match left.filter(|left| *left > TimeDelta::zero()) {
            Some(left) => {
                let seconds = left.num_milliseconds().saturating_add(999).div_euclid(1000);
                let wait = u32::try_from(seconds).unwrap_or(LONGEST_WAIT);
                Err(BugsnagError::Quiet { wait })
            }
            None => Ok(()),
        }
    }

    /// Remembers when a used-up limit is renewed; gives the seconds until then. No header says when the minute began.
    fn heed_limits(&self, answer: &Answer) -> Option<u32> {
        let left = answer.header("x-ratelimit-remaining");
        let used_up = left.is_some_and(|left| left.trim() == "0");
        if answer.status != 429 && !used_up {
            return None;
        }
        let now = self.clock.now();
        let wait = answer.retry_after(now).unwrap_or(WINDOW);
        let wait = wait.clamp(1, LONGEST_WAIT);
        let until = now + TimeDelta::seconds(i64::from(wait));
        *self.quiet.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        Some(wait)
    }
}

/// `<url>; rel="next"`, among others.
fn next_link(link: &str) -> Option<&str> {
    // A URL may hold commas, so the parts are told apart by their opening bracket.
    let next = link
        .split('<')
        .find(|part| part.contains(r#"rel="next""#))?;
    Some(next.split_once('>')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_others() {
        let link = r#"<https://api.bugsnag.com/a?x=1,2>; rel="prev", <https://api.bugsnag.com/b?offset=5>; rel="next""#;
        assert_eq!(next_link(link), Some("https://api.bugsnag.com/b?offset=5"));
        assert_eq!(next_link(r#"<https://x>; rel="prev""#), None);
        assert_eq!(next_link(""), None);
    }
}
