//! Any receiver: signed as Standard Webhooks say, with a CloudEvent in it that is a CDEvent.
//!
//! Whatever comes back but 2xx and 410 is tried again, as that standard wants: a receiver that is being deployed may say anything.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;

use super::secret_url::SecretUrl;
use super::{BadAddress, answer, text};
use crate::domain::{Failure, FailureKind, PlainText, Timestamp};
use crate::http::{Answer, Body, Call, Client};
use crate::ports::{Clock, Message, Notifier};

mod event;
mod sign;
#[cfg(test)]
mod tests;

pub use sign::BadSecret;
use sign::Signer;

const PLACE: &str = "POST the webhook";

#[derive(Clone, Debug)]
pub struct Settings {
    pub url: SecretString,
    /// `whsec_` and base64; while it is exchanged several of them, with spaces or line breaks between. None: nothing is signed.
    pub secret: Option<SecretString>,
    /// Further headers, such as `Authorization`.
    pub headers: Vec<(String, SecretString)>,
    /// This machine: where the events come from.
    pub host: PlainText,
}

/// A receiver of our events.
pub struct Webhook {
    name: PlainText,
    url: SecretUrl,
    signer: Option<Signer>,
    headers: Vec<(String, SecretString)>,
    host: PlainText,
    http: Client,
    clock: Arc<dyn Clock>,
}

/// Settings that nothing can be sent with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    #[error(transparent)]
    Address(#[from] BadAddress),
    #[error(transparent)]
    Secret(#[from] BadSecret),
}

impl Webhook {
    pub fn new(
        name: PlainText,
        settings: Settings,
        http: Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadSettings> {
        Ok(Self {
            name,
            url: SecretUrl::parse(&settings.url)?,
            signer: settings.secret.as_ref().map(Signer::new).transpose()?,
            headers: settings.headers,
            host: settings.host,
            http,
            clock,
        })
    }

    /// `id` is the same at every try, the time is that of the try.
    async fn post(&self, id: String, event: &Value, now: Timestamp) -> Result<(), Failure> {
        let body = event.to_string();
        let signature = self
            .signer
            .as_ref()
            .map(|signer| signer.sign(&id, now, &body));
        let body = Body::Text {
            kind: "application/cloudevents+json; charset=utf-8",
            text: body,
        };
        let mut call = Call::new(Method::POST, self.url.expose(), body)
            .header("webhook-id", id)
            .header("webhook-timestamp", now.timestamp().to_string());
        if let Some(signature) = signature {
            call = call.header("webhook-signature", signature);
        }
        for (name, value) in &self.headers {
            call = call.secret_header(name, value);
        }
        let sent = self.http.send(call).await;
        let answer = sent.map_err(|error| answer::none(&error, PLACE))?;
        if answer.is_success() {
            return Ok(());
        }
        Err(refused(&answer, now))
    }
}

/// Nothing that it says is quoted: it may quote what it was sent.
fn refused(answer: &Answer, now: Timestamp) -> Failure {
    let failure = answer::refusal(answer, None, PLACE, now);
    let kind = match answer.status {
        410 => FailureKind::Refused,
        429 => FailureKind::Quota,
        _ => FailureKind::Retry,
    };
    let hint = match answer.status {
        410 => "the receiver is gone for good, and says so: take it out of the config",
        401 | 403 => "does the receiver know the secret that this is signed with?",
        _ => "",
    };
    Failure { kind, ..failure }.hint(hint)
}

impl Notifier for Webhook {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn describe(&self) -> String {
        let signed = if self.signer.is_some() {
            "signed"
        } else {
            "not signed"
        };
        format!("webhook, {signed}")
    }

    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        Box::pin(async move {
            let id = format!("msg_{}", text::fingerprint(self.host.as_str(), message));
            let event = event::of(message, &id, &self.host);
            self.post(id, &event, self.clock.now()).await?;
            Ok(None)
        })
    }

    /// Takes any receiver of pings too: it is a POST, and what is in it need not interest anybody.
    fn beat(&self, now: Timestamp) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            let of = format!("{}\n{}", self.host, now.timestamp_micros());
            let id = format!("beat_{}", text::hash(&of));
            let event = event::beat(&id, &self.host, now);
            self.post(id, &event, now).await
        })
    }
}
