use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution, Geometric};

use super::super::tests::{at, counts, crashes, observed, on, policy, properties, steady, window};
use super::health::test;
use super::*;
use crate::domain::{Counts, Exposure, Health, Metric};
use crate::evidence::plan;
use crate::policy::assess::assess;
use crate::policy::ledger::Terms;
use crate::policy::observation::{Baseline, DataState, Observation, Paired, SourceState};

const STAGES: &str = r#"
[[stage]]
exposure = "1%"
[[stage]]
exposure = "5%"
healthy_if = { crash_free_sessions = "99.50%" }
[[stage]]
exposure = "100%"
[[rule]]
id = "pause"
metric = "crash_free_sessions"
floor = "99.85%"
action = "pause"
"#;

pub(super) fn with(more: &str) -> Policy {
    policy(&STAGES.replace("healthy_if", &format!("{more}\nhealthy_if")))
}

pub(super) fn gate(policy: &Policy, observation: &Observation) -> GateStatus {
    assess(policy, observation).gate.unwrap()
}

pub(super) fn told(gate: &GateStatus) -> Vec<String> {
    let mark = |met| match met {
        Some(true) => "✓",
        Some(false) => "○",
        None => "?",
    };
    gate.wants
        .iter()
        .map(|want| format!("{} {}: {}", mark(want.met), want.what, want.now))
        .collect()
}

/// Healthy windows: 173 new sessions each.
pub(super) fn healthy(windows: i64) -> Observation {
    crashes(steady(windows, 0, 2))
}

#[test]
fn a_gate_opens_on_evidence_of_health_alone() {
    let policy = with("");
    // 12 windows of the last hour are too young to count; 910 clean sessions are needed, and 5 windows have 865.
    let early = gate(&policy, &healthy(12 + 5));
    assert_eq!(
        told(&early),
        [
            "✓ fresh data: fresh",
            "✓ no warning: none",
            "○ crash-free sessions ≥ 99.5%: 45 more clean sessions, evidence 17 of 20",
        ]
    );
    assert!(!early.open);
    let later = gate(&policy, &healthy(12 + 6));
    assert_eq!(
        told(&later)[2],
        "✓ crash-free sessions ≥ 99.5%: 0 of 1,038 sessions crashed"
    );
    assert!(later.open);
    assert_eq!(
        (later.stage, later.next),
        (Exposure::from_percent(5), Exposure::from_percent(100))
    );
}

#[test]
fn a_stage_is_where_the_exposure_is_and_the_last_one_has_no_gate() {
    let policy = with("");
    let on_the_ladder = |exposure| {
        let observation = Observation {
            exposure,
            ..healthy(40)
        };
        assess(&policy, &observation).gate.map(|gate| gate.stage)
    };
    let percent = |percent| Some(Exposure::from_percent(percent));
    assert_eq!(
        [None, percent(1), percent(3), percent(7), percent(100)].map(on_the_ladder),
        [None, percent(1), percent(1), percent(5), None]
    );
}

#[test]
fn users_and_soak_are_wanted_where_the_policy_says_so() {
    let policy = with("soak = \"12h\"\nmin_users = 100");
    let whole = healthy(40);
    let since = |minute| Observation {
        exposed_since: Some(at(minute)),
        ..whole.clone()
    };
    let unknown = gate(&policy, &whole);
    assert_eq!(
        told(&unknown)[2..],
        [
            "? 100 users: no source counts users",
            "✓ crash-free sessions ≥ 99.5%: 0 of 4,844 sessions crashed",
            "? 12h at 5%: nobody knows since when",
        ]
    );
    assert!(!unknown.open);
    assert_eq!(
        told(&gate(&policy, &since(-60)))[4],
        "○ 12h at 5%: 4h 20m so far"
    );
    assert_eq!(
        told(&gate(&policy, &since(-600)))[4],
        "✓ 12h at 5%: 13h 20m"
    );
    // Users are read for whole ranges: the largest is how many there are at least.
    let users = observed(
        Metric::CrashFreeUsers,
        vec![window(0, (80, 0), (900, 0)), window(1, (120, 0), (900, 0))],
    );
    assert_eq!(told(&gate(&policy, &users))[2], "✓ 100 users: 120");
}

#[test]
fn a_warning_or_a_breach_keeps_it_closed() {
    let policy = with("");
    let mut windows = steady(400, 0, 2);
    windows.extend((400..412).map(|k| window(k, (173, 2), (3_299, 2))));
    let gate = gate(&policy, &crashes(windows));
    assert_eq!(gate.wants[1].met, Some(false), "{gate:?}");
    assert_eq!(
        gate.wants[2].met,
        Some(true),
        "a long healthy past: {gate:?}"
    );
    assert!(!gate.open);
}

#[test]
fn a_dark_launch_keeps_it_closed() {
    let policy = with("");
    let mut observation = healthy(40);
    assert!(gate(&policy, &observation).open);
    observation.dark = Some("hardly anybody is seen to run it".into());
    let gate = gate(&policy, &observation);
    assert!(!gate.open);
    assert_eq!(
        told(&gate)[0],
        "? fresh data: hardly anybody is seen to run it"
    );
}

#[test]
fn clusters_ask_for_more_sessions() {
    let policy = with("");
    let mut observation = healthy(12 + 6);
    assert!(gate(&policy, &observation).open);
    // Nobody knows how its failures cluster: evidence is divided by 1.5.
    on(&mut observation, Terms::of(Baseline::Read));
    let told = told(&gate(&policy, &observation));
    assert_eq!(
        told[2],
        "○ crash-free sessions ≥ 99.5%: 326 more clean sessions, evidence 9.2 of 20"
    );
}

/// Healthy, exactly at its limit, or anything else; fresh or not; at any stage.
fn any_rollout() -> impl Strategy<Value = Observation> {
    let steady =
        (0..60i64, 0..3u64, 0..3u64).prop_map(|(many, new, old)| crashes(steady(many, new, old)));
    let state = prop_oneof![
        4 => Just(DataState::Fresh),
        1 => Just(DataState::Late),
        1 => Just(DataState::Stale),
        1 => Just(DataState::Missing),
        1 => Just(DataState::Anomalous)
    ];
    let exposure = proptest::option::weighted(0.9, prop_oneof![Just(1), Just(5), Just(30)]);
    (
        prop_oneof![3 => steady, 1 => properties::any_observation()],
        state,
        exposure,
    )
        .prop_map(|(mut observation, state, exposure)| {
            observation.exposure = exposure.map(Exposure::from_percent);
            observation.sources[0].state = state;
            observation
        })
}

proptest! {
    #[test]
    fn it_never_opens_on_what_is_unknown_or_bad(observation in any_rollout()) {
        let policy = with("");
        let assessment = assess(&policy, &observation);
        let Some(gate) = &assessment.gate else { return Ok(()) };
        prop_assert_eq!(gate.open, gate.wants.iter().all(|want| want.met == Some(true)));
        if gate.open {
            prop_assert_eq!(assessment.health, Health::Healthy);
            prop_assert!(observation.exposure.is_some());
            prop_assert!(observation.sources.iter().all(SourceState::is_fresh));
            prop_assert!(assessment.rules.iter().all(|rule| rule.state == RuleState::Armed));
            prop_assert!(observation.ledger.books().iter().all(|book| book.totals().0.trials > 0));
            prop_assert!(gate.stage == Exposure::from_percent(1) || assessment.metrics[0].metric == Metric::CrashFreeSessions);
        }
    }

    #[test]
    fn the_clean_sessions_it_names_are_just_enough(
        trials in 0..20_000u64, failures in 0..20u64, share in 0.9..0.9999f64, divisor in 1.0..5.0f64,
    ) {
        let failures = failures.min(trials);
        let test = test(share, divisor);
        let more = plan::more_clean(&test, counts(trials, failures), LN_ENOUGH).unwrap();
        let shown = |more| test.ln_evidence(counts(trials + more, failures));
        prop_assert!(shown(more) >= LN_ENOUGH);
        prop_assert!(more == 0 || shown(more - 1) < LN_ENOUGH);
    }
}

/// Sessions until each of `runs` seeded rollouts with this share of failures passes the gate, looked at after every session;
/// `None` within `most`.
fn sessions(good: f64, failing: f64, most: u64, runs: usize) -> Vec<Option<u64>> {
    let mut rng = StdRng::seed_from_u64(5);
    let clean = Geometric::new(failing).unwrap();
    let test = test(good, 1.0);
    let mut run = || {
        let mut so_far = Counts::default();
        while so_far.trials < most {
            // Evidence grows until the next failure.
            let before = so_far + counts(clean.sample(&mut rng), 0);
            if test.ln_evidence(before) >= LN_ENOUGH {
                return plan::more_clean(&test, so_far, LN_ENOUGH).map(|more| so_far.trials + more);
            }
            so_far = before + counts(1, 1);
        }
        None
    };
    (0..runs).map(|_| run()).collect()
}

/// The table of the gate's limits: mean sessions for a version that crashes in one session of 2,000, and the least.
#[test]
fn a_healthy_version_passes_as_soon_as_the_table_says() {
    for (good, mean, least) in [
        (0.99, 508.0, 454),
        (0.995, 1_134.0, 910),
        (0.9975, 2_915.0, 1_822),
        (0.9985, 7_282.0, 3_038),
    ] {
        let passed: Vec<u64> = sessions(good, 0.0005, 200_000, 2_000)
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(passed.len(), 2_000, "all pass at {good}");
        let found = passed.iter().sum::<u64>() as f64 / 2_000.0;
        assert!(
            (found / mean - 1.0).abs() < 0.15,
            "{good}: {found} sessions, not {mean}"
        );
        assert_eq!(
            plan::more_clean(&test(good, 1.0), Counts::default(), LN_ENOUGH),
            Some(least)
        );
    }
}

/// However often one looks: Ville's inequality bounds the chance by 5 %, and so many rollouts show up to 0.7 points more.
#[test]
fn a_version_exactly_at_the_limit_hardly_ever_passes() {
    for (good, most) in [(0.99, 10_000), (0.9985, 66_000)] {
        let runs = 4_000;
        let passed = sessions(good, 1.0 - good, most, runs)
            .into_iter()
            .flatten()
            .count();
        let share = passed as f64 / runs as f64;
        assert!((0.02..=0.057).contains(&share), "{good}: {share} pass");
    }
}

/// The same through the whole assessment: windows, ledger, settling, and the other wants.
#[test]
fn a_version_at_the_limit_does_not_pass_the_whole_gate_either() {
    let policy = policy(&STAGES.replace("floor = \"99.85%\"", "floor = \"90%\""));
    let mut rng = StdRng::seed_from_u64(9);
    let new = Binomial::new(173, 0.005).unwrap();
    let old = Binomial::new(3_299, 0.005).unwrap();
    let mut passes = || {
        let windows: Vec<Paired> = (0..72)
            .map(|k| {
                window(
                    k,
                    (173, new.sample(&mut rng)),
                    (3_299, old.sample(&mut rng)),
                )
            })
            .collect();
        (13..=72).any(|many| {
            gate(
                &policy,
                &crashes(windows.iter().take(many).cloned().collect()),
            )
            .open
        })
    };
    let passed = (0..40).filter(|_| passes()).count();
    assert!(passed <= 4, "{passed} of 40");
}
