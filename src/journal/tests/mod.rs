//! Tests of the journal as a whole; those of one file's arithmetic are beside it.

mod adoption;
mod appending;
mod beside;
mod damage;
mod full_disk;
mod readings;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::*;
use crate::domain::event::{Finding, Urgency, Withheld, WriteResult};
use crate::domain::rollout::{Applied, Phased, ReleaseView};
use crate::domain::{
    Actor, Counts, Event, Exposure, Failure, FailureKind, Health, PlainText, RefusalKind, Status,
    Target, Verb, Version,
};
use crate::domain::{IncidentChange, IncidentNews};

const CHILD_DIR: &str = "HALTLINE_TEST_DIR";

fn at(second: i64) -> Timestamp {
    Timestamp::from_timestamp(1_790_000_000 + second, 0).unwrap()
}

fn app(id: &str) -> AppId {
    AppId::try_from(id.to_owned()).unwrap()
}

fn source(id: &str) -> SourceId {
    SourceId(id.into())
}

fn person() -> Actor {
    Actor::Person {
        name: "dana".into(),
        host: "ops-1".into(),
    }
}

fn state() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Open for writing, with the lease.
fn writer(dir: &Path) -> SqliteJournal {
    let journal = SqliteJournal::open(dir, Access::Write).unwrap();
    journal.take_lease(at(0), "test").unwrap();
    journal
}

fn note(n: i64) -> NewRecord {
    NewRecord {
        at: at(n),
        app: (n % 3 != 0).then(|| app("shop-android")),
        event: Event::TellQueued {
            id: n.unsigned_abs(),
            urgency: Urgency::Warning,
            text: format!(
                "number {n}: {}",
                "x".repeat((n % 7).unsigned_abs() as usize * 20)
            )
            .into(),
            to: vec!["log".into()],
            incident: None,
        },
    }
}

fn fill(journal: &SqliteJournal, from: i64, to: i64) {
    for n in from..=to {
        journal.append(&[note(n)]).unwrap();
    }
}

/// All files of a journal but the shared memory, as a copy made while it is open or a backup would have them.
fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Runs one test of this binary as a process of its own, with a directory to work in.
fn child(test: &str, dir: &Path, configure: impl FnOnce(&mut Command)) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([&format!("journal::tests::{test}"), "--exact", "--nocapture"])
        .env(CHILD_DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    configure(&mut command);
    command.spawn()
}

/// The directory of a test that runs as a child; `None` in the ordinary run.
fn child_dir() -> Option<std::path::PathBuf> {
    std::env::var_os(CHILD_DIR).map(Into::into)
}

/// One of every kind of event.
#[expect(clippy::too_many_lines, reason = "a list")]
fn every_event() -> Vec<Event> {
    let text = PlainText::new("because of 6 of 312 sessions");
    let failure = Failure {
        retry_after: Some(30),
        ..Failure::new(FailureKind::Ambiguous, "the reply was lost")
            .at("POST …/edits/{id}:commit")
            .hint("look at the store")
    };
    let counts = Counts::new(312, 6).unwrap();
    let finding = Finding {
        sentence: text.clone(),
        new: counts,
        old: Some(counts),
        ln_evidence: Some(0.1 + 0.2),
        ln_threshold: Some(9.210_340_371_976_184),
        through: at(9),
    };
    let release = ReleaseView {
        also: Vec::new(),
        version: Version::named("8.43.0", "84300"),
        label: text.clone(),
        status: Status::InProgress,
        exposure: "0.5%".parse().unwrap(),
        in_review: false,
        phased: Some(Phased {
            day: 3,
            start: Some(at(1)),
            paused_days: 2,
        }),
    };
    let rule = || text.clone();
    let withheld = |why| Event::ActWithheld {
        rule: "crash-floor".into(),
        verb: Verb::Halt,
        why,
    };
    let desire = |target| Event::DesireSet {
        revision: 7,
        verb: Verb::Pause,
        target,
        version: None,
        actor: Actor::Rule {
            id: "crash-floor".into(),
        },
        reason: text.clone(),
    };
    let ended = |result| Event::WriteEnded {
        revision: 7,
        attempt: 2,
        result,
    };
    vec![
        Event::WatcherStarted {
            term: 3,
            haltline: "0.1.0".into(),
        },
        Event::WatcherStopped,
        Event::Disarmed {
            until: Some(at(7200)),
            actor: person(),
            reason: rule(),
        },
        Event::Disarmed {
            until: None,
            actor: person(),
            reason: rule(),
        },
        Event::ActCancelled {
            rule: rule(),
            why: rule(),
        },
        Event::ReadBackDiffers {
            revision: 7,
            release: release.clone(),
        },
        Event::Armed {
            actor: Actor::Haltline,
            reason: rule(),
        },
        Event::ReleaseFound {
            release: release.clone(),
            previous: Some(Version::from_code(84_200)),
        },
        Event::ReleaseGone,
        Event::StoreChanged {
            release: ReleaseView {
                also: Vec::new(),
                phased: None,
                ..release.clone()
            },
        },
        Event::Drift {
            release: release.clone(),
            what: rule(),
        },
        Event::StoreLost {
            failure: failure.clone(),
        },
        Event::StoreBack,
        Event::EvidenceRestarted {
            from: at(5),
            resumes: 1,
        },
        Event::SourceLost {
            source: source("sentry"),
            why: rule(),
        },
        Event::SourceBack {
            source: source("sentry-2"),
        },
        Event::VerdictChanged {
            from: Health::Unknown,
            to: Health::Breached,
            sentence: rule(),
        },
        Event::RuleBreached {
            rule: rule(),
            polls: 2,
            through: at(8),
            sentence: rule(),
        },
        Event::RuleCleared { rule: rule() },
        Event::RuleFired {
            rule: rule(),
            verb: Some(Verb::Halt),
            finding: finding.clone(),
        },
        Event::RuleFired {
            rule: rule(),
            verb: None,
            finding: Finding {
                old: None,
                ln_evidence: None,
                ln_threshold: None,
                ..finding
            },
        },
        Event::ActAnnounced {
            rule: rule(),
            verb: Verb::Pause,
            due: at(60),
            reason: rule(),
        },
        Event::ActPostponed {
            rule: rule(),
            until: at(900),
            actor: person(),
            reason: rule(),
        },
        withheld(Withheld::Advise),
        withheld(Withheld::Disarmed),
        withheld(Withheld::Budget {
            used: 4,
            limit: 4,
            per: "day".into(),
        }),
        withheld(Withheld::Storm { apps: 5 }),
        withheld(Withheld::Journal { why: rule() }),
        withheld(Withheld::Impossible { why: rule() }),
        Event::HoldSet {
            actor: person(),
            reason: rule(),
        },
        Event::HoldLifted {
            actor: Actor::Outside,
            reason: rule(),
        },
        desire(Target::Stopped),
        desire(Target::InProgress {
            exposure: Some(Exposure::from_percent(25)),
        }),
        desire(Target::InProgress { exposure: None }),
        desire(Target::Completed),
        Event::WriteStarted {
            revision: 7,
            attempt: 1,
        },
        ended(WriteResult::Done {
            applied: Applied::Written,
        }),
        ended(WriteResult::Failed {
            failure: failure.clone(),
        }),
        Event::DesireConfirmed {
            revision: 7,
            verb: Verb::Halt,
            exposure: Exposure::FULL,
        },
        Event::DesireSuperseded {
            revision: 7,
            why: rule(),
        },
        Event::DesireFailed {
            revision: 7,
            failure: failure.clone(),
        },
        Event::Refused {
            verb: Verb::Complete,
            actor: person(),
            kind: RefusalKind::Rights,
            why: rule(),
        },
        Event::Acknowledged { actor: person() },
        Event::Noted {
            text: rule(),
            actor: person(),
        },
        Event::TellQueued {
            id: u64::from(u32::MAX) + 1,
            urgency: Urgency::Page,
            text: rule(),
            to: vec!["pager".into()],
            incident: Some(IncidentNews {
                key: "haltline/shop/1".into(),
                change: IncidentChange::Opened,
            }),
        },
        Event::Told {
            id: 1,
            channel: "slack".into(),
            thread: Some("1719.2".into()),
        },
        Event::TellFailed {
            id: 2,
            channel: Some("pager".into()),
            failure,
        },
        Event::TellDropped {
            id: 2,
            channel: "pager".into(),
            why: rule(),
        },
        Event::Escalated { level: 1 },
        Event::ConfigReloaded {
            changes: vec![rule()],
        },
        Event::ConfigRefused { why: rule() },
    ]
}
