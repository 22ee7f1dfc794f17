use rand_distr::{Binomial, Distribution as _};

use super::*;
use crate::backtest::{Contender, Options, Rival, run};
use crate::domain::{Metric, SourceId, StoreKind};
use crate::policy::presets;
use std::sync::Arc;

const STRATA: [&str; 4] = ["a", "b", "c", "d"];

/// Nineteen days of one version's sessions by five minutes or an hour, 2,000 an hour and stratum: one in a thousand fails,
/// each failure `loops` times.
fn recorded(seconds: u32, loops: u64) -> Rollout {
    let mut rng = StdRng::seed_from_u64(7);
    let trials = 2_000 * u64::from(seconds) / 3_600;
    let draws = Binomial::new(trials, 0.001 / loops as f64).unwrap();
    let windows =
        (0..19 * 86_400 / i64::from(seconds)).flat_map(|n| STRATA.map(|stratum| (n, stratum)));
    let windows = windows.map(|(n, stratum)| Paired {
        start: Timestamp::from_timestamp(n * i64::from(seconds), 0).unwrap(),
        seconds,
        stratum: stratum.to_owned(),
        new: Counts::default(),
        old: Counts {
            trials,
            failures: (loops * draws.sample(&mut rng)).min(trials),
        },
    });
    Rollout {
        app: "Shop".into(),
        version: "2".into(),
        baseline: Some("1".into()),
        store: StoreKind::GooglePlay,
        exposures: Vec::new(),
        metrics: vec![MetricSeries {
            metric: Metric::CrashFreeSessions,
            source: SourceId("recording".into()),
            windows: windows.collect(),
        }],
        onset: None,
        terms: Terms::of(Baseline::Read),
    }
}

fn sums(rollout: &Rollout) -> (Counts, Counts) {
    let windows = &rollout.metrics[0].windows;
    (
        windows.iter().map(|w| w.new).sum(),
        windows.iter().map(|w| w.old).sum(),
    )
}

#[test]
fn every_session_is_on_one_side_and_the_first_week_on_none() {
    let rollout = recorded(300, 1);
    let (_, all) = sums(&rollout);
    for split in [Split::Strata, Split::Hours] {
        let placebo = Placebo::new(std::slice::from_ref(&rollout), split, 6, 1);
        assert_eq!(placebo.len(), 6, "{split:?}");
        let first = placebo.rollout(0).unwrap();
        let (new, old) = sums(&first);
        assert_eq!(new + old, all, "{split:?}");
        let week = Timestamp::UNIX_EPOCH + PAST;
        assert_eq!(first.began(), Some(week), "{split:?}");
        let beside = |w: &&Paired| w.start >= week;
        let windows = first.metrics[0].windows.iter().filter(beside);
        let (n1, n0) = windows.fold((0, 0), |(n1, n0), w| (n1 + w.new.trials, n0 + w.old.trials));
        assert_eq!(n1, n0, "{split:?}: half and half");
        let second = placebo.rollout(1).unwrap();
        assert_ne!(first.metrics, second.metrics, "{split:?}");
        let again = Placebo::new(std::slice::from_ref(&rollout), split, 6, 1);
        assert_eq!(
            again.rollout(1).unwrap().metrics,
            second.metrics,
            "{split:?}"
        );
    }
}

#[test]
fn strata_are_split_in_every_way_that_there_is_and_no_more() {
    let placebo = Placebo::new(&[recorded(3_600, 1)], Split::Strata, 200, 1);
    assert_eq!(placebo.versions()[0].splits, 6, "two of four");
}

#[test]
fn crash_loops_are_seen_and_a_policy_that_knows_them_stops_nothing() {
    let policy = presets::get("safe-production").unwrap();
    let (policy, _) = policy.resolve("safe-production").unwrap();
    let contenders = [
        Contender::Policy(Arc::new(policy)),
        Contender::Rival(Rival::ZTest),
    ];
    let options = Options {
        every: TimeDelta::hours(1),
        ..Options::default()
    };
    for (loops, phi) in [(1, 1.0..1.3), (20, 17.0..23.0)] {
        let placebo = Placebo::new(&[recorded(3_600, loops)], Split::Hours, 20, 1);
        let found = placebo.versions()[0].phi.unwrap();
        assert!(phi.contains(&found), "{found}");
        let report = run(&placebo, &contenders, &options, &());
        let [ours, z_test] = [0, 1].map(|n: usize| report.contenders[n].summary.pause.false_acts);
        assert_eq!((ours.hits, ours.of), (0, 20));
        assert!(z_test.hits >= if loops == 1 { 1 } else { 15 }, "{z_test:?}");
    }
}

#[test]
fn a_version_that_was_bad_is_no_stable_one() {
    let (of_one, mut own) = (recorded(3_600, 1), recorded(3_600, 1));
    (own.version, own.baseline) = ("1".into(), Some("0".into()));
    let versions = |rollouts: &[Rollout]| {
        let placebo = Placebo::new(rollouts, Split::Hours, 1, 1);
        let versions = placebo.versions().into_iter();
        versions
            .map(|stable| stable.version.to_string())
            .collect::<Vec<_>>()
    };
    let mut rollouts = [of_one, own];
    assert_eq!(versions(&rollouts), ["1", "0"]);
    rollouts[1].onset = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(versions(&rollouts), ["0"]);
}

#[test]
fn what_cannot_be_split_is_left_out() {
    let mut rollout = recorded(3_600, 1);
    let placebo =
        |rollout: &Rollout, split| Placebo::new(std::slice::from_ref(rollout), split, 3, 1);
    rollout.metrics[0].metric = Metric::CrashFreeUsers;
    assert!(
        placebo(&rollout, Split::Hours).is_empty(),
        "users of an hour"
    );
    assert!(!placebo(&rollout, Split::Strata).is_empty());
    rollout.metrics[0]
        .windows
        .retain(|window| window.stratum == "a");
    assert!(placebo(&rollout, Split::Strata).is_empty(), "one stratum");
    rollout.baseline = None;
    rollout.metrics[0].metric = Metric::CrashFreeSessions;
    assert!(placebo(&rollout, Split::Hours).is_empty(), "no baseline");
}
