//! Rules on figures without counts.

use super::*;
use crate::domain::Unit;
use crate::policy::observation::LevelPair;
use crate::policy::rule::Action;

fn rule(limit: &str, action: &str) -> Policy {
    policy(&format!(
        "[[rule]]\nid = \"slow\"\nmetric = \"level:cold_start_p99\"\n{limit}\naction = \"{action}\"\n"
    ))
}

fn pair(new: Option<f64>, old: Option<f64>) -> LevelPair {
    LevelPair {
        metric: Metric::Level("cold_start_p99".into()),
        source: SourceId("sentry".into()),
        unit: Unit::Seconds,
        new,
        old,
        new_trials: Some(1_204),
        old_trials: None,
        through: Some(at(60)),
    }
}

fn with(pair: LevelPair) -> Observation {
    let mut observation = crashes(steady(100, 0, 2));
    observation.beside.levels.push(pair);
    observation
}

fn judged(policy: &Policy, observation: &Observation) -> RuleStatus {
    assess(policy, observation).rules.remove(0)
}

#[test]
fn a_figure_is_held_against_its_limit() {
    let p = |new, old| pair(Some(new), Some(old));
    let table = [
        ("ceiling = \"4.5s\"", p(5.2, 3.1), RuleState::Breached),
        ("ceiling = \"4500ms\"", p(5.2, 3.1), RuleState::Breached),
        ("ceiling = \"4.5s\"", p(4.5, 3.1), RuleState::Armed),
        // Both versions alike: an outage.
        ("ceiling = \"4.5s\"", p(5.2, 4.9), RuleState::Blameless),
        ("floor = \"5.5s\"", p(5.2, 5.6), RuleState::Breached),
        (
            "worse_than_baseline = 1.5",
            p(5.2, 3.1),
            RuleState::Breached,
        ),
        ("worse_than_baseline = 1.7", p(5.2, 3.1), RuleState::Armed),
    ];
    for (limit, pair, expected) in table {
        let status = judged(&rule(limit, "pause"), &with(pair.clone()));
        assert_eq!(status.state, expected, "{limit} {pair:?}");
        let quiet = is_quiet(&rule(limit, "pause"), &with(pair));
        assert_eq!(quiet, expected == RuleState::Armed, "{limit}");
    }
    let status = judged(&rule("ceiling = \"4.5s\"", "pause"), &with(p(5.2, 3.1)));
    assert_eq!((status.polls_needed, status.action), (2, Action::Pause));
    assert_eq!(
        (status.limit.as_str(), status.now.as_str()),
        ("≤ 4.5 s", "5.2 s")
    );
    assert_eq!(
        status.finding.unwrap().sentence.as_str(),
        "3.5.0 is at 5.2 s cold start p99 (1,204 measured), 3.4.0 at 3.1 s; the ceiling is 4.5 s. Rule slow: pauses by plain \
         comparison, 2 polls in a row. Data to 06:33 UTC."
    );
    let status = judged(
        &rule("worse_than_baseline = 1.5", "notify"),
        &with(p(5.2, 3.1)),
    );
    assert_eq!(status.now.as_str(), "1.68×");
    // What only tells has nobody to blame.
    let status = judged(&rule("ceiling = \"4.5s\"", "notify"), &with(p(5.2, 4.9)));
    assert_eq!(status.state, RuleState::Breached);
}

#[test]
fn what_is_not_known_is_said_so() {
    let unknown = |limit: &str, observation: &Observation| {
        let status = judged(&rule(limit, "pause"), observation);
        match status.state {
            RuleState::Unknown { why } => why.to_string(),
            state => panic!("{state:?}"),
        }
    };
    let ceiling = "ceiling = \"4.5s\"";
    let none = crashes(steady(100, 0, 2));
    assert_eq!(unknown(ceiling, &none), "no source gives cold start p99");
    let early = with(pair(None, Some(3.0)));
    assert_eq!(unknown(ceiling, &early), "no cold start p99 of 3.5.0 yet");
    assert_eq!(
        unknown(
            "ceiling = \"4.5s\"\nmin_sessions = 2000",
            &with(pair(Some(9.0), None))
        ),
        "cold start p99 was measured on 1,204 of the 2,000 that rule slow asks for"
    );
    assert_eq!(
        unknown("worse_than_baseline = 1.5", &with(pair(Some(9.0), None))),
        "no cold start p99 of 3.4.0 to compare with"
    );
    let mut share = pair(Some(0.1), None);
    share.unit = Unit::Share;
    assert_eq!(
        unknown(ceiling, &with(share)),
        "sentry gives cold start p99 in another unit than rule slow has its limit in"
    );
    let mut stale = with(pair(Some(9.0), Some(3.0)));
    stale.sources[0].state = DataState::Stale;
    stale.sources[0].why = Some("its data are old".into());
    assert_eq!(unknown(ceiling, &stale), "its data are old");
    assert_eq!(
        assess(&rule(ceiling, "pause"), &stale).levels[0].health,
        Health::Unknown
    );
}

#[test]
fn a_figure_without_counts_never_halts_whatever_a_pinned_policy_says() {
    let mut policy = rule("ceiling = \"4.5s\"", "pause");
    policy.rules[0].action = Action::Halt;
    let mut observation = with(pair(Some(9.0), Some(3.0)));
    assert_eq!(judged(&policy, &observation).action, Action::Pause);
    observation.sources[0].reach = Reach::Context;
    let status = judged(&policy, &observation);
    assert_eq!(
        (status.state, status.action),
        (RuleState::Breached, Action::Notify)
    );
}

#[test]
fn figures_take_no_share_of_the_error_and_show_with_their_health() {
    let text = format!(
        "{FLOORS}\n[[rule]]\nid = \"slow\"\nmetric = \"level:cold_start_p99\"\nceiling = \"4.5s\"\naction = \"pause\"\n"
    );
    let with_level = policy(&text);
    let threshold =
        |policy: &Policy| crate::policy::threshold::ln_threshold(Action::Pause, policy, 0);
    assert!((threshold(&with_level) - threshold(&DEFAULT)).abs() < 1e-12);
    let assessment = assess(&with_level, &with(pair(Some(5.2), Some(3.1))));
    assert_eq!(assessment.health, Health::Breached);
    assert_eq!(assessment.levels[0].health, Health::Breached);
    let assessment = assess(&with_level, &with(pair(Some(4.2), Some(3.1))));
    assert_eq!(assessment.health, Health::Healthy);
    assert_eq!(assessment.levels[0].health, Health::Healthy);
}
