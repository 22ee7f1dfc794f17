//! Conversations with the query API: one method an endpoint, its rate limit obeyed.
//!
//! Owns URL, credentials and limits. Must not know what the numbers mean.
//!
//! What is asked changes nothing, so it is asked with GET, which caches, read-only gateways and older servers all let pass. A
//! query too long for an address goes as a form, which every server since 2.1 takes.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use crate::domain::Timestamp;
use crate::http::{BaseUrl, Body, Call, Client};
use crate::ports::Clock;

use super::error::PrometheusError;
use super::template::{Label, quoted};
use super::wire::{Envelope, Found, Series};

/// Bytes of an address that pass everywhere.
const LONGEST_URL: usize = 2_000;
/// Where a 429 names no time.
const PAUSE: u32 = 60;
const LONGEST_PAUSE: u32 = 3_600;

/// Whom to ask.
pub(super) struct Api {
    pub(super) client: Client,
    pub(super) base: BaseUrl,
    /// The header's value.
    authorization: Option<SecretString>,
    tenant: Option<String>,
    pub(super) clock: Arc<dyn Clock>,
    /// Until when nothing must be asked.
    quiet: Mutex<Option<Timestamp>>,
}

/// Points in time at which a query is evaluated: `first`, every `step`, up to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) step: TimeDelta,
}

/// A result, and what the server said about it.
#[derive(Debug)]
pub(super) struct Told<T> {
    pub(super) data: T,
    pub(super) place: String,
    pub(super) remarks: Vec<String>,
}

impl Api {
    pub(super) fn new(
        client: Client,
        base: BaseUrl,
        (user, token): (Option<&str>, Option<&SecretString>),
        tenant: Option<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let token = token.map(ExposeSecret::expose_secret);
        let authorization = match (user, token) {
            (Some(user), token) => {
                let pair = format!("{user}:{}", token.unwrap_or_default());
                Some(format!("Basic {}", STANDARD.encode(pair)))
            }
            (None, token) => token.map(|token| format!("Bearer {token}")),
        };
        Self {
            client,
            base,
            authorization: authorization.map(SecretString::from),
            tenant,
            clock,
            quiet: Mutex::default(),
        }
    }

    /// The series of a query at each step.
    pub(super) async fn range(
        &self,
        query: &str,
        steps: Steps,
    ) -> Result<Told<Vec<Series>>, PrometheusError> {
        let pairs = [
            ("query", query.to_owned()),
            ("start", steps.first.timestamp().to_string()),
            ("end", steps.last.timestamp().to_string()),
            ("step", steps.step.num_seconds().to_string()),
        ];
        let told = self
            .ask::<Found>(&["api", "v1", "query_range"], &pairs)
            .await?;
        if told.data.result_type != "matrix" {
            return Err(PrometheusError::Nonsense {
                place: told.place,
                why: "a matrix was expected".into(),
            });
        }
        Ok(Told {
            data: told.data.result,
            place: told.place,
            remarks: told.remarks,
        })
    }

    /// The values that a label has.
    pub(super) async fn values_of(
        &self,
        label: &Label,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Told<Vec<String>>, PrometheusError> {
        let mut pairs = vec![
            ("start", from.timestamp().to_string()),
            ("end", to.timestamp().to_string()),
        ];
        let only = label.series.as_ref().map(|series| quoted(series));
        pairs.extend(only.map(|name| ("match[]", format!("{{__name__=\"{name}\"}}"))));
        let path = ["api", "v1", "label", &label.name, "values"];
        self.ask(&path, &pairs).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &[&str],
        pairs: &[(&'static str, String)],
    ) -> Result<Told<T>, PrometheusError> {
        self.may_ask()?;
        let bare = self.base.join(path);
        let mut url = bare.clone();
        url.query_pairs_mut().extend_pairs(pairs);
        let mut call = if url.as_str().len() <= LONGEST_URL {
            Call::get(url)
        } else {
            let form = pairs
                .iter()
                .map(|(name, value)| (*name, SecretString::from(value.clone())));
            Call::new(Method::POST, bare, Body::Form(form.collect()))
        };
        call.authorization.clone_from(&self.authorization);
        if let Some(tenant) = &self.tenant {
            call = call.header("x-scope-orgid", tenant);
        }
        let answer = self.client.send(call).await?;
        let wait =
            (answer.status == 429).then(|| self.fall_silent(answer.retry_after(self.clock.now())));
        if !answer.is_success() {
            return Err(PrometheusError::refused(&answer, wait));
        }
        let envelope: Envelope<T> = answer.json()?;
        let place = answer.place().to_owned();
        match envelope.data {
            Some(data) if envelope.status == "success" => Ok(Told {
                data,
                place,
                remarks: [envelope.warnings, envelope.infos].concat(),
            }),
            _ if envelope.status == "error" => Err(PrometheusError::refused(&answer, None)),
            _ => Err(PrometheusError::Nonsense {
                place,
                why: "it has no data".into(),
            }),
        }
    }

    fn may_ask(&self) -> Result<(), PrometheusError> {
        let until = *self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.map(|until| until - self.clock.now());
        match left.filter(|left| *left > TimeDelta::zero()) {
            Some(left) => {
                let seconds = left.num_milliseconds().saturating_add(999).div_euclid(1000);
                let wait = u32::try_from(seconds).unwrap_or(LONGEST_PAUSE);
                Err(PrometheusError::Quiet { wait })
            }
            None => Ok(()),
        }
    }

    /// Remembers when a used-up limit is renewed; gives the seconds until then.
    fn fall_silent(&self, asked: Option<u32>) -> u32 {
        let wait = asked.unwrap_or(PAUSE).clamp(1, LONGEST_PAUSE);
        let until = self.clock.now() + TimeDelta::seconds(wait.into());
        *self.quiet.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        wait
    }
}
