//! Questions about the past while a watcher runs: neither holds the other up. All of it is on one thread, so that whoever gives
//! the other no turn hangs.

use std::future::pending;
use std::time::Duration;

use futures_util::future::ready;

use super::*;
use crate::api::Client;
use crate::domain::rollout::{Applied, Glance, Order, ReleaseView};
use crate::domain::{Exposure, Status, StoreKind, StoreView};
use crate::journal::MemoryJournal;
use crate::policy::Budgets;
use crate::ports::{AccessCheck, Clock, NewRecord, SimClock, Store, WallClock};
use crate::watcher::testing::{NoChecks, shop, start};
use crate::watcher::{BaselineChoice, Outside};

/// Only for where it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store that is asked and never answers, or answers at once that it cannot.
struct Vendor {
    answers: bool,
}

impl Vendor {
    fn say<T: Send + 'static>(&self) -> BoxFuture<'static, Result<T, Failure>> {
        if self.answers {
            let why = Failure::new(FailureKind::Retry, "not now");
            Box::pin(ready(Err(why)))
        } else {
            Box::pin(pending())
        }
    }
}

impl Store for Vendor {
    fn kind(&self) -> StoreKind {
        StoreKind::GooglePlay
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        self.say()
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        self.say()
    }

    fn apply<'a>(&'a self, _order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        self.say()
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(ready(Vec::new()))
    }
}

/// A watcher on a journal with a release in progress.
fn watcher(clock: Arc<dyn Clock>, answers: bool) -> (Watcher, Client) {
    let journal = MemoryJournal::default();
    let release = ReleaseView {
        version: Version::from_code(84_300),
        also: Vec::new(),
        label: "8.43.0".into(),
        status: Status::InProgress,
        exposure: Exposure::from_percent(5),
        in_review: false,
        phased: None,
    };
    let found = NewRecord {
        at: start(),
        app: Some(shop()),
        event: Event::ReleaseFound {
            release,
            previous: None,
        },
    };
    journal.append(&[found]).unwrap();
    let app = WatchedApp::new(
        shop(),
        "Shop".into(),
        Arc::new(Vendor { answers }),
        Vec::new(),
        BaselineChoice::Previous,
    );
    let outside = Outside {
        journal: Arc::new(journal),
        clock,
        notifiers: Vec::new(),
        checker: Arc::new(NoChecks),
        disarm: Box::new(|_now| Vec::new()),
        set_disarm: Box::new(|_request| Ok(())),
        on_call: tokio::sync::watch::channel(None).1,
        heart: None,
        on_record: Box::new(|_record| {}),
    };
    let plan = Plan::new(BTreeMap::new(), Budgets::default());
    let (mut watcher, client) =
        Watcher::new(plan, vec![app], outside, TimeDelta::minutes(1), None).unwrap();
    watcher.start(1);
    (watcher, client)
}

/// Both questions, several times and side by side, of a watcher that runs.
async fn answered(clock: Arc<dyn Clock>, answers: bool) {
    let (mut watcher, client) = watcher(clock, answers);
    let asker = tokio::spawn(async move {
        for _ in 0..50 {
            let (then, charts) = tokio::join!(client.past(When::Seq(1)), client.history(shop()));
            assert_eq!(then.unwrap().unwrap().seq, 1);
            assert_eq!(charts.unwrap().unwrap().started, start());
        }
    });
    let run = watcher.run(async { asker.await.unwrap() }, |_watcher| false);
    tokio::time::timeout(PATIENCE, run).await.unwrap();
}

#[tokio::test]
async fn a_watcher_that_waits_for_its_vendors_answers() {
    answered(Arc::new(WallClock), false).await;
    answered(Arc::new(SimClock::starting_at(start())), false).await;
}

#[tokio::test]
async fn a_watcher_that_has_always_something_to_do_answers() {
    answered(Arc::new(SimClock::starting_at(start())), true).await;
}

#[tokio::test]
async fn a_watcher_that_is_paced_answers() {
    answered(Arc::new(SimClock::paced(start(), 1e9)), true).await;
}

#[tokio::test]
async fn a_watcher_whose_time_stands_still_answers() {
    answered(Arc::new(SimClock::paced(start(), 0.0)), true).await;
}

/// Several who ask on and on: time goes on all the same.
#[tokio::test]
async fn questions_do_not_hold_the_watcher_up() {
    let clock = Arc::new(SimClock::starting_at(start()));
    let (mut watcher, client) = watcher(Arc::<SimClock>::clone(&clock), true);
    let end = start() + TimeDelta::hours(1);
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let client = client.clone();
        askers.spawn(async move {
            loop {
                let (then, charts) =
                    tokio::join!(client.past(When::Seq(1)), client.history(shop()));
                assert!(then.unwrap().is_ok() && charts.unwrap().is_ok());
            }
        });
    }
    let run = watcher.run(pending(), |_watcher| clock.now() >= end);
    let ended = tokio::time::timeout(PATIENCE, run).await;
    // None of them broke off.
    assert!(askers.try_join_next().is_none());
    ended.unwrap();
}
