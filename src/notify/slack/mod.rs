//! Slack: by an incoming webhook, which knows no threads, or as a bot, with one thread an incident.
//!
//! In a thread, what everybody in the channel must see (pages, escalations, the end) is shown in the channel too; who looks at it
//! is not. A message that Slack refuses for its looks is sent again as plain text.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::secret_url::SecretUrl;
use super::{BadAddress, answer, text};
use crate::domain::{Failure, IncidentChange, PlainText, Urgency};
use crate::http::{Answer, BaseUrl, Body, Call, Client};
use crate::ports::{Clock, Message, Notifier};

mod blocks;
mod said;
#[cfg(test)]
mod tests;

/// Where its Web API is.
pub const BASE: &str = "https://slack.com";

const WEBHOOK: &str = "POST the webhook";
const POST_MESSAGE: &str = "POST /api/chat.postMessage";

/// How messages get into a channel.
#[derive(Clone, Debug)]
pub enum Settings {
    /// One channel, the one that the webhook was made for.
    Webhook { url: SecretString },
    Bot {
        /// `xoxb-…`, with the scope `chat:write`.
        token: SecretString,
        /// `#releases`, or an id.
        channel: String,
        base: BaseUrl,
    },
}

/// A channel of Slack.
pub struct Slack {
    name: PlainText,
    way: Way,
    http: Client,
    clock: Arc<dyn Clock>,
}

enum Way {
    Webhook(SecretUrl),
    Bot {
        token: SecretString,
        channel: PlainText,
        base: BaseUrl,
    },
}

impl Slack {
    pub fn new(
        name: PlainText,
        settings: Settings,
        http: Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadAddress> {
        let way = match settings {
            Settings::Webhook { url } => Way::Webhook(SecretUrl::parse(&url)?),
            Settings::Bot {
                token,
                channel,
                base,
            } => Way::Bot {
                token,
                channel: channel.into(),
                base,
            },
        };
        Ok(Self {
            name,
            way,
            http,
            clock,
        })
    }

    async fn by_webhook(&self, url: &SecretUrl, body: Value) -> Result<(), Failure> {
        let call = Call::new(Method::POST, url.expose(), Body::Json(body));
        let sent = self.http.send(call).await;
        let answer = sent.map_err(|error| answer::none(&error, WEBHOOK))?;
        let words = answer::words(&answer);
        match answer.status {
            200 if words == Some("ok") => Ok(()),
            200..300 => Err(answer::odd(&answer, "Slack", WEBHOOK)),
            _ => Err(self.refused(&answer, words.and_then(answer::code), WEBHOOK)),
        }
    }

    async fn as_bot(
        &self,
        token: &SecretString,
        base: &BaseUrl,
        body: Value,
    ) -> Result<Posted, Failure> {
        let url = base.join(&["api", "chat.postMessage"]);
        let call = Call::new(Method::POST, url, Body::Json(body)).bearer(token);
        let sent = self.http.send(call).await;
        let answer = sent.map_err(|error| answer::none(&error, POST_MESSAGE))?;
        let posted: Option<Posted> = answer.json().ok();
        match posted {
            Some(posted) if answer.is_success() && posted.ok => Ok(posted),
            Some(Posted {
                error: Some(error), ..
            }) => Err(self.refused(&answer, answer::code(&error), POST_MESSAGE)),
            _ if answer.is_success() => Err(answer::odd(&answer, "Slack", POST_MESSAGE)),
            _ => Err(self.refused(&answer, None, POST_MESSAGE)),
        }
    }

    /// `code` is the same for both ways; where Slack gives none, its status decides.
    fn refused(&self, answer: &Answer, code: Option<&str>, place: &str) -> Failure {
        let mut failure = answer::refusal(answer, code, place, self.clock.now());
        if let Some(code) = code
            && answer.status != StatusCode::TOO_MANY_REQUESTS
            && answer.status < 500
        {
            let (kind, hint) = said::meaning(code);
            failure.kind = kind;
            failure = failure.hint(hint);
        }
        failure
    }
}

/// What `chat.postMessage` answers, with 200 whether it took the message or not.
#[derive(Default, Deserialize)]
struct Posted {
    ok: bool,
    error: Option<String>,
    channel: Option<String>,
    ts: Option<String>,
}

impl Notifier for Slack {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn describe(&self) -> String {
        match &self.way {
            Way::Webhook(_) => "slack webhook".to_owned(),
            Way::Bot { channel, .. } => format!("slack {channel}"),
        }
    }

    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        Box::pin(async move {
            match &self.way {
                Way::Webhook(url) => {
                    let body = blocks::body(message);
                    match self.by_webhook(url, body).await {
                        Err(failure) if said::is_about_looks(&failure) => {
                            self.by_webhook(url, blocks::plain(message)).await
                        }
                        sent => sent,
                    }?;
                    Ok(None)
                }
                Way::Bot {
                    token,
                    channel,
                    base,
                } => {
                    let thread = Thread::of(message, channel.as_str());
                    let post = |body| self.as_bot(token, base, body);
                    let rich = post(thread.with(blocks::body(message), message)).await;
                    let (thread, posted) = match rich {
                        Err(failure) if said::is_about_looks(&failure) => {
                            let posted = post(thread.with(blocks::plain(message), message)).await;
                            (thread, posted?)
                        }
                        // Somebody has deleted the message that the thread hangs on.
                        Err(failure) if said::is_about_thread(&failure) => {
                            let anew = Thread::new(channel.as_str());
                            let posted = post(anew.with(blocks::body(message), message)).await;
                            (anew, posted?)
                        }
                        posted => (thread, posted?),
                    };
                    Ok(message
                        .incident
                        .is_some()
                        .then(|| thread.called(posted))
                        .flatten())
                }
            }
        })
    }
}

/// Where a message goes: a channel, and the message that it answers.
struct Thread<'a> {
    channel: &'a str,
    ts: Option<&'a str>,
}

impl<'a> Thread<'a> {
    fn new(channel: &'a str) -> Self {
        Self { channel, ts: None }
    }

    /// A thread is kept as `CHANNEL-ID:TS`, so that it is found again where the channel was renamed.
    fn of(message: &'a Message, channel: &'a str) -> Self {
        let Some(thread) = &message.thread else {
            return Self::new(channel);
        };
        match thread.as_str().split_once(':') {
            Some((channel, ts)) => Self {
                channel,
                ts: Some(ts),
            },
            None => Self {
                channel,
                ts: Some(thread.as_str()),
            },
        }
    }

    fn with(&self, mut body: Value, message: &Message) -> Value {
        body["channel"] = json!(self.channel);
        if let Some(ts) = self.ts {
            body["thread_ts"] = json!(ts);
            body["reply_broadcast"] = json!(is_for_all(message));
        }
        body
    }

    /// As [`Message::thread`] takes it next time.
    fn called(&self, posted: Posted) -> Option<PlainText> {
        let first = self.ts.map(str::to_owned).or(posted.ts)?;
        let channel = posted.channel.as_deref().unwrap_or(self.channel);
        Some(format!("{channel}:{first}").into())
    }
}

fn is_for_all(message: &Message) -> bool {
    message.urgency == Urgency::Page
        || matches!(
            text::change(message),
            Some(IncidentChange::Escalated | IncidentChange::Resolved)
        )
}
