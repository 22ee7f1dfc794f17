use proptest::prelude::*;

use super::properties::any_observation;
use super::*;
use crate::policy::threshold::ln_threshold;

const TIERS: &str = r#"
[[tier]]
name = "forward"
when = "crash_free_sessions > 99.80%"
respond = "notify"
say = "next train"
next_train = "2d"
[[tier]]
name = "hotfix"
when = "99.00% <= crash_free_sessions < 99.80%"
respond = "pause"
next_train = "2d"
[[tier]]
name = "stop"
when = "crash_free_sessions < 99.00%"
respond = "halt"
"#;

/// An hour of windows with so many failures of a thousand sessions each.
fn hour(failing: u64) -> Observation {
    let windows = (0..12).map(|k| window(k, (1_000, failing), (20_000, 4)));
    crashes(windows.collect())
}

fn tier(policy: &Policy, observation: &Observation) -> Option<(String, Action)> {
    let tier = assess(policy, observation).tier?;
    assert!(!tier.why.is_empty());
    Some((tier.name.to_string(), tier.respond))
}

#[test]
fn the_answer_is_that_of_the_band() {
    let policy = policy(TIERS);
    let named = |failing| tier(&policy, &hour(failing)).map(|(name, _)| name);
    assert_eq!(named(0), None);
    assert_eq!(
        named(1),
        Some("forward".into()),
        "99.90 %, baseline 99.98 %"
    );
    assert_eq!(named(5), Some("hotfix".into()));
    assert_eq!(named(30), Some("stop".into()));
    let assessment = assess(&policy, &hour(1));
    assert_eq!(assessment.health, Health::Warning);
    let said = assessment.tier.unwrap();
    assert_eq!(said.say.as_str(), "next train");
    assert_eq!(
        said.why.as_str(),
        "3.5.0 is worse than 3.4.0 in crash-free sessions, and not below 99.8% by evidence"
    );
}

#[test]
fn without_a_train_in_time_the_answer_is_one_step_stronger() {
    let policy = policy(TIERS);
    let days = TimeDelta::days;
    for (train, forward, hotfix) in [
        (NextTrain::Unsaid, Action::Notify, Action::Pause),
        (NextTrain::Never, Action::Hold, Action::Halt),
        (
            NextTrain::At(at(60) + days(2)),
            Action::Notify,
            Action::Pause,
        ),
        (NextTrain::At(at(61) + days(2)), Action::Hold, Action::Halt),
        (NextTrain::At(at(59)), Action::Hold, Action::Halt),
    ] {
        let answer = |failing| {
            let next_train = train;
            let observation = Observation {
                next_train,
                ..hour(failing)
            };
            tier(&policy, &observation).unwrap()
        };
        assert_eq!(answer(1), ("forward".into(), forward), "{train:?}");
        assert_eq!(answer(5), ("hotfix".into(), hotfix), "{train:?}");
    }
    // What may halt is one of those that share the error of a halt, whenever its train leaves.
    let threshold = ln_threshold(Action::Halt, &policy, 0);
    assert!((threshold - 2_000_f64.ln()).abs() < 1e-9);
}

#[test]
fn what_cannot_be_seen_asks_for_nothing() {
    let policy = policy(TIERS);
    for failing in [1, 30] {
        let mut observation = hour(failing);
        observation.sources[0].state = DataState::Stale;
        assert_eq!(tier(&policy, &observation), None);
        let mut observation = hour(failing);
        on(
            &mut observation,
            Terms {
                independent: true,
                ..Terms::of(Baseline::None)
            },
        );
        let alone = tier(&policy, &observation).map(|(name, _)| name);
        let floor = (failing == 30).then(|| "stop".to_owned());
        assert_eq!(alone, floor, "worse than nothing");
    }
}

/// Without a tier beyond its bound, one within it ends there all the same.
#[test]
fn a_tier_alone_ends_at_its_bound() {
    let alone =
        "[[tier]]\nname = \"f\"\nwhen = \"crash_free_sessions > 99.80%\"\nrespond = \"notify\"\n";
    let policy = policy(alone);
    assert!(tier(&policy, &hour(1)).is_some());
    assert_eq!(tier(&policy, &hour(30)), None);
}

/// What a policy says, but for whether a rule was written as a tier.
fn said(policy: &Policy, observation: &Observation) -> Assessment {
    let mut assessment = assess(policy, observation);
    assessment.tier = None;
    for rule in &mut assessment.rules {
        rule.of_tier = false;
    }
    assessment
}

static AS_TIERS: LazyLock<Policy> = LazyLock::new(|| {
    policy(
        r#"
        [[tier]]
        name = "a"
        when = "99.0% <= crash_free_sessions < 99.8%"
        respond = "pause"
        [[tier]]
        name = "b"
        when = "crash_free_sessions < 99.0%"
        respond = "halt"
        [[tier]]
        name = "c"
        when = "slow_requests > 2.5%"
        respond = "notify"
        [[tier]]
        name = "d"
        when = "crash_free_users < 98%"
        respond = "hold"
        "#,
    )
});

static AS_RULES: LazyLock<Policy> = LazyLock::new(|| {
    let limits = [
        ("a", "crash_free_sessions", "floor = \"99.8%\"", "pause"),
        ("b", "crash_free_sessions", "floor = \"99%\"", "halt"),
        ("c", "slow_requests", "ceiling = \"2.5%\"", "notify"),
        ("d", "crash_free_users", "floor = \"98%\"", "hold"),
    ];
    let rules = limits.map(|(id, metric, limit, action)| {
        format!("[[rule]]\nid = \"{id}\"\nmetric = \"{metric}\"\n{limit}\naction = \"{action}\"\n")
    });
    policy(&rules.concat())
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_tier_is_the_same_floor(observation in any_observation()) {
        prop_assert_eq!(said(&AS_TIERS, &observation), said(&AS_RULES, &observation));
    }
}
