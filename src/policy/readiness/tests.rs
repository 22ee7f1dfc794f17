use super::*;
use crate::domain::Reach;
use crate::policy::{Stage, presets};

fn policy(name: &str) -> Policy {
    presets::get(name).unwrap().resolve(name).unwrap().0
}

fn percent_of(percent: u32) -> Exposure {
    Exposure::from_percent(percent)
}

/// A million sessions in the last day and fourteen times as many in all, of which so many in a million crashed.
fn crashing(in_a_million: u64) -> Baseline {
    measured_of(1_000_000, in_a_million)
}

fn measured_of(trials: u64, failures: u64) -> Baseline {
    let counts = |times| Counts {
        trials: trials * times,
        failures: failures * times,
    };
    let measured = Measured {
        day: counts(1),
        all: counts(14),
        clustering: Clustering::Measured { phi: 1.0 },
    };
    Baseline {
        name: "8.42.0".into(),
        metrics: BTreeMap::from([(Metric::CrashFreeSessions, measured)]),
        part: 1.0,
    }
}

fn told(item: &Item) -> String {
    let todo = item.todo.as_ref().map(|todo| format!(" → {todo}"));
    format!(
        "{:?}: {}{}",
        item.mark,
        item.finding,
        todo.unwrap_or_default()
    )
}

#[test]
fn a_policy_that_stops_nothing_at_the_first_stage_is_not_ready() {
    let mut policy = policy("default");
    let found = rules(&policy, percent_of(5));
    assert_eq!(found.mark, Mark::Ready);
    assert!(
        found.finding.as_str().contains("crash-free-pause"),
        "{found:?}"
    );
    for rule in &mut policy.rules {
        rule.during = Some((percent_of(20), percent_of(100)));
    }
    assert_eq!(rules(&policy, percent_of(5)).mark, Mark::Failed);
    assert_eq!(rules(&policy, percent_of(20)).mark, Mark::Ready);
    for rule in &mut policy.rules {
        rule.action = Action::Hold;
    }
    assert_eq!(rules(&policy, percent_of(20)).mark, Mark::Failed);
}

#[test]
fn a_baseline_that_breaks_a_floor_itself_is_not_ready() {
    let (policy, first) = (policy("default"), percent_of(5));
    let mark = |baseline_: &Baseline| baseline(&policy, first, baseline_).mark;
    assert_eq!(mark(&crashing(500)), Mark::Ready);
    assert_eq!(
        told(&baseline(&policy, first, &crashing(500))),
        "Ready: 8.42.0: crash-free sessions 99.95% (500 of 1,000,000 sessions crashed) in the last day"
    );
    assert_eq!(mark(&crashing(3_000)), Mark::Failed);
    assert!(
        told(&baseline(&policy, first, &crashing(3_000)))
            .contains("breaks ≥ 99.85% of rule crash-free-pause"),
    );
    // Hardly beyond the floor: it may be chance.
    assert_eq!(mark(&measured_of(10_000, 16)), Mark::Warning);
    assert_eq!(mark(&measured_of(900, 0)), Mark::Unknown);
    let nothing = Baseline {
        metrics: BTreeMap::new(),
        ..crashing(0)
    };
    assert_eq!(mark(&nothing), Mark::Unknown);
}

#[test]
fn a_gate_that_the_baseline_would_not_pass_is_worth_a_thought() {
    let mut policy = policy("default");
    let mut stage = Stage::at(percent_of(5));
    stage.healthy_if.insert(Metric::CrashFreeSessions, 0.9998);
    policy.stages = vec![stage, Stage::at(Exposure::FULL)];
    let found = baseline(&policy, percent_of(5), &crashing(500));
    assert_eq!(found.mark, Mark::Warning, "{found:?}");
    assert!(found.finding.as_str().contains("99.98%"), "{found:?}");
}

#[test]
fn what_a_beginning_shows_grows_with_users_and_with_time() {
    let policy = policy("default");
    let aim = |percent, regression| Aim {
        exposure: percent_of(percent),
        regression,
    };
    let item = |aim, baseline: &Baseline| sight(&policy, aim, Some(baseline));
    let much = item(aim(20, 3.0), &crashing(500));
    assert_eq!(much.mark, Mark::Ready, "{}", told(&much));
    let little = item(aim(1, 2.0), &crashing(500));
    assert_eq!(little.mark, Mark::Failed, "{}", told(&little));
    assert!(
        little.finding.as_str().contains("2× goes unseen"),
        "{}",
        told(&little)
    );
    // What it proposes is enough.
    let told = told(&little);
    let (_, wider) = told.split_once("begin at ").expect(&told);
    let again = Aim {
        exposure: wider.parse().unwrap(),
        regression: 2.0,
    };
    assert_eq!(item(again, &crashing(500)).mark, Mark::Ready);
    // Half of the sessions are other versions': the day is twice as large.
    let half = Baseline {
        part: 0.5,
        ..crashing(500)
    };
    let half = item(aim(1, 2.0), &half).finding;
    assert!(half.as_str().contains("1% of 2,000,000"), "{half}");
    assert_eq!(sight(&policy, aim(1, 2.0), None).mark, Mark::Unknown);
}

#[test]
fn a_soak_that_is_long_enough_is_ready_and_a_longer_one_is_proposed() {
    let mut policy = policy("default");
    let mut stage = Stage::at(percent_of(5));
    stage.soak = TimeDelta::hours(2);
    policy.stages = vec![stage, Stage::at(Exposure::FULL)];
    let aim = Aim {
        exposure: percent_of(5),
        regression: 2.0,
    };
    let short = sight(&policy, aim, Some(&crashing(500)));
    assert_eq!(short.mark, Mark::Failed, "{}", told(&short));
    assert!(
        short.finding.as_str().contains("within 2h"),
        "{}",
        told(&short)
    );
    assert!(told(&short).contains("let it soak for"), "{}", told(&short));
}

#[test]
fn measured_is_the_last_day_and_all_there_is() {
    let now: Timestamp = "2026-01-10T12:00:00Z".parse().unwrap();
    let hour = |ago: i64| {
        let counts = Counts {
            trials: 1_000,
            failures: 1,
        };
        (now - TimeDelta::hours(ago), counts)
    };
    let week: Vec<_> = (1..=168).map(hour).collect();
    let found = Measured::of(&week, now);
    assert_eq!((found.day.trials, found.all.trials), (24_000, 168_000));
    assert_eq!(found.clustering, Clustering::Measured { phi: 1.0 });
    let few = Measured::of(&week[..20], now);
    assert_eq!(few.clustering, Clustering::Unknown);
}

#[test]
fn a_halt_that_no_source_may_carry_is_told_before_the_rollout() {
    let policy = policy("default");
    let source = |id: &str, reach| crate::policy::SourceState {
        id: crate::domain::SourceId(id.into()),
        required: true,
        read_through: None,
        state: crate::policy::observation::DataState::Fresh,
        why: None,
        stale_after: 0,
        reach,
    };
    let vitals = source("play-vitals", Reach::HaltAfterHours(48));
    let embrace = source("embrace", Reach::Pause);
    let sentry = source("sentry", Reach::Halt);
    let found = |sources: &[_]| halts(&policy, percent_of(5), sources);
    assert_eq!(found(&[]), None);
    let late = found(&[vitals.clone(), embrace.clone()]).unwrap();
    assert_eq!(late.mark, Mark::Warning);
    assert!(told(&late).contains("crash-free-halt"), "{late:?}");
    assert!(told(&late).contains("play-vitals is late"), "{late:?}");
    let rates = found(&[embrace]).unwrap();
    assert!(told(&rates).contains("nothing that a halt could rest on"));
    let both = found(&[vitals.clone(), sentry]).unwrap();
    assert_eq!(told(&both), "Ready: sentry may halt by itself");

    let mut insists = policy.clone();
    for rule in &mut insists.rules {
        rule.insist = true;
    }
    assert_eq!(halts(&insists, percent_of(5), &[vitals]), None);
}
