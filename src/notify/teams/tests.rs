use serde_json::json;

use super::super::testing::{digest, hostile, later, message};
use super::{Settings, card};
use crate::domain::{IncidentChange, Urgency};

#[test]
fn a_page_as_a_card() {
    let run = |text: &str| json!({ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": text }] });
    let fact = |what: &str, value: &str| {
        json!({ "type": "RichTextBlock", "inlines": [
            { "type": "TextRun", "text": what, "weight": "Bolder" },
            { "type": "TextRun", "text": value },
        ] })
    };
    assert_eq!(
        card::of(&message()),
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
                    "body": [
                        { "type": "Container", "style": "attention", "bleed": true, "items": [
                            { "type": "RichTextBlock", "inlines": [{
                                "type": "TextRun",
                                "text": "Page: Shop 8.43.0 (84300), Google Play",
                                "weight": "Bolder",
                                "size": "Large",
                            }] },
                        ] },
                        run("halted at 25%: crash-free sessions 98.10%, limit 99.85%"),
                        fact("crash-free sessions: ", "98.10% of 12,480"),
                        fact("baseline: ", "99.90% of 101,000"),
                        { "type": "RichTextBlock", "inlines": [{
                            "type": "TextRun",
                            "text": "haltline acknowledge shop-android --reason …",
                            "fontType": "Monospace",
                        }] },
                        run("On call: alice"),
                    ],
                    "actions": [{
                        "type": "Action.OpenUrl",
                        "title": "More",
                        "url": "https://grafana.example.com/d/1?a=1&b=2",
                    }],
                },
            }],
        })
    );
}

#[test]
fn the_end_is_green_and_a_digest_a_list() {
    let style =
        |message| card::of(&message)["attachments"][0]["content"]["body"][0]["style"].clone();
    assert_eq!(
        style(later(IncidentChange::Resolved, Urgency::Info)),
        "good"
    );
    assert_eq!(
        style(later(IncidentChange::Acknowledged, Urgency::Info)),
        "accent"
    );
    assert_eq!(style(digest(2)), "warning");
    let card = card::of(&digest(2));
    let body = &card["attachments"][0]["content"]["body"];
    assert_eq!(body[3]["inlines"][0]["text"], "• message 2");
}

#[test]
fn no_card_is_larger_than_workflows_take() {
    let card = card::of(&hostile()).to_string();
    assert!(card.len() < 20_000, "{}", card.len());
    assert!(card.contains("… and "), "what is left out is said");
    assert!(
        !card.contains("TextBlock\","),
        "Markdown has effect in a TextBlock"
    );
}

#[test]
fn settings_do_not_show_the_address() {
    let url = "https://example.com/workflows/1?sig=secret".into();
    assert!(!format!("{:?}", Settings { url }).contains("sig"));
}
