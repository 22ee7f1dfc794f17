//! A message as an adaptive card 1.4: <https://adaptivecards.io/explorer>.
//!
//! Text from outside is in text runs, which know no Markdown; in a text block it could make links.

use serde_json::{Value, json};

use crate::domain::{IncidentChange, PlainText, Urgency};
use crate::notify::text;
use crate::ports::Message;

/// Bytes of all lines together. Teams takes 28 KB, some workflows no more than 21: with what stands around the lines a card stays
/// below 20.
const LINES: usize = 12_000;
/// What stands around one line.
const AROUND: usize = 130;
/// Characters of one text.
const LONGEST: usize = 300;

pub(super) fn of(message: &Message) -> Value {
    let headline = text::clip(&text::headline(message), LONGEST);
    let mut body = vec![json!({
        "type": "Container",
        "style": style(message),
        "bleed": true,
        "items": [rich(&json!([{ "type": "TextRun", "text": headline, "weight": "Bolder", "size": "Large" }]))],
    })];
    body.push(rich(&run(&text::clip(
        message.text.as_str(),
        LONGEST + 200,
    ))));
    body.extend(lines(message));
    if let Some(command) = &message.command {
        let command = text::clip(command.as_str(), LONGEST);
        body.push(rich(
            &json!([{ "type": "TextRun", "text": command, "fontType": "Monospace" }]),
        ));
    }
    if let Some(on_call) = &message.on_call {
        let on_call = text::clip(on_call.as_str(), LONGEST);
        body.push(rich(&run(&format!("On call: {on_call}"))));
    }
    let link = text::link(message);
    let actions: Vec<Value> = link
        .iter()
        .map(|url| json!({ "type": "Action.OpenUrl", "title": "More", "url": url.as_str() }))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": body,
                "actions": actions,
            },
        }],
    })
}

/// What a digest holds, then the facts.
fn lines(message: &Message) -> Vec<Value> {
    let digest = message.digest.iter();
    let digest = digest.map(|line| (None, text::clip(line.as_str(), LONGEST)));
    let facts = message.facts.iter().map(|(what, value)| {
        let short = |text: &PlainText| text::clip(text.as_str(), LONGEST);
        (Some(short(what)), short(value))
    });
    let all: Vec<(Option<String>, String)> = digest.chain(facts).collect();
    let size = |(what, value): &(Option<String>, String)| {
        AROUND + text::in_json(what.as_deref().unwrap_or_default()) + text::in_json(value)
    };
    let (shown, rest) = text::fitting(&all, LINES, size);
    let shown = shown.iter().map(|(what, value)| match what {
        Some(what) => rich(&json!([
            { "type": "TextRun", "text": format!("{what}: "), "weight": "Bolder" },
            { "type": "TextRun", "text": value },
        ])),
        None => rich(&run(&format!("• {value}"))),
    });
    shown
        .chain(text::more(rest).map(|more| rich(&run(&more))))
        .collect()
}

fn rich(inlines: &Value) -> Value {
    json!({ "type": "RichTextBlock", "inlines": inlines })
}

fn run(said: &str) -> Value {
    json!([{ "type": "TextRun", "text": said }])
}

fn style(message: &Message) -> &'static str {
    match (text::change(message), message.urgency) {
        (Some(IncidentChange::Resolved), _) => "good",
        (Some(IncidentChange::Acknowledged), _) | (_, Urgency::Info) => "accent",
        (_, Urgency::Page) => "attention",
        (_, Urgency::Warning) => "warning",
    }
}
