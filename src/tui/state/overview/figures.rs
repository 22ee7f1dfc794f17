//! The figures of a rollout's line in the overview: short, and never more than is known.

use chrono::TimeDelta;

use super::super::model::{Model, is_stopped};
use crate::api::AppSnapshot;
use crate::domain::rollout::Status;
use crate::domain::{Actor, Metric, Verb};
use crate::policy::MetricSummary;
use crate::tui::style::theme::Tone;
use crate::tui::view::{rollout, rules};
use crate::tui::words::climb;
use crate::tui::words::format::{self, NOTHING, age};

/// Users who have the new version, where a source counts them.
pub(crate) fn exposed(app: &AppSnapshot) -> Option<u64> {
    let key = app.release.as_ref()?.version.key();
    let mut shares = app.shares.iter();
    shares
        .find(|share| share.version.as_ref() == Some(&key))?
        .users
}

/// At most seven characters: exact below a million.
pub(crate) fn users(users: u64) -> String {
    if users < 1_000_000 {
        format::count(users)
    } else {
        format::short_count(users)
    }
}

/// The metric that stands for all in one line: of sessions, else of users.
pub(crate) fn crash_free(app: &AppSnapshot) -> Option<&MetricSummary> {
    let of = |wanted: &Metric| app.metrics.iter().find(|it| it.metric == *wanted);
    of(&Metric::CrashFreeSessions).or_else(|| of(&Metric::CrashFreeUsers))
}

/// How much better it is than the one before, as a fraction; below 0 is worse.
pub(crate) fn change(app: &AppSnapshot) -> Option<f64> {
    let metric = crash_free(app)?;
    Some(metric.old.failure_rate()? - metric.new.failure_rate()?)
}

/// How old the data are that a verdict needs, and whether they can be trusted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Data {
    /// Of the oldest; `None` where something was never read.
    pub(crate) age: Option<TimeDelta>,
    pub(crate) trusted: bool,
}

impl Data {
    /// `41s`, `7h!`, `none!`
    pub(crate) fn words(self) -> String {
        let old = self.age.map_or_else(|| "none".to_owned(), age);
        let mark = if self.trusted { "" } else { "!" };
        format!("{old}{mark}")
    }
}

/// Of the store, and of the sources without which nothing is healthy.
pub(crate) fn data(model: &Model, app: &AppSnapshot) -> Data {
    let any = app.sources.iter().any(|source| source.required);
    let sources = || app.sources.iter().filter(|it| it.required || !any);
    let read = sources().map(|it| it.read_through);
    let oldest = read.chain([app.store_read_at]).collect::<Option<Vec<_>>>();
    let oldest = oldest.filter(|_| !app.sources.is_empty());
    let oldest = oldest.and_then(|all| all.into_iter().min());
    let fresh = sources().all(crate::policy::SourceState::is_fresh);
    Data {
        age: oldest.map(|at| model.now.watched - at),
        trusted: oldest.is_some() && fresh && app.store_failure.is_none() && model.is_watched(),
    }
}

/// `10%`, `day 3`, `draft`
pub(crate) fn stage(app: &AppSnapshot) -> String {
    let Some(release) = &app.release else {
        return NOTHING.into();
    };
    match (release.status, &release.phased) {
        (Status::Draft, _) => "draft".into(),
        (Status::InProgress | Status::Stopped, Some(phased)) => format!("day {}", phased.day),
        _ => release.exposure.to_string(),
    }
}

/// What happens next, in at most nine characters: `HALT 3m`, `gate 3/5`, `paused`.
pub(crate) fn next(model: &Model, app: &AppSnapshot) -> (Tone, String) {
    let now = model.now.watched;
    if let Some(desire) = &app.desire {
        let text = match (desire.failed, desire.verb) {
            (true, verb) => format!("✗ {verb}"),
            (false, Verb::Complete) => "COMPLETES".into(),
            (false, Verb::Advance) => "ADVANCES".into(),
            (false, verb) => format!("{}…", verb.name().to_uppercase()),
        };
        return (Tone::Bad, text);
    }
    if let Some(act) = &app.announced {
        let left = format::left(act.due - now);
        let verb = act.verb.name().to_uppercase();
        return (Tone::Bad, format!("{verb} {left}"));
    }
    if app.needs_person.is_some() && app.acknowledged_by.is_none() {
        return (Tone::Bad, "decide".into());
    }
    if is_stopped(app) {
        let word = match (app.latched, climb::is_held_by_gate(app)) {
            (true, _) => "halted",
            (false, true) => "held",
            (false, false) => "paused",
        };
        return (Tone::Stopped, word.into());
    }
    if app.hold.is_some() {
        return (Tone::Stopped, "on hold".into());
    }
    let Some(release) = &app.release else {
        let text = if app.waiting.is_some() {
            "waits"
        } else {
            NOTHING
        };
        return (Tone::Muted, text.into());
    };
    let text = match release.status {
        Status::Completed if app.waiting.is_some() => "next one".into(),
        Status::Completed => "done".into(),
        Status::Draft | Status::Pending => "waits".into(),
        Status::InProgress | Status::Stopped => match (&app.gate, &release.phased) {
            _ if app.proposal.is_some() => return (Tone::Warning, "2nd yes?".into()),
            _ if climb::to_approve(app).is_some_and(|(_, others)| others.is_empty()) => {
                return (Tone::Warning, "approve?".into());
            }
            _ if app.stalled.is_some() => return (Tone::Warning, "stalled".into()),
            (Some(gate), _) if gate.open => "gate open".into(),
            (Some(gate), _) => {
                let met = gate.wants.iter().filter(|want| want.met == Some(true));
                format!("gate {}/{}", met.count(), gate.wants.len())
            }
            (None, Some(phased)) => match rollout::next_step(phased, now) {
                Some(at) => format!("step {}", format::left(at - now)),
                None => NOTHING.into(),
            },
            (None, None) => NOTHING.into(),
        },
    };
    (Tone::Plain, text)
}

/// How many rules have fired, warn, are unknown, are armed.
pub(crate) fn rule_counts(model: &Model, app: &AppSnapshot) -> [usize; 4] {
    let mut counts = [0; 4];
    for rule in &app.rules {
        let (_, words) = rules::state(model, app, rule);
        let at = ["✗", "!", "?", "✓"]
            .iter()
            .position(|glyph| words.starts_with(glyph));
        if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    counts
}

/// Who has acknowledged, `✓@bob`; else who is on watch, `@alice`.
pub(crate) fn who(model: &Model, app: &AppSnapshot) -> (Tone, String) {
    if let Some(actor) = &app.acknowledged_by {
        let name = match actor {
            Actor::Person { name, .. } => format!("@{name}"),
            other => other.to_string(),
        };
        return (Tone::Strong, format!("✓{name}"));
    }
    let trains = &model.snapshot.trains;
    let train = app.train.as_ref();
    let train = train.and_then(|name| trains.iter().find(|it| it.train == *name));
    let owner = train.and_then(|train| train.on_watch.as_ref());
    let owner = owner.map_or_else(|| NOTHING.to_owned(), |owner| format!("@{owner}"));
    (Tone::Plain, owner)
}
