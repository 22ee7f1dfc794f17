//! PagerDuty, Events API v2: one alert an incident, opened, acknowledged and resolved under one key.
//!
//! What wakes nobody and belongs to no incident is not sent: this service is for what somebody is called for. PagerDuty takes
//! events before it looks at them: a 202 says that it was understood, not that a phone rang.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{answer, text};
use crate::domain::{Failure, PlainText};
use crate::http::{Answer, BaseUrl, Body, Call, Client};
use crate::ports::{Clock, Message, Notifier};

mod event;
#[cfg(test)]
mod tests;

/// Where it is; customers in the EU have `https://events.eu.pagerduty.com`.
pub const BASE: &str = "https://events.pagerduty.com";

const PLACE: &str = "POST /v2/enqueue";

#[derive(Clone, Debug)]
pub struct Settings {
    /// The integration key of a service, 32 characters.
    pub routing_key: SecretString,
    pub base: BaseUrl,
    /// This machine: what PagerDuty calls the source.
    pub host: PlainText,
}

/// A service of PagerDuty.
pub struct PagerDuty {
    name: PlainText,
    settings: Settings,
    http: Client,
    clock: Arc<dyn Clock>,
}

impl PagerDuty {
    pub fn new(name: PlainText, settings: Settings, http: Client, clock: Arc<dyn Clock>) -> Self {
        Self {
            name,
            settings,
            http,
            clock,
        }
    }

    fn refused(&self, answer: &Answer) -> Failure {
        #[derive(Deserialize)]
        struct Refusal {
            message: Option<String>,
            #[serde(default)]
            errors: Vec<String>,
        }
        let said = answer.json::<Refusal>().ok().map(|refusal| {
            let words: Vec<String> = refusal.message.into_iter().chain(refusal.errors).collect();
            let key = self.settings.routing_key.expose_secret();
            text::clip(&words.join("; ").replace(key, "[secret]"), 300)
        });
        let failure = answer::refusal(answer, said.as_deref(), PLACE, self.clock.now());
        match answer.status {
            200..300 => answer::odd(answer, "PagerDuty", PLACE),
            400 => failure.hint("is routing_key the integration key of an Events API v2 service?"),
            _ => failure,
        }
    }
}

impl Notifier for PagerDuty {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn describe(&self) -> String {
        "pagerduty".to_owned()
    }

    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        Box::pin(async move {
            let Some(event) = event::of(message, &self.settings) else {
                return Ok(None);
            };
            let url = self.settings.base.join(&["v2", "enqueue"]);
            let call = Call::new(Method::POST, url, Body::Json(event));
            let sent = self.http.send(call).await;
            let answer = sent.map_err(|error| answer::none(&error, PLACE))?;
            match answer.status {
                202 => Ok(None),
                _ => Err(self.refused(&answer)),
            }
        })
    }
}
