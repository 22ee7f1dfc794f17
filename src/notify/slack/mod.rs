//! Slack: by an incoming webhook, which knows no threads, or as a bot, with one thread an incident.
//!
//! In a thread, what everybody in the channel must see (pages, escalations, the end) is shown in the channel too; who looks at it
//! is not. A message that Slack refuses for its looks is sent again as plain text.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use self::blocks::Post;
use self::said::Remedy;
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

    async fn post(&self, post: Post<'_>) -> Result<Posted, No> {
        match &self.way {
            Way::Webhook(url) => self.by_webhook(url, post).await,
            Way::Bot { token, base, .. } => self.as_bot(token, base, post).await,
        }
    }

    async fn by_webhook(&self, url: &SecretUrl, post: Post<'_>) -> Result<Posted, No> {
        let call = Call::new(Method::POST, url.expose(), Body::Json(json!(post)));
        let sent = self.http.send(call).await;
        let answer = sent.map_err(|error| answer::none(&error, WEBHOOK))?;
        let words = answer::words(&answer);
        match answer.status {
            200 if words == Some("ok") => Ok(Posted::default()),
            200..300 => Err(answer::odd(&answer, "Slack", WEBHOOK).into()),
            _ => Err(self.refused(&answer, words.and_then(answer::code), WEBHOOK)),
        }
    }

    async fn as_bot(
        &self,
        token: &SecretString,
        base: &BaseUrl,
        post: Post<'_>,
    ) -> Result<Posted, No> {
        let url = base.join(&["api", "chat.postMessage"]);
        let call = Call::new(Method::POST, url, Body::Json(json!(post))).bearer(token);
        let sent = self.http.send(call).await;
        let answer = sent.map_err(|error| answer::none(&error, POST_MESSAGE))?;
        match answer.json::<Posted>().ok() {
            Some(posted) if answer.is_success() && posted.ok => Ok(posted),
            Some(Posted {
                error: Some(error), ..
            }) => Err(self.refused(&answer, answer::code(&error), POST_MESSAGE)),
            _ if answer.is_success() => Err(answer::odd(&answer, "Slack", POST_MESSAGE).into()),
            _ => Err(self.refused(&answer, None, POST_MESSAGE)),
        }
    }

    /// `code` is the same for both ways; where Slack gives none, its status decides.
    fn refused(&self, answer: &Answer, code: Option<&str>, place: &str) -> No {
        let mut failure = answer::refusal(answer, code, place, self.clock.now());
        if let Some(code) = code
            && answer.status != 429
            && answer.status < 500
        {
            let (kind, hint) = said::meaning(code);
            failure.kind = kind;
            failure = failure.hint(hint);
        }
        No {
            failure,
            remedy: code.and_then(said::remedy),
        }
    }
}

/// Slack did not take it, and what may help at once.
struct No {
    failure: Failure,
    remedy: Option<Remedy>,
}

impl From<Failure> for No {
    fn from(failure: Failure) -> Self {
        let remedy = None;
        Self { failure, remedy }
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
            let for_all = is_for_all(message);
            let mut place = Place::of(message, &self.way);
            let mut sent = self.post(place.hold(Post::rich(message), for_all)).await;
            match sent.as_ref().err().and_then(|no| no.remedy) {
                Some(Remedy::Plain) => {
                    sent = self.post(place.hold(Post::plain(message), for_all)).await;
                }
                Some(Remedy::Anew) => {
                    place = Place::outside(&self.way);
                    sent = self.post(place.hold(Post::rich(message), for_all)).await;
                }
                None => {}
            }
            let posted = sent.map_err(|no| no.failure)?;
            Ok(message.incident.as_ref().and_then(|_| place.thread(posted)))
        })
    }
}

/// Where a message goes: a channel that a bot has to name, and the message there that it answers.
struct Place<'a> {
    channel: Option<&'a str>,
    thread: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn outside(way: &'a Way) -> Self {
        let channel = match way {
            Way::Webhook(_) => None,
            Way::Bot { channel, .. } => Some(channel.as_str()),
        };
        Self {
            channel,
            thread: None,
        }
    }

    /// A thread is kept as `CHANNEL-ID:TS`, so that it is found again where the channel was renamed.
    fn of(message: &'a Message, way: &'a Way) -> Self {
        let outside = Self::outside(way);
        let known = message
            .thread
            .as_ref()
            .filter(|_| outside.channel.is_some());
        match known.map(|thread| thread.as_str().split_once(':')) {
            Some(Some((channel, thread))) => Self {
                channel: Some(channel),
                thread: Some(thread),
            },
            _ => outside,
        }
    }

    fn hold<'b>(&'b self, post: Post<'b>, for_all: bool) -> Post<'b> {
        post.to(self.channel, self.thread, for_all)
    }

    /// As [`Message::thread`] takes it next time.
    fn thread(&self, posted: Posted) -> Option<PlainText> {
        let first = self.thread.map(str::to_owned).or(posted.ts)?;
        let channel = posted.channel.as_deref().or(self.channel)?;
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
