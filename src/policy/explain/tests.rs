use chrono::TimeDelta;

use super::*;
use crate::evidence::bound;

fn rule(limit: Limit, action: Action, evidence: Evidence) -> Rule {
    Rule {
        id: "r".into(),
        metric: Metric::CrashFreeSessions,
        limit,
        action,
        during: None,
        evidence,
        grace: TimeDelta::zero(),
    }
}

fn sequential(limit: Limit, action: Action) -> Rule {
    rule(limit, action, Evidence::Sequential)
}

fn comparison(new: (u64, u64), old: (u64, u64)) -> Comparison<'static> {
    let counts = |(trials, failures)| Counts { trials, failures };
    let pair = (counts(new), counts(old));
    Comparison {
        metric: &Metric::CrashFreeSessions,
        new_name: "3.5.0",
        old_name: Some("3.4.0"),
        new: pair.0,
        old: pair.1,
        ratio: bound::ratio(&[pair]),
        ratio_lower: bound::ratio_lower_bound(&[pair], 0.05, 1.0),
        since: None,
        basis: None,
    }
}

#[test]
fn a_ratio_is_told_with_counts_bound_and_rarity() {
    let rule = sequential(Limit::TimesBaseline { ratio: 1.0 }, Action::Pause);
    let text =
        comparison((312, 6), (30_888, 48)).breach(&rule, Some((7.702_390_852_93, 300f64.ln())));
    assert_eq!(
        text.as_str(),
        "3.5.0 crashes 12.4× as often as 3.4.0 (6 of 312 sessions vs 48 of 30,888). At least 2.7× with 95% confidence. \
         If 3.5.0 were no worse, evidence this strong would turn up in at most 1 in 2,200 rollouts, however often we look. \
         Rule r: pauses at 1 in 300."
    );
    let rule = sequential(Limit::TimesBaseline { ratio: 2.0 }, Action::Halt);
    let text = comparison((312, 9), (30_888, 0)).breach(&rule, Some((30.0, 1000f64.ln())));
    assert_eq!(
        text.as_str(),
        "9 of 312 sessions of 3.5.0 crashed, none of 30,888 of 3.4.0. At least 184× with 95% confidence. If 3.5.0 were at most \
         2× as bad, evidence this strong would turn up in less than 1 in a billion rollouts, however often we look. Rule r: halts at 1 in 1,000."
    );
}

#[test]
fn a_floor_is_told_as_people_write_it() {
    let rule = sequential(Limit::Failures { at_most: 0.0015 }, Action::Halt);
    let text = comparison((10_000, 88), (190_000, 95)).breach(&rule, Some((20.0, 1000f64.ln())));
    assert!(text.as_str().starts_with(
        "3.5.0 is at 99.12% crash-free sessions, below the floor of 99.85% (88 of 10,000 sessions crashed). \
         3.4.0 is at 99.95% over 190,000 sessions. If 3.5.0 were at 99.85% or better, "
    ), "{text}");
    assert_eq!(limit(&rule.metric, rule.limit), "≥ 99.85%");
    let late = comparison((100_000, 88), (190_000, 95)).breach(&rule, Some((20.0, 1000f64.ln())));
    assert!(
        late.as_str().contains("was below the floor")
            && late.as_str().contains("over all: 99.912%"),
        "{late}"
    );
}

#[test]
fn an_outage_is_called_one() {
    let rule = sequential(Limit::Failures { at_most: 0.0015 }, Action::Halt);
    let text = comparison((1_000, 50), (19_000, 950)).blameless(&rule);
    assert_eq!(
        text.as_str(),
        "Both versions are worse: 3.5.0 is at 95% crash-free sessions and 3.4.0 at 95%, the limit is 99.85%; an outage, not this \
         version. Rule r holds, and does not halt."
    );
    let unsure = comparison((1_000, 50), (100, 0)).blameless(&rule);
    assert!(
        unsure
            .as_str()
            .contains("no evidence yet that 3.5.0 is worse"),
        "{unsure}"
    );
}

#[test]
fn a_drop_the_plain_comparison_and_health() {
    let drop = sequential(Limit::WorseByPoints { points: 0.002 }, Action::Pause);
    let both = comparison((10_000, 88), (190_000, 95));
    let text = both.breach(&drop, Some((20.0, 100f64.ln())));
    assert!(
        text.as_str()
            .starts_with("3.5.0 is 0.83 pt worse than 3.4.0 in crash-free sessions. "),
        "{text}"
    );
    assert!(
        text.as_str().contains("were at most 0.2 pt worse"),
        "{text}"
    );
    assert_eq!(both.observed(drop.limit), "+0.83 pt");
    let plain = rule(
        Limit::Failures { at_most: 0.0015 },
        Action::Pause,
        Evidence::Observed {
            window: TimeDelta::hours(1),
            min_sessions: 1000,
            polls: 3,
        },
    );
    let text = both.breach(&plain, None);
    assert!(
        text.as_str()
            .ends_with("Rule r: pauses by plain comparison over 1h, 3 polls in a row."),
        "{text}"
    );
    assert_eq!(
        comparison((30_210, 12), (612_000, 300)).healthy().as_str(),
        "3.5.0 is healthy so far: 99.96% crash-free sessions (12 of 30,210 sessions crashed). 3.4.0 is at 99.951% over 612,000 sessions."
    );
}
