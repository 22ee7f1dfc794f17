//! What is known of the baseline before the new version came.

use proptest::prelude::*;

use super::*;

fn of(windows: &[Paired], old_began: Option<Timestamp>) -> Past {
    let terms = Terms {
        old_began,
        ..Terms::of(Baseline::Read)
    };
    Past::new(windows, at(0), false, &terms)
}

fn hours(hours: std::ops::Range<i64>) -> Vec<Paired> {
    hours
        .map(|hour| window(60 * hour, 60, (0, 0), (10_000, 3 + hour.unsigned_abs() % 5)))
        .collect()
}

#[test]
fn a_week_of_hours_tells_how_failures_cluster() {
    assert!(
        matches!(of(&hours(-168..0), None).clustering, Clustering::Measured { phi } if phi >= 1.0)
    );
    assert_eq!(of(&hours(-160..0), None).clustering, Clustering::Unknown);
    // A week in which hardly any hour was read, and one of whole days.
    let few: Vec<_> = hours(-168..0).into_iter().step_by(2).collect();
    assert_eq!(of(&few, None).clustering, Clustering::Unknown);
    let days: Vec<_> = (-14..0)
        .map(|day| window(1_440 * day, 1_440, (0, 0), (200_000, 100)))
        .collect();
    assert_eq!(of(&days, None).clustering, Clustering::Unknown);
    // Windows of five minutes are summed to hours first.
    let fine: Vec<_> = (-168 * 12..0)
        .map(|k| window(5 * k, 5, (0, 0), (800, u64::from(k % 2 == 0))))
        .collect();
    assert_eq!(
        of(&fine, None).clustering,
        Clustering::Measured { phi: 1.0 }
    );
}

#[test]
fn two_weeks_before_count_and_none_earlier() {
    let before = of(&hours(-600..0), None).at(3).unwrap();
    assert_eq!(before.0, Basis::Before);
    assert_eq!(before.1.trials, 14 * 24 * 10_000);
    assert_eq!(of(&hours(-160..0), None).at(3), None);
}

#[test]
fn days_of_its_own_rollout_are_told_apart() {
    let past = of(&hours(-600..0), Some(at(-500 * 60)));
    let (basis, day) = past.at(2).unwrap();
    assert_eq!((basis, day.trials), (Basis::SameAge, 24 * 10_000));
    // Five hundred hours are twenty days and a part of one.
    assert_eq!(past.at(20).unwrap().1.trials, 20 * 10_000);
    assert_eq!(past.at(21).unwrap().0, Basis::Before);
}

proptest! {
    #[test]
    fn is_a_number_for_any_counts(
        raw in proptest::collection::vec((-400..0_i64, 0..10_000_000_000_u64, 0.0..=1.0_f64), 0..200),
        old_began in proptest::option::of(-30_000..0_i64), age in 0..100_usize,
    ) {
        let windows: Vec<_> = raw
            .into_iter()
            .map(|(hour, trials, share)| window(60 * hour, 60, (0, 0), (trials, (trials as f64 * share) as u64)))
            .collect();
        let past = of(&windows, old_began.map(at));
        let divisor = past.clustering.divisor();
        prop_assert!(divisor.is_finite() && divisor >= 1.0);
        if let Some((_, counts)) = past.at(age) {
            prop_assert!(counts.failures <= counts.trials);
        }
        for test in past.tests(1.25, divisor).into_iter().flatten() {
            prop_assert!(test.ln_evidence(counts(10_000_000_000, 1)).is_finite());
        }
    }
}
