use super::*;

fn limit(rule: &Rule, text: &str) -> Result<Limit, String> {
    let with = RuleOverride::Limit { limit: text.into() };
    let laid = with_override(rule, &with).map_err(|error| error.to_string())?;
    Ok(laid.unwrap().limit)
}

#[test]
fn a_limit_is_read_as_the_policy_would_write_it() {
    let floor = rule("floor");
    assert_eq!(
        limit(&floor, "99.50%"),
        Ok(Limit::Failures { at_most: 0.005 })
    );
    let wrong = [
        (
            "99.5",
            "rule floor has a floor: a percentage from 0% to 100% needs its unit: write \"99.5%\"",
        ),
        (
            "2pt",
            "rule floor has a floor: expected a percentage from 0% to 100%, such as \"99.85%\"; found \"2pt\"",
        ),
        (
            "100%",
            "rule floor has a floor: it lies between 0% and 100%, both excluded",
        ),
    ];
    for (text, expected) in wrong {
        assert_eq!(limit(&floor, text).unwrap_err(), expected);
    }
    let ceiling = Rule {
        metric: Metric::SlowColdStarts,
        ..rule("slow")
    };
    assert_eq!(limit(&ceiling, "5%"), Ok(Limit::Failures { at_most: 0.05 }));
    let times = Rule {
        limit: Limit::TimesBaseline { ratio: 2.0 },
        ..rule("ratio")
    };
    assert_eq!(
        limit(&times, "2.5"),
        Ok(Limit::TimesBaseline { ratio: 2.5 })
    );
    for text in ["0.5", "nan", "1e9", "2x", ""] {
        let why = limit(&times, text).unwrap_err();
        assert!(why.contains("a number from 1 to 1000"), "{why}");
    }
    let points = Rule {
        limit: Limit::WorseByPoints { points: 0.01 },
        ..rule("drop")
    };
    assert_eq!(
        limit(&points, "2pt"),
        Ok(Limit::WorseByPoints { points: 0.02 })
    );
}

#[test]
fn what_is_laid_over_a_rule_makes_another_policy() {
    let old = policy();
    let off = RuleOverride::Off;
    let halt = RuleOverride::Action {
        action: "halt".into(),
    };
    let (floor, other, gone) = ("floor".into(), "other".into(), "gone".into());
    let laid = with_overrides(&old, [(&floor, &off), (&gone, &off), (&other, &halt)]);
    assert_eq!(
        words(&compare(&old, &laid)),
        [
            "rule floor removed (looser)",
            "rule other: action pause → halt (tighter)"
        ]
    );
    assert_eq!(laid.hash, "0+floor:off+other:halt");
    assert_eq!(with_overrides(&old, []), old);
    let why = named(&old, &"flor".into()).unwrap_err().to_string();
    assert_eq!(
        why,
        "policy p has no rule \"flor\": did you mean \"floor\"? Known: floor, other"
    );
    let stop = RuleOverride::Action {
        action: "stop".into(),
    };
    let why = with_override(&old.rules[0], &stop).unwrap_err().to_string();
    assert!(why.starts_with("there is no action \"stop\": "), "{why}");
}
