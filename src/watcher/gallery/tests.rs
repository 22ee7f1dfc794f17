use std::sync::Arc;

use futures_util::future::{BoxFuture, pending};

use super::*;
use crate::api::Client;
use crate::domain::rollout::ReleaseView;
use crate::domain::{Event, Exposure, Failure, FailureKind, Status, StoreKind, Version};
use crate::engine::Plan;
use crate::journal::MemoryJournal;
use crate::policy::Budgets;
use crate::ports::Clock;
use crate::store::unavailable::Unavailable;
use crate::watcher::testing::NoChecks;
use crate::watcher::{BaselineChoice, Outside};

/// A clock on the wall whose hands the test moves.
struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(pending())
    }

    fn is_discrete(&self) -> bool {
        false
    }
}

fn id(name: &str) -> AppId {
    AppId::try_from(name.to_owned()).unwrap()
}

fn watcher() -> (Watcher, Client, Arc<Hands>) {
    let start = Timestamp::from_timestamp(1_768_055_527, 0).unwrap();
    let clock = Arc::new(Hands(Mutex::new(start)));
    let app = |name: &str| {
        let why = Failure::new(FailureKind::Refused, "not here");
        let store = Arc::new(Unavailable::new(StoreKind::GooglePlay, why));
        let baseline = BaselineChoice::Previous;
        WatchedApp::new(id(name), name.into(), store, Vec::new(), baseline)
    };
    let outside = Outside {
        journal: Arc::new(MemoryJournal::default()),
        clock: Arc::<Hands>::clone(&clock),
        notifiers: Vec::new(),
        checker: Arc::new(NoChecks),
        on_call: tokio::sync::watch::channel(None).1,
        heart: None,
        disarm: Box::new(|_now| Vec::new()),
        set_disarm: Box::new(|_request| Ok(())),
        on_record: Box::new(|_record| {}),
    };
    let plan = Plan::new(BTreeMap::new(), Budgets::default());
    let apps = vec![app("shop"), app("bank")];
    let (mut watcher, client) =
        Watcher::new(plan, apps, outside, TimeDelta::minutes(1), None).unwrap();
    watcher.start(1);
    for name in ["shop", "bank"] {
        news(&mut watcher, name, 5);
    }
    watcher.show_if_due();
    (watcher, client, clock)
}

/// The store shows another exposure.
fn news(watcher: &mut Watcher, name: &str, percent: u32) {
    let release = ReleaseView {
        version: Version::from_code(84_300),
        also: Vec::new(),
        label: "8.43.0".into(),
        status: Status::InProgress,
        exposure: Exposure::from_percent(percent),
        in_review: false,
        phased: None,
    };
    let (now, event) = (watcher.outside.clock.now(), Event::StoreChanged { release });
    watcher.state.apply(now, Some(&id(name)), &event);
    watcher.show_soon();
}

#[test]
fn an_app_without_news_is_not_drawn_again() {
    let (mut watcher, _client, clock) = watcher();
    let before = watcher.snapshot();
    news(&mut watcher, "shop", 10);
    let after = watcher.snapshot();
    let drawn_again = |before: &crate::api::Snapshot, after: &crate::api::Snapshot| {
        let both = before.apps.iter().zip(&after.apps);
        both.map(|(before, after)| !before.is_one_with(after))
            .collect::<Vec<_>>()
    };
    assert_eq!(drawn_again(&before, &after), [true, false]);
    let exposure = |app: &AppSnapshot| app.release.as_ref().unwrap().exposure;
    assert_eq!(exposure(&after.apps[0]), Exposure::from_percent(10));

    watcher.apps.get_mut(&id("bank")).unwrap().memory.edition += 1;
    let newer = watcher.snapshot();
    assert_eq!(drawn_again(&after, &newer), [false, true]);

    *clock.0.lock().unwrap() += KEPT;
    assert_eq!(drawn_again(&newer, &watcher.snapshot()), [true, true]);
}

#[test]
fn news_that_come_together_are_one_picture_and_the_last_is_shown() {
    let (mut watcher, client, clock) = watcher();
    let exposure = || {
        let picture = client.snapshot();
        let release = picture.apps[0].release.as_ref();
        release.map(|release| release.exposure.percent())
    };
    assert_eq!(exposure(), Some(5.0), "the first news are shown at once");
    for percent in [10, 20] {
        news(&mut watcher, "shop", percent);
        watcher.show_if_due();
        assert_eq!(exposure(), Some(5.0), "not yet");
    }
    let due = watcher.next_picture().unwrap();
    assert_eq!(due, clock.now() + RHYTHM);
    *clock.0.lock().unwrap() = due;
    watcher.show_if_due();
    assert_eq!(exposure(), Some(20.0));
    assert_eq!(watcher.next_picture(), None, "and no more than that");

    news(&mut watcher, "shop", 50);
    watcher.show_last();
    assert_eq!(exposure(), Some(50.0), "nobody is left with an old one");
}
