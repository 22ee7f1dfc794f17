//! A message as Slack draws it: <https://docs.slack.dev/reference/block-kit/blocks>.
//!
//! Every text from outside goes through [`escaped`]: nothing in it is a mention, a link or markup with effect.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::{IncidentChange, PlainText, Urgency};
use crate::notify::text;
use crate::ports::Message;

/// Characters that Slack takes.
const HEADER: usize = 150;
const SECTION: usize = 3000;
const FIELD: usize = 2000;
/// Fields of one section, and facts that are shown at all: 50 blocks are the limit.
const FIELDS: usize = 10;
const FACTS: usize = 40;

/// What is posted, either way.
#[derive(Serialize)]
pub(super) struct Post<'a> {
    /// What phones show; without blocks, all there is.
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocks: Vec<Value>,
    unfurl_links: bool,
    unfurl_media: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_broadcast: Option<bool>,
}

impl<'a> Post<'a> {
    pub(super) fn rich(message: &Message) -> Self {
        Self {
            blocks: blocks(message),
            ..Self::plain(message)
        }
    }

    /// The sentence and the command alone.
    pub(super) fn plain(message: &Message) -> Self {
        let mut said = format!(
            "{} {}: {}",
            emoji(message),
            escaped(&text::headline(message), SECTION),
            escaped(message.text.as_str(), SECTION)
        );
        if let Some(command) = &message.command {
            said.push('\n');
            said.push_str(&escaped(command.as_str(), SECTION));
        }
        Self {
            text: said,
            blocks: Vec::new(),
            unfurl_links: false,
            unfurl_media: false,
            channel: None,
            thread_ts: None,
            reply_broadcast: None,
        }
    }

    /// As a bot posts it; in a thread, `for_all` shows it in the channel too.
    pub(super) fn to(
        self,
        channel: Option<&'a str>,
        thread: Option<&'a str>,
        for_all: bool,
    ) -> Self {
        Self {
            channel,
            thread_ts: thread,
            reply_broadcast: thread.map(|_thread| for_all),
            ..self
        }
    }
}

fn blocks(message: &Message) -> Vec<Value> {
    let emoji = emoji(message);
    let room = HEADER - emoji.len() - 1;
    let headline = format!("{emoji} {}", escaped(&text::headline(message), room));
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": headline, "emoji": true } }),
        section(&escaped(message.text.as_str(), SECTION)),
    ];
    if !message.digest.is_empty() {
        blocks.push(section(&digest(&message.digest)));
    }
    let shown = message.facts.get(..FACTS).unwrap_or(&message.facts);
    for some in shown.chunks(FIELDS) {
        let fields: Vec<Value> = some.iter().map(field).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    if let Some(command) = &message.command {
        // A backtick would end what is set as code.
        let command = escaped(&command.as_str().replace('`', "'"), SECTION - 6);
        blocks.push(section(&format!("```{command}```")));
    }
    let on_call = message.on_call.as_ref();
    let on_call = on_call.map(|who| format!("On call: {}", escaped(who.as_str(), FIELD)));
    let link = text::link(message).map(|url| format!("<{}|More>", in_link(url.as_str())));
    let context: Vec<Value> = on_call
        .into_iter()
        .chain(link)
        .map(|said| mrkdwn(&said))
        .collect();
    if !context.is_empty() {
        blocks.push(json!({ "type": "context", "elements": context }));
    }
    blocks
}

fn section(said: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(said) })
}

/// `verbatim`: Slack makes no links and no mentions of what looks like one.
fn mrkdwn(said: &str) -> Value {
    json!({ "type": "mrkdwn", "text": said, "verbatim": true })
}

fn field((what, value): &(PlainText, PlainText)) -> Value {
    let what = escaped(what.as_str(), FIELD / 4);
    mrkdwn(&format!("*{what}*\n{}", escaped(value.as_str(), FIELD / 2)))
}

fn digest(lines: &[PlainText]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| format!("• {}\n", escaped(line.as_str(), FIELD)))
        .collect();
    let (shown, rest) = text::fitting(&lines, SECTION - 40, |line| line.chars().count());
    let shown: String = shown.concat();
    shown + &text::more(rest).unwrap_or_default()
}

fn emoji(message: &Message) -> &'static str {
    match (text::change(message), message.urgency) {
        (Some(IncidentChange::Resolved), _) => ":white_check_mark:",
        (Some(IncidentChange::Acknowledged), _) => ":eyes:",
        (_, Urgency::Page) => ":rotating_light:",
        (_, Urgency::Warning) => ":warning:",
        (_, Urgency::Info) => ":information_source:",
    }
}

/// Harmless, and at most so many characters: `&`, `<` and `>` are what mentions and links are made of.
fn escaped(raw: &str, most: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    for c in raw.chars() {
        let mut one = [0; 4];
        let shown: &str = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => c.encode_utf8(&mut one),
        };
        count += shown.chars().count();
        if count >= most {
            out.push('…');
            break;
        }
        out.push_str(shown);
    }
    out
}

/// An address as `<address|label>` takes it.
fn in_link(url: &str) -> String {
    url.replace('&', "&amp;")
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace('|', "%7C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_no_longer_than_slack_takes() {
        for urgency in [Urgency::Info, Urgency::Warning, Urgency::Page] {
            let mut message = crate::notify::testing::message();
            message.urgency = urgency;
            message.about.as_mut().unwrap().name = "a".repeat(400).into();
            let header = blocks(&message)[0]["text"]["text"].clone();
            assert_eq!(header.as_str().map(|it| it.chars().count()), Some(HEADER));
        }
    }

    #[test]
    fn no_mention_survives() {
        assert_eq!(
            escaped("<!channel> <@U1> a & b", 100),
            "&lt;!channel&gt; &lt;@U1&gt; a &amp; b"
        );
        assert_eq!(escaped("ab<cd", 5), "ab…", "an entity is not cut");
        assert_eq!(in_link("https://h/?a=1&b=|"), "https://h/?a=1&amp;b=%7C");
    }
}
