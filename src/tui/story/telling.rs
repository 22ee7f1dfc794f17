//! Lines of what people were told, or could not be, and of the watcher's config.

use super::super::format::moment;
use super::super::theme::Tone;
use super::{Line, line};
use crate::domain::Timestamp;
use crate::domain::event::Event;

/// The line of such an event; `None` of any other.
pub(super) fn tell(event: &Event, now: Timestamp) -> Option<Line> {
    Some(match event {
        Event::TellQueued { text, .. } => line("tell", Tone::Muted, text.to_string()),
        Event::Told { channel, .. } => line("tell", Tone::Muted, format!("told {channel}")),
        Event::TellFailed {
            channel, failure, ..
        } => {
            let whom = channel
                .as_ref()
                .map_or_else(String::new, |to| format!(" {to}"));
            line(
                "tell",
                Tone::Warning,
                format!("could not tell{whom}: {failure}"),
            )
        }
        Event::TellDropped { channel, why, .. } => {
            line("tell", Tone::Bad, format!("{channel} was not told: {why}"))
        }
        Event::Escalated { level } => {
            let text = format!("nobody acknowledged: told to more people, level {level}");
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
            let changes: Vec<&str> = changes.iter().map(|change| change.as_str()).collect();
            let changes = match changes.as_slice() {
                [] => "nothing is different".to_owned(),
                changes => changes.join("; "),
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
