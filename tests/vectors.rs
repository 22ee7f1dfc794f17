//! The evidence against numbers computed elsewhere, with fifty digits: `tests/vectors/*.json`. Windows are (trials and
//! failures of the new version, trials and failures of the baseline); evidence is its natural logarithm.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows a test by its attribute; what fails in a helper here fails the test that asked"
)]

use haltline::domain::Counts;
use haltline::evidence::plan::{self, Errors, Pair};
use haltline::evidence::{
    LimitTest, Restarts, Split, SplitTest, bound, dispersion, history, rivals,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

type Window = (u64, u64, u64, u64);

/// The most that a number may be off, relative to it.
const TOLERANCE: f64 = 1e-9;

fn read<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = std::fs::read_to_string(format!("{root}/tests/vectors/{name}.json")).unwrap();
    let vectors: Vec<T> = serde_json::from_str(&text).unwrap();
    assert!(!vectors.is_empty(), "{name} is empty");
    vectors
}

#[track_caller]
fn close(found: f64, expected: f64, of: &impl std::fmt::Debug) {
    let off = (found - expected).abs();
    assert!(
        off <= TOLERANCE * expected.abs().max(1e-6),
        "{found} is not {expected}: {of:?}"
    );
}

fn counts(trials: u64, failures: u64) -> Counts {
    Counts { trials, failures }
}

fn sides((n1, x1, n0, x0): Window) -> (Counts, Counts) {
    (counts(n1, x1), counts(n0, x0))
}

/// A vector of the split test or of the limit test, whichever has its own numbers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    windows: Vec<Window>,
    margin: Option<f64>,
    dispersion: Option<f64>,
    trials: Option<u64>,
    failures: Option<u64>,
    limit: Option<f64>,
    blocks: Option<u64>,
    above: Option<u64>,
    ln_evidence: f64,
    sums: Option<[f64; 6]>,
    evidence: Option<f64>,
    ratio: Option<f64>,
}

impl Case {
    fn total(&self) -> Counts {
        counts(self.trials.unwrap(), self.failures.unwrap())
    }

    fn split<const N: usize>(&self, test: SplitTest<N>) -> Split<N> {
        let mut split = Split::from(test);
        for window in &self.windows {
            let (new, old) = sides(*window);
            split.add(new, old);
        }
        split
    }
}

#[test]
fn split() {
    for case in read::<Case>("split") {
        let test = SplitTest::new(case.margin.unwrap());
        let split = case.split(test.with_dispersion(case.dispersion.unwrap_or(1.0)));
        close(split.ln_evidence(), case.ln_evidence, &case);
        for (found, expected) in split
            .sums()
            .into_iter()
            .zip(case.sums.into_iter().flatten())
        {
            close(found, expected, &case);
        }
        if let Some(evidence) = case.evidence {
            close(split.ln_evidence().exp(), evidence, &case);
        }
        if let Some(ratio) = case.ratio {
            let pairs: Vec<_> = case.windows.iter().copied().map(sides).collect();
            close(bound::ratio(&pairs).unwrap(), ratio, &case);
        }
    }
}

#[test]
fn limit() {
    for case in read::<Case>("limit") {
        let test = LimitTest::new(case.limit.unwrap());
        close(test.ln_evidence(case.total()), case.ln_evidence, &case);
        for (found, expected) in test
            .gains(case.total())
            .into_iter()
            .zip(case.sums.into_iter().flatten())
        {
            close(found, expected, &case);
        }
    }
}

#[test]
fn health() {
    for case in read::<Case>("health") {
        let found = match (case.margin, case.limit) {
            (Some(margin), None) => case.split(SplitTest::health(margin)).ln_evidence(),
            (None, Some(limit)) => LimitTest::health(limit).ln_evidence(case.total()),
            _ => panic!("neither split nor limit: {case:?}"),
        };
        close(found, case.ln_evidence, &case);
    }
}

#[test]
fn fewer_and_signs() {
    for case in read::<Case>("fewer") {
        let found = match (case.margin, case.limit) {
            (Some(margin), None) => case.split(SplitTest::fewer(margin)).ln_evidence(),
            (None, Some(limit)) => LimitTest::fewer(limit).ln_evidence(case.total()),
            _ => LimitTest::signs().ln_evidence(counts(case.blocks.unwrap(), case.above.unwrap())),
        };
        close(found, case.ln_evidence, &case);
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Restarted {
    margin: Option<f64>,
    limit: Option<f64>,
    /// With the minute each starts in.
    windows: Vec<(u64, u64, u64, u64, u64)>,
    /// After each window.
    ln_evidence: Vec<f64>,
}

#[test]
fn restarts() {
    for case in read::<Restarted>("restarts") {
        assert_eq!(case.windows.len(), case.ln_evidence.len());
        let mut restarts = Restarts::default();
        for ((minute, n1, x1, n0, x0), expected) in case.windows.iter().zip(&case.ln_evidence) {
            let (new, old) = sides((*n1, *x1, *n0, *x0));
            let gains = match (case.margin, case.limit) {
                (Some(margin), None) => SplitTest::new(margin).gains(new, old),
                (None, Some(limit)) => LimitTest::new(limit).gains(new),
                _ => panic!("neither split nor limit: {case:?}"),
            };
            restarts.add(minute / 60, gains);
            close(restarts.ln_evidence(), *expected, &case);
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuted {
    window: Window,
    alpha: f64,
    lower: f64,
}

#[test]
fn ratio_bounds() {
    for case in read::<Refuted>("ratio") {
        let found = bound::ratio_lower_bound(&[sides(case.window)], case.alpha, 1.0);
        close(found.unwrap(), case.lower, &case);
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Past {
    trials: u64,
    failures: u64,
    most: f64,
}

#[test]
fn past_bounds() {
    for case in read::<Past>("history") {
        let found = history::rate_upper_bound(counts(case.trials, case.failures)).unwrap();
        let off = found / case.most - 1.0;
        // Above 10,000 failures by an approximation, which must not err to the strict side.
        let most = if case.failures > 10_000 {
            2e-7
        } else {
            TOLERANCE
        };
        assert!((-TOLERANCE..=most).contains(&off), "{found} {case:?}");
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dispersed {
    trials: Vec<u64>,
    failures: Vec<u64>,
    phi: f64,
}

#[test]
fn dispersion_of_hours() {
    for case in read::<Dispersed>("dispersion") {
        let hours = case.trials.iter().zip(&case.failures);
        let hours: Vec<_> = hours.map(|(n, x)| counts(*n, *x)).collect();
        close(dispersion::pearson(&hours).unwrap(), case.phi, &case);
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Planned {
    ask: String,
    new: Option<f64>,
    old: Option<f64>,
    old_per_new: Option<f64>,
    alpha: Option<f64>,
    alarm: Option<f64>,
    margin: Option<f64>,
    limit: Option<f64>,
    threshold: Option<f64>,
    /// The answer: a number, `null` for "never", or a whole number of trials.
    value: Option<f64>,
    whole: Option<u64>,
}

impl Planned {
    fn answer(&self) -> Option<f64> {
        let pair = || Pair {
            new: self.new.unwrap(),
            old: self.old.unwrap(),
            old_per_new: self.old_per_new.unwrap_or(1.0),
        };
        let errors = || Errors::new(self.alarm.unwrap(), 0.8).unwrap();
        let rounded = Errors {
            z_alarm: 1.96,
            z_miss: 0.84,
        };
        let ln_threshold = || self.threshold.unwrap().ln();
        match self.ask.as_str() {
            "kl" => Some(plan::kl(self.new?, self.old?)),
            "floor-known" => pair().floor_against_known(self.alpha?),
            "floor" => pair().floor(self.alpha?),
            "rounded-z" => pair().fixed_unpooled(rounded),
            "unpooled" => pair().fixed_unpooled(errors()),
            "pooled" => pair().fixed_pooled(errors()),
            "known" => pair().fixed_against_known(errors()),
            "clean-fixed" => plan::clean_fixed(self.limit?, self.alpha?),
            "sequential-split" => {
                let test = SplitTest::new(self.margin?);
                let growth = test.growth(self.new?, self.old?, self.old_per_new?);
                plan::sequential(growth, ln_threshold())
            }
            "sequential-limit" => {
                let growth = LimitTest::new(self.limit?).growth(self.new?);
                plan::sequential(growth, ln_threshold())
            }
            "clean-gate" => {
                let trials =
                    plan::clean_sequential(&LimitTest::health(self.limit?), ln_threshold());
                trials.map(|trials| trials as f64)
            }
            other => panic!("nobody answers {other}"),
        }
    }
}

#[test]
fn planner() {
    for case in read::<Planned>("plan") {
        match (case.answer(), case.value, case.whole) {
            (Some(found), Some(expected), None) => close(found, expected, &case),
            (Some(found), None, Some(whole)) => assert_eq!(found.ceil() as u64, whole, "{case:?}"),
            (None, None, None) => {}
            (found, ..) => panic!("{found:?}: {case:?}"),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Rival {
    Compared {
        window: Window,
        z: f64,
        tau: f64,
        ln_msprt: f64,
        probability_worse: f64,
    },
    Sprt {
        trials: u64,
        failures: u64,
        good: f64,
        bad: f64,
        ln_sprt: f64,
    },
}

#[test]
fn rival_rules() {
    for case in read::<Rival>("rivals") {
        match case {
            Rival::Compared {
                window,
                z,
                tau,
                ln_msprt,
                probability_worse,
            } => {
                let (new, old) = sides(window);
                close(rivals::z(new, old).unwrap(), z, &case);
                close(rivals::ln_msprt(new, old, tau).unwrap(), ln_msprt, &case);
                let found = rivals::probability_worse(new, old).unwrap();
                close(found, probability_worse, &case);
            }
            Rival::Sprt {
                trials,
                failures,
                good,
                bad,
                ln_sprt,
            } => close(
                rivals::ln_sprt(counts(trials, failures), good, bad),
                ln_sprt,
                &case,
            ),
        }
    }
}
