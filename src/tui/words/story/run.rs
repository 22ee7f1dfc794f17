//! The run of a policy, told: executions, gates, approvals, changes of the policy, tiers, trains.

use super::super::format::moment;
use super::super::state_words;
use super::{Line, line};
use crate::domain::event::Event;
use crate::domain::{PlainText, StoreKind, Timestamp};
use crate::tui::style::theme::Tone;

/// The line of such an event; none of the others.
pub(super) fn tell(event: &Event, kind: StoreKind, now: Timestamp) -> Option<Line> {
    Some(match event {
        Event::ExecutionMoved {
            number,
            version,
            from,
            to,
            actor,
            reason,
        } => {
            let from = from.map_or_else(String::new, |from| format!("{from} → "));
            let text = format!("run {number} of {version}: {from}{to} by {actor}: {reason}");
            line("run", Tone::Strong, text)
        }
        Event::WaitingChanged {
            release: Some(release),
        } => {
            let state = state_words::release(kind, release);
            line(
                "store",
                Tone::Plain,
                format!("{} is {state}", release.version),
            )
        }
        Event::WaitingChanged { release: None } => {
            line("store", Tone::Muted, "no release waits any more")
        }
        Event::LadderTaken { actor, reason } => {
            let text = format!("haltline carries the stages out, says {actor}: {reason}");
            line("run", Tone::Strong, text)
        }
        Event::StartAsked {
            version,
            actor,
            reason,
            ..
        } => line(
            "run",
            Tone::Strong,
            format!("{actor} starts {version}: {reason}"),
        ),
        Event::Stalled { why } => line("run", Tone::Warning, format!("stalled: {why}")),
        Event::StallOver => line("run", Tone::Plain, "moves again"),
        Event::Declared {
            flow,
            fix,
            actor,
            reason,
        } => {
            let text = format!(
                "{actor} declares {flow} broken, fix {}: {reason}",
                fix.word()
            );
            line("person", Tone::Bad, text)
        }
        Event::Withdrawn {
            flow,
            actor,
            reason,
        } => line(
            "person",
            Tone::Plain,
            format!("{actor}: {flow} works again: {reason}"),
        ),
        Event::TierChanged {
            to: Some(to), say, ..
        } => line("tier", Tone::Warning, format!("{to}: {say}")),
        Event::TierChanged { to: None, .. } => line("tier", Tone::Plain, "no answer is wanted"),
        Event::HandedOver { train, to, .. } => {
            line("train", Tone::Plain, format!("{train}: {to} has the watch"))
        }
        Event::TrainDue { train, what, due } => line(
            "train",
            Tone::Plain,
            format!("{train}: {what} is due, {}", moment(*due, now)),
        ),
        other => return gate(other).or_else(|| change(other, now)),
    })
}

/// What the way to the next stage waits for.
fn gate(event: &Event) -> Option<Line> {
    Some(match event {
        Event::GateMoved {
            next, open, why, ..
        } => {
            let state = if *open { "open" } else { "shut" };
            line(
                "gate",
                Tone::Plain,
                format!("to {next} is {state}: {}", joined(why)),
            )
        }
        Event::GateOverruled {
            next,
            unmet,
            actor,
            reason,
            ..
        } => {
            let unmet = joined(unmet);
            let text = format!("{actor} overruled the gate to {next} ({unmet}): {reason}");
            line("person", Tone::Warning, text)
        }
        Event::Approved {
            stage,
            actor,
            reason,
            ..
        } => line(
            "person",
            Tone::Strong,
            format!("{actor} approved {stage}: {reason}"),
        ),
        Event::CheckStarted { stage, attempt } => line(
            "gate",
            Tone::Muted,
            format!("asking the check before {stage}, attempt {attempt}"),
        ),
        Event::CheckEnded {
            stage,
            passed,
            says,
            ..
        } => {
            let (tone, word) = if *passed {
                (Tone::Plain, "passed")
            } else {
                (Tone::Warning, "did not pass")
            };
            line(
                "gate",
                tone,
                format!("the check before {stage} {word}: {says}"),
            )
        }
        _ => return None,
    })
}

/// Changes of the policy that a rollout is pinned to.
fn change(event: &Event, now: Timestamp) -> Option<Line> {
    Some(match event {
        Event::PolicyPinned {
            name,
            actor,
            reason,
            changes,
            ..
        } => {
            let changes = if changes.is_empty() {
                String::new()
            } else {
                format!(" ({})", joined(changes))
            };
            line(
                "policy",
                Tone::Strong,
                format!("{name}, by {actor}: {reason}{changes}"),
            )
        }
        Event::OverrideSet {
            rule,
            until,
            actor,
            reason,
            changes,
            ..
        } => {
            let until = moment(*until, now);
            let changes = joined(changes);
            let text = format!("{actor} overrides {rule} until {until} ({changes}): {reason}");
            line("policy", Tone::Warning, text)
        }
        Event::OverrideEnded {
            rule,
            actor,
            reason,
        } => line(
            "policy",
            Tone::Plain,
            format!("{rule} as written again, by {actor}: {reason}"),
        ),
        Event::ChangeProposed {
            actor,
            reason,
            changes,
            ..
        } => {
            let changes = joined(changes);
            let text = format!("{actor} asks a second person to agree ({changes}): {reason}");
            line("policy", Tone::Warning, text)
        }
        Event::ProposalEnded { why } => line(
            "policy",
            Tone::Plain,
            format!("nobody agreed to the change: {why}"),
        ),
        Event::PolicyDiffers { changes, .. } => {
            let text = format!("the file's policy is another one: {}", joined(changes));
            line("policy", Tone::Warning, text)
        }
        _ => return None,
    })
}

fn joined(parts: &[PlainText]) -> String {
    let parts: Vec<&str> = parts.iter().map(PlainText::as_str).collect();
    parts.join("; ")
}
