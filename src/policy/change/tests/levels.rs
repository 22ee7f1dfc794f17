//! Limits of figures without counts, and rules that insist.

use super::*;
use crate::domain::Unit;
use crate::policy::change::ChangeError;

fn level(limit: Limit) -> Rule {
    Rule {
        metric: Metric::Level("cold_start_p99".into()),
        limit,
        ..rule("slow")
    }
}

fn words(old: &Rule, new: &Rule) -> Vec<String> {
    let mut parts = super::super::parts::Parts::default();
    parts.either_rule(Some(old), Some(new));
    parts.found.iter().map(|it| it.words.to_string()).collect()
}

#[test]
fn a_lower_ceiling_and_a_higher_floor_are_tighter() {
    let most = |value| {
        level(Limit::LevelAtMost {
            value,
            unit: Unit::Seconds,
        })
    };
    let least = |value| {
        level(Limit::LevelAtLeast {
            value,
            unit: Unit::Plain,
        })
    };
    let table = [
        (
            most(4.5),
            most(0.85),
            "rule slow: ceiling 4.5 s → 850 ms (tighter)",
        ),
        (
            most(4.5),
            most(5.0),
            "rule slow: ceiling 4.5 s → 5 s (looser)",
        ),
        (
            least(4.2),
            least(4.3),
            "rule slow: floor 4.2 → 4.3 (tighter)",
        ),
        (least(4.2), least(3.0), "rule slow: floor 4.2 → 3 (looser)"),
        (
            most(4.5),
            least(4.5),
            "rule slow: ceiling 4.5 s → floor 4.5 (looser)",
        ),
    ];
    for (old, new, expected) in table {
        assert_eq!(words(&old, &new), [expected]);
    }
}

#[test]
fn to_insist_is_tighter() {
    let insists = Rule {
        insist: true,
        ..rule("r")
    };
    assert_eq!(
        words(&rule("r"), &insists),
        ["rule r: insist false → true (tighter)"]
    );
    assert_eq!(
        words(&insists, &rule("r")),
        ["rule r: insist true → false (looser)"]
    );
}

#[test]
fn what_lies_over_a_figure_is_in_its_unit_and_never_halts() {
    let slow = level(Limit::LevelAtMost {
        value: 4.5,
        unit: Unit::Seconds,
    });
    let limit = |text: &str| with_override(&slow, &RuleOverride::Limit { limit: text.into() });
    let laid = limit("900ms").unwrap().unwrap();
    assert_eq!(
        laid.limit,
        Limit::LevelAtMost {
            value: 0.9,
            unit: Unit::Seconds
        }
    );
    for wrong in ["4%", "4.5", "0s", "soon"] {
        assert!(
            matches!(limit(wrong), Err(ChangeError::Limit { .. })),
            "{wrong}"
        );
    }
    let halt = RuleOverride::Action {
        action: "halt".into(),
    };
    assert_eq!(
        with_override(&slow, &halt),
        Err(ChangeError::NeverHalts("slow".into()))
    );
    let hold = RuleOverride::Action {
        action: "hold".into(),
    };
    assert!(with_override(&slow, &hold).is_ok());
}
