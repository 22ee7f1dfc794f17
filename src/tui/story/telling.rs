//! Who was told, who was not, told.

use super::super::theme::Tone;
use super::{Line, line};
use crate::domain::PlainText;
use crate::domain::event::{Event, Urgency};

pub(super) fn tell(event: &Event) -> Line {
    match event {
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
            channel: Some(channel),
            failure,
            ..
        } => line(
            "tell",
            Tone::Warning,
            format!("{channel} could not be told, tried again: {failure}"),
        ),
        Event::TellFailed { failure, .. } => {
            line("tell", Tone::Warning, format!("could not tell: {failure}"))
        }
        Event::TellDropped { channel, why, .. } => line(
            "tell",
            Tone::Bad,
            format!("{channel} was NOT told, and is not tried again: {why}"),
        ),
        Event::Escalated { level } => line(
            "tell",
            Tone::Bad,
            format!("nobody acknowledged in time: escalated, time {level}"),
        ),
        _ => line("", Tone::Muted, ""),
    }
}

fn names(channels: &[PlainText]) -> String {
    let names: Vec<&str> = channels.iter().map(PlainText::as_str).collect();
    names.join(", ")
}
