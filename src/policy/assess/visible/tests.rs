use super::super::tests::{at, counts, crashes, on, one, steady, window};
use crate::domain::{Health, Metric};
use crate::policy::assess::assess;
use crate::policy::ledger::Terms;
use crate::policy::observation::{Baseline, DataState, Paired};

/// Four hours in which the baseline crashes in one session of 2,000 and the new version, a twentieth of all, so many times as
/// often.
fn rollout(ratio: f64) -> Vec<Paired> {
    let crashes = |k: i64| (k as f64 * ratio).floor() as u64;
    (0..48)
        .map(|k| window(k, (2_000, crashes(k + 1) - crashes(k)), (38_000, 19)))
        .collect()
}

/// What is said to be visible is: a little more is found by the same volume, and much less is not.
#[test]
fn what_is_visible_is_seen() {
    for limit in [
        "worse_than_baseline = 1.0",
        "worse_than_baseline = 1.25",
        "worse_than_baseline = 2.0",
        "floor = \"99.85%\"",
    ] {
        for action in ["pause", "halt"] {
            let policy = one(limit, action);
            let look = |ratio| assess(&policy, &crashes(rollout(ratio)));
            let visible = look(1.0).metrics[0].visible.unwrap();
            assert!(
                visible > 1.3 && visible < 6.0,
                "{limit}, {action}: {visible}"
            );
            assert_eq!(
                look(visible * 1.15).health,
                Health::Breached,
                "{limit}, {action}: {visible}"
            );
            assert_ne!(
                look(visible / 1.3).health,
                Health::Breached,
                "{limit}, {action}: {visible}"
            );
        }
    }
}

#[test]
fn the_healthy_sentence_says_it() {
    let ratio = one("worse_than_baseline = 1.0", "pause");
    let seen = |observation| assess(&ratio, &observation).sentence.as_str().to_owned();
    // Four hours at 5 % of a million sessions a day.
    let told = seen(crashes(steady(48, 0, 2)));
    assert!(
        told.starts_with("3.5.0 is healthy so far: at this volume a version 3.4× as bad would have been seen. It is at 100% "),
        "{told}"
    );
    let few = seen(crashes(vec![window(0, (3, 0), (57, 0))]));
    assert!(
        few.starts_with("3.5.0 is healthy so far, but there are too few sessions to see any regression. It is at 100% "),
        "{few}"
    );
    // Without a baseline there is nothing to be so many times as bad as.
    let floor = one("floor = \"99.85%\"", "pause");
    let mut alone = crashes(steady(48, 0, 0));
    on(
        &mut alone,
        Terms {
            independent: true,
            ..Terms::of(Baseline::None)
        },
    );
    let assessment = assess(&floor, &alone);
    assert_eq!(assessment.metrics[0].visible, None);
    assert!(
        assessment.sentence.as_str().starts_with(
            "3.5.0 is healthy so far: at this volume a version below 99.66% would have been seen. It is at 100% "
        ),
        "{}",
        assessment.sentence
    );
}

#[test]
fn nothing_is_visible_without_trust_or_trials() {
    let policy = one("worse_than_baseline = 1.25", "pause");
    let mut stale = crashes(rollout(1.0));
    stale.sources[0].state = DataState::Stale;
    let none = crashes(vec![window(0, (0, 0), (38_000, 19))]);
    for observation in [stale, none] {
        let assessment = assess(&policy, &observation);
        assert!(
            assessment
                .metrics
                .iter()
                .all(|metric| metric.visible.is_none())
        );
    }
}

/// Two weeks of the version before, hour by hour; then the new one alone, which crashes three times as often.
#[test]
fn what_rests_on_the_past_is_told_with_the_pasts_counts() {
    let hour = |k: i64, new, old| Paired {
        start: at(60 * k),
        seconds: 3_600,
        ..window(0, new, old)
    };
    let mut windows: Vec<_> = (-14 * 24..0)
        .map(|k| hour(k, (0, 0), (10_000, 5)))
        .collect();
    windows.extend((0..12).map(|k| hour(k, (10_000, 15), (0, 0))));
    windows[14 * 24].old = counts(100, 0);
    let assessment = assess(
        &one("worse_than_baseline = 1.25", "pause"),
        &crashes(windows),
    );
    assert_eq!(assessment.health, Health::Breached);
    let told = assessment.sentence.as_str();
    assert!(
        told.starts_with("3.5.0 crashes 3× as often as 3.4.0 did in the two weeks before (180 of 120,000 sessions vs 1,680 of 3,360,000). If")
            && told.contains("Nobody runs 3.4.0 any more, so that an outage cannot be told from a bad version: pauses at most."),
        "{told}"
    );
    assert_eq!(assessment.rules[0].now.as_str(), "3×");
}

/// An hour of ups and downs is no news: it is only dated once it is worth a look.
#[test]
fn nothing_is_dated_before_it_is_worth_a_look() {
    let mut windows = rollout(1.0);
    windows[47].new.failures = 3;
    let assessment = assess(
        &one("worse_than_baseline = 1.25", "pause"),
        &crashes(windows),
    );
    let metric = &assessment.metrics[0];
    assert_eq!(
        (metric.since, metric.metric.clone()),
        (None, Metric::CrashFreeSessions)
    );
    assert!(
        (metric.ratio.unwrap() - 50.0 / 48.0).abs() < 0.2,
        "{metric:?}"
    );
}
