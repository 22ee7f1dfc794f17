//! Lines of what people were told, or could not be, and of the watcher's config.

use super::super::format::moment;
use super::{Line, line};
use crate::domain::event::Event;
use crate::domain::{PlainText, Timestamp, Urgency};
use crate::tui::style::theme::Tone;

/// The line of such an event; `None` of any other.
pub(super) fn tell(event: &Event, now: Timestamp) -> Option<Line> {
    Some(match event {
        Event::TellQueued {
            urgency: Urgency::Page,
            text,
            to,
            ..
        } if !to.is_empty() => line("tell", Tone::Bad, format!("pages {}: {text}", names(to))),
        Event::TellQueued { text, .. } => line("tell", Tone::Muted, text.to_string()),
        Event::Told { id, channel, .. } => {
            line("tell", Tone::Muted, format!("{channel} took message {id}"))
        }
        Event::TellFailed {
            channel, failure, ..
        } => {
            let whom = channel.as_ref().map_or("people", PlainText::as_str);
            let text = format!("{whom} could not be told, tried again: {failure}");
            line("tell", Tone::Warning, text)
        }
        Event::TellDropped { channel, why, .. } => {
            let text = format!("{channel} was NOT told, and is not tried again: {why}");
            line("tell", Tone::Bad, text)
        }
        Event::Escalated { level } => {
            let text = format!("nobody acknowledged in time: told to more people, level {level}");
            line("tell", Tone::Bad, text)
        }
        Event::DoneDirectly {
            verb,
            done,
            outcome,
            actor,
            reason,
        } => {
            let at = moment(*done, now);
            let (tone, how) = match outcome {
                Ok(exposure) => (Tone::Strong, format!("the store reads {exposure}")),
                Err(failure) => (Tone::Bad, failure.to_string()),
            };
            let text = format!("{actor}: {verb} at the store at {at}, {how}: {reason}");
            line("person", tone, text)
        }
        Event::ConfigReloaded { changes } => {
            let changes = names(changes);
            let changes = if changes.is_empty() {
                "nothing is different"
            } else {
                &changes
            };
            line("watcher", Tone::Strong, format!("new config: {changes}"))
        }
        Event::ConfigRefused { why } => {
            let text = format!("new config refused, the old one holds: {why}");
            line("watcher", Tone::Bad, text)
        }
        _ => return None,
    })
}

fn names(all: &[PlainText]) -> String {
    let names: Vec<&str> = all.iter().map(PlainText::as_str).collect();
    names.join(", ")
}
