use std::sync::{Arc, LazyLock};

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::domain::{Counts, Exposure, SourceId, StoreKind};
use crate::policy::ledger::Terms;
use crate::policy::observation::{DataState, MetricSeries, NextTrain, Paired};
use crate::policy::parse::RawPolicy;

pub(in crate::policy) fn at(minute: i64) -> Timestamp {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap() + TimeDelta::minutes(minute)
}

pub(super) fn policy(rules: &str) -> Policy {
    toml::from_str::<RawPolicy>(rules)
        .unwrap()
        .resolve("test")
        .unwrap()
        .0
}

const FLOORS: &str = r#"
[[rule]]
id = "pause"
metric = "crash_free_sessions"
floor = "99.85%"
action = "pause"
[[rule]]
id = "halt"
metric = "crash_free_sessions"
floor = "99.50%"
action = "halt"
"#;

static DEFAULT: LazyLock<Policy> = LazyLock::new(|| policy(FLOORS));

pub(in crate::policy) fn one(limit: &str, action: &str) -> Policy {
    policy(&format!(
        "[[rule]]\nid = \"r\"\nmetric = \"crash_free_sessions\"\n{limit}\naction = \"{action}\"\n"
    ))
}

pub(super) fn counts(trials: u64, failures: u64) -> Counts {
    Counts { trials, failures }
}

/// A window of five minutes, the `k`-th.
pub(super) fn window(k: i64, new: (u64, u64), old: (u64, u64)) -> Paired {
    Paired {
        start: at(5 * k),
        seconds: 300,
        stratum: String::new(),
        new: counts(new.0, new.1),
        old: counts(old.0, old.1),
    }
}

/// A baseline beside it, and failures that do not cluster.
fn terms() -> Terms {
    Terms {
        independent: true,
        ..Terms::of(Baseline::Read)
    }
}

/// The same windows on other terms.
pub(super) fn on(observation: &mut Observation, terms: Terms) {
    observation.ledger = Arc::new(observation.ledger.anew(&DEFAULT, terms));
}

pub(super) fn observed(metric: Metric, windows: Vec<Paired>) -> Observation {
    let id = SourceId("sentry".into());
    let end = windows.iter().map(Paired::end).max().unwrap_or(at(0));
    let series = MetricSeries {
        metric,
        source: id.clone(),
        windows,
    };
    Observation {
        at: end,
        store: StoreKind::GooglePlay,
        exposure: Some(Exposure::from_percent(5)),
        new_name: "3.5.0".into(),
        old_name: Some("3.4.0".into()),
        exposed_since: None,
        dark: None,
        resumes: 0,
        ledger: Arc::new(Ledger::of(&DEFAULT, terms(), [series])),
        sources: vec![SourceState {
            id,
            required: true,
            read_through: Some(end),
            state: DataState::Fresh,
            why: None,
            stale_after: 1_800,
            reach: crate::domain::Reach::Halt,
        }],
        issues: vec![],
        shares: vec![],
        out_since: None,
        beside: crate::policy::Beside::default(),
        next_train: NextTrain::Unsaid,
    }
}

pub(in crate::policy) fn crashes(windows: Vec<Paired>) -> Observation {
    observed(Metric::CrashFreeSessions, windows)
}

/// Windows of a million sessions a day at 5 %: 173 new and 3,299 old sessions each.
pub(super) fn steady(windows: i64, new_failures: u64, old_failures: u64) -> Vec<Paired> {
    (0..windows)
        .map(|k| window(k, (173, new_failures), (3_299, old_failures)))
        .collect()
}

fn state<'a>(assessment: &'a Assessment, rule: &str) -> &'a RuleStatus {
    assessment
        .rules
        .iter()
        .find(|status| status.rule.as_str() == rule)
        .unwrap()
}

#[test]
fn a_healthy_version_is_healthy_and_says_its_size() {
    let mut windows = steady(100, 0, 2);
    windows[50].new.failures = 4;
    let assessment = assess(&DEFAULT, &crashes(windows));
    assert_eq!(
        assessment.health,
        Health::Healthy,
        "{}",
        assessment.sentence
    );
    assert!(assessment.sentence.as_str().contains("17,300 sessions"));
    assert_eq!(state(&assessment, "halt").state, RuleState::Armed);
    assert_eq!(assessment.metrics[0].health, Health::Healthy);
    assert_eq!(assessment.metrics[0].trend.len(), 60);
}

#[test]
fn a_crashing_version_breaches_both_floors_and_the_halt_speaks() {
    let mut windows = steady(20, 0, 2);
    windows.extend((20..29).map(|k| window(k, (173, 4), (3_299, 2))));
    let assessment = assess(&DEFAULT, &crashes(windows));
    assert_eq!(assessment.health, Health::Breached);
    let halt = state(&assessment, "halt");
    assert_eq!(
        (halt.state.clone(), halt.polls_needed),
        (RuleState::Breached, 2)
    );
    let finding = halt.finding.as_ref().unwrap();
    assert_eq!(assessment.sentence, finding.sentence);
    assert_eq!(
        (finding.new, finding.old),
        // Since the hour in which it most likely began.
        (counts(865, 20), Some(counts(16_495, 10)))
    );
    assert!((finding.ln_threshold.unwrap() - 1000f64.ln()).abs() < 1e-12);
    assert!((halt.closeness - 1.0).abs() < 1e-12);
    assert_eq!(halt.now.as_str(), "97.69%");
    // Ten times the threshold needs no second poll.
    let sure = assess(&DEFAULT, &crashes(steady(30, 5, 2)));
    assert_eq!(state(&sure, "halt").polls_needed, 1);
}

#[test]
fn evidence_that_was_there_once_stays() {
    let mut windows = steady(2, 6, 2);
    windows.extend((2..200).map(|k| window(k, (173, 0), (3_299, 2))));
    let assessment = assess(&one("worse_than_baseline = 2.0", "halt"), &crashes(windows));
    assert_eq!(assessment.health, Health::Breached);
}

/// Three healthy days speak for a version; they must not speak for what it does on the fourth.
#[test]
fn a_change_after_three_healthy_days_is_found_within_hours() {
    let days = 3 * 288;
    let mut windows: Vec<_> = (0..days)
        .map(|k| window(k, (1_000, u64::from(k % 2 == 0)), (2_500, 1)))
        .collect();
    let rule = one("worse_than_baseline = 1.25", "pause");
    assert_eq!(
        assess(&rule, &crashes(windows.clone())).health,
        Health::Healthy
    );
    windows.extend((days..days + 36).map(|k| window(k, (1_000, 3), (2_500, 1))));
    assert_eq!(assess(&rule, &crashes(windows)).health, Health::Breached);
}

#[test]
fn a_warning_counts_from_when_it_says_so() {
    let day = 288;
    let mut windows: Vec<_> = (0..day)
        .map(|k| window(k, (1_000, 1), (2_500, 3)))
        .collect();
    windows.extend((day..day + 12).map(|k| window(k, (1_000, 5), (2_500, 3))));
    let assessment = assess(&one("floor = \"90%\"", "pause"), &crashes(windows));
    let sentence = assessment.sentence.as_str();
    assert!(sentence.contains("since 22:13 UTC"), "{sentence}");
    assert!(
        sentence.contains("60 of 12,000 sessions vs 36 of 30,000"),
        "{sentence}"
    );
}

#[test]
fn an_outage_of_both_versions_stops_nothing() {
    let mut windows = steady(20, 0, 2);
    windows.extend((20..44).map(|k| window(k, (173, 9), (3_299, 165))));
    let dropped = one("drop_from_baseline = \"0.1pt\"", "halt");
    assert_ne!(
        assess(&dropped, &crashes(windows.clone())).health,
        Health::Breached
    );
    let assessment = assess(&DEFAULT, &crashes(windows.clone()));
    let halt = state(&assessment, "halt");
    assert_eq!(
        (halt.state.clone(), halt.polls_needed),
        (RuleState::Blameless, 0)
    );
    assert!(
        assessment
            .sentence
            .as_str()
            .contains("an outage, not this version"),
        "{}",
        assessment.sentence
    );
    assert_eq!(assessment.health, Health::Warning);
    // It is over once enough healthy windows came in.
    windows.extend((44..2_000).map(|k| window(k, (173, 0), (3_299, 2))));
    assert_eq!(assess(&DEFAULT, &crashes(windows)).health, Health::Healthy);
}

#[test]
fn without_a_baseline_to_blame_a_floor_acts() {
    let bad = |old: (u64, u64)| crashes((0..40).map(|k| window(k, (3_000, 60), old)).collect());
    // Read, and small: the rollout is complete.
    let complete = assess(&DEFAULT, &bad((30, 1)));
    assert_eq!(complete.health, Health::Breached);
    // There, and just as bad.
    assert_eq!(assess(&DEFAULT, &bad((3_000, 60))).health, Health::Warning);
    // None.
    let mut none = bad((0, 0));
    on(
        &mut none,
        Terms {
            independent: true,
            ..Terms::of(Baseline::None)
        },
    );
    assert_eq!(assess(&DEFAULT, &none).health, Health::Breached);
    // Not read: nobody knows.
    on(
        &mut none,
        Terms {
            independent: true,
            ..Terms::of(Baseline::Unread)
        },
    );
    let unread = assess(&DEFAULT, &none);
    assert_eq!(unread.health, Health::Unknown);
    assert!(matches!(
        state(&unread, "halt").state,
        RuleState::Unknown { .. }
    ));
}

#[test]
fn an_outage_before_the_baseline_left_is_not_blamed_afterwards() {
    let mut windows = steady(20, 0, 2);
    windows.extend((20..44).map(|k| window(k, (173, 9), (3_299, 165))));
    windows.extend((44..700).map(|k| window(k, (3_400, 1), (0, 0))));
    let assessment = assess(&DEFAULT, &crashes(windows));
    assert_ne!(
        assessment.health,
        Health::Breached,
        "{}",
        assessment.sentence
    );
}

#[test]
fn data_that_are_not_fresh_are_never_green_and_never_act() {
    let mut bad = crashes(steady(30, 5, 2));
    assert_eq!(assess(&DEFAULT, &bad).health, Health::Breached);
    bad.sources[0].state = DataState::Stale;
    bad.sources[0].why = Some("sentry: 503".into());
    let stale = assess(&DEFAULT, &bad);
    assert_eq!(stale.health, Health::Unknown);
    assert!(stale.sentence.as_str().contains("sentry: 503"));
    assert!(
        stale
            .rules
            .iter()
            .all(|rule| matches!(rule.state, RuleState::Unknown { .. }))
    );
    let mut good = crashes(steady(30, 0, 2));
    good.sources[0].state = DataState::Stale;
    assert_eq!(assess(&DEFAULT, &good).health, Health::Unknown);
    good.sources.clear();
    assert_eq!(assess(&DEFAULT, &good).health, Health::Unknown);
}

#[test]
fn missing_data_are_unknown_and_say_what_is_missing() {
    for (windows, needle) in [
        (vec![], "no sessions of 3.5.0"),
        (vec![window(0, (0, 0), (100, 0))], "no sessions of 3.5.0"),
        (vec![window(0, (100, 0), (0, 0))], "no sessions of 3.4.0"),
    ] {
        let assessment = assess(&DEFAULT, &crashes(windows));
        assert_eq!(assessment.health, Health::Unknown);
        assert!(
            assessment.sentence.as_str().contains(needle),
            "{}",
            assessment.sentence
        );
    }
    let other = one("floor = \"99%\"", "pause");
    let assessment = assess(
        &other,
        &observed(Metric::ErrorFreeSessions, steady(3, 0, 0)),
    );
    assert_eq!(assessment.health, Health::Unknown);
    assert!(
        assessment
            .sentence
            .as_str()
            .contains("no source gives crash-free sessions")
    );
}

#[test]
fn what_the_baseline_did_before_the_version_ran_is_no_comparison() {
    let mut windows: Vec<_> = (-500..0).map(|k| window(k, (0, 0), (3_472, 900))).collect();
    windows.extend(steady(20, 0, 2));
    let assessment = assess(&DEFAULT, &crashes(windows));
    assert_eq!(assessment.health, Health::Healthy);
    assert_eq!(assessment.metrics[0].old, counts(65_980, 40));
    assert_eq!(assessment.metrics[0].trend.len(), 20);
}

#[test]
fn a_rule_lives_in_its_stage_only() {
    let staged = one(
        "floor = \"99.50%\"\nduring = { exposure = \"10%..50%\" }",
        "halt",
    );
    let mut bad = crashes(steady(30, 5, 2));
    let state = |observation: &Observation| assess(&staged, observation).rules[0].state.clone();
    assert_eq!(state(&bad), RuleState::Off);
    bad.exposure = Some(Exposure::from_percent(50));
    assert_eq!(state(&bad), RuleState::Breached);
    bad.exposure = None;
    assert!(matches!(state(&bad), RuleState::Unknown { .. }));
}

#[test]
fn the_error_share_is_divided_by_rules_and_halved_by_resumes() {
    let policy = policy(&FLOORS.replace("\"pause\"\n[[", "\"halt\"\n[["));
    let mut bad = crashes(steady(30, 5, 2));
    let threshold = |observation: &Observation| {
        let finding = assess(&policy, observation).rules[1].finding.clone();
        finding.unwrap().ln_threshold.unwrap().exp()
    };
    assert!((threshold(&bad) - 2_000.0).abs() < 1e-6);
    bad.resumes = 2;
    assert!((threshold(&bad) - 8_000.0).abs() < 1e-6);
    // What was known before the resume does not count again.
    on(
        &mut bad,
        Terms {
            from: Some(at(5 * 30)),
            ..terms()
        },
    );
    assert_eq!(assess(&policy, &bad).health, Health::Unknown);
}

#[test]
fn fewer_than_four_failures_pause_nothing() {
    let policy = one("worse_than_baseline = 1.25", "pause");
    let three = assess(&policy, &crashes(vec![window(0, (50, 3), (30_000, 6))]));
    assert_eq!(
        (three.health, three.rules[0].state.clone()),
        (Health::Warning, RuleState::Warning)
    );
    assert!((three.rules[0].closeness - 0.75).abs() < 1e-12);
    let four = assess(&policy, &crashes(vec![window(0, (50, 4), (30_000, 6))]));
    assert_eq!(four.health, Health::Breached);
}

#[test]
fn a_notify_rule_warns_at_twenty() {
    let policy = one("floor = \"99.95%\"", "notify");
    let mut windows = steady(100, 0, 2);
    windows.extend((100..110).map(|k| window(k, (173, 3), (3_299, 40))));
    let assessment = assess(&policy, &crashes(windows));
    assert_eq!(assessment.health, Health::Warning);
    let rule = &assessment.rules[0];
    assert_eq!(
        (rule.state.clone(), rule.polls_needed),
        (RuleState::Breached, 1)
    );
    assert!((rule.finding.as_ref().unwrap().ln_threshold.unwrap().exp() - 20.0).abs() < 1e-9);
}

#[test]
fn a_drop_in_points_is_held_against_the_baseline() {
    let policy = one("drop_from_baseline = \"0.5pt\"", "pause");
    let within = assess(&policy, &crashes(steady(60, 1, 2)));
    assert_ne!(within.health, Health::Breached);
    let beyond = assess(&policy, &crashes(steady(60, 3, 2)));
    assert_eq!(beyond.health, Health::Breached, "{}", beyond.sentence);
    assert_eq!(beyond.rules[0].now.as_str(), "+1.67 pt");
    let mut alone = crashes(steady(60, 3, 0));
    on(
        &mut alone,
        Terms {
            independent: true,
            ..Terms::of(Baseline::None)
        },
    );
    assert_eq!(assess(&policy, &alone).rules[0].state, RuleState::Off);
}

#[test]
fn the_plain_comparison_compares_plainly() {
    let policy = one(
        "floor = \"99.50%\"\nevidence = \"observed\"\nwindow = \"30m\"\nmin_sessions = 1000\nfor = 3",
        "halt",
    );
    let good_then = |last: (u64, u64), old: (u64, u64)| {
        let mut windows = steady(20, 0, 2);
        windows.extend((20..26).map(|k| window(k, last, old)));
        assess(&policy, &crashes(windows))
    };
    let bad = good_then((173, 2), (3_299, 2));
    assert_eq!(
        (bad.health, bad.rules[0].polls_needed),
        (Health::Breached, 3)
    );
    assert_eq!(
        bad.rules[0].finding.as_ref().unwrap().new,
        counts(1_038, 12)
    );
    assert_eq!(good_then((173, 0), (3_299, 2)).health, Health::Healthy);
    assert_eq!(
        good_then((173, 2), (3_299, 60)).rules[0].state,
        RuleState::Blameless
    );
    let few = good_then((17, 2), (3_299, 2));
    assert!(
        matches!(&few.rules[0].state, RuleState::Unknown { why } if why.as_str().contains("102 of the 1,000"))
    );
}

#[test]
fn unique_users_are_never_added_up() {
    let day = |k: i64, failures: u64| Paired {
        start: at(1_440 * k),
        seconds: 86_400,
        ..window(0, (1_000, failures), (19_000, 19))
    };
    let days: Vec<_> = (0..3).map(|k| day(k, 1)).collect();
    let policy = policy(
        "[[rule]]\nid = \"r\"\nmetric = \"crash_free_users\"\nfloor = \"99.5%\"\naction = \"halt\"\n",
    );
    let assessment = assess(&policy, &observed(Metric::CrashFreeUsers, days));
    assert_eq!(assessment.metrics[0].new, counts(1_000, 1));
    // A little every day is not proof, however many days; much on one day is.
    let little = (0..14).map(|k| day(k, 9)).collect();
    assert_ne!(
        assess(&policy, &observed(Metric::CrashFreeUsers, little)).health,
        Health::Breached
    );
    let much = (0..14)
        .map(|k| day(k, if k == 5 { 40 } else { 1 }))
        .collect();
    let assessment = assess(&policy, &observed(Metric::CrashFreeUsers, much));
    assert_eq!(assessment.health, Health::Breached);
    assert_eq!(
        assessment.rules[0].finding.as_ref().unwrap().new,
        counts(1_000, 40)
    );
}

mod levels;
pub(super) mod properties;
mod reach;
mod tiers;
