//! The past of the demo against what its screen showed then.

use std::collections::BTreeMap;

use super::*;
use crate::api::wire::{WatcherState, When};
use crate::api::{AppSnapshot, Snapshot};
use crate::domain::FailureKind;

/// What has to be as it was: the verdict and everything it rests on, and what was decided. Not what a gate still waits for: it
/// counts time, to the minute of then in the past, and to the poll before on the screen.
fn told(app: &AppSnapshot) -> impl PartialEq + std::fmt::Debug {
    let metrics = app.metrics.iter();
    let metrics = metrics.map(|it| (it.metric.clone(), it.new, it.old, it.health));
    let rules = app.rules.iter();
    let rules = rules.map(|it| (it.rule.clone(), it.now.clone(), it.state.clone()));
    (
        (app.release.clone(), app.version_name.clone()),
        (app.health, app.sentence.clone(), app.revision),
        metrics.collect::<Vec<_>>(),
        rules.collect::<Vec<_>>(),
        (app.fired.clone(), app.announced.clone(), app.desire.clone()),
        (app.execution.clone(), app.latched),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_what_the_screen_showed_then() {
    let scenario = Scenario::load("demo").unwrap();
    let start = scenario.start + scenario.at.0;
    let clock = Arc::new(SimClock::starting_at(start));
    let time = SimTime::Discrete(Arc::clone(&clock));
    let options = Options {
        seed: 1,
        time,
        listen: None,
        dir: None,
    };
    let sim = Running::start(scenario, options).await.unwrap();
    let config = config::load(&sim.config, &Surroundings::default())
        .config
        .unwrap();
    let clock: Arc<dyn Clock> = clock;
    let (mut watcher, _client, _lock) =
        house::open_own(&config, &clock, Box::new(|_record| {})).unwrap();
    let mut kept = BTreeMap::<u64, Snapshot>::new();
    watcher
        .run(std::future::pending(), |watcher| {
            let seq = watcher.state().seq;
            kept.entry(seq).or_insert_with(|| watcher.snapshot());
            halted(watcher)
        })
        .await;
    let present = watcher.state().clone();
    assert!(kept.len() > 20, "{}", kept.len());

    let mut wrong = Vec::new();
    for (seq, shown) in &kept {
        let past = watcher.past(When::Seq(*seq)).await.unwrap();
        assert_eq!((past.seq, past.events.last()), (*seq, shown.events.last()));
        assert_eq!(past.watcher, shown.watcher);
        for (then, live) in past.apps.iter().zip(&shown.apps) {
            // Until the first poll of a watcher nothing is assessed, though the journal could tell.
            if live.metrics.is_empty() {
                continue;
            }
            let (then_told, live_told) =
                (format!("{:#?}", told(then)), format!("{:#?}", told(live)));
            let differs = then_told.lines().zip(live_told.lines());
            let differs = differs.filter(|(then, live)| then != live);
            wrong.extend(differs.map(|(then, live)| format!("record {seq}: {then} not {live}")));
            assert!(then.issues.is_empty() && then.shares.is_empty() && !then.notes.is_empty());
        }
    }

    assert!(wrong.is_empty(), "{wrong:#?}");

    // Between two records the state is that of the first, at the time asked for.
    let last = kept.values().next_back().unwrap();
    let middle = kept.values().nth(kept.len() / 2).unwrap();
    let between = middle.at + TimeDelta::seconds(1);
    let past = watcher.past(When::At(between)).await.unwrap();
    assert_eq!(past.at, between);
    assert!(past.seq < last.seq && past.events.iter().all(|record| record.at <= between));
    assert!(matches!(past.watcher, WatcherState::Acting { .. }));

    let before = watcher.past(When::At(start - TimeDelta::hours(1))).await;
    let why = before.unwrap_err();
    assert_eq!(why.kind, FailureKind::NotFound);
    assert!(
        why.what.as_str().starts_with("the journal begins at "),
        "{why}"
    );
    for never in [
        When::Seq(1_000_000),
        When::At(clock.now() + TimeDelta::hours(1)),
    ] {
        assert_eq!(
            watcher.past(never).await.unwrap_err().kind,
            FailureKind::NotFound
        );
    }
    assert_eq!(*watcher.state(), present, "looking back changes nothing");
}
