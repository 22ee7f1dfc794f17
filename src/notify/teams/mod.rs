//! Microsoft Teams, by the address of a workflow that posts what it gets into a chat or channel.
//!
//! A 202 says that the workflow was started, not that anybody saw anything: what fails inside it, nobody tells us. So pages belong
//! on another channel too.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;

use super::secret_url::SecretUrl;
use super::{BadAddress, answer};
use crate::domain::{Failure, PlainText};
use crate::http::{Answer, Body, Call, Client};
use crate::ports::{Clock, Message, Notifier};

mod card;
#[cfg(test)]
mod tests;

const PLACE: &str = "POST the workflow";

#[derive(Clone, Debug)]
pub struct Settings {
    /// The workflow's address, with its signature.
    pub url: SecretString,
}

/// A workflow of Teams.
pub struct Teams {
    name: PlainText,
    url: SecretUrl,
    http: Client,
    clock: Arc<dyn Clock>,
}

impl Teams {
    pub fn new(
        name: PlainText,
        settings: &Settings,
        http: Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadAddress> {
        Ok(Self {
            name,
            url: SecretUrl::parse(&settings.url)?,
            http,
            clock,
        })
    }

    /// Its message may quote the address; its code does not.
    fn refused(&self, answer: &Answer) -> Failure {
        #[derive(Deserialize)]
        struct Refusal {
            error: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            code: String,
        }
        let refusal: Option<Refusal> = answer.json().ok();
        let code = refusal.as_ref().map(|refusal| refusal.error.code.as_str());
        let failure = answer::refusal(answer, code.and_then(answer::code), PLACE, self.clock.now());
        match answer.status {
            401 | 403 | 404 | 410 => {
                failure.hint("the workflow is gone, or the address is not whole: copy it anew")
            }
            400 => failure.hint("is the workflow turned on, and does it begin with a webhook?"),
            _ => failure,
        }
    }
}

impl Notifier for Teams {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn describe(&self) -> String {
        "teams workflow".to_owned()
    }

    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        Box::pin(async move {
            let body = Body::Json(card::of(message));
            let sent = self
                .http
                .send(Call::new(Method::POST, self.url.expose(), body));
            let answer = sent.await.map_err(|error| answer::none(&error, PLACE))?;
            match answer.status {
                202 => Ok(None),
                // A workflow that answers for itself.
                200 if answer.body.trim_ascii().is_empty() => Ok(None),
                200..300 => Err(answer::odd(&answer, "a workflow", PLACE)),
                _ => Err(self.refused(&answer)),
            }
        })
    }
}
