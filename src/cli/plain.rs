//! What `status --watch` says: the whole state once, then one line for each change, for screen readers and logs.
//!
//! Pure: pictures in, lines out. A line stands alone, says its time, and needs neither colour nor a glyph nor the line before
//! it. Ages and counts that grow are no change: they are told with the verdict that they make.

mod spoken;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::words;
use crate::api::wire::{Disarmed, WatcherState};
use crate::api::{AppSnapshot, Snapshot};
use crate::domain::{
    AppId, Event, Health, PlainText, Record, Recurrence, StoreKind, Timestamp, Verb,
};
use crate::policy::DataState;
use crate::policy::figures::count;
use crate::tui::headline::Headline;
use crate::tui::{state_words, story};

use spoken::{COLUMNS, cut, sentences, spoken};

/// What was told so far.
pub(super) struct Plain {
    shown: Option<Snapshot>,
    /// The day of the last line: a line names the hour, so a new day is said.
    day: Option<NaiveDate>,
    /// Crashes that were told. The lists are of the worst only: what leaves one and comes back is not new.
    crashes: BTreeSet<(AppId, PlainText)>,
}

/// One change.
struct Change {
    at: Timestamp,
    app: Option<AppId>,
    text: String,
}

impl Plain {
    pub(super) fn new() -> Self {
        Self {
            shown: None,
            day: None,
            crashes: BTreeSet::new(),
        }
    }

    /// The lines for a new picture: all of it the first time, then what has changed.
    pub(super) fn tell(&mut self, now: &Snapshot) -> Vec<String> {
        let lines = match self.shown.take() {
            None => whole(now),
            Some(before) => {
                let mut changes = changes(&before, now);
                let crashes: Vec<Change> = now
                    .apps
                    .iter()
                    .flat_map(|app| new_crashes(app, &self.crashes, now.at))
                    .collect();
                changes.extend(crashes);
                changes.sort_by_key(|change| change.at);
                changes.iter().flat_map(|it| self.line(it)).collect()
            }
        };
        self.day.get_or_insert(now.at.date_naive());
        self.crashes.extend(now.apps.iter().flat_map(|app| {
            let ids = app.issues.iter().map(|issue| issue.id.clone());
            ids.map(|id| (app.id.clone(), id))
        }));
        self.shown = Some(now.clone());
        lines
    }

    /// That it still is as it was told: a line an app.
    pub(super) fn still(&mut self, now: &Snapshot) -> Vec<String> {
        let watched = is_watched(now);
        let lines = now.apps.iter().map(|app| Change {
            at: now.at,
            app: Some(app.id.clone()),
            text: still(app, watched, now.at),
        });
        let lines: Vec<Change> = lines.collect();
        lines.iter().flat_map(|it| self.line(it)).collect()
    }

    /// A line about what could not be looked at.
    pub(super) fn trouble(&mut self, at: Timestamp, text: String) -> Vec<String> {
        self.line(&Change {
            at,
            app: None,
            text,
        })
    }

    /// `14:28:27Z shop-android: WARNING, was HEALTHY: …`, after the day where that is another one.
    fn line(&mut self, change: &Change) -> Vec<String> {
        let day = change.at.date_naive();
        let mut lines = Vec::new();
        if self.day.is_some_and(|last| day > last) {
            lines.push(format!("{day}, hours in UTC"));
            self.day = Some(day);
        }
        let who = change.app.as_ref().map_or("haltline", AppId::as_str);
        let head = format!("{} {who}: ", change.at.format("%H:%M:%SZ"));
        lines.push(cut(&head, &spoken(&change.text), COLUMNS));
        lines
    }
}

/// Everything that is known, in lines that are no longer than they may be.
fn whole(now: &Snapshot) -> Vec<String> {
    let at = now.at.format("%Y-%m-%d %H:%M:%S UTC");
    let mut lines = vec![format!(
        "haltline at {at}: the state as it is, then a line for each change"
    )];
    for line in words::lines(now, now.at) {
        let line = spoken(&line);
        let (head, text) = match now
            .apps
            .iter()
            .find_map(|app| line.strip_prefix(&format!("{}: ", app.id)))
        {
            Some(text) => (line.strip_suffix(text).unwrap_or_default(), text),
            None => ("", line.as_str()),
        };
        lines.extend(sentences(head, text, COLUMNS));
    }
    if let Some(app) = now.apps.first() {
        lines.push(format!(
            "to act from another shell: haltline pause, halt or resume {} --reason TEXT; haltline disarm --for 2h --reason TEXT stops \
             automation",
            app.id
        ));
    }
    lines
}

/// What differs, in the order in which it is told where the times are the same.
fn changes(before: &Snapshot, now: &Snapshot) -> Vec<Change> {
    let mut out = Vec::new();
    let mut say = |at, app: Option<&AppId>, text| {
        out.push(Change {
            at,
            app: app.cloned(),
            text,
        });
    };
    if let Some(text) = watching(&before.watcher, &now.watcher) {
        say(now.at, None, text);
    }
    if let Some(text) = button(before.disarmed.as_ref(), now.disarmed.as_ref()) {
        say(now.at, None, format!("every app: {text}"));
    }
    let news: Vec<&Record> = now.events.iter().filter(|it| it.seq > before.seq).collect();
    if let Some(first) = news.first().filter(|first| first.seq > before.seq + 1) {
        let missed = first.seq - before.seq - 1;
        say(
            now.at,
            None,
            format!("{missed} events before these: haltline audit"),
        );
    }
    for record in news {
        let app = now
            .apps
            .iter()
            .find(|app| Some(&app.id) == record.app.as_ref());
        if record.app.is_some() && app.is_none() {
            continue;
        }
        if let Some(text) = event(record, app) {
            say(record.at, record.app.as_ref(), text);
        }
    }
    for app in &now.apps {
        let Some(was) = before.apps.iter().find(|was| was.id == app.id) else {
            continue;
        };
        // As the journal tells it, where it tells of it.
        let told = now.events.iter().rev().take_while(|it| it.seq > before.seq);
        let mut told = told.filter(|it| it.app.as_ref() == Some(&app.id));
        let at = told.next().map_or(now.at, |record| record.at);
        for text in of_app(was, app, (is_watched(before), is_watched(now))) {
            say(at, Some(&app.id), text);
        }
    }
    out
}

fn is_watched(snapshot: &Snapshot) -> bool {
    !matches!(snapshot.watcher, WatcherState::NobodySince { .. })
}

fn watching(before: &WatcherState, now: &WatcherState) -> Option<String> {
    match (before, now) {
        (WatcherState::NobodySince { .. }, WatcherState::NobodySince { .. }) => None,
        (_, WatcherState::NobodySince { since }) => Some(match since {
            Some(since) => format!(
                "NOBODY IS WATCHING since {}: nothing acts; run haltline watch",
                words::moment(*since)
            ),
            None => "NOBODY IS WATCHING: nothing acts; run haltline watch".into(),
        }),
        (WatcherState::NobodySince { .. }, WatcherState::Acting { .. }) => {
            Some("a watcher is running again".into())
        }
        (WatcherState::WatchingOnly { .. }, WatcherState::Acting { .. }) => {
            Some("the watcher may act again".into())
        }
        (WatcherState::WatchingOnly { why: old }, WatcherState::WatchingOnly { why })
            if old == why =>
        {
            None
        }
        (_, WatcherState::WatchingOnly { why }) => Some(format!("the watcher must not act: {why}")),
        // Another watcher has taken over between two looks.
        (WatcherState::Acting { .. }, WatcherState::Acting { .. }) => None,
    }
}

/// The red button. Its file is the truth, and is read at every look: the events about it would say it twice.
fn button(before: Option<&Disarmed>, now: Option<&Disarmed>) -> Option<String> {
    match now {
        Some(pressed) if before != Some(pressed) => Some(words::disarmed(pressed)),
        None if before.is_some() => Some("armed again: haltline acts by itself".into()),
        _ => None,
    }
}

/// An event in words; none where a comparison of the pictures says it better, or another event.
fn event(record: &Record, app: Option<&AppSnapshot>) -> Option<String> {
    let told_elsewhere = matches!(
        record.event,
        Event::WatcherStarted { .. }
            | Event::WatcherStopped
            | Event::Disarmed { .. }
            | Event::Armed { .. }
            | Event::SourceLost { .. }
            | Event::SourceBack { .. }
            | Event::VerdictChanged { .. }
            | Event::ActAnnounced { .. }
    );
    if told_elsewhere || !story::is_told(&record.event) {
        return None;
    }
    let store = app.map_or(StoreKind::GooglePlay, |app| app.store);
    let line = story::tell(record, store, record.at);
    (!line.text.is_empty()).then_some(line.text)
}

/// What differs in one app, beside its events.
fn of_app(was: &AppSnapshot, app: &AppSnapshot, (before, now): (bool, bool)) -> Vec<String> {
    let mut out = Vec::new();
    out.extend(verdict((was, before), (app, now)));
    out.extend(announced(was, app));
    if app.needs_person != was.needs_person {
        out.push(match &app.needs_person {
            Some(why) => format!("A PERSON MUST DECIDE: {why}"),
            None => "no decision of a person is waited for any more".into(),
        });
    }
    out.extend(button(was.disarmed.as_ref(), app.disarmed.as_ref()));
    for source in &app.sources {
        let old = was.sources.iter().find(|old| old.id == source.id);
        out.extend(source_moved(old.map(|old| old.state), source));
    }
    if was.way_out.is_empty() {
        let steps = app.way_out.iter().enumerate();
        out.extend(steps.map(|(n, step)| format!("way out {}: {step}", n + 1)));
    }
    out
}

/// `WARNING, was HEALTHY: …`, with the store's word where that has changed: `HALTED, was BREACHED: halted at Google Play, 5% kept`.
fn verdict(before: (&AppSnapshot, bool), now: (&AppSnapshot, bool)) -> Option<String> {
    let (old, new) = (Headline::of(before.0, before.1), Headline::of(now.0, now.1));
    let app = now.0;
    if old == new {
        // Stopped, and the numbers behind it have moved on.
        let moved = before.0.health != app.health && app.health.word().to_uppercase() != new.word();
        return moved.then(|| {
            let word = app.health.word().to_uppercase();
            format!("{}, health {word}: {}", new.word(), why(now))
        });
    }
    let why = match new {
        Headline::Halted | Headline::Paused | Headline::Held => state_words::of(app),
        _ => why(now),
    };
    Some(format!("{}, was {}: {why}", new.word(), old.word()))
}

/// Why the verdict is what it is: never a sentence that was true of older data.
fn why((app, watched): (&AppSnapshot, bool)) -> String {
    if Headline::of(app, watched) != Headline::Unknown || app.release.is_none() {
        return words::sentence(app);
    }
    if app.health == Health::Healthy && !watched {
        return "nobody is watching, so what was healthy is not known to be so now".into();
    }
    let stale = app.sources.iter().find(|it| it.required && !it.is_fresh());
    match stale {
        Some(source) => {
            let why = source.why.as_ref().map_or("", PlainText::as_str);
            let colon = if why.is_empty() { "" } else { ": " };
            format!(
                "source {} is {}{colon}{why}",
                source.id,
                source.state.word()
            )
        }
        None => words::sentence(app),
    }
}

fn announced(was: &AppSnapshot, app: &AppSnapshot) -> Option<String> {
    let id = &app.id;
    match (&was.announced, &app.announced) {
        (Some(old), Some(act)) if old == act => None,
        (_, Some(act)) => {
            let verb = act.verb.name().to_uppercase();
            let due = act.due.format("%H:%M:%SZ");
            let by = match act.verb {
                Verb::Halt | Verb::Pause => format!(
                    "at once: haltline {} {id} --reason TEXT; not at all: haltline disarm {id} --for 2h --reason TEXT",
                    act.verb
                ),
                _ => format!("not at all: haltline disarm {id} --for 2h --reason TEXT"),
            };
            Some(format!("{verb} at {due} by rule {}; {by}", act.rule))
        }
        // It is being done, or the rule's events say why not.
        (_, None) => None,
    }
}

/// Late data come by themselves; of all other trouble people are told.
fn source_moved(before: Option<DataState>, source: &crate::policy::SourceState) -> Option<String> {
    let (was, now) = (
        before.is_some_and(DataState::is_told),
        source.state.is_told(),
    );
    let word = source.state.word();
    if !now {
        return was.then(|| format!("source {}: {word} again", source.id));
    }
    let why = source
        .why
        .as_ref()
        .map_or_else(String::new, |why| format!(": {why}"));
    (before != Some(source.state)).then(|| {
        let word = word.to_uppercase();
        format!("source {}: {word}{why}", source.id)
    })
}

/// Crashes that older versions did not have, or that had been fixed, as they come up.
fn new_crashes(
    app: &AppSnapshot,
    told: &BTreeSet<(AppId, PlainText)>,
    at: Timestamp,
) -> Vec<Change> {
    let fresh = app.issues.iter().filter(|issue| {
        issue.recurrence != Recurrence::Recurring
            && !told.contains(&(app.id.clone(), issue.id.clone()))
    });
    fresh
        .map(|issue| {
            let kind = match issue.recurrence {
                Recurrence::Regressed => "a crash that had been fixed is back",
                _ => "a new crash",
            };
            let place = match issue.place.as_str() {
                "" => String::new(),
                place => format!(" in {place}"),
            };
            let (users, events) = (count(issue.users), count(issue.events));
            Change {
                at,
                app: Some(app.id.clone()),
                text: format!(
                    "{kind}: {users} users, {events} events: {}{place}",
                    issue.title
                ),
            }
        })
        .collect()
}

/// `still HEALTHY, in progress 5%: 99.95% crash-free sessions (306 of 611,204); sentry read 14:31:26Z`
fn still(app: &AppSnapshot, watched: bool, now: Timestamp) -> String {
    let head = Headline::of(app, watched).word();
    let metric = app.metrics.first().map(|metric| {
        let what = &metric.metric;
        format!(
            ": {} {} ({} of {} {})",
            crate::policy::explain::share(what, metric.new),
            what.label(),
            count(metric.new.failures),
            count(metric.new.trials),
            what.trial_word(),
        )
    });
    let read = app.sources.iter().filter_map(|source| {
        let through = source.read_through?;
        Some(format!("{} {} old", source.id, words::age(now - through)))
    });
    let read: Vec<String> = read.collect();
    let read = if read.is_empty() {
        "no data".to_owned()
    } else {
        read.join(", ")
    };
    let nobody = if watched { "" } else { "; NOBODY IS WATCHING" };
    format!(
        "still {head}, {}{}; {read}{nobody}",
        state_words::of(app),
        metric.unwrap_or_default()
    )
}
