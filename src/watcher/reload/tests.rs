//! A newer config in each phase of an act: nothing is lost, nothing is done twice.

use std::sync::Mutex;

use futures_util::future::{BoxFuture, pending, ready};
use tokio::sync::Notify;

use super::*;
use crate::domain::rollout::{Applied, Glance, Order, ReleaseView};
use crate::domain::{
    ActReply, Event, Exposure, Failure, FailureKind, Status, StoreKind, StoreView, Version,
};
use crate::journal::MemoryJournal;
use crate::ports::{AccessCheck, Clock as _, Journal as _, SimClock, Store};
use crate::watcher::testing::{NoChecks, halt, plan, shop};
use crate::watcher::{BaselineChoice, Outside};

/// The store as it is, whoever asks.
struct World {
    status: Status,
    writes: u32,
    /// Writes that fail before one is taken.
    failures: u32,
}

/// One set of adapters: it sees this build.
struct Shelf {
    build: u64,
    world: Arc<Mutex<World>>,
    reading: Arc<Notify>,
    writing: Arc<Notify>,
}

impl Store for Shelf {
    fn kind(&self) -> StoreKind {
        StoreKind::GooglePlay
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        let fingerprint = format!("{:?}", self.world.lock().unwrap().status);
        Box::pin(ready(Ok(Glance { fingerprint })))
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        Box::pin(async {
            self.reading.notify_one();
            tokio::task::yield_now().await;
            let release = ReleaseView {
                version: Version::from_code(self.build),
                also: Vec::new(),
                label: "8.43.0".into(),
                status: self.world.lock().unwrap().status,
                exposure: Exposure::from_percent(5),
                in_review: false,
                phased: None,
            };
            Ok(StoreView {
                release: Some(release),
                waiting: None,
                previous: None,
                others: 0,
            })
        })
    }

    fn apply<'a>(&'a self, _order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        Box::pin(async {
            self.writing.notify_one();
            tokio::task::yield_now().await;
            let mut world = self.world.lock().unwrap();
            if world.failures > 0 {
                world.failures -= 1;
                return Err(Failure::new(FailureKind::Retry, "not now"));
            }
            (world.status, world.writes) = (Status::Stopped, world.writes + 1);
            Ok(Applied::Written)
        })
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(ready(Vec::new()))
    }
}

struct Bench {
    world: Arc<Mutex<World>>,
    reading: Arc<Notify>,
    writing: Arc<Notify>,
    journal: Arc<MemoryJournal>,
    clock: Arc<SimClock>,
}

impl Bench {
    fn new(failures: u32) -> Self {
        let start = crate::domain::Timestamp::from_timestamp(1_768_055_527, 0).unwrap();
        let world = World {
            status: Status::InProgress,
            writes: 0,
            failures,
        };
        Self {
            world: Arc::new(Mutex::new(world)),
            reading: Arc::default(),
            writing: Arc::default(),
            journal: Arc::default(),
            clock: Arc::new(SimClock::starting_at(start)),
        }
    }

    fn setup(&self, build: u64) -> Setup {
        let shelf = Shelf {
            build,
            world: Arc::clone(&self.world),
            reading: Arc::clone(&self.reading),
            writing: Arc::clone(&self.writing),
        };
        let app = WatchedApp::new(
            shop(),
            "Shop".into(),
            Arc::new(shelf),
            Vec::new(),
            BaselineChoice::Previous,
        );
        Setup {
            plan: plan(),
            apps: vec![app],
            poll: TimeDelta::minutes(1),
            notifiers: vec![Arc::new(crate::notify::Log)],
            checker: Arc::new(NoChecks),
            heart: None,
            on_call: watch::channel(None).1,
        }
    }

    /// A watcher that was asked for a halt of what it watches.
    async fn asked_to_halt(&self) -> Watcher {
        let mut watcher = self.watching();
        watcher
            .run(pending(), |watcher| {
                watcher
                    .state
                    .app(&shop())
                    .is_some_and(|app| app.release.is_some())
            })
            .await;
        let reply = watcher.ask(halt());
        assert!(!matches!(reply, ActReply::Refused(..)), "{reply:?}");
        watcher
    }

    fn watching(&self) -> Watcher {
        let setup = self.setup(84_300);
        let outside = Outside {
            journal: Arc::<MemoryJournal>::clone(&self.journal),
            clock: Arc::<SimClock>::clone(&self.clock),
            notifiers: setup.notifiers,
            checker: setup.checker,
            heart: None,
            on_call: watch::channel(None).1,
            disarm: Box::new(|_now| Vec::new()),
            set_disarm: Box::new(|_request| Ok(())),
            on_record: Box::new(|_record| {}),
        };
        let (mut watcher, _client) =
            Watcher::new(setup.plan, setup.apps, outside, setup.poll, None).unwrap();
        watcher.start(1);
        watcher
    }

    /// As the daemon does it: at once where no write is under way, else after it.
    async fn reload(&self, watcher: &mut Watcher) {
        watcher.run(pending(), Watcher::is_between_writes).await;
        watcher
            .reload(self.setup(84_300), Changed::default())
            .unwrap();
    }

    async fn finish(&self, mut watcher: Watcher, when: &str) {
        let end = self.clock.now() + TimeDelta::hours(1);
        watcher.run(pending(), |_| self.clock.now() >= end).await;
        let records = self.journal.records_after(0).unwrap();
        let count = |which: fn(&Event) -> bool| {
            records.iter().filter(|record| which(&record.event)).count()
        };
        let story = format!("{when}: {records:#?}");
        let world = self.world.lock().unwrap();
        assert_eq!(
            (world.status, world.writes),
            (Status::Stopped, 1),
            "{story}"
        );
        assert_eq!(
            count(|event| matches!(event, Event::DesireSet { .. })),
            1,
            "{story}"
        );
        assert_eq!(
            count(|event| matches!(event, Event::DesireConfirmed { .. })),
            1,
            "{story}"
        );
        assert_eq!(
            count(|event| matches!(event, Event::ConfigReloaded { .. })),
            1,
            "{story}"
        );
        let started = count(|event| matches!(event, Event::WriteStarted { .. }));
        let ended = count(|event| matches!(event, Event::WriteEnded { .. }));
        assert_eq!(started, ended, "{story}");
        let queued = count(|event| matches!(event, Event::TellQueued { .. }));
        let told = count(|event| matches!(event, Event::Told { .. }));
        assert_eq!(queued, told, "{story}");
        let failed = count(|event| matches!(event, Event::DesireFailed { .. }));
        assert_eq!(failed, 0, "{story}");
    }
}

#[tokio::test]
async fn a_reload_in_any_phase_of_an_act_loses_and_repeats_nothing() {
    for failures in 0..=2 {
        for turn in 0..40_u32 {
            let bench = Bench::new(failures);
            let mut watcher = bench.asked_to_halt().await;
            let left = std::cell::Cell::new(turn);
            let passed = |_: &Watcher| left.replace(left.get().saturating_sub(1)) == 0;
            watcher.run(pending(), passed).await;
            bench.reload(&mut watcher).await;
            let when = format!("after {turn} turns, {failures} failures");
            bench.finish(watcher, &when).await;
        }
    }
}

#[tokio::test]
async fn while_a_write_is_under_way_nothing_is_reloaded() {
    for failures in 0..=1 {
        let bench = Bench::new(failures);
        let mut watcher = bench.asked_to_halt().await;
        watcher.run(bench.writing.notified(), |_| false).await;
        assert!(!watcher.is_between_writes());
        let setup = bench.setup(84_300);
        let why = watcher.reload(setup, Changed::default()).unwrap_err();
        assert_eq!(why.as_str(), "a write to a store is under way");
        bench.reload(&mut watcher).await;
        bench.finish(watcher, "in mid-write").await;
    }
}

#[tokio::test]
async fn an_app_whose_halt_is_not_confirmed_is_not_left() {
    let bench = Bench::new(0);
    let mut watcher = bench.asked_to_halt().await;
    watcher.run(pending(), Watcher::is_between_writes).await;
    let mut gone = bench.setup(84_300);
    gone.apps.clear();
    gone.plan.apps.clear();
    let left = || Changed {
        words: vec!["app shop removed".into()],
        left: [shop()].into(),
    };
    let why = watcher.reload(gone, left()).unwrap_err();
    assert!(why.as_str().contains("its halt is not confirmed"), "{why}");
    let refused =
        |record: &crate::domain::Record| matches!(record.event, Event::ConfigRefused { .. });
    assert!(bench.journal.records_after(0).unwrap().iter().any(refused));

    bench.reload(&mut watcher).await;
    let settled = |watcher: &Watcher| watcher.state.app(&shop()).unwrap().desire.is_none();
    watcher.run(pending(), settled).await;
    let mut gone = bench.setup(84_300);
    gone.apps.clear();
    gone.plan.apps.clear();
    watcher.reload(gone, left()).unwrap();
    assert!(watcher.snapshot().apps.is_empty());
    let end = bench.clock.now() + TimeDelta::hours(1);
    watcher
        .run(async { bench.clock.sleep_until(end).await }, |_| false)
        .await;
}

/// A read of the old adapters that is still under way brings nothing, and the new ones are asked all the same.
#[tokio::test]
async fn what_old_adapters_still_bring_is_not_looked_at() {
    let bench = Bench::new(0);
    let mut watcher = bench.watching();
    watcher.run(bench.reading.notified(), |_| false).await;
    watcher
        .reload(bench.setup(84_400), Changed::default())
        .unwrap();
    let found = |watcher: &Watcher| {
        let app = watcher.state.app(&shop());
        app.is_some_and(|app| app.release.is_some())
    };
    watcher.run(pending(), found).await;
    let found: Vec<Version> = bench
        .journal
        .records_after(0)
        .unwrap()
        .into_iter()
        .filter_map(|record| match record.event {
            Event::ReleaseFound { release, .. } => Some(release.version),
            _ => None,
        })
        .collect();
    assert_eq!(found, [Version::from_code(84_400)]);
}
