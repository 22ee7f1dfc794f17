//! New Relic Mobile: events of sessions, crashes, exceptions and requests, counted by NRQL through NerdGraph.
//!
//! Owns URL, key, batches and limits; NRQL is in [`nrql`], the answers are in [`wire`], crashes in [`issues`].
//!
//! New Relic asks that no more than five queries run at a time, so that a request carries five. A poll that has something new to
//! read makes six requests, and two for five journeys; one in five does, the others none. Cold starts it knows only as a mean over all
//! versions: they are not read.

mod issues;
mod nrql;
mod wire;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::domain::{FailureKind, Issue, IssueDetail, PlainText, SourceId};
use crate::health::release::{BadTemplate, ReleaseTemplate};
use crate::http::{Answer, BaseUrl, Body, Call, Client};
use crate::ports::{AccessCheck, Clock};

use super::Rum;
use super::collector::{Collector, Of, Question, Range, Row, What};
use super::error::{RumError, kind_of};
use super::quiet::Quiet;
use nrql::Language;
use wire::{Graph, Refusal};

const NAME: &str = "New Relic";
const NERDGRAPH: &str = "nerdgraph";
/// Queries of one request.
const BATCH: usize = 5;
/// Seconds that a query may take: less than the client waits.
const TIMEOUT: u32 = 20;
/// Every mobile event says its version and its build: no template is needed.
const RELEASE: &str = "{version}+{build}";

/// Which application.
#[derive(Clone, Debug)]
pub struct Settings {
    pub id: SourceId,
    pub account: u64,
    /// Name of the application.
    pub application: String,
    /// Of `country`, `device` and `os`.
    pub strata: Vec<String>,
    pub slow_request: TimeDelta,
    /// Name, what counts as begun and what as completed: `FROM` and `WHERE` of NRQL, such as `MobileUserAction WHERE name = 'x'`.
    pub journeys: Vec<(String, String, String)>,
}

/// One application of one account.
pub fn source(
    settings: Settings,
    client: Client,
    base: BaseUrl,
    key: SecretString,
    clock: Arc<dyn Clock>,
) -> Result<Rum, BadTemplate> {
    let template = ReleaseTemplate::parse(RELEASE, "")?;
    let journeys = settings.journeys.iter().map(|(name, ..)| name.clone());
    let journeys = journeys.collect();
    let new_relic = NewRelic {
        client,
        base,
        key,
        account: settings.account,
        language: Language {
            application: settings.application,
            template: template.clone(),
            slow_request: settings.slow_request,
            journeys: settings.journeys,
        },
        quiet: Quiet::new(NAME, Arc::clone(&clock)),
    };
    let named = (template, "appVersion and appBuild".to_owned());
    let collector = Box::new(new_relic);
    Ok(Rum::new(
        settings.id,
        collector,
        named,
        settings.strata,
        journeys,
        clock,
    ))
}

struct NewRelic {
    client: Client,
    base: BaseUrl,
    key: SecretString,
    account: u64,
    language: Language,
    quiet: Quiet,
}

impl Collector for NewRelic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> &'static str {
        "account, application (its name), and appVersion and appBuild of its MobileSession events"
    }

    fn knows(&self, what: &What) -> bool {
        !matches!(
            what,
            What::Frozen
                | What::Frustrated
                | What::FrozenUsers
                | What::ColdStarts
                | What::SlowColdStarts
                | What::ColdStartTimes
        )
    }

    fn ask<'a>(
        &'a self,
        questions: &'a [Question],
    ) -> BoxFuture<'a, Vec<Result<Vec<Row>, RumError>>> {
        Box::pin(async move {
            let queries: Vec<String> = questions.iter().map(|q| self.language.query(q)).collect();
            let answers = self.run(&queries).await;
            let asked = questions.iter().zip(answers);
            asked
                .map(|(question, answer)| wire::rows(question, &answer?))
                .collect()
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
            let questions = [What::Sessions, What::Crashed].map(|what| Question {
                what,
                of: Of::Everything,
                by: Vec::new(),
                range,
                step: None,
            });
            let answers = self.ask(&questions).await.into_iter();
            let rights = [
                "watch: sessions and users: a user key that may query the account",
                "watch: crashes: a user key that may query the account",
            ];
            rights
                .into_iter()
                .zip(answers)
                .map(|(right, answer)| AccessCheck {
                    right: right.into(),
                    result: answer.map(drop).map_err(RumError::into_failure),
                })
                .collect()
        })
    }
}

impl NewRelic {
    /// Runs these queries, five a request; the results of each.
    async fn run(&self, queries: &[String]) -> Vec<Result<Vec<Value>, RumError>> {
        let mut all = Vec::with_capacity(queries.len());
        for batch in queries.chunks(BATCH) {
            match self.batch(batch).await {
                Ok(results) => all.extend(results),
                Err(error) => all.extend(batch.iter().map(|_| Err(error.clone()))),
            }
        }
        all
    }

    async fn batch(
        &self,
        queries: &[String],
    ) -> Result<Vec<Result<Vec<Value>, RumError>>, RumError> {
        self.quiet.may_ask(NERDGRAPH)?;
        let asked = queries.iter().enumerate().map(|(n, query)| {
            let query = Value::from(query.as_str());
            format!("q{n}: nrql(query: {query}, timeout: {TIMEOUT}) {{ results }}")
        });
        let asked: Vec<String> = asked.collect();
        let text = format!(
            "{{ actor {{ account(id: {}) {{ {} }} }} }}",
            self.account,
            asked.join(" ")
        );
        let url = self.base.join(&["graphql"]);
        let call = Call::new(Method::POST, url, Body::Json(json!({ "query": text })))
            .header("api-key", self.key.expose_secret());
        let answer = self.client.send(call).await?;
        if !answer.is_success() {
            return Err(self.refused(&answer));
        }
        let graph: Graph = answer.json()?;
        let place = answer.place();
        let results = (0..queries.len()).map(|n| {
            let refused = |refusal: &Refusal| self.refusal(refusal, place);
            match (graph.results(n), graph.refusal(n)) {
                (_, Some(refusal)) => Err(refused(refusal)),
                (Some(results), None) => Ok(results.clone()),
                (None, None) => Err(wire::nonsense(
                    place,
                    "a query has neither results nor an error",
                )),
            }
        });
        Ok(results.collect())
    }

    /// An answer other than 2xx.
    fn refused(&self, answer: &Answer) -> RumError {
        let wait = (answer.status == 429).then(|| {
            let named = answer.retry_after(self.quiet.clock.now());
            self.quiet.keep(NERDGRAPH, named)
        });
        let said = wire::first_message(&answer.body);
        let detail = match said {
            Some(said) => format!("{}: {said}", answer.status),
            None => format!("{}, without a reason", answer.status),
        };
        let kind = kind_of(answer.status);
        error(kind, detail.into(), answer.place(), wait)
    }

    /// An error inside an answer of status 200.
    fn refusal(&self, refusal: &Refusal, place: &str) -> RumError {
        let kind = refusal.kind();
        let wait = (kind == FailureKind::Quota).then(|| self.quiet.keep(NERDGRAPH, None));
        error(kind, PlainText::new(&refusal.message), place, wait)
    }
}

fn error(kind: FailureKind, detail: PlainText, place: &str, wait: Option<u32>) -> RumError {
    let hint = match kind {
        FailureKind::Credentials => {
            "the key is missing, wrong or revoked: a user key (NRAK-…) of the region that base_url names is needed"
        }
        FailureKind::Rights => "the key's user must be able to query this account: check account",
        FailureKind::NotFound => {
            "check base_url: https://api.newrelic.com, or https://api.eu.newrelic.com"
        }
        FailureKind::Retry => "New Relic has a problem; haltline goes on trying",
        FailureKind::Refused => "check the journeys: each is FROM and WHERE of NRQL",
        _ => "",
    };
    RumError::Refused {
        vendor: NAME,
        kind,
        detail,
        place: place.to_owned(),
        hint: hint.to_owned(),
        wait,
    }
}
