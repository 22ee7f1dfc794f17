//! What a rule may do by the source that carries its metric.

use super::*;
use crate::policy::rule::Action;

/// A version that is far beyond the limit of a halt.
fn bad(reach: Reach, out_hours: Option<i64>) -> Observation {
    let mut observation = crashes(steady(40, 30, 2));
    observation.sources[0].reach = reach;
    let out = out_hours.map(|hours| observation.at - TimeDelta::hours(hours));
    observation.out_since = out;
    observation
}

fn halt(more: &str) -> Policy {
    one(&format!("floor = \"99.5%\"\n{more}"), "halt")
}

#[test]
fn a_rule_does_no_more_than_its_source_carries() {
    let late = Reach::HaltAfterHours(48);
    let table = [
        (Reach::Halt, None, "", Action::Halt),
        (Reach::Pause, Some(500), "insist = true", Action::Pause),
        (Reach::Context, Some(500), "insist = true", Action::Notify),
        (late, None, "", Action::Pause),
        (late, Some(47), "", Action::Pause),
        (late, Some(48), "", Action::Halt),
        (late, Some(1), "insist = true", Action::Halt),
        (late, None, "insist = true", Action::Halt),
    ];
    for (reach, out, more, action) in table {
        let assessment = assess(&halt(more), &bad(reach, out));
        let rule = state(&assessment, "r");
        assert_eq!(
            (&rule.state, rule.action),
            (&RuleState::Breached, action),
            "{reach:?} {out:?} {more}"
        );
        assert_eq!(rule.capped.is_some(), action != Action::Halt, "{reach:?}");
        let sentence = rule.finding.as_ref().unwrap().sentence.as_str();
        let why = rule.capped.as_ref().map_or("", PlainText::as_str);
        assert!(sentence.contains(why), "{sentence}");
        let health = if action == Action::Notify {
            Health::Warning
        } else {
            Health::Breached
        };
        assert_eq!(assessment.health, health, "{reach:?}");
    }
}

#[test]
fn a_plain_comparison_is_held_to_it_too() {
    let rule = one(
        "floor = \"99.5%\"\nevidence = \"observed\"\nmin_sessions = 10",
        "halt",
    );
    let assessment = assess(&rule, &bad(Reach::Pause, None));
    let rule = state(&assessment, "r");
    assert_eq!(
        (&rule.state, rule.action),
        (&RuleState::Breached, Action::Pause)
    );
    let why = rule.capped.as_ref().unwrap().as_str();
    assert_eq!(
        why,
        "pauses only: sentry gives nothing that a halt could rest on"
    );
}

#[test]
fn context_shuts_no_gate_by_itself() {
    let worse = crashes(steady(100, 2, 2));
    let policy = policy(
        "[[stage]]\nexposure = \"5%\"\n[[stage]]\nexposure = \"100%\"\n[[rule]]\nid = \"r\"\n\
         metric = \"crash_free_sessions\"\nfloor = \"50%\"\naction = \"pause\"\n",
    );
    let of = |reach| {
        let mut observation = worse.clone();
        observation.sources[0].reach = reach;
        let assessment = assess(&policy, &observation);
        (assessment.health, assessment.gate.unwrap().open)
    };
    assert_eq!(of(Reach::Pause), (Health::Warning, false));
    assert_eq!(of(Reach::Context), (Health::Healthy, true));
}

#[test]
fn an_outage_holds_nothing_for_a_rule_that_only_tells() {
    let both = || (0..40).map(|k| window(k, (173, 5), (3_299, 100))).collect();
    let of = |reach| {
        let mut observation = crashes(both());
        observation.sources[0].reach = reach;
        let assessment = assess(&one("floor = \"99.5%\"", "pause"), &observation);
        state(&assessment, "r").state.clone()
    };
    assert_eq!(of(Reach::Halt), RuleState::Blameless);
    assert_eq!(of(Reach::Context), RuleState::Armed);
}
