//! What has to be known first: what is wrong, which rule said so, what was done, whom it reached, and who is on it.

use super::{Account, full};
use crate::api::AppSnapshot;
use crate::domain::{Event, Issue, Record, Recurrence, Status, StoreKind, Target, Verb};
use crate::tui::state::model::is_stopped;
use crate::tui::words::climb::is_held_by_gate;
use crate::tui::words::format::count;
use crate::tui::words::state_words;

/// One statement a line, the most pressing first.
pub(super) fn in_short(account: &Account<'_>) -> Vec<String> {
    let app = account.app;
    let mut out = Vec::new();
    if !app.sentence.is_empty() {
        out.push(app.sentence.to_string());
    }
    if let Some(failure) = &app.store_failure {
        out.push(format!("{} cannot be read: {failure}", app.store.name()));
    }
    let stale = app.sources.iter().filter(|it| it.state.is_told());
    out.extend(stale.map(|source| {
        let why = source
            .why
            .as_ref()
            .map_or_else(String::new, |why| format!(": {why}"));
        format!("source {} is {}{why}", source.id, source.state.word())
    }));
    out.extend(app.fired.iter().map(|rule| fired(account, rule.as_str())));
    out.extend(course(account));
    out.extend(reached(app));
    out.extend(app.issues.first().map(worst));
    if let Some(why) = &app.needs_person {
        out.push(format!("A PERSON MUST DECIDE: {why}"));
    }
    out.extend(who(account));
    out
}

/// `Rule crash-ratio (halts at ≤ 2× baseline) fired at …: now 59.6×`
fn fired(account: &Account<'_>, rule: &str) -> String {
    let when = account.events.iter().rev().find(|record| {
        matches!(&record.event, Event::RuleFired { rule: fired, .. } if fired.as_str() == rule)
    });
    let when = when.map_or_else(String::new, |record| format!(" at {}", full(record.at)));
    let status = account.app.rules.iter().find(|it| it.rule.as_str() == rule);
    let limit = status.map_or_else(String::new, |status| {
        let does = status.action.verb().map_or("notify", Verb::name);
        format!(" ({does}; limit {}, now {})", status.limit, status.now)
    });
    format!("Rule {rule} fired{when}{limit}")
}

/// What became of it, or will.
fn course(account: &Account<'_>) -> Option<String> {
    let app = account.app;
    if let Some(desire) = &app.desire {
        let verb = desire.verb.name().to_uppercase();
        let by = format!("asked for by {} at {}", desire.actor, full(desire.since));
        let failure = desire.failure.as_ref();
        let failure = failure.map_or_else(String::new, |failure| format!(": {failure}"));
        let s = if desire.attempts == 1 { "" } else { "s" };
        let tries = format!("{} attempt{s}", desire.attempts);
        return Some(if desire.failed {
            format!("{verb} FAILED after {tries}, {by}{failure}")
        } else {
            format!("{verb} {by}, NOT CONFIRMED by the store yet ({tries}){failure}")
        });
    }
    if let Some(act) = &app.announced {
        let verb = act.verb.name().to_uppercase();
        return Some(format!(
            "{verb} announced for {} by rule {}: not done yet",
            full(act.due),
            act.rule
        ));
    }
    let release = app.release.as_ref()?;
    if !is_stopped(app) {
        return (release.status == Status::InProgress).then(|| {
            let gaining = app.gaining.map_or_else(String::new, |users| {
                format!(", about {} users an hour take it", count(users))
            });
            format!("It goes on: {}{gaining}", state_words::of(app))
        });
    }
    let stopped = account.events.iter().rev().find_map(stop);
    let how = stopped.map_or_else(String::new, |(at, verb)| {
        let asked = account
            .events
            .iter()
            .rev()
            .find_map(|record| match &record.event {
                Event::DesireSet {
                    actor,
                    reason,
                    target: Target::Stopped,
                    ..
                } => Some(format!(", asked for by {actor}: {reason}")),
                _ => None,
            });
        format!(
            "; {verb} confirmed by the store at {}{}",
            full(at),
            asked.unwrap_or_default()
        )
    });
    let latched = if app.latched {
        "; an admin has to resume it"
    } else if is_held_by_gate(app) {
        "; it goes on by itself once its gate is open"
    } else {
        "; a person has to resume it"
    };
    Some(format!("It stands: {}{how}{latched}", state_words::of(app)))
}

fn stop(record: &Record) -> Option<(crate::domain::Timestamp, Verb)> {
    match record.event {
        Event::DesireConfirmed { verb, .. } if verb.lowers() => Some((record.at, verb)),
        _ => None,
    }
}

/// How many it has reached, and what share of the sessions that is.
fn reached(app: &AppSnapshot) -> Option<String> {
    let reached = state_words::reached(app)?;
    let key = app.release.as_ref()?.version.key();
    let own = app
        .shares
        .iter()
        .find(|it| it.version.as_deref() == Some(key.as_str()))?;
    let all: u64 = app.shares.iter().map(|share| share.sessions).sum();
    let percent = own.sessions as f64 / all.max(1) as f64 * 100.0;
    Some(format!(
        "It has reached {reached}: {percent:.1}% of the sessions of the last day ({} of {})",
        count(own.sessions),
        count(all)
    ))
}

fn worst(issue: &Issue) -> String {
    let place = match issue.place.as_str() {
        "" => String::new(),
        place => format!(" in {place}"),
    };
    format!(
        "Top crash ({}): {}{place}: {} users, {} events",
        kind(issue.recurrence),
        issue.title,
        count(issue.users),
        count(issue.events)
    )
}

pub(super) fn kind(recurrence: Recurrence) -> &'static str {
    match recurrence {
        Recurrence::New => "new",
        Recurrence::Regressed => "regressed",
        Recurrence::Recurring => "recurring",
    }
}

/// Who is on it; that nobody is, where somebody should be.
fn who(account: &Account<'_>) -> Option<String> {
    let app = account.app;
    let Some(actor) = &app.acknowledged_by else {
        let wanted = !app.fired.is_empty() || app.needs_person.is_some();
        return wanted.then(|| "Nobody has acknowledged it".into());
    };
    let when = account
        .events
        .iter()
        .rev()
        .find_map(|record| match &record.event {
            Event::Acknowledged { actor: by } if by == actor => Some(record.at),
            _ => None,
        });
    let when = when.map_or_else(String::new, |at| format!(" since {}", full(at)));
    Some(format!("{actor} is on it{when}"))
}

/// What no store and no tool takes back.
pub(super) fn irrevocable(app: &AppSnapshot) -> Vec<String> {
    let Some(release) = &app.release else {
        return Vec::new();
    };
    if matches!(release.status, Status::Draft | Status::Pending) {
        return Vec::new();
    }
    let version = &app.version_name;
    let users = state_words::reached(app).map_or_else(String::new, |users| format!(" ({users})"));
    let mut out = vec![format!(
        "Who has {version} keeps it{users}: {} cannot take an update back",
        app.store.name()
    )];
    match (app.store, release.status) {
        (StoreKind::GooglePlay, _) => out.push(format!(
            "Version code {} is used up: the fix needs a higher one",
            release.version.build
        )),
        (StoreKind::AppStore, Status::Completed) => {
            out.push("A completed phased release cannot be paused any more".into());
        }
        (StoreKind::AppStore, Status::Stopped) => out.push(
            "While it is paused, new users and everybody who updates by hand still get this version".into(),
        ),
        _ => {}
    }
    out
}
