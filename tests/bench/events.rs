//! A journal with a long past, of the kind that months of watching leave behind.

use std::path::Path;

use chrono::TimeDelta;
use haltline::domain::event::Urgency;
use haltline::domain::{AppId, Event, Health, SourceId, Timestamp};
use haltline::journal::{Access, SqliteJournal};
use haltline::ports::{Clock as _, Journal as _, NewRecord, WallClock};

const SENTENCE: &str = "8.43.0 crashes 3.8x as often as 8.42.1 (1,161 of 611,204 sessions vs 5,814 of 11,612,876). At least \
    1.2x with 95% confidence. No limit is broken: rule crash-ratio halts at 1 in 1,000, now 1 in 40. Data to 14:31 UTC.";

/// Appends so many events about `app`, five minutes apart, the last one an hour ago.
pub(crate) fn fill(dir: &Path, app: &str, events: u64) {
    let journal = SqliteJournal::open(dir, Access::Write).unwrap();
    let now = WallClock.now();
    journal.take_lease(now, "bench").unwrap();
    let app = AppId::try_from(app.to_owned()).unwrap();
    let all: Vec<NewRecord> = (0..events)
        .map(|n| {
            let back = i32::try_from(events - n).unwrap();
            let at = now - TimeDelta::hours(1) - TimeDelta::minutes(5) * back;
            let event = event(n, at);
            let app = Some(app.clone());
            NewRecord { at, app, event }
        })
        .collect();
    for some in all.chunks(2_000) {
        journal.append(some).unwrap();
    }
}

fn event(n: u64, at: Timestamp) -> Event {
    let (source, rule) = (SourceId("sentry".into()), "crash-ratio".into());
    match n % 8 {
        0 => Event::VerdictChanged {
            from: Health::Healthy,
            to: Health::Warning,
            sentence: SENTENCE.into(),
        },
        1 => Event::RuleBreached {
            rule,
            polls: 1,
            through: at,
            sentence: SENTENCE.into(),
        },
        2 => Event::TellQueued {
            id: n,
            urgency: Urgency::Warning,
            text: SENTENCE.into(),
            to: vec!["log".into()],
            incident: None,
        },
        3 => Event::Told {
            id: n - 1,
            channel: "log".into(),
            thread: None,
        },
        4 => Event::RuleCleared { rule },
        5 => Event::SourceLost {
            source,
            why: "429 Too Many Requests".into(),
        },
        6 => Event::SourceBack { source },
        _ => Event::VerdictChanged {
            from: Health::Warning,
            to: Health::Healthy,
            sentence: "8.43.0 is doing as well as 8.42.1 did".into(),
        },
    }
}
