use super::*;
use proptest::prelude::*;

use crate::backtest::simulate::Outage;
use crate::backtest::{Contender, Simulated, Source, World, run};
use crate::domain::Verb;
use crate::policy::RawPolicy;

fn policy(rules: &str) -> Arc<Policy> {
    let raw: RawPolicy = toml::from_str(rules).unwrap();
    Arc::new(raw.resolve("test").unwrap().0)
}

fn recommended() -> Arc<Policy> {
    policy(
        r#"
        [[rule]]
        id = "ratio-pause"
        metric = "crash_free_sessions"
        worse_than_baseline = 1.25
        action = "pause"
        [[rule]]
        id = "floor-pause"
        metric = "crash_free_sessions"
        floor = "99.85%"
        action = "pause"
        [[rule]]
        id = "ratio-halt"
        metric = "crash_free_sessions"
        worse_than_baseline = 2.0
        action = "halt"
        [[rule]]
        id = "floor-halt"
        metric = "crash_free_sessions"
        floor = "99.5%"
        action = "halt"
        "#,
    )
}

/// A day and a half at a million sessions a day.
fn short(regression: f64, seed: u64) -> World {
    World {
        length: TimeDelta::hours(36),
        regression,
        seed,
        ..World::default()
    }
}

fn first(world: World) -> Rollout {
    Simulated::new(world, 1).rollout(0).unwrap().into_owned()
}

#[test]
fn a_bad_version_is_paused_then_halted_and_says_why() {
    let rollout = first(short(10.0, 3));
    let outcome = replay(&recommended(), &rollout, &Options::default());
    let (pause, halt) = (outcome.pause.unwrap(), outcome.halt.unwrap());
    assert!(outcome.notice.unwrap().at <= pause.at && pause.at <= halt.at);
    assert_eq!(
        (pause.verb, halt.verb),
        (Some(Verb::Pause), Some(Verb::Halt))
    );
    assert!(pause.ln_evidence.unwrap() >= 300f64.ln(), "{pause:?}");
    assert!(halt.ln_evidence.unwrap() >= 2_000f64.ln(), "{halt:?}");
    assert!(
        halt.sentence.as_str().contains("in at most 1"),
        "{}",
        halt.sentence
    );
    assert!(
        (0.0..0.05).contains(&pause.exposed) && pause.trials > 100,
        "{pause:?}"
    );
    assert!(pause.avoidable > halt.avoidable && halt.avoidable > 0.0);
}

/// Policies that use everything that an engine might count, wait for or remember.
fn policies() -> [Arc<Policy>; 3] {
    let patient = policy(
        r#"
        [[rule]]
        id = "tell"
        metric = "crash_free_sessions"
        floor = "99.9%"
        action = "notify"
        [[rule]]
        id = "hold"
        metric = "crash_free_sessions"
        worse_than_baseline = 1.0
        action = "hold"
        [[rule]]
        id = "pause"
        metric = "crash_free_sessions"
        drop_from_baseline = "0.1pt"
        action = "pause"
        grace = "30m"
        [[rule]]
        id = "halt"
        metric = "crash_free_sessions"
        worse_than_baseline = 2.0
        action = "halt"
        during = { exposure = "0%..10%" }
        "#,
    );
    let plain = policy(
        r#"
        [[rule]]
        id = "threshold"
        metric = "crash_free_sessions"
        floor = "99.8%"
        evidence = "observed"
        window = "1h"
        min_sessions = 200
        for = 3
        action = "pause"
        [[rule]]
        id = "halt"
        metric = "crash_free_sessions"
        floor = "99.5%"
        action = "halt"
        "#,
    );
    [recommended(), patient, plain]
}

/// A rollout of a quarter of an hour a window, in which anything may happen.
fn anything() -> impl Strategy<Value = Rollout> {
    let troubles = (
        prop_oneof![Just(1.0), Just(1.6), Just(3.0), Just(8.0), Just(60.0)],
        0..30i64,
        proptest::option::of((0..30i64, 1.5..60.0f64)),
        proptest::option::of((0..120usize, 1..20usize)),
    );
    (any::<u64>(), 3e4..3e6f64, troubles).prop_map(|(seed, sessions_per_day, troubles)| {
        let (regression, onset, outage, gap) = troubles;
        let mut rollout = first(World {
            sessions_per_day,
            regression,
            onset: Some(TimeDelta::hours(onset)),
            outage: outage.map(|(hour, times)| Outage {
                from: TimeDelta::hours(hour),
                lasts: TimeDelta::hours(2),
                times,
            }),
            window: TimeDelta::minutes(15),
            length: TimeDelta::hours(30),
            past: TimeDelta::days(8),
            lag: TimeDelta::hours(1),
            seed,
            ..World::default()
        });
        if let Some((from, many)) = gap {
            let began = rollout.began().unwrap();
            let windows = &mut rollout.metrics[0].windows;
            let from = windows.partition_point(|window| window.start < began) + from;
            windows.drain(from.min(windows.len())..(from + many).min(windows.len()));
        }
        rollout
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn leaving_out_polls_at_which_nothing_changes_changes_nothing(rollout in anything()) {
        let options = Options { trail: true, every: TimeDelta::minutes(15), threads: None };
        for policy in policies() {
            let skipping = walk(&policy, &rollout, &options, Pace::Skipping);
            let all = walk(&policy, &rollout, &options, Pace::EveryPoll);
            prop_assert_eq!(&skipping, &all);
            // Nor does ending early, where nothing new can come.
            let early = walk(&policy, &rollout, &Options { trail: false, ..options.clone() }, Pace::Skipping);
            prop_assert_eq!((early.notice, early.pause, early.halt), (all.notice, all.pause, all.halt));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn the_rhythm_of_polls_changes_no_verdict(rollout in anything()) {
        let began = rollout.began().unwrap();
        for policy in policies() {
            let at_each_hour = |minutes| {
                let options = Options { trail: true, every: TimeDelta::minutes(minutes), threads: None };
                let trail = replay(&policy, &rollout, &options).trail;
                let at = |hour| {
                    let moment = began + TimeDelta::hours(hour);
                    trail.iter().rev().find(|mark| mark.at <= moment).map(|mark| mark.health)
                };
                (1..30).map(at).collect::<Vec<_>>()
            };
            let often = at_each_hour(1);
            prop_assert_eq!(&often, &at_each_hour(5));
            prop_assert_eq!(&often, &at_each_hour(60));
        }
    }
}

#[test]
fn a_silent_source_is_unknown_and_stops_nothing() {
    let mut rollout = first(short(10.0, 3));
    let whole = replay(&recommended(), &rollout, &Options::default());
    let stopped = whole.stopped().unwrap().at;
    let began = rollout.began().unwrap();
    let windows = &mut rollout.metrics[0].windows;
    windows.retain(|window| {
        window.start < began + TimeDelta::hours(1) || window.start >= stopped + TimeDelta::hours(3)
    });
    let gap = replay(&recommended(), &rollout, &Options::default());
    assert!(gap.stopped().unwrap().at > stopped + TimeDelta::hours(3));
    let blind = (stopped - began).num_minutes() / 5;
    assert!(
        i64::from(gap.unknown) > blind && whole.unknown < 20,
        "{} {}",
        gap.unknown,
        whole.unknown
    );
}

#[test]
fn where_nobody_ran_the_version_nothing_is_decided() {
    let mut rollout = first(short(1.0, 1));
    for window in &mut rollout.metrics[0].windows {
        window.new = crate::domain::Counts::default();
    }
    let outcome = replay(&recommended(), &rollout, &Options::default());
    assert_eq!(
        (outcome.began, outcome.polls, outcome.stopped()),
        (None, 0, None)
    );
    rollout.metrics.clear();
    assert_eq!(
        replay(&recommended(), &rollout, &Options::default()).ended,
        None
    );
}

#[test]
fn what_the_store_no_longer_allows_is_told_apart() {
    let mut rollout = first(short(10.0, 3));
    rollout.store = crate::domain::StoreKind::AppStore;
    rollout.exposures = vec![(rollout.began().unwrap(), Exposure::FULL)];
    let outcome = replay(&recommended(), &rollout, &Options::default());
    let withheld = outcome.withheld.as_ref().unwrap();
    assert!(outcome.stopped().is_none());
    assert!(
        withheld.sentence.as_str().contains("COMPLETE"),
        "{}",
        withheld.sentence
    );
}

/// The table of the specification, in small: the benches print all of it.
#[test]
fn the_published_sessions_to_a_stop_are_met() {
    let contender = [Contender::Policy(recommended())];
    for (regression, pause, halt) in [
        (6.0, 3_600.0, 7_900.0),
        (10.0, 1_400.0, 2_600.0),
        (58.0, 144.0, 171.0),
    ] {
        let world = World {
            length: TimeDelta::hours(40),
            ..short(regression, 7)
        };
        let report = run(
            &Simulated::new(world, 60),
            &contender,
            &Options::default(),
            &(),
        );
        let summary = &report.contenders[0].summary;
        for (score, published) in [(&summary.pause, pause), (&summary.halt, halt)] {
            let mean = score.delay.as_ref().unwrap().trials.mean;
            assert!(
                (mean / published - 1.0).abs() < 0.15,
                "{regression}: {mean} of {published}"
            );
        }
    }
}
