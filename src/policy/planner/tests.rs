use super::*;
use crate::policy::presets;

fn assumed(a_day: f64) -> Assumed {
    Assumed {
        metric: Metric::CrashFreeSessions,
        a_day,
        failing: 0.0005,
        clustering: Clustering::Distinct,
    }
}

fn policy(toml: &str) -> Policy {
    let raw: crate::policy::RawPolicy = toml::from_str(toml).unwrap();
    raw.resolve("p").unwrap().0
}

fn preset(name: &str) -> Policy {
    presets::get(name).unwrap().resolve(name).unwrap().0
}

/// The only rule of a policy with these keys.
fn rule(keys: &str) -> Rule {
    let metric = "crash_free_sessions";
    let text = format!("[[rule]]\nid = \"r\"\nmetric = \"{metric}\"\n{keys}");
    policy(&text).rules.remove(0)
}

/// The published table is the split test at margin 1 and evidence of 100: one rule, one test, 1 %.
#[test]
fn the_published_table_is_margin_one_at_one_in_a_hundred() {
    let rule = rule("worse_than_baseline = 1.0\naction = \"hold\"");
    let seen = |a_day: f64, exposure: f64, hours: f64| {
        let ground = Ground::new(&assumed(a_day), exposure);
        let sights = Sight::of_rule(&rule, 100f64.ln(), &ground);
        let trials = a_day * exposure * hours / 24.0;
        let share = sights[0].smallest(trials, &ground).unwrap();
        format!("{:.1}", share / 0.0005)
    };
    let found = [
        seen(1e6, 0.01, 1.0),
        seen(1e6, 0.01, 4.0),
        seen(1e6, 0.01, 24.0),
        seen(1e6, 0.05, 24.0),
        seen(1e5, 0.01, 1.0),
        seen(1e5, 0.01, 4.0),
        seen(1e5, 0.01, 24.0),
        seen(1e5, 0.05, 24.0),
    ];
    assert_eq!(
        found,
        ["18.2", "7.7", "3.1", "1.9", "108.1", "34.9", "10.5", "4.5"]
    );
}
