//! Events as lines: what kind, and what happened, in as few words as tell it.

mod run;
mod telling;

use super::format::moment;
use super::state_words;
use crate::domain::event::{Event, Record, Urgency, Withheld, WriteResult};
use crate::domain::rollout::Applied;
use crate::domain::{Health, StoreKind, Timestamp};
use crate::tui::style::theme::Tone;

/// One line of the events pane.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) kind: &'static str,
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

fn line(kind: &'static str, tone: Tone, text: impl Into<String>) -> Line {
    Line {
        kind,
        tone,
        text: text.into(),
    }
}

/// False for events that another line tells already, better.
pub(crate) fn is_told(event: &Event) -> bool {
    // Who is woken is news; every other message is told by the line that it is of.
    if let Event::TellQueued { urgency, to, .. } = event {
        return *urgency == Urgency::Page && !to.is_empty();
    }
    !matches!(
        event,
        Event::Told { .. } | Event::WriteStarted { .. } | Event::CheckStarted { .. }
    )
}

/// The line of a record; every event has one.
pub(crate) fn tell(record: &Record, kind: StoreKind, now: Timestamp) -> Line {
    match &record.event {
        Event::WatcherStarted { term, haltline } => line(
            "watcher",
            Tone::Muted,
            format!("haltline {haltline} watches (term {term})"),
        ),
        Event::WatcherStopped => line("watcher", Tone::Warning, "stopped watching"),
        Event::Disarmed {
            until,
            actor,
            reason,
        } => line(
            "person",
            Tone::Warning,
            format!(
                "{actor} disarmed until {}: {reason}",
                until.map_or_else(|| "armed again".to_owned(), |until| moment(until, now))
            ),
        ),
        Event::Armed { actor, reason } => {
            line("person", Tone::Plain, format!("{actor} armed: {reason}"))
        }
        Event::ReleaseFound { .. }
        | Event::ReleaseGone
        | Event::StoreChanged { .. }
        | Event::Drift { .. }
        | Event::StoreLost { .. }
        | Event::StorePaged { .. }
        | Event::ReadBackDiffers { .. }
        | Event::StoreBack => store(&record.event, kind),
        Event::EvidenceRestarted { from, .. } => line(
            "health",
            Tone::Muted,
            format!("evidence counts from {}", moment(*from, now)),
        ),
        Event::SourceLost { source, why } => line(
            "source",
            Tone::Unknown,
            format!("{source} not fresh: {why}"),
        ),
        Event::SourcePaged { source, why } => line(
            "source",
            Tone::Bad,
            format!("{source} not fresh for long, paged: {why}"),
        ),
        Event::SourcesDisagree { sentence, .. } => {
            line("source", Tone::Warning, sentence.to_string())
        }
        Event::SourcesAgree { metric, second } => line(
            "source",
            Tone::Plain,
            format!("{second} contradicts nobody on {} any more", metric.label()),
        ),
        Event::DarkLaunch { sentence } => line("health", Tone::Bad, sentence.to_string()),
        Event::DarkLaunchOver => line("health", Tone::Plain, "sessions have come: no dark launch"),
        Event::SourceBack { source } => {
            line("source", Tone::Plain, format!("{source} fresh again"))
        }
        Event::VerdictChanged { from, to, sentence } => line(
            "health",
            verdict_tone(*to),
            format!("{from} → {to}: {sentence}"),
        ),
        Event::RuleBreached {
            rule,
            polls,
            sentence,
            ..
        } => line(
            "rule",
            Tone::Bad,
            format!("{rule} breached, poll {polls}: {sentence}"),
        ),
        Event::RuleCleared { rule } => {
            line("rule", Tone::Plain, format!("{rule} breached no more"))
        }
        Event::RuleFired {
            rule,
            verb,
            finding,
        } => {
            let verb = verb.map_or("notify", crate::domain::Verb::name);
            line(
                "rule",
                Tone::Bad,
                format!("{rule} fired ({verb}): {}", finding.sentence),
            )
        }
        other => telling::tell(other, now)
            .or_else(|| run::tell(other, kind, now))
            .unwrap_or_else(|| act(other, now)),
    }
}

fn verdict_tone(health: Health) -> Tone {
    crate::tui::style::theme::Theme::health(health).0
}

fn store(event: &Event, kind: StoreKind) -> Line {
    match event {
        Event::ReleaseFound { release, .. } => line(
            "store",
            Tone::Strong,
            format!(
                "watching {}: {}",
                release.version,
                state_words::release(kind, release)
            ),
        ),
        Event::ReadBackDiffers { release, .. } => line(
            "act",
            Tone::Warning,
            format!(
                "the store still shows {}: trying again",
                state_words::release(kind, release)
            ),
        ),
        Event::ReleaseGone => line("store", Tone::Warning, "no release to watch any more"),
        Event::StoreChanged { release } => {
            line("store", Tone::Plain, state_words::release(kind, release))
        }
        Event::Drift { what, .. } => line(
            "store",
            Tone::Warning,
            format!("changed outside haltline: {what}"),
        ),
        Event::StoreLost { failure } => {
            line("store", Tone::Unknown, format!("cannot be read: {failure}"))
        }
        Event::StorePaged { why } => {
            let words = format!("not read for long, paged: {why}");
            line("store", Tone::Bad, words)
        }
        _ => line("store", Tone::Plain, "can be read again"),
    }
}

fn act(event: &Event, now: Timestamp) -> Line {
    match event {
        Event::ActAnnounced {
            rule, verb, due, ..
        } => line(
            "act",
            Tone::Bad,
            format!("{verb} announced for {} by rule {rule}", moment(*due, now)),
        ),
        Event::ActPostponed {
            until,
            actor,
            reason,
            ..
        } => line(
            "person",
            Tone::Warning,
            format!(
                "{actor} held the act until {}: {reason}",
                moment(*until, now)
            ),
        ),
        Event::ActCancelled { rule, why } => line(
            "act",
            Tone::Plain,
            format!("act of rule {rule} cancelled: {why}"),
        ),
        Event::ActWithheld { rule, verb, why } => line(
            "act",
            Tone::Warning,
            format!("{verb} by rule {rule} withheld: {}", withheld(why)),
        ),
        Event::HoldSet { actor, reason } => {
            line("act", Tone::Stopped, format!("hold by {actor}: {reason}"))
        }
        Event::HoldLifted { actor, reason } => line(
            "act",
            Tone::Plain,
            format!("hold lifted by {actor}: {reason}"),
        ),
        Event::DesireSet {
            verb,
            actor,
            reason,
            ..
        } => line(
            "act",
            Tone::Bad,
            format!(
                "{} requested by {actor}: {reason}",
                verb.name().to_uppercase()
            ),
        ),
        Event::WriteStarted { .. } | Event::WriteEnded { .. } => write(event),
        Event::DesireConfirmed { verb, exposure, .. } => line(
            "act",
            Tone::Strong,
            format!(
                "{} CONFIRMED by the store, {exposure}",
                verb.name().to_uppercase()
            ),
        ),
        Event::DesireSuperseded { why, .. } => {
            line("act", Tone::Plain, format!("request superseded: {why}"))
        }
        Event::DesireFailed { failure, .. } => {
            line("act", Tone::Bad, format!("request FAILED: {failure}"))
        }
        Event::Refused {
            verb, actor, why, ..
        } => line(
            "person",
            Tone::Warning,
            format!("{verb} by {actor} refused: {why}"),
        ),
        Event::Acknowledged { actor } => {
            line("person", Tone::Plain, format!("{actor} acknowledged"))
        }
        Event::Noted { text, actor } => line("person", Tone::Plain, format!("{actor}: “{text}”")),
        _ => line("", Tone::Muted, ""),
    }
}

fn write(event: &Event) -> Line {
    match event {
        Event::WriteStarted { attempt, .. } => {
            line("act", Tone::Muted, format!("writing, attempt {attempt}"))
        }
        Event::WriteEnded {
            result: WriteResult::Done {
                applied: Applied::AlreadySo,
            },
            ..
        } => line("act", Tone::Muted, "the store was so already, reading back"),
        Event::WriteEnded {
            attempt,
            result: WriteResult::Done { .. },
            ..
        } => line(
            "act",
            Tone::Muted,
            format!("attempt {attempt} written, reading back"),
        ),
        Event::WriteEnded {
            attempt,
            result: WriteResult::Failed { failure },
            ..
        } => line(
            "act",
            Tone::Warning,
            format!("attempt {attempt} failed: {failure}"),
        ),
        _ => line("", Tone::Muted, ""),
    }
}

fn withheld(why: &Withheld) -> String {
    match why {
        Withheld::Advise => "advise mode".into(),
        Withheld::Disarmed => "disarmed".into(),
        Withheld::Budget { used, limit, per } => format!("{used} of {limit} acts {per} used"),
        Withheld::Storm { apps } => {
            format!("{apps} apps breach at once, the source is probably broken")
        }
        Withheld::Journal { why } => format!("the journal cannot be trusted: {why}"),
        Withheld::Impossible { why } => why.to_string(),
    }
}
