use super::*;
use crate::backtest::{Simulated, Source, World};
use crate::domain::Verb;
use crate::policy::RawPolicy;

fn policy(rules: &str) -> Arc<Policy> {
    let raw: RawPolicy = toml::from_str(rules).unwrap();
    Arc::new(raw.resolve("test").unwrap().0)
}

fn recommended() -> Arc<Policy> {
    policy(
        r#"
        [[rule]]
        id = "ratio-pause"
        metric = "crash_free_sessions"
        worse_than_baseline = 1.25
        action = "pause"
        [[rule]]
        id = "floor-pause"
        metric = "crash_free_sessions"
        floor = "99.85%"
        action = "pause"
        [[rule]]
        id = "ratio-halt"
        metric = "crash_free_sessions"
        worse_than_baseline = 2.0
        action = "halt"
        [[rule]]
        id = "floor-halt"
        metric = "crash_free_sessions"
        floor = "99.5%"
        action = "halt"
        "#,
    )
}

/// A day and a half at a million sessions a day.
fn short(regression: f64, seed: u64) -> World {
    World {
        length: TimeDelta::hours(36),
        regression,
        seed,
        ..World::default()
    }
}

fn first(world: World) -> Rollout {
    Simulated::new(world, 1).rollout(0).unwrap().into_owned()
}

#[test]
fn a_bad_version_is_paused_then_halted_and_says_why() {
    let rollout = first(short(10.0, 3));
    let outcome = replay(&recommended(), &rollout, &Options::default());
    let (pause, halt) = (outcome.pause.unwrap(), outcome.halt.unwrap());
    assert!(outcome.notice.unwrap().at <= pause.at && pause.at <= halt.at);
    assert_eq!(
        (pause.verb, halt.verb),
        (Some(Verb::Pause), Some(Verb::Halt))
    );
    assert!(pause.ln_evidence.unwrap() >= 300f64.ln(), "{pause:?}");
    assert!(halt.ln_evidence.unwrap() >= 2_000f64.ln(), "{halt:?}");
    assert!(
        halt.sentence.as_str().contains("in at most 1"),
        "{}",
        halt.sentence
    );
    assert!(
        (0.0..0.05).contains(&pause.exposed) && pause.trials > 100,
        "{pause:?}"
    );
    assert!(pause.avoidable > halt.avoidable && halt.avoidable > 0.0);
}
