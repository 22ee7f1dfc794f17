use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution};

use super::super::tests::{gate, told, with};
use crate::domain::Metric;
use crate::policy::assess::tests::{observed, on, window};
use crate::policy::ledger::Terms;
use crate::policy::observation::{Baseline, Observation, Paired};

/// Orders of 4 visits in a hundred; the new version keeps so much of that.
fn orders(windows: i64, kept: f64, seed: u64) -> Vec<Paired> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut draw = |trials: u64, share: f64| {
        let good = Binomial::new(trials, share).unwrap().sample(&mut rng);
        (trials, trials - good)
    };
    (0..windows)
        .map(|k| window(k, draw(5_000, 0.04 * kept), draw(20_000, 0.04)))
        .collect()
}

fn checkout(windows: Vec<Paired>) -> Observation {
    observed(Metric::Custom("checkout".into()), windows)
}

fn variance(observation: &Observation) -> String {
    let policy = with("variance = { \"custom:checkout\" = \"10%\" }");
    let told = told(&gate(&policy, observation));
    told.into_iter()
        .find(|want| want.contains("below the baseline"))
        .unwrap()
}

#[test]
fn a_share_that_keeps_up_is_shown_to_and_one_that_falls_is_not() {
    let what = "checkout at most 10% below the baseline:";
    let few = variance(&checkout(orders(14, 1.0, 1)));
    assert!(few.starts_with(&format!("○ {what}")), "{few}");
    let same = variance(&checkout(orders(120, 1.0, 1)));
    assert!(same.starts_with(&format!("✓ {what}")), "{same}");
    let better = variance(&checkout(orders(60, 1.1, 2)));
    assert!(
        better.starts_with("✓") && better.ends_with("% above"),
        "{better}"
    );
    // It may look fine, and is not shown to be: a fall of 9 % is within the limit and too near to it.
    let near = variance(&checkout(orders(60, 0.91, 3)));
    assert!(
        near.starts_with("○") && near.contains("% below, evidence "),
        "{near}"
    );
    let fallen = variance(&checkout(orders(120, 0.8, 4)));
    assert!(
        fallen.starts_with("○") && fallen.contains("evidence 0 of 20"),
        "{fallen}"
    );
}

#[test]
fn the_last_hour_is_too_young_to_count() {
    let observation = checkout(orders(12, 1.0, 5));
    assert!(variance(&observation).ends_with("nothing to compare yet, evidence 1 of 20"));
}

#[test]
fn what_cannot_be_compared_is_not_known() {
    let other = observed(Metric::CrashFreeSessions, orders(60, 1.0, 1));
    assert_eq!(
        variance(&other),
        "? checkout at most 10% below the baseline: no source gives checkout"
    );
    let mut alone = checkout(orders(60, 1.0, 1));
    on(&mut alone, Terms::of(Baseline::None));
    assert_eq!(
        variance(&alone),
        "? checkout at most 10% below the baseline: there is no baseline"
    );
    on(&mut alone, Terms::of(Baseline::Unread));
    assert!(variance(&alone).ends_with("the baseline 3.4.0 could not be read"));
}

#[test]
fn clusters_ask_for_more() {
    let whole = orders(120, 1.0, 1);
    let windows_needed = |terms: Option<Terms>| {
        (13..=120).step_by(3).find(|many| {
            let mut observation = checkout(whole.iter().take(*many).cloned().collect());
            if let Some(terms) = terms {
                on(&mut observation, terms);
            }
            variance(&observation).starts_with('✓')
        })
    };
    let (alone, clustered) = (
        windows_needed(None),
        windows_needed(Some(Terms::of(Baseline::Read))),
    );
    assert!(
        alone.is_some() && clustered > alone,
        "{alone:?} {clustered:?}"
    );
}

/// Ville's inequality through the whole assessment: looked at after every window, a version that loses what it may hardly ever passes.
#[test]
fn a_version_at_the_limit_hardly_ever_passes() {
    let passes = |seed: u64| {
        let windows = orders(60, 0.9, 100 + seed);
        (13..=60).step_by(4).any(|many| {
            let so_far = windows.iter().take(many).cloned().collect();
            variance(&checkout(so_far)).starts_with('✓')
        })
    };
    let passed = (0..40).filter(|seed| passes(*seed)).count();
    assert!(passed <= 4, "{passed} of 40");
}
