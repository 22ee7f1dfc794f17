//! Datadog RUM: events of sessions, errors, actions and resources, counted by its aggregate endpoint.
//!
//! Owns URL, keys, paging and limits; the query language is in [`query`], the answers are in [`wire`], crashes in [`issues`].
//!
//! A poll that has something new to read makes 18 requests, and two for each journey; one in five does, the others none. The
//! first poll of a version reads two weeks and makes about twice as many.

mod issues;
mod query;
mod wire;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::{FailureKind, Issue, IssueDetail, SourceId};
use crate::health::release::{BadTemplate, ReleaseTemplate};
use crate::http::{Answer, BaseUrl, Body, Call, Client};
use crate::ports::{AccessCheck, Clock};

use super::Rum;
use super::collector::{Collector, Of, Question, Range, Row, What};
use super::error::{RumError, kind_of};
use super::quiet::Quiet;
use query::Language;
use wire::Aggregate;

const NAME: &str = "Datadog";
const RUM: &str = "rum";
const ERROR_TRACKING: &str = "error tracking";
/// What lies beyond has hardly any sessions.
const MAX_PAGES: usize = 20;

/// Which application, and how its releases are named.
#[derive(Clone, Debug)]
pub struct Settings {
    pub id: SourceId,
    /// Id of the RUM application.
    pub application: String,
    /// All environments where `None`.
    pub environment: Option<String>,
    /// How the facet `version` is made: `{version}+{build}`.
    pub release: String,
    /// Package or bundle id: fills `{package}`.
    pub package: String,
    /// Of `country`, `device` and `os`.
    pub strata: Vec<String>,
    pub slow_cold_start: TimeDelta,
    pub slow_request: TimeDelta,
    /// Name, what counts as begun and what as completed, in RUM's search language.
    pub journeys: Vec<(String, String, String)>,
}

/// The two keys that Datadog wants.
#[derive(Clone, Debug)]
pub struct Keys {
    pub api: SecretString,
    pub application: SecretString,
}

/// One application at one Datadog site.
pub fn source(
    settings: Settings,
    client: Client,
    base: BaseUrl,
    keys: Keys,
    clock: Arc<dyn Clock>,
) -> Result<Rum, BadTemplate> {
    let template = ReleaseTemplate::parse(&settings.release, &settings.package)?;
    let journeys = settings.journeys.iter().map(|(name, ..)| name.clone());
    let journeys = journeys.collect();
    let language = Language {
        application: settings.application,
        environment: settings.environment,
        template: template.clone(),
        slow_cold_start: settings.slow_cold_start,
        slow_request: settings.slow_request,
        journeys: settings.journeys,
    };
    let datadog = Datadog {
        client,
        base,
        keys,
        language,
        quiet: Quiet::new(NAME, Arc::clone(&clock)),
    };
    let named = (template, settings.release);
    let collector = Box::new(datadog);
    Ok(Rum::new(
        settings.id,
        collector,
        named,
        settings.strata,
        journeys,
        clock,
    ))
}

struct Datadog {
    client: Client,
    base: BaseUrl,
    keys: Keys,
    language: Language,
    quiet: Quiet,
}

impl Collector for Datadog {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> &'static str {
        "application, environment and the facet \"version\" of its RUM events"
    }

    fn knows(&self, _what: &What) -> bool {
        true
    }

    fn ask<'a>(
        &'a self,
        questions: &'a [Question],
    ) -> BoxFuture<'a, Vec<Result<Vec<Row>, RumError>>> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(questions.len());
            for question in questions {
                answers.push(self.rows(question).await);
            }
            answers
        })
    }

    fn issues<'a>(
        &'a self,
        releases: &'a BTreeSet<String>,
        range: Range,
    ) -> BoxFuture<'a, Result<Vec<Issue>, RumError>> {
        Box::pin(self.top(releases, range))
    }

    fn issue<'a>(
        &'a self,
        id: &'a str,
        releases: &'a BTreeSet<String>,
        range: Range,
    ) -> BoxFuture<'a, Result<IssueDetail, RumError>> {
        Box::pin(self.detail(id, releases, range))
    }

    fn access(&self, range: Range) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(async move {
            let question = Question {
                what: What::Sessions,
                of: Of::Everything,
                by: Vec::new(),
                range,
                step: None,
            };
            let rum = self.rows(&question).await.map(drop);
            let issues = self.top(&BTreeSet::new(), range).await.map(drop);
            [
                ("watch: sessions, crashes and users: rum_apps_read", rum),
                ("watch: top crashes: error_tracking_read", issues),
            ]
            .into_iter()
            .map(|(right, result)| AccessCheck {
                right: right.into(),
                result: result.map_err(RumError::into_failure),
            })
            .collect()
        })
    }
}

impl Datadog {
    /// All pages of one question.
    async fn rows(&self, question: &Question) -> Result<Vec<Row>, RumError> {
        let mut body = self.language.aggregate(question);
        let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
        loop {
            let path = ["api", "v2", "rum", "analytics", "aggregate"];
            let (answer, page) = self.post::<Aggregate>(RUM, &path, &body).await?;
            let place = answer.place();
            let after = page.after(place)?;
            rows.extend(page.rows(question, place)?);
            match after {
                Some(cursor) if seen.len() + 1 < MAX_PAGES && seen.insert(cursor.clone()) => {
                    if let Some(page) = body.get_mut("page").and_then(Value::as_object_mut) {
                        page.insert("cursor".to_owned(), cursor.into());
                    }
                }
                _ => return Ok(rows),
            }
        }
    }

    async fn post<T: DeserializeOwned>(
        &self,
        endpoint: &'static str,
        path: &[&str],
        body: &Value,
    ) -> Result<(Answer, T), RumError> {
        let url = self.base.join(path);
        let call = Call::new(Method::POST, url, Body::Json(body.clone()));
        self.send(endpoint, call).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        endpoint: &'static str,
        call: Call,
    ) -> Result<(Answer, T), RumError> {
        self.quiet.may_ask(endpoint)?;
        let call = call
            .header("dd-api-key", self.keys.api.expose_secret())
            .header("dd-application-key", self.keys.application.expose_secret());
        let answer = self.client.send(call).await?;
        let wait = self.heed_limits(endpoint, &answer);
        if !answer.is_success() {
            return Err(refused(&answer, wait));
        }
        let body = answer.json()?;
        Ok((answer, body))
    }

    /// Remembers when a used-up limit is renewed: `X-RateLimit-Reset` is the seconds until then.
    fn heed_limits(&self, endpoint: &'static str, answer: &Answer) -> Option<u32> {
        let number = |name| answer.header(name)?.trim().parse::<u32>().ok();
        let limited = answer.status == 429;
        if !limited && number("x-ratelimit-remaining") != Some(0) {
            return None;
        }
        let now = self.quiet.clock.now();
        let named = answer
            .retry_after(now)
            .or_else(|| number("x-ratelimit-reset"))
            .or_else(|| number("x-ratelimit-period"));
        if named.is_none() && !limited {
            return None;
        }
        Some(self.quiet.keep(endpoint, named))
    }
}

fn refused(answer: &Answer, wait: Option<u32>) -> RumError {
    let hint = match answer.status {
        400 => {
            "check strata and journeys: each must be a facet or a query that RUM's own search takes"
        }
        401 | 403 => {
            "both keys must be of the site that base_url names, and the application key needs rum_apps_read and \
             error_tracking_read"
        }
        404 => "check base_url: the API's host of your site, such as https://api.datadoghq.eu",
        408 | 500..=599 => "Datadog has a problem; haltline goes on trying",
        _ => "",
    };
    RumError::Refused {
        vendor: NAME,
        kind: kind_of(answer.status),
        detail: wire::detail(answer.status, &answer.body),
        place: answer.place().to_owned(),
        hint: hint.to_owned(),
        wait,
    }
}

/// An answer that says of itself that it is not whole.
fn cut_short(place: &str) -> RumError {
    RumError::Refused {
        vendor: NAME,
        kind: FailureKind::Retry,
        detail: "the query took too long".into(),
        place: place.to_owned(),
        hint: String::new(),
        wait: None,
    }
}
