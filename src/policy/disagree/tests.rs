use std::sync::Arc;

use super::*;
use crate::policy::assess::tests::{at, crashes, one};
use crate::policy::observation::SourceState;

/// Hours of both versions.
fn hours(
    many: i64,
    minutes: i64,
    (new, new_failures): (u64, u64),
    (old, old_failures): (u64, u64),
) -> Vec<Paired> {
    let window = |k| Paired {
        start: at(40 + minutes * k),
        seconds: u32::try_from(minutes * 60).unwrap(),
        stratum: String::new(),
        new: Counts {
            trials: new,
            failures: new_failures,
        },
        old: Counts {
            trials: old,
            failures: old_failures,
        },
    };
    (0..many).map(window).collect()
}

/// Twenty hours in which the first source sees so many times the baseline's failures, and a second opinion.
fn observed(times: u64, second: Vec<Paired>) -> Observation {
    let mut observation = crashes(hours(240, 5, (500, times), (5_000, 10)));
    let id = SourceId("vitals".into());
    let source = SourceState {
        id: id.clone(),
        ..observation.sources[0].clone()
    };
    observation.sources.push(source);
    observation.beside.seconds = Arc::new(vec![MetricSeries {
        metric: Metric::CrashFreeSessions,
        source: id,
        windows: second,
    }]);
    observation
}

fn found(observation: &Observation) -> Vec<Disagreement> {
    disagreements(&observation.ledger, observation)
}

#[test]
fn sources_that_count_differently_and_mean_the_same_agree() {
    // A fifth of the sessions, and twice the crashes: another definition, and the same ratio.
    assert_eq!(
        found(&observed(3, hours(20, 60, (1_200, 14), (12_000, 48)))),
        []
    );
    assert_eq!(
        found(&observed(1, hours(20, 60, (600, 1), (6_000, 10)))),
        []
    );
}

#[test]
fn ratios_beyond_each_others_intervals_are_a_disagreement() {
    let mut observation = observed(3, hours(20, 60, (6_000, 12), (60_000, 120)));
    let found_now = found(&observation);
    let [one] = &found_now[..] else {
        panic!("{found_now:?}");
    };
    assert_eq!(
        (one.first.source.0.as_str(), one.second.source.0.as_str()),
        ("sentry", "vitals")
    );
    assert!(one.first.low > one.second.high, "{one:?}");
    assert!((one.first.ratio - 3.0).abs() < 0.01 && (one.second.ratio - 1.0).abs() < 0.01);
    let words = one.sentence.as_str();
    assert!(
        words.starts_with("sentry and vitals disagree: since 14 Nov 2"),
        "{words}"
    );
    assert!(words.contains("3.5.0 crashes 3× (between 2."), "{words}");
    assert!(
        words.ends_with("sentry decides, since it comes first."),
        "{words}"
    );
    // Whose data are not believed is told already.
    for state in [DataState::Anomalous, DataState::Missing] {
        observation.sources[1].state = state;
        assert_eq!(found(&observation), []);
    }
}

#[test]
fn what_was_told_ends_where_the_intervals_touch() {
    // Apart, but by less than is worth telling.
    let mut observation = observed(2, hours(20, 60, (60_000, 160), (600_000, 1_200)));
    assert_eq!(found(&observation), []);
    let key = (Metric::CrashFreeSessions, SourceId("vitals".into()));
    observation.beside.disagreed.insert(key.clone());
    assert_eq!(found(&observation).len(), 1, "it goes on");
    let mut observation = observed(2, hours(20, 60, (60_000, 240), (600_000, 1_200)));
    observation.beside.disagreed.insert(key);
    assert_eq!(found(&observation), [], "it is over");
}

#[test]
fn only_what_both_have_counted_is_compared() {
    // The second source has seen the last hour alone, in which the first one sees nothing wrong.
    let mut first = hours(240, 5, (500, 3), (5_000, 10));
    for window in first.iter_mut().rev().take(40) {
        window.new.failures = u64::from(window.start.timestamp() % 600 == 0);
        window.old.failures = 5;
    }
    let late = hours(20, 60, (6_000, 12), (60_000, 120)).split_off(17);
    let mut observation = observed(3, late);
    let whole = crashes(first);
    observation.ledger = whole.ledger;
    assert_eq!(found(&observation), []);
    // Days are compared with days: a day that is not over is not.
    let day = hours(1, 24 * 60, (140_000, 280), (1_400_000, 2_800));
    assert_eq!(found(&observed(3, day)), []);
}

#[test]
fn without_a_baseline_there_is_nothing_to_compare() {
    let mut observation = observed(3, hours(20, 60, (6_000, 12), (60_000, 120)));
    let policy = one("floor = \"99%\"", "pause");
    let terms = crate::policy::Terms::of(Baseline::None);
    observation.ledger = Arc::new(observation.ledger.anew(&policy, terms));
    assert_eq!(found(&observation), []);
}
