//! Backtests: how long a thousand rollouts take, and what the recommended limits do in the world of the published figures.
//!
//! The figures beside ours are those of the specification's own simulation (`SR policy`, a million sessions a day).
//! `HALTLINE_ROLLOUTS` sets how many rollouts each row of that table is made of; 0 leaves it out.

#![expect(
    clippy::unwrap_used,
    reason = "a bench fails by panicking, its helpers too"
)]

mod figures;
mod stopwatch;

use std::io::Write as _;
use std::sync::Arc;

use chrono::TimeDelta;
use figures::Figures;
use haltline::backtest::score::Score;
use haltline::backtest::simulate::Outage;
use haltline::backtest::{Contender, Options, Rival, Simulated, Source, Summary, World, run};
use haltline::policy::{RawPolicy, presets};
use stopwatch::{ms, now};

const RECOMMENDED: &str = r#"
description = "the limits of the specification"
[[rule]]
id = "crash-ratio-pause"
metric = "crash_free_sessions"
worse_than_baseline = 1.25
action = "pause"
[[rule]]
id = "crash-free-pause"
metric = "crash_free_sessions"
floor = "99.85%"
action = "pause"
[[rule]]
id = "crash-ratio-halt"
metric = "crash_free_sessions"
worse_than_baseline = 2.0
action = "halt"
[[rule]]
id = "crash-free-halt"
metric = "crash_free_sessions"
floor = "99.50%"
action = "halt"
"#;

fn main() {
    let policy = recommended();
    speed(&policy);
    let rollouts = std::env::var("HALTLINE_ROLLOUTS").map_or(200, |many| many.parse().unwrap());
    if rollouts > 0 {
        table(&policy, rollouts);
    }
}

fn recommended() -> Contender {
    let raw: RawPolicy = toml::from_str(RECOMMENDED).unwrap();
    Contender::Policy(Arc::new(raw.resolve("recommended").unwrap().0))
}

fn speed(policy: &Contender) {
    let mut figures = Figures::new("1,000 rollouts of 1,728 polls");
    let healthy = Simulated::new(World::default(), 1_000);
    let samples = time(3, || {
        for index in 0..100 {
            std::hint::black_box(healthy.rollout(index));
        }
    });
    let samples = samples.into_iter().map(|ms| ms / 100.0 / 1.728).collect();
    figures.add("a poll: draws its windows", "µs", samples, None);
    let made: Vec<_> = (0..100)
        .map(|index| healthy.rollout(index).unwrap().into_owned())
        .collect();
    let contenders = Rival::ALL.map(Contender::Rival);
    let (default, _) = presets::get(presets::DEFAULT)
        .unwrap()
        .resolve("default")
        .unwrap();
    let default = Contender::Policy(Arc::new(default));
    for contender in [policy, &default].into_iter().chain(&contenders) {
        let samples = time(3, || {
            for rollout in &made {
                std::hint::black_box(contender.replay(rollout, &Options::default()));
            }
        });
        let samples = samples.into_iter().map(|ms| ms / 100.0 / 1.728).collect();
        figures.add(format!("a poll: {}", contender.name()), "µs", samples, None);
    }
    let all = |contender: &Contender, source: &Simulated| {
        time(3, || {
            run(
                source,
                std::slice::from_ref(contender),
                &Options::default(),
                &(),
            );
        })
        .into_iter()
        .map(|ms| ms / 1e3)
        .collect()
    };
    figures.add(
        "healthy, the default policy, all cores",
        "s",
        all(&default, &healthy),
        Some(3.0),
    );
    figures.add(
        "healthy, the recommended limits, all cores",
        "s",
        all(policy, &healthy),
        Some(3.0),
    );
    for regression in [2.0, 6.0] {
        let bad = Simulated::new(
            World {
                regression,
                ..World::default()
            },
            1_000,
        );
        figures.add(
            format!("{regression}× worse, the recommended limits, all cores"),
            "s",
            all(policy, &bad),
            None,
        );
    }
    figures.print();
}

fn time(runs: usize, mut work: impl FnMut()) -> Vec<f64> {
    let once = |_| {
        let start = now();
        work();
        ms(start)
    };
    (0..runs).map(once).collect()
}

fn table(policy: &Contender, rollouts: usize) {
    let hours = TimeDelta::hours;
    let from_start = |regression| World {
        regression,
        ..World::default()
    };
    let late = |hour, regression| World {
        onset: Some(hours(hour)),
        ..from_start(regression)
    };
    let outage = World {
        outage: Some(Outage {
            from: hours(60),
            lasts: hours(2),
            times: 20.0,
        }),
        ..World::default()
    };
    let rows = [
        ("healthy", World::default(), "paused 0.02 %, halted 0"),
        ("2× from the start", from_start(2.0), "90k/57h/65h/16.5 | –"),
        (
            "3×",
            from_start(3.0),
            "18.6k/34h/40h/4.2 | 117k/60h/69h/17.8",
        ),
        (
            "6×",
            from_start(6.0),
            "3.6k/13.4h/19.8h/.89 | 7.9k/21h/32h/.97",
        ),
        (
            "10×",
            from_start(10.0),
            "1.4k/9.1h/12.4h/.78 | 2.6k/11.8h/16h/.86",
        ),
        (
            "58×",
            from_start(58.0),
            "144/2.8h/4.1h/.37 | 171/3.1h/4.8h/.40",
        ),
        ("3× from 60 h", late(60, 3.0), "+3.5h | +23h"),
        ("6× from 60 h", late(60, 6.0), "+0.83h | +1.8h"),
        ("10× from 60 h", late(60, 10.0), "+0.42h | +0.67h"),
        ("3× from 120 h", late(120, 3.0), "+1.5h | –"),
        ("6× from 120 h", late(120, 6.0), "+0.33h | –"),
        ("10× from 120 h", late(120, 10.0), "+0.17h | –"),
        ("outage ×20, 2 h", outage, "paused 2.6 %, halted 1.9 %"),
    ];
    say(&format!(
        "\n{rollouts} rollouts a row: trials / median h / p90 h / median % exposed, of the pause | of the halt"
    ));
    for (name, world, reference) in rows {
        // A rival has long stopped most rollouts when a late change comes.
        let rivals = Rival::ALL.map(Contender::Rival).into_iter();
        let rivals = rivals.filter(|_| world.onset.is_none());
        let contenders: Vec<_> = std::iter::once(policy.clone()).chain(rivals).collect();
        let source = Simulated::new(world, rollouts);
        let report = run(&source, &contenders, &Options::default(), &());
        say(&format!("{name:<18} reference {reference}"));
        for contender in report.contenders {
            say(&format!(
                "  {:<16} {}",
                contender.name,
                words(&contender.summary)
            ));
        }
    }
}

fn words(summary: &Summary) -> String {
    let score = |score: &Score| {
        let delay = score.delay.as_ref().map_or_else(
            || "–".to_owned(),
            |delay| {
                let (trials, hours, exposed) = (delay.trials, delay.hours, delay.exposed);
                format!(
                    "{:.0}/{:.2}h/{:.2}h/{:.2}",
                    trials.mean,
                    hours.median,
                    hours.p90,
                    exposed.median * 100.0
                )
            },
        );
        let early = score.false_acts;
        format!(
            "{delay}, false {:.2} % (≤ {:.2}), missed {}",
            early.share.unwrap_or(0.0) * 100.0,
            early.high * 100.0,
            score.missed.hits
        )
    };
    format!(
        "{} | {} | unknown {:.2} %",
        score(&summary.pause),
        score(&summary.halt),
        summary.unknown as f64 / summary.polls as f64 * 100.0
    )
}

fn say(line: &str) {
    std::io::stdout()
        .lock()
        .write_all(format!("{line}\n").as_bytes())
        .ok();
}
