//! Conversations with the Reporting API: one method an endpoint, every page of it, its quota obeyed.
//!
//! Owns URL, token, paging and quota. Must not know what the numbers mean.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::Timestamp;
use crate::http::google_auth::Sending;
use crate::http::{BaseUrl, Body, Call, GoogleAuth};
use crate::ports::Clock;

use super::error::VitalsError;
use super::time::{Period, alike, instant, parameters};
use super::wire::{AnomaliesBody, IssuesBody, QueryBody, ReportsBody, Row, SetBody};

/// Rows of one page; the API's own maximum.
const PAGE: u32 = 10_000;
/// Four weeks of hours of two versions in fifty strata are seven pages.
const MAX_PAGES: usize = 10;

/// Whom to ask, and for what.
pub(super) struct Api {
    pub(super) auth: GoogleAuth,
    pub(super) base: BaseUrl,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) package: String,
    /// Until when nothing must be asked. Google counts all requests of a project together.
    pub(super) quiet: Mutex<Option<Timestamp>>,
}

/// How far a set has been computed at one period.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fresh {
    pub(super) period: Period,
    pub(super) end: Timestamp,
    /// As Google wrote it, to be sent back so.
    raw: Value,
}

/// A question to a metric set.
pub(super) struct Question<'a> {
    pub(super) dimensions: &'a [&'static str],
    pub(super) metrics: &'a [&'static str],
    pub(super) filter: &'a str,
    /// The start of a window.
    pub(super) from: Timestamp,
    pub(super) to: &'a Fresh,
}

/// All rows of an answer, and the place to name in an error about them.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) place: String,
    pub(super) all: Vec<Row>,
    /// More pages than are read.
    pub(super) cut: bool,
}

impl Api {
    /// What a set has, by period; none where nothing has been computed yet.
    pub(super) async fn freshness(&self, resource: &str) -> Result<Vec<Fresh>, VitalsError> {
        let url = self.url(resource);
        let (place, body) = self.get::<SetBody>(url).await?;
        let known = body.freshness_info.of_periods.into_iter();
        let mut all = Vec::new();
        for raw in known {
            let period = match raw.aggregation_period.as_str() {
                "HOURLY" => Period::Hours,
                "DAILY" => Period::Days,
                _ => continue,
            };
            let raw = raw.latest_end_time;
            let end = instant(&raw, period).ok_or_else(|| VitalsError::Nonsense {
                place: place.clone(),
                why: "a freshness is not a time".to_owned(),
            })?;
            all.push(Fresh { period, end, raw });
        }
        Ok(all)
    }

    /// Asks a metric set, following its pages. Users of released Androids alone, which is what Google counts unless told.
    pub(super) async fn query(
        &self,
        resource: &str,
        question: &Question<'_>,
    ) -> Result<Rows, VitalsError> {
        let Question {
            dimensions,
            metrics,
            filter,
            from,
            to,
        } = question;
        let mut body = json!({
            "timelineSpec": {
                "aggregationPeriod": to.period.word(),
                "startTime": alike(&to.raw, *from, to.period),
                "endTime": to.raw,
            },
            "dimensions": dimensions,
            "metrics": metrics,
            "filter": filter,
            "pageSize": PAGE,
        });
        let url = self.url(&format!("{resource}:query"));
        let mut found = Rows {
            place: format!("POST {}", url.path()),
            all: Vec::new(),
            cut: false,
        };
        let mut seen = BTreeSet::new();
        loop {
            let call = Call::new(Method::POST, url.clone(), Body::Json(body.clone()));
            let (_, page) = self.ask::<QueryBody>(call).await?;
            found.all.extend(page.rows);
            let next = page.next_page_token;
            if next.is_empty() {
                return Ok(found);
            }
            if seen.len() + 1 >= MAX_PAGES || !seen.insert(next.clone()) {
                found.cut = true;
                return Ok(found);
            }
            if let Some(body) = body.as_object_mut() {
                body.insert("pageToken".to_owned(), next.into());
            }
        }
    }

    /// The first page of issues: those with the most users.
    pub(super) async fn issues(
        &self,
        filter: &str,
        range: (Timestamp, Timestamp),
        size: u32,
    ) -> Result<IssuesBody, VitalsError> {
        let mut url = self.url("errorIssues:search");
        interval(&mut url, range);
        url.query_pairs_mut()
            .append_pair("filter", filter)
            .append_pair("orderBy", "distinctUsers desc")
            .append_pair("pageSize", &size.to_string());
        Ok(self.get(url).await?.1)
    }

    /// The first page of the reports of an issue.
    pub(super) async fn reports(
        &self,
        filter: &str,
        range: (Timestamp, Timestamp),
    ) -> Result<ReportsBody, VitalsError> {
        let mut url = self.url("errorReports:search");
        interval(&mut url, range);
        url.query_pairs_mut()
            .append_pair("filter", filter)
            .append_pair("pageSize", "100");
        Ok(self.get(url).await?.1)
    }

    /// The first page of what Google itself finds unusual, active since then.
    pub(super) async fn anomalies(&self, since: Timestamp) -> Result<AnomaliesBody, VitalsError> {
        let since = since.format("%Y-%m-%dT%H:%M:%SZ");
        let mut url = self.url("anomalies");
        url.query_pairs_mut()
            .append_pair("filter", &format!("activeBetween(\"{since}\", UNBOUNDED)"))
            .append_pair("pageSize", "50");
        Ok(self.get(url).await?.1)
    }

    /// Only the key, traded for a token.
    pub(super) async fn token(&self) -> Result<(), VitalsError> {
        Ok(self.auth.token().await.map(drop)?)
    }

    async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<(String, T), VitalsError> {
        self.ask(Call::get(url)).await
    }

    /// A read, though some are sent with POST.
    async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<(String, T), VitalsError> {
        self.may_ask()?;
        let answer = self.auth.send(&call, Sending::Read).await?;
        if answer.is_success() {
            return Ok((answer.place().to_owned(), answer.json()?));
        }
        let now = self.clock.now();
        let error = VitalsError::refused(&answer, now);
        if let VitalsError::Refused {
            wait: Some(wait), ..
        } = &error
        {
            let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
            *quiet = Some(now + TimeDelta::seconds(i64::from(*wait)));
        }
        Err(error)
    }

    fn may_ask(&self) -> Result<(), VitalsError> {
        let until = *self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.map(|until| until - self.clock.now());
        match left.filter(|left| *left > TimeDelta::zero()) {
            Some(left) => {
                let seconds = left.num_milliseconds().saturating_add(999).div_euclid(1000);
                Err(VitalsError::Quiet {
                    wait: u32::try_from(seconds).unwrap_or(u32::MAX),
                })
            }
            None => Ok(()),
        }
    }

    fn url(&self, last: &str) -> Url {
        self.base.join(&["v1beta1", "apps", &self.package, last])
    }
}

fn interval(url: &mut Url, (from, to): (Timestamp, Timestamp)) {
    let pairs = parameters("interval.startTime", from)
        .into_iter()
        .chain(parameters("interval.endTime", to));
    url.query_pairs_mut().extend_pairs(pairs);
}
