use super::*;
use crate::evidence::SplitTest;

#[test]
fn what_a_stage_can_see_grows_with_its_sessions() {
    let seen = |a_day: f64, exposure: f64, hours: f64| {
        let test = SplitTest::new(1.0);
        let sessions = a_day * exposure * hours / 24.0;
        let share = smallest_visible(|p| test.growth(p, 0.0005, 99.0), sessions, 100f64.ln());
        format!("{:.1}", share.unwrap() / 0.0005)
    };
    assert_eq!(seen(1e6, 0.01, 1.0), "18.2");
    assert_eq!(seen(1e6, 0.01, 4.0), "7.7");
    assert_eq!(seen(1e6, 0.01, 24.0), "3.1");
    assert_eq!(seen(1e6, 0.05, 24.0), "1.9");
    assert_eq!(seen(1e5, 0.01, 1.0), "108.1");
    assert_eq!(seen(1e5, 0.05, 24.0), "4.4");
}

#[test]
fn the_smallest_visible_share_takes_just_so_many_trials() {
    let ln_threshold = 300f64.ln();
    let split = SplitTest::new(1.25);
    let limit = LimitTest::new(0.0015);
    for size in [300.0, 5_000.0, 1e6] {
        let at = |p| split.growth(p, 0.0005, 19.0);
        let share = smallest_visible(at, size, ln_threshold).unwrap();
        let back = sequential(at(share), ln_threshold).unwrap();
        assert!((back / size - 1.0).abs() < 1e-9, "{back} {size}");
        let share = smallest_visible(|p| limit.growth(p), size, ln_threshold).unwrap();
        let back = sequential(limit.growth(share), ln_threshold).unwrap();
        assert!((back / size - 1.0).abs() < 1e-9, "{back} {size}");
    }
}

#[test]
fn what_cannot_be_is_never() {
    let split = SplitTest::new(1.0);
    let nothing = smallest_visible(|p| split.growth(p, 0.0005, 99.0), 0.5, 100f64.ln());
    assert_eq!(nothing, None, "half a session shows nothing");
    assert_eq!(hours(1_000.0, 0.0, 0.01), None);
    assert_eq!(hours(1_000.0, 1e6, 0.0), None);
    assert_eq!(Errors::new(0.0, 0.8), None);
    assert_eq!(clean_fixed(0.0, 0.05), None);
    assert_eq!(clean_sequential(&LimitTest::new(0.001), 3.0), None);
    let errors = Errors::new(0.05, 0.8).unwrap();
    let alike = Pair {
        new: 0.001,
        old: 0.001,
        old_per_new: 1.0,
    };
    assert_eq!(alike.fixed_pooled(errors), None);
    assert_eq!(alike.floor(0.01), None);
    let alone = Pair {
        old_per_new: 0.0,
        new: 0.002,
        ..alike
    };
    assert_eq!(alone.fixed_unpooled(errors), None);
    assert_eq!(alone.floor(0.01), None);
}

#[test]
fn hours_follow_volume_and_exposure() {
    assert_eq!(hours(10_000.0, 1e6, 0.01), Some(24.0));
}
