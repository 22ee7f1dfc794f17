//! ntfy: <https://docs.ntfy.sh/publish/#publish-as-json>.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{answer, text};
use crate::domain::{Failure, IncidentChange, PlainText, Urgency};
use crate::http::{Answer, BaseUrl, Body, Call, Client};
use crate::ports::{Clock, Message, Notifier};

#[cfg(test)]
mod tests;

/// The public server.
pub const BASE: &str = "https://ntfy.sh";

const PLACE: &str = "POST the topic";
/// Bytes of a message; more would be made a file.
const LONGEST: usize = 4096;
const LONGEST_TITLE: usize = 200;

#[derive(Clone, Debug)]
pub struct Settings {
    pub base: BaseUrl,
    /// On a server without accounts, whoever knows it can read it.
    pub topic: SecretString,
    /// `tk_…`
    pub token: Option<SecretString>,
}

/// A topic of ntfy.
pub struct Ntfy {
    name: PlainText,
    settings: Settings,
    http: Client,
    clock: Arc<dyn Clock>,
}

impl Ntfy {
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
            error: String,
        }
        let refusal: Option<Refusal> = answer.json().ok();
        let said = refusal.map(|refusal| {
            let topic = self.settings.topic.expose_secret();
            text::clip(&refusal.error.replace(topic, "[secret]"), 200)
        });
        let failure = answer::refusal(answer, said.as_deref(), PLACE, self.clock.now());
        match answer.status {
            401 | 403 => failure.hint("may the token write to this topic?"),
            _ => failure,
        }
    }
}

impl Notifier for Ntfy {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn describe(&self) -> String {
        format!("ntfy {}", self.settings.base)
    }

    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        #[derive(Deserialize)]
        struct Published {
            id: String,
        }
        Box::pin(async move {
            let body = Body::Json(body(message, self.settings.topic.expose_secret()));
            let mut call = Call::new(Method::POST, self.settings.base.join(&[]), body);
            if let Some(token) = &self.settings.token {
                call = call.bearer(token);
            }
            let sent = self.http.send(call).await;
            let answer = sent.map_err(|error| answer::none(&error, PLACE))?;
            let published = answer.json::<Published>().ok();
            match answer.is_success() {
                true if published.is_some_and(|message| !message.id.is_empty()) => Ok(None),
                true => Err(answer::odd(&answer, "ntfy", PLACE)),
                false => Err(self.refused(&answer)),
            }
        })
    }
}

#[derive(Serialize)]
struct Publish<'a> {
    topic: &'a str,
    title: String,
    message: String,
    priority: u8,
    tags: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    click: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Value>,
}

fn body(message: &Message, topic: &str) -> Value {
    let click = text::link(message).map(String::from);
    let view = |url: &String| json!([{ "action": "view", "label": "More", "url": url }]);
    json!(Publish {
        topic,
        title: text::clip(&text::headline(message), LONGEST_TITLE),
        message: said(message),
        priority: priority(message),
        tags: [tag(message)],
        actions: click.as_ref().map(view),
        click,
    })
}

/// The sentence and the command first: what does not fit is left out at the end.
fn said(message: &Message) -> String {
    let first = [
        Some(message.text.to_string()),
        message.command.as_ref().map(PlainText::to_string),
    ];
    let on_call = message.on_call.as_ref();
    let facts = message.facts.iter();
    let lines: Vec<String> = first
        .into_iter()
        .flatten()
        .chain(message.digest.iter().map(|line| format!("• {line}")))
        .chain(facts.map(|(what, value)| format!("{what}: {value}")))
        .chain(on_call.map(|who| format!("On call: {who}")))
        .collect();
    let (shown, rest) = text::fitting(&lines, LONGEST - 40, |line| line.len() + 1);
    let shown: Vec<String> = shown.iter().cloned().chain(text::more(rest)).collect();
    shown.join("\n")
}

/// 5 rings until somebody looks, 4 insists, 2 makes no sound.
fn priority(message: &Message) -> u8 {
    match (text::change(message), message.urgency) {
        (Some(IncidentChange::Escalated), _) | (_, Urgency::Page) => 5,
        (_, Urgency::Warning) => 4,
        (Some(IncidentChange::Resolved), _) => 3,
        (_, Urgency::Info) => 2,
    }
}

/// Names of emoji that ntfy knows.
fn tag(message: &Message) -> &'static str {
    match (text::change(message), message.urgency) {
        (Some(IncidentChange::Resolved), _) => "white_check_mark",
        (Some(IncidentChange::Acknowledged), _) => "eyes",
        (_, Urgency::Page) => "rotating_light",
        (_, Urgency::Warning) => "warning",
        (_, Urgency::Info) => "information_source",
    }
}
