use chrono::DateTime;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution};

use super::*;
use crate::policy::{RawPolicy, written};

/// A version that fails so, hour by hour, with so many trials each; each failure comes `loops` times.
fn version(n: u32, days: i64, share: f64, hourly: u64, loops: u64) -> PastVersion {
    let start = DateTime::from_timestamp(1_790_000_000 / 86_400 * 86_400, 0).unwrap();
    let start = start + TimeDelta::days(14 * i64::from(n));
    let mut rng = StdRng::seed_from_u64(n.into());
    let draws = Binomial::new(hourly, share / loops as f64).unwrap();
    let windows = (0..24 * days).map(|hour| {
        let failures = loops * draws.sample(&mut rng);
        let counts = Counts {
            trials: hourly,
            failures: failures.min(hourly),
        };
        (start + TimeDelta::hours(hour), counts)
    });
    PastVersion {
        version: format!("8.{n}.0").into(),
        windows: windows.collect(),
    }
}

fn metric() -> Metric {
    Metric::CrashFreeSessions
}

#[test]
fn an_app_like_the_industry_gets_the_industrys_limits() {
    let past: Vec<_> = (0..5).map(|n| version(n, 10, 0.0005, 100_000, 1)).collect();
    let found = propose(&metric(), &past).unwrap();
    assert_eq!((found.versions.len(), found.versions[0].days), (5, 10));
    assert!(
        (found.median / 0.0005 - 1.0).abs() < 0.02,
        "{}",
        found.median
    );
    assert_eq!(found.per_day as u64, 2_400_000);
    assert!(found.phi.unwrap() < 1.2, "{:?}", found.phi);
    assert!(
        (0.0014..=0.0016).contains(&found.pause_above),
        "{}",
        found.pause_above
    );
    assert!(
        (0.0045..=0.0054).contains(&found.halt_above),
        "{}",
        found.halt_above
    );
    assert_eq!((found.pause_ratio, found.halt_ratio), (1.25, 2.0));
}

#[test]
fn one_bad_version_moves_nothing_and_versions_that_differ_widen_the_ratios() {
    let shares = [0.0005, 0.0005, 0.02, 0.0005, 0.0005];
    let of = |shares: &[f64]| {
        let versions = (0..).zip(shares);
        let past: Vec<_> = versions
            .map(|(n, share)| version(n, 10, *share, 100_000, 1))
            .collect();
        propose(&metric(), &past).unwrap()
    };
    let with_a_bad_one = of(&shares);
    assert!((with_a_bad_one.median / 0.0005 - 1.0).abs() < 0.02);
    assert_eq!(with_a_bad_one.pause_ratio.to_string(), "1.25");
    let uneven = of(&[0.0003, 0.0004, 0.0005, 0.0006, 0.0008]);
    assert!(
        uneven.pause_ratio > 1.5 && uneven.halt_ratio > 2.5,
        "{uneven:?}"
    );
}

#[test]
fn bad_days_push_the_floor_away_and_loops_are_seen() {
    let past: Vec<_> = (0..3)
        .map(|n| {
            let mut version = version(n, 10, 0.0005, 100_000, 20);
            for (start, counts) in &mut version.windows {
                // Two days in ten are six times as bad.
                if start.timestamp() / 86_400 % 5 == 0 {
                    counts.failures *= 6;
                }
            }
            version
        })
        .collect();
    let found = propose(&metric(), &past).unwrap();
    assert!(found.pause_above > 0.003, "{found:?}");
    assert!(found.phi.unwrap() > 10.0, "{:?}", found.phi);
}

#[test]
fn too_little_is_refused() {
    let enough: Vec<_> = (0..3).map(|n| version(n, 5, 0.0005, 10_000, 1)).collect();
    assert!(propose(&metric(), &enough).is_ok());
    let none: [PastVersion; 0] = [];
    let few_days: Vec<_> = (0..3).map(|n| version(n, 4, 0.0005, 10_000, 1)).collect();
    let tiny: Vec<_> = (0..5).map(|n| version(n, 10, 0.0005, 100, 1)).collect();
    let perfect: Vec<_> = (0..5).map(|n| version(n, 10, 0.0, 10_000, 1)).collect();
    for past in [&none[..], &enough[..2], &few_days, &tiny, &perfect] {
        let refused = propose(&metric(), past).unwrap_err().to_string();
        assert!(refused.contains("need 3 versions and 14 days"), "{refused}");
    }
    let refused = propose(&metric(), &few_days).unwrap_err().to_string();
    assert!(
        refused.starts_with("the journal knows 3 versions with 12 days"),
        "{refused}"
    );
}

#[test]
fn the_rules_read_back_as_written() {
    let past: Vec<_> = (0..3).map(|n| version(n, 7, 0.00123, 50_000, 1)).collect();
    let found = propose(&metric(), &past).unwrap();
    let text: String = found.rules().iter().map(written::rule_toml).collect();
    let raw: RawPolicy = toml::from_str(&text).unwrap();
    assert_eq!(raw.resolve("p").unwrap().0.rules, found.rules());
}

#[test]
fn quantiles_interpolate() {
    let numbers = vec![4.0, 1.0, 3.0, 2.0];
    let found = [0.5, 0.0, 1.0].map(|share| quantile(numbers.clone(), share).to_string());
    assert_eq!(found, ["2.5", "1", "4"]);
    assert_eq!(quantile(Vec::new(), 0.5).to_string(), "0");
    let rounded = [0.00151, 0.0015, 0.5, 0.9].map(|share| careful(share).to_string());
    assert_eq!(rounded, ["0.0016", "0.0015", "0.5", "0.5"]);
}
