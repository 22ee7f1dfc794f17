//! What goes before what.

use std::sync::Mutex;

use futures_util::future::{BoxFuture, pending, ready};

use super::*;
use crate::domain::rollout::{Applied, Glance, Order, ReleaseView};
use crate::domain::{ActReply, Exposure, Failure, Status, StoreKind, StoreView, Version};
use crate::journal::MemoryJournal;
use crate::ports::{AccessCheck, Clock, Store};
use crate::watcher::testing::{NoChecks, halt, plan, shop, start};
use crate::watcher::{BaselineChoice, Outside};

/// A store that answers, or not.
#[derive(Default)]
struct Vendor(Mutex<(bool, bool)>);

impl Store for Vendor {
    fn kind(&self) -> StoreKind {
        StoreKind::GooglePlay
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        Box::pin(pending())
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        let (hangs, stopped) = *self.0.lock().unwrap();
        if hangs {
            return Box::pin(pending());
        }
        let status = if stopped {
            Status::Stopped
        } else {
            Status::InProgress
        };
        let release = ReleaseView {
            version: Version::from_code(84_300),
            also: Vec::new(),
            label: "8.43.0".into(),
            status,
            exposure: Exposure::from_percent(5),
            in_review: false,
            phased: None,
        };
        Box::pin(ready(Ok(StoreView {
            release: Some(release),
            waiting: None,
            previous: None,
            others: 0,
        })))
    }

    fn apply<'a>(&'a self, _order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        *self.0.lock().unwrap() = (false, true);
        Box::pin(ready(Ok(Applied::Written)))
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(ready(Vec::new()))
    }
}

/// A clock on the wall that stands: many things may be under way at once.
struct Stands;

impl Clock for Stands {
    fn now(&self) -> Timestamp {
        start()
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(pending())
    }

    fn is_discrete(&self) -> bool {
        false
    }
}

/// Runs until it is so; `false` where it never is.
async fn runs_until(watcher: &mut Watcher, done: impl Fn(&Watcher) -> bool) -> bool {
    let patience = async {
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
    };
    watcher.run(patience, done).await == Ended::Done
}

/// At a store's rate limit a read may wait for minutes, behind those of a hundred other apps.
#[tokio::test]
async fn a_halt_waits_for_no_read() {
    let vendor = Arc::new(Vendor::default());
    let store: Arc<dyn Store> = Arc::<Vendor>::clone(&vendor);
    let app = WatchedApp::new(
        shop(),
        "Shop".into(),
        store,
        Vec::new(),
        BaselineChoice::Previous,
    );
    let outside = Outside {
        journal: Arc::new(MemoryJournal::default()),
        clock: Arc::new(Stands),
        notifiers: Vec::new(),
        checker: Arc::new(NoChecks),
        on_call: watch::channel(None).1,
        heart: None,
        disarm: Box::new(|_now| Vec::new()),
        set_disarm: Box::new(|_request| Ok(())),
        on_record: Box::new(|_record| {}),
    };
    let poll = TimeDelta::minutes(1);
    let (mut watcher, _client) = Watcher::new(plan(), vec![app], outside, poll, None).unwrap();
    watcher.start(1);
    let release = |watcher: &Watcher| watcher.state.app(&shop())?.release.clone();
    assert!(runs_until(&mut watcher, |watcher| release(watcher).is_some()).await);

    vendor.0.lock().unwrap().0 = true;
    watcher.enqueue(Job::Store {
        app: shop(),
        talk: StoreTalk::Read,
    });
    assert!(watcher.start_jobs(), "a read that will never end");
    let reply = watcher.ask(halt());
    assert!(!matches!(reply, ActReply::Refused(..)), "{reply:?}");
    let stopped = |watcher: &Watcher| {
        let proven = release(watcher).is_some_and(|release| release.status == Status::Stopped);
        proven && watcher.is_between_writes()
    };
    assert!(runs_until(&mut watcher, stopped).await);
}
