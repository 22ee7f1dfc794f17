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
        ["18.2", "7.7", "3.1", "1.9", "108.1", "35.5", "10.5", "4.5"]
    );
}

/// The published sizes of the recommended tiers: 3 tests that pause (300), 2 that halt (2,000).
#[test]
fn the_tiers_ask_for_the_published_sizes() {
    let at_one_percent = |toml: &str, action| {
        let plan = plan(&policy(toml), &assumed(1e6));
        let stage = &plan.stages[0];
        let level = stage
            .levels
            .iter()
            .find(|level| level.action == Some(action));
        let seen = &level.unwrap().seen;
        let sizes = seen.iter().map(|seen| seen.trials).collect::<Vec<_>>();
        (level.unwrap().one_in, sizes)
    };
    let default = presets::source("default").unwrap();
    let pause = [None, Some(89_392), Some(20_083), Some(3_722), Some(1_447)];
    assert_eq!(at_one_percent(default, Action::Pause), (300, pause.into()));
    let halt = [None, None, Some(95_392), Some(8_026), Some(2_645)];
    assert_eq!(at_one_percent(default, Action::Halt), (2_000, halt.into()));
}

#[test]
fn a_floor_waits_for_blame_and_a_pause_for_four_failures() {
    let ground = Ground::new(&assumed(1e6), 0.01);
    let sights = |keys: &str| Sight::of_rule(&rule(keys), 300f64.ln(), &ground).remove(0);
    let floor = sights("floor = \"99.949%\"\naction = \"pause\"");
    let tells = sights("floor = \"99.949%\"\naction = \"notify\"");
    let blame = Sight::warning().trials(0.001, &ground).unwrap();
    assert!(
        tells.trials(0.001, &ground).unwrap() > blame,
        "the limit alone takes longer"
    );
    assert_eq!(floor.trials(0.001, &ground), tells.trials(0.001, &ground));
    let low = sights("floor = \"99.99%\"\naction = \"pause\"");
    assert_eq!(
        low.trials(0.001, &ground),
        Some(blame),
        "a broken floor waits for blame"
    );
    let ratio = sights("worse_than_baseline = 1.25\naction = \"pause\"");
    assert_eq!(ratio.trials(0.029, &ground), Some(4.0 / 0.029));
    let visible = ratio.smallest(4.0 / 0.029, &ground).unwrap();
    assert!((visible - 0.029).abs() < 1e-12, "{visible}");
}

#[test]
fn what_is_visible_after_so_many_trials_takes_so_many() {
    for name in presets::names() {
        let policy = preset(name);
        for fraction in [0.01, 0.25, 0.95, 1.0] {
            let ground = Ground::new(&assumed(1e6), fraction);
            let sights = policy
                .rules
                .iter()
                .flat_map(|rule| Sight::of_rule(rule, 8.0, &ground));
            for sight in sights.chain([Sight::warning()]) {
                for trials in [20.0, 500.0, 50_000.0, 5e6] {
                    let Some(share) = sight.smallest(trials, &ground) else {
                        continue;
                    };
                    let back = sight.trials(share, &ground).unwrap_or(trials);
                    assert!(
                        back <= trials * (1.0 + 1e-6),
                        "{name} {sight:?}: {back} > {trials}"
                    );
                }
            }
        }
    }
}

#[test]
fn without_a_baseline_beside_it_a_pause_looks_back_and_a_halt_cannot() {
    let whole = plan(&preset("default"), &assumed(1e6))
        .stages
        .pop()
        .unwrap();
    assert_eq!(whole.exposure, Exposure::FULL);
    let trials = |action| {
        let level = whole
            .levels
            .iter()
            .find(|level| level.action == action)
            .unwrap();
        level.seen[2].trials
    };
    assert_eq!(trials(None), None, "no split without a control");
    assert_eq!(trials(Some(Action::Halt)), None);
    let by_history = trials(Some(Action::Pause)).unwrap();
    assert!((15_000..40_000).contains(&by_history), "{by_history}");
}

#[test]
fn a_gate_asks_for_the_published_minimum() {
    let plan = plan(&preset("high-risk"), &assumed(1e6));
    let gates = plan.stages.iter().filter_map(|stage| stage.gate.as_ref());
    let clean: Vec<_> = gates.clone().filter_map(|gate| gate.clean_trials).collect();
    assert_eq!(clean, [454, 910, 1_822, 3_038]);
    // Simulated means of a healthy version: 508, 1,134, 2,915, 7,282.
    let healthy: Vec<_> = gates.filter_map(|gate| gate.healthy_trials).collect();
    assert_eq!(healthy, [502, 1_126, 2_934, 7_703]);
}

#[test]
fn gates_that_stay_shut_and_blind_stages_are_noted() {
    let text = r#"
        [[stage]]
        exposure = "1%"
        soak = "1h"
        healthy_if = { crash_free_sessions = "99.96%" }
        [[stage]]
        exposure = "2%"
        soak = "2d"
        healthy_if = { crash_free_sessions = "99.90%" }
        [[stage]]
        exposure = "100%"
        [[rule]]
        id = "a"
        metric = "crash_free_sessions"
        worse_than_baseline = 1.25
        action = "pause"
        during = { exposure = "1%..1.5%" }
        [[rule]]
        id = "b"
        metric = "slow_requests"
        ceiling = "1%"
        action = "pause"
    "#;
    let plan = plan(&policy(text), &assumed(1e5));
    assert_eq!(
        plan.notes,
        [
            "stage 1%: by the end of its soak no rule stops less than 192×: a longer soak or a larger exposure sees more",
            "stage 2%: the gate of 99.9% takes 13d to open for a healthy version, more than the soak of 48h: ask for \
             less, or show the version to more",
            "stage 2%: by the end of its soak no rule could stop anything",
        ]
        .map(PlainText::from)
    );
    assert_eq!(
        plan.warnings,
        [PlainText::from(
            "stage 1%: a version as good as the one before never passes its gate: healthy_if asks for evidence of 99.96% \
             crash-free sessions, and that one has 99.95%: ask for less"
        )]
    );
    let low = policy(&text.replace("worse_than_baseline = 1.25", "floor = \"99.96%\""));
    let note = super::plan(&low, &assumed(1e5)).notes.remove(0);
    assert!(
        note.as_str()
            .starts_with("rule a: the baseline itself breaks ≥ 99.96%;"),
        "{note}"
    );
    assert_eq!(plan.unplanned.len(), 1);
    assert_eq!(plan.unplanned[0].why.as_str(), "it is on slow requests");
}

#[test]
fn gates_that_no_volume_passes_are_warned_of_with_numbers() {
    let stages = |keys: &str| {
        let text =
            format!("[[stage]]\nexposure = \"1%\"\n{keys}\n[[stage]]\nexposure = \"100%\"\n");
        plan(&policy(&text), &assumed(1e4)).warnings
    };
    let told = stages(
        "healthy_if = { crash_free_sessions = \"99.85%\" }\nmin_sessions = 3001\nmin_users = 6000",
    );
    assert_eq!(
        told,
        [
            "stage 1%: its gate takes 78d to open for a healthy version: healthy_if asks for evidence of 99.85% crash-free \
             sessions, which takes 7,703 sessions, and the stage has 100 a day: ask for less, or show the version to more",
            "stage 1%: min_sessions = 3001 takes 31d: the stage has 100 sessions a day: ask for fewer, or show the version to more",
            "stage 1%: min_users = 6000 takes 60d at least: the stage has 100 sessions a day: ask for fewer, or show the \
             version to more",
        ]
        .map(PlainText::from)
    );
    // A month is not too long.
    assert_eq!(stages("min_sessions = 3000\nmin_users = 3000"), []);
    // A version that is at the limit is not told from one beyond it, nor is one that is hardly better.
    for near in ["99.95%", "99.94%"] {
        let told = stages(&format!(
            "healthy_if = {{ crash_free_sessions = \"{near}\" }}"
        ));
        assert!(
            told[0].as_str().contains("never passes its gate"),
            "{near}: {told:?}"
        );
    }
}

#[test]
fn clusters_make_everything_take_longer() {
    let clustered = Assumed {
        clustering: Clustering::Measured { phi: 2.0 },
        ..assumed(1e6)
    };
    let (plain, slower) = (
        plan(&preset("default"), &assumed(1e6)),
        plan(&preset("default"), &clustered),
    );
    let trials = |plan: &Plan| plan.stages[0].levels[1].seen[2].trials.unwrap();
    // Divided by 1.5 φ̂, and so is what a session adds; the price of alternatives is not.
    assert_eq!(trials(&slower), (20_082.995_162_f64 * 3.0).ceil() as u64);
    assert_eq!(trials(&plain), 20_083);
}

#[test]
fn journeys_are_planned_by_their_successes() {
    let assumed = Assumed {
        metric: "journey_success:pay".parse().unwrap(),
        a_day: 1e6,
        failing: 0.4,
        clustering: Clustering::Distinct,
    };
    let text = "[[rule]]\nid = \"r\"\nmetric = \"journey_success:pay\"\nworse_than_baseline = 1.0\naction = \"hold\"";
    let plan = plan(&policy(text), &assumed);
    let hold = &plan.stages[0].levels[1];
    let half_more = hold.seen[0].trials.unwrap();
    assert!((30..300).contains(&half_more), "60 % to 40 %: {half_more}");
    assert_eq!(
        hold.seen[2].trials, None,
        "nobody fails three times as often as 40 %"
    );
    assert_eq!(plan.stages[0].fixed_per_arm[2], None);
    assert!(hold.visible[2].times.unwrap() < 1.2);
}
