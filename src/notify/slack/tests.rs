use serde_json::{Value, json};

use super::super::testing::{digest, hostile, later, message, watcher};
use super::blocks::Post;
use super::is_for_all;
use crate::domain::{IncidentChange, Urgency};

fn rich(message: &crate::ports::Message) -> Value {
    json!(Post::rich(message))
}

#[test]
fn a_page_in_blocks() {
    assert_eq!(
        rich(&message()),
        json!({
            "text": ":rotating_light: Page: Shop 8.43.0 (84300), Google Play: halted at 25%: crash-free sessions 98.10%, limit 99.85%\nhaltline acknowledge shop-android --reason …",
            "unfurl_links": false,
            "unfurl_media": false,
            "blocks": [
                { "type": "header", "text": {
                    "type": "plain_text",
                    "text": ":rotating_light: Page: Shop 8.43.0 (84300), Google Play",
                    "emoji": true,
                } },
                { "type": "section", "text": {
                    "type": "mrkdwn",
                    "text": "halted at 25%: crash-free sessions 98.10%, limit 99.85%",
                    "verbatim": true,
                } },
                { "type": "section", "fields": [
                    { "type": "mrkdwn", "text": "*crash-free sessions*\n98.10% of 12,480", "verbatim": true },
                    { "type": "mrkdwn", "text": "*baseline*\n99.90% of 101,000", "verbatim": true },
                ] },
                { "type": "section", "text": {
                    "type": "mrkdwn",
                    "text": "```haltline acknowledge shop-android --reason …```",
                    "verbatim": true,
                } },
                { "type": "context", "elements": [
                    { "type": "mrkdwn", "text": "On call: alice", "verbatim": true },
                    { "type": "mrkdwn", "text": "<https://grafana.example.com/d/1?a=1&amp;b=2|More>", "verbatim": true },
                ] },
            ],
        })
    );
}

#[test]
fn a_digest_is_a_list() {
    assert_eq!(
        rich(&digest(2))["blocks"][2]["text"]["text"],
        "• message 1\n• message 2\n"
    );
}

#[test]
fn a_bot_names_its_channel_and_shows_to_all_what_is_for_all() {
    let message = later(IncidentChange::Acknowledged, Urgency::Info);
    let post = json!(Post::plain(&message).to(Some("C1"), Some("12.34"), false));
    assert_eq!(
        post,
        json!({
            "text": ":eyes: Acknowledged: Shop 8.43.0 (84300), Google Play: alice looks at it\nhaltline acknowledge shop-android --reason …",
            "unfurl_links": false,
            "unfurl_media": false,
            "channel": "C1",
            "thread_ts": "12.34",
            "reply_broadcast": false,
        })
    );
    assert!(!is_for_all(&message));
    for change in [IncidentChange::Resolved, IncidentChange::Escalated] {
        assert!(is_for_all(&later(change, Urgency::Info)));
    }
    let updated = |urgency| later(IncidentChange::Updated, urgency);
    assert!(is_for_all(&updated(Urgency::Page)));
    assert!(!is_for_all(&updated(Urgency::Warning)));
}

/// Every text in a document, with the length of the longest.
fn texts(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::String(text) => found.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Value::Object(all) => all.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

#[test]
fn hostile_text_mentions_nobody_and_keeps_the_limits() {
    let post = rich(&hostile());
    let mut found = Vec::new();
    texts(&post, &mut found);
    let link = "<https://grafana.example.com/d/1?a=1&amp;b=2|More>";
    for text in found.iter().filter(|text| *text != link) {
        assert!(!text.contains(['<', '>', '\u{202E}', '\u{1b}']), "{text}");
        let bare = text
            .replace("&amp;", "")
            .replace("&lt;", "")
            .replace("&gt;", "");
        assert!(!bare.contains('&'), "{text}");
    }
    let blocks = post["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50);
    let length = |text: &Value| text.as_str().unwrap_or_default().chars().count();
    for block in blocks {
        let most = if block["type"] == "header" { 150 } else { 3000 };
        assert!(length(&block["text"]["text"]) <= most, "{block}");
        for field in block["fields"].as_array().into_iter().flatten() {
            assert!(length(&field["text"]) <= 2000);
        }
        assert!(
            block["fields"]
                .as_array()
                .is_none_or(|fields| fields.len() <= 10)
        );
    }
    let code: Vec<&String> = found.iter().filter(|text| text.contains("```")).collect();
    assert_eq!(code.len(), 1);
    assert_eq!(
        code[0].matches('`').count(),
        6,
        "what is set as code stays in there"
    );
}

#[test]
fn of_the_watcher_itself() {
    let post = rich(&watcher(Urgency::Warning));
    assert_eq!(post["blocks"].as_array().unwrap().len(), 2);
    assert_eq!(
        post["text"],
        ":warning: Warning: haltline: the journal cannot be written"
    );
}
