use chrono::TimeDelta;

use super::*;
use crate::evidence::bound;
use crate::policy::rule::{Action, Evidence, Rule};

fn rule(limit: Limit, action: Action, evidence: Evidence) -> Rule {
    Rule {
        id: "r".into(),
        metric: Metric::CrashFreeSessions,
        limit,
        action,
        during: None,
        evidence,
        grace: TimeDelta::zero(),
        insist: false,
        of_tier: false,
        unless_train: None,
    }
}

fn sequential(limit: Limit, action: Action) -> Rule {
    rule(limit, action, Evidence::Sequential)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
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
        clustering: Clustering::Distinct,
        driver: None,
        through: Some(at("2026-03-01T14:05:40Z")),
    }
}

fn grounds(ln_evidence: f64, asked: f64) -> Grounds<'static> {
    Grounds {
        evidence: Some((ln_evidence, asked.ln())),
        ..Grounds::default()
    }
}

const PAUSE: fn(f64) -> Rule = |ratio| sequential(Limit::TimesBaseline { ratio }, Action::Pause);

#[test]
fn a_ratio_is_told_with_counts_bound_and_rarity() {
    let text =
        comparison((312, 6), (30_888, 48)).breach(&PAUSE(1.0), grounds(7.702_390_852_93, 300.0));
    assert_eq!(
        text.as_str(),
        "3.5.0 crashes 12.4× as often as 3.4.0 (6 of 312 sessions vs 48 of 30,888). At least 2.7× with 95% confidence. \
         If 3.5.0 were no worse, evidence this strong would turn up in at most 1 in 2,200 rollouts, however often we look. \
         Rule r: pauses at 1 in 300. Data to 14:05 UTC."
    );
    let rule = sequential(Limit::TimesBaseline { ratio: 2.0 }, Action::Halt);
    let text = comparison((312, 9), (30_888, 0)).breach(&rule, grounds(30.0, 1000.0));
    assert_eq!(
        text.as_str(),
        "9 of 312 sessions of 3.5.0 crashed, none of 30,888 of 3.4.0. At least 184× with 95% confidence. If 3.5.0 were at most \
         2× as bad, evidence this strong would turn up in less than 1 in a billion rollouts, however often we look. Rule r: halts \
         at 1 in 1,000. Data to 14:05 UTC."
    );
}

#[test]
fn what_began_later_is_told_with_its_beginning() {
    let both = comparison((5_000, 31), (10_000, 20));
    let since = |at| Comparison {
        since: Some(at),
        ..both
    };
    let text = since(at("2026-03-01T12:00:00Z")).breach(&PAUSE(1.25), grounds(6.0, 100.0));
    assert_eq!(
        text.as_str(),
        "Since 12:00 UTC 3.5.0 crashes 3.1× as often as 3.4.0 (31 of 5,000 sessions vs 20 of 10,000). At least 1.37× with 95% \
         confidence. If 3.5.0 were at most 1.25× as bad, evidence this strong would turn up in at most 1 in 400 rollouts, however \
         often we look. Rule r: pauses at 1 in 100. Data to 14:05 UTC."
    );
    let yesterday = since(at("2026-02-28T23:00:00Z")).worth_a_look(4.0, None);
    assert!(
        yesterday
            .as_str()
            .starts_with("Worth a look: since 28 Feb 23:00 UTC 3.5.0 crashes"),
        "{yesterday}"
    );
}

#[test]
fn what_rests_on_the_past_says_so_and_how_little_it_may_do() {
    let past = |basis| Comparison {
        basis: Some(basis),
        ratio_lower: None,
        ..comparison((50_000, 93), (400_000, 240))
    };
    let margin = Some(1.25);
    let text = past(Basis::SameAge).breach(
        &PAUSE(1.0),
        Grounds {
            margin,
            ..grounds(6.0, 200.0)
        },
    );
    assert_eq!(
        text.as_str(),
        "3.5.0 crashes 3.1× as often as 3.4.0 did on the same day of its own rollout (93 of 50,000 sessions vs 240 of 400,000). If \
         3.5.0 were at most 1.25× as bad, evidence this strong would turn up in at most 1 in 400 rollouts, however often we look. \
         Rule r: pauses at 1 in 200. Nobody runs 3.4.0 any more, so that an outage cannot be told from a bad version: pauses at most. \
         Data to 14:05 UTC."
    );
    let before = past(Basis::Before).breach(&PAUSE(1.0), grounds(6.0, 200.0));
    assert!(
        before.as_str().starts_with(
            "3.5.0 crashes 3.1× as often as 3.4.0 did in the two weeks before (93 of "
        ),
        "{before}"
    );
}

#[test]
fn a_halt_that_may_only_pause_and_clusters_are_told() {
    let rule = sequential(Limit::TimesBaseline { ratio: 2.0 }, Action::Halt);
    let both = Comparison {
        clustering: Clustering::Measured { phi: 3.04 },
        ..comparison((312, 6), (30_888, 48))
    };
    let text = both.breach(
        &rule,
        Grounds {
            capped: Some(CAPPED),
            ..grounds(7.0, 1000.0)
        },
    );
    assert!(
        text.as_str().ends_with(
            " Rule r: halts at 1 in 1,000, but pauses only: no baseline week tells how failures cluster. Failures come in clusters of about 3. Data to 14:05 UTC."
        ),
        "{text}"
    );
    let few = Clustering::Measured { phi: 1.2 };
    assert_eq!(
        [
            clusters(few),
            clusters(Clustering::Distinct),
            clusters(Clustering::Unknown)
        ],
        [None, None, None]
    );
}

#[test]
fn a_floor_is_told_as_people_write_it() {
    let rule = sequential(Limit::Failures { at_most: 0.0015 }, Action::Halt);
    let text = comparison((10_000, 88), (190_000, 95)).breach(&rule, grounds(20.0, 1000.0));
    assert_eq!(
        text.as_str(),
        "3.5.0 is at 99.12% crash-free sessions, below the floor of 99.85% (88 of 10,000 sessions crashed). \
         3.4.0 is at 99.95% over 190,000 sessions. If 3.5.0 were at 99.85% or better, evidence this strong would turn up in at \
         most 1 in 480,000,000 rollouts, however often we look. Rule r: halts at 1 in 1,000. Data to 14:05 UTC."
    );
    assert_eq!(limit(&rule.metric, rule.limit), "≥ 99.85%");
    let late = comparison((100_000, 88), (190_000, 95));
    let text = late.breach(&rule, grounds(20.0, 1000.0));
    assert!(
        text.as_str().starts_with(
            "3.5.0 was below the floor of 99.85% crash-free sessions for long enough to tell (over all: 99.912%, 88 of 100,000 sessions \
             crashed). 3.4.0 is"
        ),
        "{text}"
    );
    let since = Some(at("2026-03-01T12:00:00Z"));
    let text = Comparison { since, ..late }.breach(&rule, grounds(20.0, 1000.0));
    assert!(
        text.as_str().contains("to tell (since 12:00 UTC: 99.912%"),
        "{text}"
    );
}

#[test]
fn an_outage_is_called_one() {
    let rule = sequential(Limit::Failures { at_most: 0.0015 }, Action::Halt);
    let text = comparison((1_000, 50), (19_000, 950)).blameless(&rule);
    assert_eq!(
        text.as_str(),
        "Both versions are worse: 3.5.0 is at 95% crash-free sessions and 3.4.0 at 95%, the limit is 99.85%; an outage, not this \
         version. Rule r holds, and does not halt until 3.5.0 is evidently worse than 3.4.0 at the same time. Data to 14:05 UTC."
    );
    let unsure = comparison((1_000, 50), (100, 0)).blameless(&rule);
    assert_eq!(
        unsure.as_str(),
        "3.5.0 is at 95% crash-free sessions, below the floor of 99.85% (50 of 1,000 sessions crashed). But 3.4.0 is at 100%: it may \
         be an outage, not this version. Rule r holds, and does not halt until 3.5.0 is evidently worse than 3.4.0 at the same \
         time. Data to 14:05 UTC."
    );
    let drop = sequential(Limit::WorseByPoints { points: 0.002 }, Action::Pause);
    assert_eq!(
        comparison((1_000, 52), (19_000, 950))
            .blameless(&drop)
            .as_str(),
        "3.5.0 is 0.2 pt worse than 3.4.0 in crash-free sessions. It may be an outage, not this version. Rule r holds, and does not \
         pause until 3.5.0 is evidently worse than 3.4.0 at the same time. Data to 14:05 UTC."
    );
}

#[test]
fn a_drop_and_the_plain_comparison() {
    let drop = sequential(Limit::WorseByPoints { points: 0.002 }, Action::Pause);
    let both = comparison((10_000, 88), (190_000, 95));
    assert_eq!(
        both.breach(&drop, grounds(20.0, 100.0)).as_str(),
        "3.5.0 is 0.83 pt worse than 3.4.0 in crash-free sessions. 3.5.0 crashes 17.6× as often as 3.4.0 (88 of 10,000 sessions vs \
         95 of 190,000). At least 11.2× with 95% confidence. If 3.5.0 were at most 0.2 pt worse, evidence this strong would turn up \
         in at most 1 in 480,000,000 rollouts, however often we look. Rule r: pauses at 1 in 100. Data to 14:05 UTC."
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
    let text = both.breach(&plain, Grounds::default());
    assert!(
        text.as_str().ends_with(
            "Rule r: pauses by plain comparison over 1h, 3 polls in a row. Data to 14:05 UTC."
        ),
        "{text}"
    );
}

#[test]
fn a_warning_says_what_would_change_it() {
    let change = change(Action::Pause, (3.7, 300f64.ln()), false);
    assert_eq!(change.as_str(), "pauses at 1 in 300, now 1 in 40");
    let both = comparison((312, 4), (30_888, 48));
    assert_eq!(
        both.worth_a_look(3.7, Some(("rule crash-ratio", change.as_str())))
            .as_str(),
        "Worth a look: 3.5.0 crashes 8.2× as often as 3.4.0 (4 of 312 sessions vs 48 of 30,888). At least 1.18× with 95% confidence. If 3.5.0 were no worse, evidence this \
         strong would turn up in at most 1 in 40 rollouts, however often we look. No limit is broken: rule crash-ratio pauses at \
         1 in 300, now 1 in 40. Data to 14:05 UTC."
    );
    let floor = sequential(Limit::Failures { at_most: 0.005 }, Action::Pause);
    assert_eq!(
        both.near_a_limit(&floor, change.as_str()).as_str(),
        "Worth a look: 3.5.0 is at 98.72% crash-free sessions (4 of 312 sessions crashed). 3.4.0 is at 99.84% over 30,888 sessions. \
         The floor is 99.5%: rule r pauses at 1 in 300, now 1 in 40. Data to 14:05 UTC."
    );
    let few = super::change(Action::Halt, (7.7, 1000f64.ln()), true);
    assert_eq!(
        few.as_str(),
        "halts at 1 in 1,000 and four affected users, now 1 in 2,200 and fewer"
    );
}

#[test]
fn health_says_what_it_would_have_seen() {
    let both = comparison((30_210, 12), (612_000, 300));
    let end = "It is at 99.96% crash-free sessions (12 of 30,210 sessions crashed). 3.4.0 is at 99.951% over 612,000 sessions. \
               Data to 14:05 UTC.";
    let told = |seen| both.healthy(seen).as_str().to_owned();
    let from = |ratio| {
        Some(Visible::From {
            share: 0.0038,
            ratio,
        })
    };
    assert_eq!(
        told(from(Some(7.66))),
        format!(
            "3.5.0 is healthy so far: at this volume a version 7.7× as bad would have been seen. {end}"
        )
    );
    assert_eq!(
        told(from(None)),
        format!(
            "3.5.0 is healthy so far: at this volume a version below 99.62% would have been seen. {end}"
        )
    );
    assert_eq!(
        told(Some(Visible::Nothing)),
        format!(
            "3.5.0 is healthy so far, but there are too few sessions to see any regression. {end}"
        )
    );
    assert_eq!(told(None), format!("3.5.0 is healthy so far. {end}"));
}

#[test]
fn a_journey_is_told_by_its_successes() {
    let metric = Metric::JourneySuccess("checkout".into());
    let both = Comparison {
        metric: &metric,
        ..comparison((1_000, 310), (10_000, 2_000))
    };
    let rule = Rule {
        metric: metric.clone(),
        ..PAUSE(1.1)
    };
    assert_eq!(limit(&metric, rule.limit), "≥ 0.91× baseline");
    assert_eq!(both.observed(rule.limit), "0.86×");
    assert_eq!(
        both.breach(&rule, grounds(6.0, 100.0)).as_str(),
        "3.5.0 succeeds 0.86× as often as 3.4.0 (310 of 1,000 journeys failed vs 2,000 of 10,000). If 3.5.0 succeeded at least \
         0.91× as often, evidence this strong would turn up in at most 1 in 400 rollouts, however often we look. Rule r: pauses at \
         1 in 100. Data to 14:05 UTC."
    );
    let seen = Visible::From {
        share: 0.26,
        ratio: Some(1.3),
    };
    assert_eq!(
        visible(&metric, seen),
        "a version below 74% would have been seen"
    );
}
