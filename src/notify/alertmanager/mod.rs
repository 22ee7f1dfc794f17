//! Alertmanager, API v2: one alert an incident, firing for as long as it is told again.
//!
//! An alert is its labels, so that nothing that changes is in one. It ends by itself where haltline is not heard of for
//! [`LASTS`], long enough for a restart. An acknowledgement does not end it: silences are Alertmanager's own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{answer, text};
use crate::domain::{Failure, IncidentChange, PlainText, Timestamp};
use crate::http::{Answer, BaseUrl, Body, Call, Client};
use crate::ports::{Clock, Incident, Message, Notifier};

mod alert;
#[cfg(test)]
mod tests;

/// How often open alerts are told again.
const REMINDED_EVERY: TimeDelta = TimeDelta::minutes(1);
/// How long an alert fires without being told again.
pub const LASTS: TimeDelta = TimeDelta::minutes(10);

const PLACE: &str = "POST /api/v2/alerts";

#[derive(Clone, Debug)]
pub struct Settings {
    pub base: BaseUrl,
    /// Basic authentication: the token is then the password.
    pub user: Option<String>,
    /// Bearer token, where there is no user.
    pub token: Option<SecretString>,
    /// This machine: what the alerts of the watcher itself are about.
    pub host: PlainText,
    /// How often [`Notifier::beat`] is called: the heartbeat ends three times as long after the last of them.
    pub beat_every: TimeDelta,
}

/// One Alertmanager. Of a cluster each is a channel of its own, since each has to be told.
pub struct Alertmanager {
    name: PlainText,
    base: BaseUrl,
    authorization: Option<SecretString>,
    host: PlainText,
    beat_every: TimeDelta,
    /// The open alerts as they were told last, by key: a reminder has less to say.
    told: Mutex<BTreeMap<PlainText, alert::Alert>>,
    /// What was told as over since the last reminder. Held while something is told as over and while reminding: a reminder that
    /// came after the end would be a new beginning.
    over: tokio::sync::Mutex<BTreeSet<PlainText>>,
    http: Client,
    clock: Arc<dyn Clock>,
}

impl Alertmanager {
    pub fn new(name: PlainText, settings: Settings, http: Client, clock: Arc<dyn Clock>) -> Self {
        let Settings {
            base,
            user,
            token,
            host,
            beat_every,
        } = settings;
        let token = token.as_ref().map(ExposeSecret::expose_secret);
        let authorization = match (user, token) {
            (Some(user), token) => {
                let pair = STANDARD.encode(format!("{user}:{}", token.unwrap_or_default()));
                Some(format!("Basic {pair}").into())
            }
            (None, token) => token.map(|token| format!("Bearer {token}").into()),
        };
        Self {
            name,
            base,
            authorization,
            host,
            beat_every,
            told: Mutex::default(),
            over: tokio::sync::Mutex::default(),
            http,
            clock,
        }
    }

    async fn post(&self, alerts: Value) -> Result<(), Failure> {
        let url = self.base.join(&["api", "v2", "alerts"]);
        let mut call = Call::new(Method::POST, url, Body::Json(alerts));
        call.authorization.clone_from(&self.authorization);
        let sent = self.http.send(call).await;
        let answer = sent.map_err(|error| answer::none(&error, PLACE))?;
        match answer.status {
            200 if answer.body.trim_ascii().is_empty() => Ok(()),
            200..300 => Err(answer::odd(&answer, "Alertmanager", PLACE)),
            _ => Err(self.refused(&answer)),
        }
    }

    /// Alertmanager has two shapes for what is wrong: a bare string, and an object with a message.
    fn refused(&self, answer: &Answer) -> Failure {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Refusal {
            Bare(String),
            Object { message: String },
        }
        let said = answer.json().ok().map(|refusal| match refusal {
            Refusal::Bare(said) | Refusal::Object { message: said } => text::clip(&said, 200),
        });
        answer::refusal(answer, said.as_deref(), PLACE, self.clock.now())
    }

    fn told(&self) -> std::sync::MutexGuard<'_, BTreeMap<PlainText, alert::Alert>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notifier for Alertmanager {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn describe(&self) -> String {
        format!("alertmanager {}", self.base)
    }

    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        Box::pin(async move {
            let now = self.clock.now();
            let news = message.incident.as_ref();
            let ends = text::change(message) == Some(IncidentChange::Resolved);
            let mut over = if ends {
                Some(self.over.lock().await)
            } else {
                None
            };
            let earlier = news.and_then(|news| self.told().get(&news.key).cloned());
            let alert = alert::of(message, earlier.as_ref(), &self.host, now);
            self.post(json!([alert])).await?;
            if let Some(news) = news {
                if alert.is_open(now) {
                    self.told().insert(news.key.clone(), alert);
                } else {
                    self.told().remove(&news.key);
                    over.as_mut().map(|over| over.insert(news.key.clone()));
                }
            }
            Ok(None)
        })
    }

    fn reminded_every(&self) -> Option<TimeDelta> {
        Some(REMINDED_EVERY)
    }

    fn remind<'a>(
        &'a self,
        open: &'a [Incident],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut over = self.over.lock().await;
            let ended = std::mem::take(&mut *over);
            let alerts = open
                .iter()
                .filter(|incident| !ended.contains(&incident.key))
                .map(|incident| {
                    let told = self.told();
                    alert::again(incident, told.get(&incident.key), now)
                });
            let alerts: Vec<alert::Alert> = alerts.collect();
            if alerts.is_empty() {
                return Ok(());
            }
            self.post(json!(alerts)).await
        })
    }

    fn beat(&self, now: Timestamp) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            let labels = json!({
                "alertname": "HaltlineHeartbeat",
                "host": self.host,
                "severity": "none",
            });
            let annotations = json!({
                "summary": "haltline watches and can tell people",
                "description": "Always firing. Route it to a dead man's switch: when it ends, haltline is gone or blind.",
            });
            let beat = json!({
                "labels": labels,
                "annotations": annotations,
                "startsAt": now,
                "endsAt": now + self.beat_every * 3,
            });
            self.post(json!([beat])).await
        })
    }
}
