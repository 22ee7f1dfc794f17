//! Conversations with BigQuery: one question, its job followed to the end, all pages of its result.
//!
//! Owns addresses, token, the cap on cost, paging and limits. Must not know what is asked.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use reqwest::{Method, Url};
use serde_json::json;

use crate::domain::Timestamp;
use crate::http::google_auth::Sending;
use crate::http::{BaseUrl, Body, Call, GoogleAuth};
use crate::ports::Clock;

use super::error::BigQueryError;
use super::sql::Question;
use super::wire::{JobReference, Response, Table};

/// Seconds that the server holds an answer back while the query runs; the request itself may take 20.
const HOLD: u32 = 10;
/// How often a running query is asked for again.
const MAX_LOOKS: u32 = 5;
/// Seconds that a query may take.
pub(super) const PATIENCE: u32 = HOLD * (MAX_LOOKS + 1);
const PAGE: u32 = 10_000;
const MAX_PAGES: usize = 10;

/// Whom to ask, and for how much money.
pub(super) struct Api {
    pub(super) google: GoogleAuth,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) base: BaseUrl,
    pub(super) project: String,
    pub(super) location: String,
    /// Bytes.
    pub(super) max_billed: u64,
    /// Until when nothing must be asked: quotas are the project's.
    pub(super) quiet: Mutex<Option<Timestamp>>,
}

impl Api {
    /// The whole result. The query is sent once, since each time costs money; looking for its result is repeated.
    pub(super) async fn ask(&self, question: &Question) -> Result<Table, BigQueryError> {
        let place = format!("POST /bigquery/v2/projects/{}/queries", self.project);
        let mut response = self.post(question, false).await?;
        let job = response.job_reference.clone();
        let mut looks = 0;
        while !response.job_complete {
            if looks == MAX_LOOKS || job.job_id.is_empty() {
                return Err(BigQueryError::TooLong);
            }
            looks += 1;
            response = self.look(&job, None).await?;
        }
        let Some(schema) = &response.schema else {
            let error = response.errors.into_iter().next().unwrap_or_default();
            return Err(BigQueryError::failed(error, &place));
        };
        let mut table = Table::of(schema);
        let total: Option<usize> = response.total_rows.as_ref().and_then(|n| n.parse().ok());
        let mut pages = 1;
        loop {
            table.extend(response.rows)?;
            let token = response.page_token.filter(|token| !token.is_empty());
            let Some(token) = token else { break };
            if pages == MAX_PAGES {
                return Err(BigQueryError::Nonsense("its pages have no end"));
            }
            pages += 1;
            response = self.look(&job, Some(&token)).await?;
        }
        match total {
            // A part of the rows would be a wrong sum.
            Some(total) if table.len() != total => Err(BigQueryError::Nonsense(
                "it announced another number of rows than it gave",
            )),
            _ => Ok(table),
        }
    }

    /// Has the query checked, rights included, and not run: it costs nothing.
    pub(super) async fn check(&self, question: &Question) -> Result<(), BigQueryError> {
        self.post(question, true).await.map(|_estimate| ())
    }

    async fn post(&self, question: &Question, dry: bool) -> Result<Response, BigQueryError> {
        let mut body = json!({
            "query": question.sql,
            // The default is the older dialect.
            "useLegacySql": false,
            "parameterMode": "NAMED",
            "queryParameters": question.parameters(),
            "timeoutMs": HOLD * 1000,
            "maxResults": PAGE,
            "maximumBytesBilled": self.max_billed.to_string(),
            "location": self.location,
            "formatOptions": {"useInt64Timestamp": true},
        });
        if let (Some(body), true) = (body.as_object_mut(), dry) {
            body.insert("dryRun".into(), true.into());
        }
        let call = Call::new(Method::POST, self.queries(&[]), Body::Json(body));
        self.send(&call, Sending::Write).await
    }

    async fn look(
        &self,
        job: &JobReference,
        page: Option<&str>,
    ) -> Result<Response, BigQueryError> {
        let mut url = self.queries(&[&job.job_id]);
        let location = job.location.as_ref().unwrap_or(&self.location);
        let hold = (HOLD * 1000).to_string();
        let size = PAGE.to_string();
        url.query_pairs_mut()
            .append_pair("location", location)
            .append_pair("timeoutMs", &hold)
            .append_pair("maxResults", &size)
            .append_pair("formatOptions.useInt64Timestamp", "true")
            .extend_pairs(page.map(|token| ("pageToken", token)));
        self.send(&Call::get(url), Sending::Read).await
    }

    fn queries(&self, below: &[&str]) -> Url {
        let queries = ["bigquery", "v2", "projects", &self.project, "queries"];
        self.base.join(&[&queries, below].concat())
    }

    async fn send(&self, call: &Call, kind: Sending) -> Result<Response, BigQueryError> {
        let now = self.clock.now();
        let quiet = *self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left @ 1..) = quiet.map(|until| (until - now).num_milliseconds()) {
            let wait = u32::try_from((left + 999) / 1000).unwrap_or(u32::MAX);
            return Err(BigQueryError::Quiet { wait });
        }
        let answer = self.google.send(call, kind).await?;
        if !answer.is_success() {
            return Err(self.heed(BigQueryError::refused(&answer, now)));
        }
        let mut response: Response = answer.json()?;
        if response.job_complete && response.schema.is_none() && !response.errors.is_empty() {
            let error = response.errors.swap_remove(0);
            return Err(self.heed(BigQueryError::failed(error, answer.place())));
        }
        Ok(response)
    }

    /// Remembers when a used-up limit is renewed.
    fn heed(&self, error: BigQueryError) -> BigQueryError {
        if let Some(wait) = error.wait() {
            let until = self.clock.now() + TimeDelta::seconds(wait.into());
            *self.quiet.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
        error
    }
}
