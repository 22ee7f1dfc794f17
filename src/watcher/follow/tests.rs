//! What a follower shows, and when it does anything at all.

use super::*;
use crate::api::{Client, Snapshot};
use crate::domain::rollout::ReleaseView;
use crate::domain::{
    Event, Exposure, Failure, FailureKind, SourceId, SourceReport, Status, StoreKind, Version,
};
use crate::engine::Plan;
use crate::journal::MemoryJournal;
use crate::policy::Budgets;
use crate::ports::{Clock as _, Journal, NewRecord, SimClock};
use crate::store::unavailable::Unavailable;
use crate::watcher::testing::{NoChecks, shop, start};
use crate::watcher::{BaselineChoice, Outside, WatchedApp};

struct Bench {
    journal: Arc<MemoryJournal>,
    clock: Arc<SimClock>,
    watcher: Watcher,
    client: Client,
    seen: Seen,
}

impl Bench {
    fn new() -> Self {
        let journal = Arc::new(MemoryJournal::default());
        let clock = Arc::new(SimClock::starting_at(start()));
        let why = Failure::new(FailureKind::Refused, "not here");
        let store = Arc::new(Unavailable::new(StoreKind::GooglePlay, why));
        let app = WatchedApp::new(
            shop(),
            "Shop".into(),
            store,
            Vec::new(),
            BaselineChoice::Previous,
        );
        let outside = Outside {
            journal: Arc::<MemoryJournal>::clone(&journal),
            clock: Arc::<SimClock>::clone(&clock),
            notifiers: Vec::new(),
            checker: Arc::new(NoChecks),
            disarm: Box::new(|_now| Vec::new()),
            set_disarm: Box::new(|_request| Ok(())),
            on_call: tokio::sync::watch::channel(None).1,
            heart: None,
            on_record: Box::new(|_record| {}),
        };
        let plan = Plan::new(BTreeMap::new(), Budgets::default());
        let poll = TimeDelta::minutes(1);
        let (watcher, client) = Watcher::new(plan, vec![app], outside, poll, None).unwrap();
        Self {
            journal,
            clock,
            watcher,
            client,
            seen: Seen::default(),
        }
    }

    /// A second later; returns the picture where there is a newer one.
    fn look(&mut self, watched: bool) -> Option<Arc<Snapshot>> {
        let before = self.client.snapshot();
        self.clock.advance_to(self.clock.now() + RHYTHM);
        self.watcher.look(watched, &mut self.seen).unwrap();
        let after = self.client.snapshot();
        (!Arc::ptr_eq(&before, &after)).then_some(after)
    }

    fn append(&self, event: Event) {
        let (at, app) = (self.clock.now(), Some(shop()));
        self.journal
            .append(&[NewRecord { at, app, event }])
            .unwrap();
    }
}

fn found() -> Event {
    Event::ReleaseFound {
        release: ReleaseView {
            version: Version::from_code(84_300),
            also: Vec::new(),
            label: "8.43.0".into(),
            status: Status::InProgress,
            exposure: Exposure::from_percent(5),
            in_review: false,
            phased: None,
        },
        previous: None,
    }
}

#[test]
fn while_nothing_is_written_nothing_is_shown_anew() {
    let mut bench = Bench::new();
    assert!(bench.look(true).is_some(), "the first look");
    for _ in 0..50 {
        assert!(bench.look(true).is_none());
    }
    bench.append(found());
    let picture = bench.look(true).unwrap();
    assert!(picture.apps[0].release.is_some());
    assert!(bench.look(true).is_none());

    let source = SourceId("sentry".into());
    let report = SourceReport::default();
    let now = bench.clock.now();
    bench
        .journal
        .save_report(&shop(), &source, now, &report)
        .unwrap();
    assert!(bench.look(true).is_some(), "a report is news");
    assert!(bench.look(true).is_none());

    // What age alone changes is looked at as often as a watcher polls.
    let shown = (0..120).filter(|_| bench.look(true).is_some()).count();
    assert_eq!(shown, 2);
}

#[test]
fn a_watcher_that_is_gone_is_told_with_since_when() {
    let mut bench = Bench::new();
    bench.append(found());
    bench.clock.advance_to(start() + TimeDelta::hours(1));
    bench.look(true);
    let gone = bench.look(false).unwrap();
    // Not since its last record, an hour ago: it was there a second ago.
    let since = Some(bench.clock.now());
    assert_eq!(gone.watcher, WatcherState::NobodySince { since });
    assert!(bench.look(false).is_none());
    let back = bench.look(true).unwrap();
    assert!(matches!(back.watcher, WatcherState::Acting { .. }));

    let mut late = Bench::new();
    late.append(found());
    let picture = late.look(false).unwrap();
    let since = Some(start());
    assert_eq!(picture.watcher, WatcherState::NobodySince { since });
}

#[test]
fn a_journal_that_cannot_be_read_for_now_is_tried_again_and_one_that_lies_is_not() {
    let mut bench = Bench::new();
    bench.look(true);
    let busy = || {
        Err(JournalError::Unusable {
            path: "journal.db".into(),
            what: "database is locked".into(),
        })
    };
    bench.watcher.bear(busy()).unwrap();
    let since = bench.clock.now();
    assert_eq!(bench.client.link(), Link::Reconnecting { since });
    bench.clock.advance_to(since + RHYTHM);
    bench.watcher.bear(busy()).unwrap();
    assert_eq!(bench.client.link(), Link::Reconnecting { since });
    assert!(bench.look(true).is_some(), "shown anew, and as live");
    assert_eq!(bench.client.link(), Link::Live);

    let damaged = Err(JournalError::Damaged {
        path: "journal.db".into(),
        what: "record 3 was changed".into(),
    });
    assert!(bench.watcher.bear(damaged).is_err());
}
