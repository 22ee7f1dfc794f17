//! When a watcher begins anew, and when it does not.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures_util::future::{BoxFuture, ready};

use super::*;
use crate::engine::Plan;
use crate::journal::MemoryJournal;
use crate::policy::Budgets;
use crate::ports::{CheckRequest, Checker};
use crate::watcher::Outside;

/// One that can be set.
struct Set(Mutex<Timestamp>);

impl Clock for Set {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, _t: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(ready(()))
    }

    fn is_discrete(&self) -> bool {
        false
    }
}

struct NoChecks;

impl Checker for NoChecks {
    fn check<'a>(
        &'a self,
        _request: &'a CheckRequest,
    ) -> BoxFuture<'a, Result<PlainText, PlainText>> {
        Box::pin(ready(Ok("fine".into())))
    }
}

fn watcher(clock: &Arc<Set>, distrust: Option<PlainText>) -> Watcher {
    let outside = Outside {
        journal: Arc::new(MemoryJournal::default()),
        clock: Arc::<Set>::clone(clock),
        notifiers: Vec::new(),
        checker: Arc::new(NoChecks),
        disarm: Box::new(|_now| Vec::new()),
        set_disarm: Box::new(|_request| Ok(())),
        on_call: tokio::sync::watch::channel(None).1,
        heart: None,
        on_record: Box::new(|_record| {}),
    };
    let plan = Plan::new(BTreeMap::new(), Budgets::default());
    let minute = TimeDelta::minutes(1);
    Watcher::new(plan, Vec::new(), outside, minute, distrust)
        .unwrap()
        .0
}

fn clock() -> Arc<Set> {
    let now = Timestamp::from_timestamp(1_768_055_527, 0).unwrap();
    Arc::new(Set(Mutex::new(now)))
}

#[test]
fn a_clock_that_is_put_back_by_hours_is_noticed_once() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), clock());
    let watcher = watcher(&clock, None);
    let look = || Anew::look_from_now(dir.path().to_owned(), Arc::<Set>::clone(&clock));
    let mut anew = look();
    let set = |by: TimeDelta| *clock.0.lock().unwrap() += by;
    assert!(!anew.is_due(&watcher));
    for by in [
        TimeDelta::hours(5),
        TimeDelta::seconds(-30),
        TimeDelta::seconds(1),
    ] {
        set(by);
        assert!(!anew.is_due(&watcher), "{by}");
    }
    set(TimeDelta::hours(-3));
    assert!(anew.is_due(&watcher));
    let why = anew.why().unwrap();
    assert!(why.as_str().contains("put back by 180 min"), "{why}");
    assert!(!look().is_due(&watcher), "no more afterwards");
}

#[test]
fn room_that_is_back_is_a_reason_where_it_was_missing_and_for_nothing_else() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), clock());
    let look = || Anew::look_from_now(dir.path().to_owned(), Arc::<Set>::clone(&clock));
    // Nothing is set aside: there was no room for it.
    let failed = watcher(&clock, Some("the disk is full".into()));
    assert!(!look().is_due(&watcher(&clock, None)), "it acts");
    assert!(look().is_due(&failed));
    // It is now: whatever keeps this one from acting, room does not cure it.
    assert!(!look().is_due(&failed));
}
