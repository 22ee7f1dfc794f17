use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution};

use super::*;
use crate::evidence::LimitTest;

pub(in crate::evidence) type Window = (Counts, Counts);

pub(in crate::evidence) const fn window(n1: u64, x1: u64, n0: u64, x0: u64) -> Window {
    (
        Counts {
            trials: n1,
            failures: x1,
        },
        Counts {
            trials: n0,
            failures: x0,
        },
    )
}

pub(in crate::evidence) const S1: Window = window(312, 9, 30_888, 22);
const S2: [Window; 3] = [
    window(100, 0, 9_900, 5),
    window(120, 2, 9_880, 4),
    window(500, 3, 9_500, 6),
];
const S3: [Window; 2] = [window(1_000, 2, 9_000, 4), window(1_000, 5, 0, 0)];
const S4: Window = window(1_000, 0, 9_000, 0);
pub(in crate::evidence) const S5: Window = window(2_500_000, 3_100, 2_500_000, 1_250);
const S6: Window = window(50_000, 25, 950_000, 475);
pub(in crate::evidence) const S7: Window = window(312, 6, 30_888, 48);

/// Within 1e-9 of the reference, relative.
pub(in crate::evidence) fn close(found: f64, expected: f64) {
    let scale = expected.abs().max(1e-3);
    assert!(
        (found - expected).abs() <= 1e-9 * scale,
        "{found} is not {expected}"
    );
}

fn split(margin: f64, windows: &[Window]) -> Split {
    let mut split = Split::new(margin);
    for (new, old) in windows {
        split.add(*new, *old);
    }
    split
}

#[test]
fn matches_the_reference() {
    let cases: [(&[Window], [f64; 3]); 6] = [
        (
            &[S1],
            [21.130_870_579_4, 18.938_263_410_9, 15.092_427_549_6],
        ),
        (&S2, [5.823_856_260_99, 4.916_212_397_43, 3.157_061_192_87]),
        (
            &S3,
            [0.637_290_923_734, 0.368_624_102_677, -0.169_941_176_692],
        ),
        (&[S4], [0.0, 0.0, 0.0]),
        (&[S5], [388.720_078_627, 224.992_027_853, 3.733_060_500_83]),
        (
            &[S6],
            [-3.993_692_206_63, -6.853_348_723_06, -14.915_139_288_2],
        ),
    ];
    for (windows, expected) in cases {
        for (margin, expected) in [1.0, 1.25, 2.0].into_iter().zip(expected) {
            close(split(margin, windows).ln_evidence(), expected);
        }
    }
    close(split(1.0, &[S7]).ln_evidence(), 7.702_390_852_93);
    close(split(1.0, &[S1, S6]).ln_evidence(), -0.421_790_239_45);
    let halved = SplitTest::new(1.0).with_dispersion(2.0);
    close(ln_mean_exp(halved.gains(S1.0, S1.1)), 9.893_033_096_96);
    let expected = [
        3.494_572_186_13,
        5.929_864_368_59,
        9.273_629_151_83,
        14.613_340_133_8,
        20.310_575_675_3,
        22.846_147_330_2,
    ];
    for (sum, expected) in split(1.0, &[S1]).sums().into_iter().zip(expected) {
        close(sum, expected);
    }
}

#[test]
fn grows_as_the_reference_does_window_by_window() {
    let windows = [
        window(100, 0, 9_900, 5),
        window(120, 1, 9_880, 4),
        window(150, 0, 9_850, 6),
        window(150, 2, 9_850, 5),
        window(160, 3, 9_840, 4),
        window(500, 9, 9_500, 5),
    ];
    let expected = [
        -0.339_764_452_412,
        0.803_278_573_327,
        0.343_744_188_882,
        3.163_761_587_92,
        9.289_058_808_6,
        26.199_178_536_5,
    ];
    let mut split = Split::new(1.0);
    for ((new, old), expected) in windows.into_iter().zip(expected) {
        split.add(new, old);
        close(split.ln_evidence(), expected);
    }
}

/// How many of 2,000 seeded healthy rollouts ever reach evidence 20, looked at after each of 300 windows, while the share
/// of the new version ramps up and both versions suffer the same weekend and the same outage.
fn false_alarms(margin: f64, look: impl Fn(&Split, Counts) -> f64, steady: bool) -> usize {
    let mut rng = StdRng::seed_from_u64(7);
    let mut draw = |trials: u64, share: f64| Counts {
        trials,
        failures: Binomial::new(trials, share).unwrap().sample(&mut rng),
    };
    let rollout = |_: &usize| {
        let mut split = Split::new(margin);
        let mut total = Counts::default();
        (0..300u64).any(|hour| {
            let new_trials = [40, 200, 800, 2_000][(hour / 75) as usize];
            let share = match hour {
                _ if steady => 0.0015,
                120..123 => 0.01,
                180..240 => 0.00065,
                _ => 0.0005,
            };
            let new = draw(new_trials, (share * margin).min(1.0));
            split.add(new, draw(4_000 - new_trials, share));
            total = total + new;
            look(&split, total) >= 20f64.ln()
        })
    };
    (0..2_000).filter(rollout).count()
}

#[test]
fn a_healthy_rollout_is_rarely_suspected_however_often_one_looks() {
    // 5 % of 2,000 and three standard deviations.
    let most = 100 + 30;
    let by_split = false_alarms(1.0, |split, _| split.ln_evidence(), false);
    assert!(by_split <= most, "{by_split}");
    assert!(by_split > 0, "a test that never alarms shows nothing");
    let at_margin = false_alarms(2.0, |split, _| split.ln_evidence(), false);
    assert!(at_margin <= most, "{at_margin}");
    let limit = LimitTest::new(0.0015);
    let by_limit = false_alarms(1.0, |_, total| limit.ln_evidence(total), true);
    assert!(by_limit <= most && by_limit > 0, "{by_limit}");
}

fn finite<const N: usize>(test: SplitTest<N>, windows: &[Window]) -> bool {
    let mut split = Split::from(test);
    for (new, old) in windows {
        split.add(*new, *old);
    }
    split.ln_evidence().is_finite()
}

pub(in crate::evidence) fn any_window() -> impl Strategy<Value = Window> {
    let side = || {
        (0..10_000_000_000u64, 0.0..1.0f64).prop_map(|(trials, share)| Counts {
            trials,
            failures: (trials as f64 * share.powi(4)) as u64,
        })
    };
    (side(), side())
}

proptest! {
    #[test]
    fn is_a_number_for_any_counts(
        windows in proptest::collection::vec(any_window(), 0..10), margin in 1.0..1000.0f64, dispersion in 0.0..50.0f64,
    ) {
        let worse = SplitTest::new(margin).with_dispersion(dispersion);
        prop_assert!(finite(worse, &windows) && finite(SplitTest::fewer(margin), &windows));
        prop_assert!(finite(SplitTest::health(margin), &windows));
    }

    #[test]
    fn without_one_of_the_versions_nothing_changes(base in any_window(), lone in any_window()) {
        let with = |extra: Window| split(1.25, &[base, extra]);
        prop_assert_eq!(with((lone.0, Counts::default())), split(1.25, &[base]));
        prop_assert_eq!(with((Counts::default(), lone.1)), split(1.25, &[base]));
    }

    #[test]
    fn the_order_of_windows_and_strata_does_not_matter(mut windows in proptest::collection::vec(any_window(), 1..10)) {
        let forward = split(1.0, &windows).ln_evidence();
        windows.reverse();
        let backward = split(1.0, &windows).ln_evidence();
        prop_assert!((forward - backward).abs() <= 1e-9 * forward.abs().max(1.0));
    }

    #[test]
    fn one_failure_more_is_never_less_evidence(windows in proptest::collection::vec(any_window(), 1..5)) {
        let before = split(1.0, &windows).ln_evidence();
        let mut worse = windows.clone();
        worse[0].0.failures += 1;
        let after = split(1.0, &worse).ln_evidence();
        prop_assert!(after >= before - 1e-9 * before.abs().max(1.0));
    }
}
