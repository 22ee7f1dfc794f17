//! Conversations with the Crashlytics API: every page of a report, its quota obeyed.
//!
//! Owns addresses, token, paging and limits. Must not know what the numbers mean.

use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use serde::de::DeserializeOwned;

use crate::domain::Timestamp;
use crate::http::google_auth::Sending;
use crate::http::{BaseUrl, Call, GoogleAuth};

use super::error::CrashlyticsError;
use super::wire::{Events, Group, IssueBody, ReportBody};

/// Query parameters; a name may repeat.
pub(super) type Params = Vec<(&'static str, String)>;

/// Of the largest pages; what lies beyond has hardly any events.
const MAX_PAGES: usize = 10;
const PAGE: &str = "100";

/// Whom to ask, and for what.
pub(super) struct Api {
    pub(super) google: GoogleAuth,
    pub(super) clock: std::sync::Arc<dyn crate::ports::Clock>,
    pub(super) base: BaseUrl,
    /// The project's number.
    pub(super) project: String,
    pub(super) application: String,
    /// Until when nothing must be asked: the quota is the project's, over all reports.
    pub(super) quiet: Mutex<Option<Timestamp>>,
}

/// All groups of one report, and whether there are more pages than are read.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) all: Vec<Group>,
    pub(super) cut: bool,
}

impl Api {
    /// A report, page by page at once: a page token lives for ten minutes.
    pub(super) async fn report(
        &self,
        name: &str,
        params: &Params,
    ) -> Result<Groups, CrashlyticsError> {
        let mut groups = Groups {
            all: Vec::new(),
            cut: true,
        };
        let mut token = String::new();
        for _ in 0..MAX_PAGES {
            let mut asked = params.clone();
            asked.push(("pageSize", PAGE.to_owned()));
            if !token.is_empty() {
                asked.push(("pageToken", token.clone()));
            }
            let body: ReportBody = self.get(&["reports", name], &asked).await?;
            groups.all.extend(body.groups);
            if body.next_page_token.is_empty() || body.next_page_token == token {
                groups.cut = false;
                break;
            }
            token = body.next_page_token;
        }
        Ok(groups)
    }

    /// The first groups of a report.
    pub(super) async fn top(
        &self,
        name: &str,
        params: &Params,
        size: usize,
    ) -> Result<Vec<Group>, CrashlyticsError> {
        let mut asked = params.clone();
        asked.push(("pageSize", size.to_string()));
        let body: ReportBody = self.get(&["reports", name], &asked).await?;
        Ok(body.groups)
    }

    /// Tries the right to read reports; their names are not used.
    pub(super) async fn list_reports(&self) -> Result<(), CrashlyticsError> {
        let _names: serde_json::Value = self.get(&["reports"], &Params::new()).await?;
        Ok(())
    }

    pub(super) async fn issue(&self, id: &str) -> Result<IssueBody, CrashlyticsError> {
        self.get(&["issues", id], &Params::new()).await
    }

    /// Events by resource name.
    pub(super) async fn events(&self, names: &[&str]) -> Result<Events, CrashlyticsError> {
        let params = names.iter().map(|name| ("names", (*name).to_owned()));
        self.get(&["events:batchGet"], &params.collect()).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        below: &[&str],
        params: &Params,
    ) -> Result<T, CrashlyticsError> {
        let now = self.clock.now();
        self.may_ask(now)?;
        let app = [
            "v1alpha",
            "projects",
            &self.project,
            "apps",
            &self.application,
        ];
        let mut url = self.base.join(&[&app, below].concat());
        if !params.is_empty() {
            url.query_pairs_mut().extend_pairs(params);
        }
        let answer = self.google.send(&Call::get(url), Sending::Read).await?;
        if answer.is_success() {
            return Ok(answer.json()?);
        }
        let error = CrashlyticsError::refused(&answer, now);
        if let Some(wait) = error.wait() {
            let until = self.clock.now() + TimeDelta::seconds(wait.into());
            *self.quiet.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
        Err(error)
    }

    fn may_ask(&self, now: Timestamp) -> Result<(), CrashlyticsError> {
        let quiet = *self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        match quiet.map(|until| (until - now).num_milliseconds()) {
            Some(left @ 1..) => Err(CrashlyticsError::Quiet {
                wait: u32::try_from((left + 999) / 1000).unwrap_or(u32::MAX),
            }),
            _ => Ok(()),
        }
    }
}
