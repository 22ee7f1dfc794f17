//! What channels hear of a watcher whose store goes away and comes back: the page, its incident by the clock, and the heartbeat that
//! stays away.

use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{BoxFuture, ready};

use super::*;
use crate::domain::rollout::{Applied, Glance, Order, ReleaseView};
use crate::domain::{
    Exposure, FailureKind, IncidentChange, Status, StoreKind, StoreView, Urgency, Version,
};
use crate::engine::Plan;
use crate::journal::MemoryJournal;
use crate::policy::telling::Channel;
use crate::ports::{AccessCheck, Clock, Incident, Message, SimClock, Store};
use crate::watcher::testing::{self, NoChecks, shop};
use crate::watcher::{BaselineChoice, Outside, WatchedApp};

/// A store that can be read, or not.
#[derive(Default)]
struct Vendor {
    gone: AtomicBool,
}

impl Vendor {
    fn say<T: Send + 'static>(&self, answer: T) -> BoxFuture<'static, Result<T, Failure>> {
        let gone = self.gone.load(Ordering::Relaxed);
        let why = Failure::new(FailureKind::Retry, "the store answers 503");
        Box::pin(ready(if gone { Err(why) } else { Ok(answer) }))
    }
}

impl Store for Vendor {
    fn kind(&self) -> StoreKind {
        StoreKind::GooglePlay
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        self.say(Glance {
            fingerprint: "the same".into(),
        })
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        self.say(StoreView {
            waiting: None,
            release: Some(ReleaseView {
                version: Version::from_code(84_300),
                also: Vec::new(),
                label: "8.43.0".into(),
                status: Status::InProgress,
                exposure: Exposure::from_percent(5),
                in_review: false,
                phased: None,
            }),
            previous: None,
            others: 0,
        })
    }

    fn apply<'a>(&'a self, _order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        self.say(Applied::Written)
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(ready(Vec::new()))
    }
}

/// A channel that writes down what it hears.
struct Ear {
    clock: Arc<SimClock>,
    messages: Mutex<Vec<Message>>,
    reminders: Mutex<Vec<(Timestamp, Vec<Incident>)>>,
    beats: Mutex<Vec<Timestamp>>,
}

impl Notifier for Ear {
    fn name(&self) -> &'static str {
        "pager"
    }

    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        self.messages.lock().unwrap().push(message.clone());
        Box::pin(ready(Ok(Some("thread-7".into()))))
    }

    fn reminded_every(&self) -> Option<TimeDelta> {
        Some(TimeDelta::minutes(2))
    }

    fn remind<'a>(
        &'a self,
        open: &'a [Incident],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        self.reminders.lock().unwrap().push((now, open.to_vec()));
        Box::pin(ready(Err(Failure::new(FailureKind::Retry, "503"))))
    }

    fn beat(&self, now: Timestamp) -> BoxFuture<'_, Result<(), Failure>> {
        assert_eq!(now, self.clock.now());
        self.beats.lock().unwrap().push(now);
        Box::pin(ready(Ok(())))
    }
}

struct Bench {
    clock: Arc<SimClock>,
    store: Arc<Vendor>,
    ear: Arc<Ear>,
    watcher: Watcher,
}

fn start() -> Timestamp {
    Timestamp::from_timestamp(1_768_055_400, 0).unwrap()
}

fn plan() -> Plan {
    let mut plan = testing::plan();
    plan.telling.channels = vec![Channel {
        least: Urgency::Page,
        ..Channel::new("pager")
    }];
    plan
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(SimClock::starting_at(start()));
        let store = Arc::new(Vendor::default());
        let ear = Arc::new(Ear {
            clock: Arc::clone(&clock),
            messages: Mutex::default(),
            reminders: Mutex::default(),
            beats: Mutex::default(),
        });
        let app = WatchedApp::new(
            shop(),
            "Shop".into(),
            Arc::<Vendor>::clone(&store),
            Vec::new(),
            BaselineChoice::Previous,
        );
        let on_call = tokio::sync::watch::channel(Some("@alice".into())).1;
        let outside = Outside {
            journal: Arc::new(MemoryJournal::default()),
            clock: Arc::<SimClock>::clone(&clock),
            notifiers: vec![Arc::<Ear>::clone(&ear)],
            checker: Arc::new(NoChecks),
            disarm: Box::new(|_now| Vec::new()),
            set_disarm: Box::new(|_request| Ok(())),
            on_call,
            heart: Some(Heart {
                notifier: Arc::<Ear>::clone(&ear),
                every: TimeDelta::minutes(3),
            }),
            on_record: Box::new(|_record| {}),
        };
        let poll = TimeDelta::minutes(1);
        let (mut watcher, _client) = Watcher::new(plan(), vec![app], outside, poll, None).unwrap();
        watcher.start(1);
        Self {
            clock,
            store,
            ear,
            watcher,
        }
    }

    async fn run(&mut self, minutes: i64) {
        let end = self.clock.now() + TimeDelta::minutes(minutes);
        let clock = Arc::clone(&self.clock);
        let over = move |_watcher: &Watcher| clock.now() >= end;
        self.watcher.run(pending::<()>(), over).await;
    }

    fn gone(&self, gone: bool) {
        self.store.gone.store(gone, Ordering::Relaxed);
    }

    fn beats(&self) -> usize {
        std::mem::take(&mut *self.ear.beats.lock().unwrap()).len()
    }
}

#[tokio::test]
async fn a_heartbeat_follows_a_good_cycle_and_none_a_bad_one() {
    let mut bench = Bench::new();
    bench.run(30).await;
    assert!(matches!(bench.beats(), 9..=11));
    bench.gone(true);
    bench.run(30).await;
    assert!(matches!(bench.beats(), 0..=1), "of the last good cycle");
    bench.gone(false);
    bench.run(30).await;
    assert!(matches!(bench.beats(), 9..=11));
    bench.watcher.lose_trust("the disk is full");
    bench.run(30).await;
    assert_eq!(bench.beats(), 0, "it watches, and must not act");
}

#[tokio::test]
async fn whoever_forgets_is_reminded_of_what_is_open_and_of_nothing_else() {
    let mut bench = Bench::new();
    bench.run(5).await;
    assert!(bench.ear.messages.lock().unwrap().is_empty());
    bench.gone(true);
    bench.run(30).await;
    let page = bench.ear.messages.lock().unwrap().pop().unwrap();
    assert_eq!(
        page.text.as_str(),
        "shop: store unknown for 15 min while the rollout goes on: the store answers 503"
    );
    let about = page.about.as_ref().unwrap();
    assert_eq!(
        (about.app.as_str(), about.name.as_str(), about.store),
        ("shop", "Shop", StoreKind::GooglePlay)
    );
    assert_eq!(about.release.as_str(), "84300");
    let facts: Vec<String> = page
        .facts
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    assert_eq!(
        facts,
        [
            "rollout: in progress at 5%",
            "verdict: unknown",
            "started: 20 min ago"
        ]
    );
    assert_eq!(page.command.unwrap().as_str(), "haltline ack shop");
    assert_eq!(page.on_call.unwrap().as_str(), "@alice");
    let news = page.incident.unwrap();
    assert_eq!(news.change, IncidentChange::Opened);
    assert_eq!((page.urgency, page.thread), (Urgency::Page, None));

    let reminders = std::mem::take(&mut *bench.ear.reminders.lock().unwrap());
    assert!(matches!(reminders.len(), 6..=8), "{}", reminders.len());
    let (at, open) = &reminders[0];
    assert!(*at >= page.at + TimeDelta::minutes(2), "told just before");
    assert_eq!(open.len(), 1);
    assert_eq!((&open[0].key, &open[0].text), (&news.key, &page.text));
    assert!(!open[0].acknowledged);

    // A release takes its place: over, told in the same conversation, and nobody is reminded any more.
    let view = bench.watcher.snapshot();
    let shown = view.apps[0].incident.as_ref().unwrap();
    assert_eq!((&shown.key, shown.told.len()), (&news.key, 1));
    let failure = || crate::engine::Input::StoreRead {
        app: shop(),
        result: Ok(StoreView {
            waiting: None,
            release: None,
            previous: None,
            others: 0,
        }),
    };
    bench.watcher.process(&failure());
    bench.run(1).await;
    let over = bench.ear.messages.lock().unwrap().pop().unwrap();
    assert_eq!(
        over.text.as_str(),
        "shop: resolved: the store does not show 84300 any more"
    );
    assert_eq!(over.incident.unwrap().change, IncidentChange::Resolved);
    assert_eq!(over.thread.unwrap().as_str(), "thread-7");
    assert_eq!((over.command, over.facts), (None, vec![]));
    assert_eq!(over.about.unwrap().release.as_str(), "84300");
    bench.ear.reminders.lock().unwrap().clear();
    bench.run(20).await;
    assert!(bench.ear.reminders.lock().unwrap().is_empty());
    assert_eq!(bench.watcher.snapshot().on_call.unwrap().as_str(), "@alice");
}
