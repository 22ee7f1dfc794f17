//! More of one crash: the stack of its latest event, and what its last hundred events ran on.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::Value;

use crate::domain::{IssueDetail, PlainText};
use crate::ports::IssueQuery;

use super::Sentry;
use super::error::SentryError;
use super::windows::{range, release_query};
use super::wire::{EventBody, Frame, instant};

/// Events of an issue are looked for as far back as versions are.
const LOOK_BACK: TimeDelta = TimeDelta::days(14);
const MOST_EVENTS: &str = "100";

impl Sentry {
    pub(super) async fn detail(&self, query: &IssueQuery) -> Result<IssueDetail, SentryError> {
        let names: Vec<String> = {
            let memory = self.memory();
            let known = memory.names.get(&query.version.key());
            known.into_iter().flatten().cloned().collect()
        };
        let mut params = range(query.now - LOOK_BACK, query.now);
        if !names.is_empty() {
            params.push(("query", release_query(&names)));
        }
        let with = |more: [(&'static str, &str); 2]| {
            let more = more.map(|(name, value)| (name, value.to_owned()));
            params.iter().cloned().chain(more).collect()
        };
        let id = query.id.as_str();
        let latest = with([("full", "true"), ("per_page", "1")]);
        let latest = self.api.events(id, &latest).await?;
        let many = with([("full", "false"), ("per_page", MOST_EVENTS)]);
        let events = self.api.events(id, &many).await?;
        let last = latest.first();
        Ok(IssueDetail {
            title: last
                .map(|event| PlainText::new(&event.title))
                .unwrap_or_default(),
            stack: last.map(stack).unwrap_or_default(),
            devices: by_tag(&events, "device"),
            os_versions: by_tag(&events, "os"),
            last_seen: last.and_then(|event| instant(event.at.as_deref()?)),
            link: None,
        })
    }
}

/// How many of the events have each value of a tag, the most first.
fn by_tag(events: &[EventBody], key: &str) -> Vec<(PlainText, u64)> {
    let mut counts: BTreeMap<PlainText, u64> = BTreeMap::new();
    let tags = events.iter().flat_map(|event| &event.tags);
    for tag in tags.filter(|tag| tag.key == key && !tag.value.is_empty()) {
        *counts.entry(PlainText::new(&tag.value)).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    rows.truncate(IssueDetail::MOST_ROWS);
    rows
}

/// Of the exception that was thrown, which is the last one told; the top call first. Empty where the event has none.
fn stack(event: &EventBody) -> Vec<PlainText> {
    let exceptions = event
        .entries
        .iter()
        .filter(|entry| entry.get("type").and_then(Value::as_str) == Some("exception"))
        .filter_map(|entry| entry.pointer("/data/values")?.as_array());
    let frames = exceptions
        .flatten()
        .filter_map(|exception| exception.pointer("/stacktrace/frames")?.as_array())
        .next_back();
    let read = |frame: &Value| serde_json::from_value::<Frame>(frame.clone()).unwrap_or_default();
    let told = frames
        .into_iter()
        .flatten()
        .rev()
        .map(|frame| call(&read(frame)));
    told.filter(|call| !call.is_empty())
        .take(IssueDetail::MOST_FRAMES)
        .collect()
}

/// `com.example.Cart.total (Cart.kt:88)`
fn call(frame: &Frame) -> PlainText {
    let call = match (frame.module.as_str(), frame.function.as_str()) {
        (module, "") => module.to_owned(),
        ("", function) => function.to_owned(),
        (module, function) => format!("{module}.{function}"),
    };
    let text = match (frame.filename.as_str(), frame.line) {
        ("", _) => call,
        (file, _) if call.is_empty() => file.to_owned(),
        (file, Some(line)) => format!("{call} ({file}:{line})"),
        (file, None) => format!("{call} ({file})"),
    };
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(raw: &str) -> EventBody {
        serde_json::from_str(raw).unwrap()
    }

    #[test]
    fn the_exception_that_was_thrown_is_told_from_the_top() {
        let event = event(
            r#"{"entries":[{"type":"breadcrumbs","data":{"values":[]}},{"type":"exception","data":{"values":[
                {"stacktrace":{"frames":[{"function":"cause"}]}},
                {"stacktrace":{"frames":[
                    {"function":"main","module":"app.Main","filename":"Main.kt","lineNo":null},
                    {"function":null,"module":null,"filename":"native.so"},
                    {"function":"total","module":"app.Cart","filename":"Cart.kt","lineNo":88}]}},
                {"stacktrace":null}]}}]}"#,
        );
        let told: Vec<_> = stack(&event).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "app.Cart.total (Cart.kt:88)",
                "native.so",
                "app.Main.main (Main.kt)"
            ]
        );
        for none in [
            r#"{"entries":null}"#,
            r#"{"entries":[{"type":"exception"}]}"#,
            "{}",
        ] {
            assert!(
                stack(&serde_json::from_str(none).unwrap()).is_empty(),
                "{none}"
            );
        }
    }

    #[test]
    fn tags_are_counted_by_value() {
        let with = |os: &str| {
            event(&format!(
                r#"{{"tags":[{{"key":"os","value":"{os}"}},{{"key":"device","value":null}}]}}"#
            ))
        };
        let events = [with("Android 14"), with("Android 15"), with("Android 15")];
        let rows = by_tag(&events, "os");
        assert_eq!(rows[0], ("Android 15".into(), 2));
        assert_eq!(rows.len(), 2);
        assert!(by_tag(&events, "device").is_empty());
    }
}
