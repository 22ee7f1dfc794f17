use std::fmt::Write as _;
use std::sync::LazyLock;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution};

use super::*;

fn any_counts() -> impl Strategy<Value = Counts> {
    prop_oneof![
        (0..5_000u64, 0.0..0.1f64)
            .prop_map(|(trials, rate)| counts(trials, (trials as f64 * rate) as u64)),
        (any::<u64>(), any::<u64>()).prop_map(|(trials, failures)| counts(trials, failures)),
    ]
}

fn any_window() -> impl Strategy<Value = Paired> {
    let start = prop_oneof![0..2_000i64, any::<i32>().prop_map(i64::from)];
    let seconds = prop_oneof![Just(300u32), any::<u32>()];
    (start, seconds, "[ab]?", any_counts(), any_counts()).prop_map(
        |(start, seconds, stratum, new, old)| Paired {
            start: at(start),
            seconds,
            stratum,
            new,
            old,
        },
    )
}

/// Fresh half of the time.
fn any_state() -> impl Strategy<Value = DataState> {
    prop_oneof![
        4 => Just(DataState::Fresh),
        1 => Just(DataState::Late),
        1 => Just(DataState::Stale),
        1 => Just(DataState::Missing),
        1 => Just(DataState::Anomalous),
    ]
}

/// How far the source was read, since when the version is offered, and whether it was a dark launch before.
fn any_offer() -> impl Strategy<Value = (Option<i64>, Option<i64>, bool)> {
    let time = || proptest::option::of(0..2_000i64);
    (time(), time(), any::<bool>())
}

pub(in crate::policy::assess) fn any_observation() -> impl Strategy<Value = Observation> {
    let metric = prop_oneof![
        Just(Metric::CrashFreeSessions),
        Just(Metric::CrashFreeUsers),
        Just(Metric::SlowRequests)
    ];
    let baseline = prop_oneof![
        Just(Baseline::Read),
        Just(Baseline::Unread),
        Just(Baseline::None)
    ];
    let windows = proptest::collection::vec(any_window(), 0..30);
    (
        metric,
        baseline,
        windows,
        any_state(),
        any::<u32>(),
        proptest::option::of(0..2_000i64),
        any_offer(),
    )
        .prop_map(|(metric, baseline, windows, state, resumes, from, offer)| {
            let mut observation = observed(metric, windows);
            let from = from.map(at);
            on(
                &mut observation,
                Terms {
                    from,
                    ..Terms::of(baseline)
                },
            );
            let (through, since, dark) = offer;
            Observation {
                resumes,
                exposed_since: since.map(at),
                dark: dark.then(|| "hardly seen".into()),
                sources: vec![SourceState {
                    id: SourceId("sentry".into()),
                    required: true,
                    read_through: through.map(at),
                    state,
                    why: None,
                    stale_after: 1_800,
                    reach: crate::domain::Reach::Halt,
                }],
                ..observation
            }
        })
}

static EVERY_KIND: LazyLock<Policy> = LazyLock::new(|| {
    let mut toml = String::new();
    for metric in ["crash_free_sessions", "crash_free_users", "slow_requests"] {
        let absolute = if metric == "slow_requests" {
            "ceiling = \"1%\""
        } else {
            "floor = \"99%\""
        };
        for (i, limit) in [
            absolute,
            "worse_than_baseline = 1.25",
            "drop_from_baseline = \"1pt\"",
        ]
        .into_iter()
        .enumerate()
        {
            for (j, evidence) in ["sequential", "observed"].into_iter().enumerate() {
                for action in ["notify", "hold", "pause", "halt"] {
                    write!(toml, "[[rule]]\nid = \"{metric}-{i}-{j}-{action}\"\nmetric = \"{metric}\"\n{limit}\nevidence = \"{evidence}\"\n\
                         action = \"{action}\"\n").unwrap();
                }
            }
        }
    }
    policy(&toml)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_observation_can_be_assessed(observation in any_observation()) {
        let assessment = assess(&EVERY_KIND, &observation);
        for rule in &assessment.rules {
            prop_assert!((0.0..=1.0).contains(&rule.closeness), "{} {}", rule.rule, rule.closeness);
            if rule.state == RuleState::Breached {
                prop_assert!(observation.sources[0].is_fresh() && rule.finding.is_some() && rule.polls_needed > 0);
            }
        }
        if !observation.sources[0].is_fresh() {
            prop_assert_eq!(assessment.health, Health::Unknown);
        }
        if assessment.dark.is_some() {
            prop_assert!(matches!(assessment.health, Health::Unknown | Health::Breached), "{}", assessment.sentence);
        }
    }

    #[test]
    fn the_order_in_which_windows_came_does_not_matter(observation in any_observation(), turn in 0..30usize) {
        let mut windows = observation.ledger.books()[0].windows().to_vec();
        let mut seen = std::collections::BTreeSet::new();
        windows.retain(|window| seen.insert((window.start, window.stratum.clone())));
        let again = |windows| {
            let mut again = observation.clone();
            let book = &observation.ledger.books()[0];
            let series = MetricSeries { metric: book.metric().clone(), source: book.source().clone(), windows };
            again.ledger = Arc::new(Ledger::of(&EVERY_KIND, *observation.ledger.terms(), [series]));
            again
        };
        let distinct = again(windows.clone());
        if !windows.is_empty() {
            let by = turn % windows.len();
            windows.rotate_left(by);
        }
        let turned = again(windows);
        prop_assert_eq!(assess(&EVERY_KIND, &distinct), assess(&EVERY_KIND, &turned));
    }

    #[test]
    fn one_failure_more_never_moves_a_floor_away(
        shares in proptest::collection::vec((0..400u64, 0.0..0.05f64, 0.0..0.01f64), 1..30), which in any::<prop::sample::Index>(),
    ) {
        let windows: Vec<_> = (0..)
            .zip(&shares)
            .map(|(k, (trials, new, old))| {
                window(k, (*trials, (*trials as f64 * new) as u64), (3_000, (3_000.0 * old) as u64))
            })
            .collect();
        let mut worse = windows.clone();
        let chosen = which.index(worse.len());
        prop_assume!(worse[chosen].new.failures < worse[chosen].new.trials);
        worse[chosen].new.failures += 1;
        let closeness = |windows| assess(&DEFAULT, &crashes(windows)).rules.iter().map(|rule| rule.closeness).collect::<Vec<_>>();
        for (before, after) in closeness(windows).into_iter().zip(closeness(worse)) {
            prop_assert!(after >= before - 1e-12, "{before} {after}");
        }
    }
}

/// Of 1,000 seeded rollouts of half a day, how many breach: the highest evidence over all window ends counts, so that one
/// assessment at the end stands for a look after each window.
fn breaches(policy: &Policy, regression: f64, outage: f64) -> usize {
    let mut rng = StdRng::seed_from_u64(11);
    let mut draw = |trials: u64, share: f64| {
        let failures = Binomial::new(trials, share).unwrap().sample(&mut rng);
        (trials, failures)
    };
    let mut rollout = |_: &usize| {
        let windows = (0..144).map(|k| {
            let new_trials = if k < 72 { 35 } else { 350 };
            let share = if (60..84).contains(&k) {
                0.0005 * outage
            } else {
                0.0005
            };
            let new = draw(new_trials, share * regression);
            window(k, new, draw(3_472 - new_trials, share))
        });
        assess(policy, &crashes(windows.collect())).health == Health::Breached
    };
    (0..1_000).filter(|k| rollout(k)).count()
}

#[test]
fn a_healthy_rollout_is_hardly_ever_stopped_and_a_bad_one_is() {
    let policy = crate::policy::presets::get("canary")
        .unwrap()
        .resolve("canary")
        .unwrap()
        .0;
    // Promised: 1.1 % of healthy rollouts at most.
    let healthy = breaches(&policy, 1.0, 1.0);
    assert!(healthy <= 11, "{healthy}");
    let bad = breaches(&policy, 10.0, 1.0);
    assert!(bad >= 990, "{bad}");
    // Two hours in which both versions crash twenty times as often: the blame rule lets 5 % through at most.
    let outage = breaches(&DEFAULT, 1.0, 20.0);
    assert!(outage <= 50, "{outage}");
}
