//! The pure core: one assessment of everything a policy may look back on, and steps of the engine.

#![expect(
    clippy::unwrap_used,
    reason = "a bench fails by panicking, its helpers too"
)]

mod figures;
mod stopwatch;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use figures::Figures;
use haltline::domain::rollout::{InReview, ReleaseView};
use haltline::domain::{
    AppId, Counts, Exposure, Metric, SourceId, Status, StoreKind, StoreView, Timestamp, Version,
};
use haltline::engine::{self, AppPlan, Context, Input, Plan, State};
use haltline::policy::observation::Baseline;
use haltline::policy::{
    Budgets, DataState, Ledger, MetricSeries, Observation, Paired, Policy, RawPolicy, SourceState,
    Terms, assess,
};
use stopwatch::{ms, now};

const RUNS: usize = 50;
const STEPS: u32 = 2_000;

fn main() {
    let mut figures = Figures::new("the pure core");
    for rules in [3, 10] {
        let policy = policy(rules);
        for (span, windows) in [("a day", 288), ("14 days", 4_032)] {
            let observation = observation(&policy, windows);
            let samples = time(RUNS, || {
                black_box(assess(black_box(&policy), black_box(&observation)));
            });
            let name = format!("assess: {rules} rules, 3 metrics, {span} of 5-minute windows");
            figures.add(name, "ms", samples, None);
        }
    }
    let id = AppId::try_from("shop-android".to_owned()).unwrap();
    let (plan, state) = watching(&id);
    let context = Context::at(instant());
    let per_second = |input: &Input| {
        let samples = time(20, || {
            for _ in 0..STEPS {
                black_box(engine::step(&plan, &state, black_box(input), &context));
            }
        });
        samples
            .into_iter()
            .map(|ms| f64::from(STEPS) / ms)
            .collect()
    };
    figures.add("step: a tick", "k/s", per_second(&Input::Tick), None);
    let read = Input::StoreRead {
        app: id.clone(),
        result: Ok(view()),
    };
    figures.add("step: a read of the store", "k/s", per_second(&read), None);
    let observed = Input::Observed {
        app: id,
        observation: Box::new(observation(&policy(10), 4_032)),
    };
    let samples = time(RUNS, || {
        black_box(engine::step(&plan, &state, black_box(&observed), &context));
    });
    figures.add("step: 14 days observed", "ms", samples, None);
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

fn policy(rules: usize) -> Policy {
    const METRICS: [&str; 3] = [
        "crash_free_sessions",
        "frustration_free_sessions",
        "error_free_sessions",
    ];
    const LIMITS: [&str; 4] = [
        "floor = \"90%\"",
        "worse_than_baseline = 20.0",
        "drop_from_baseline = \"9pt\"",
        "floor = \"80%\"",
    ];
    let each = LIMITS
        .iter()
        .flat_map(|limit| METRICS.iter().map(move |metric| (limit, metric)));
    let rules: Vec<String> = each
        .take(rules)
        .enumerate()
        .map(|(n, (limit, metric))| {
            format!(
                "[[rule]]\nid = \"rule-{n}\"\nmetric = \"{metric}\"\n{limit}\naction = \"halt\"\n"
            )
        })
        .collect();
    let text = format!("description = \"bench\"\n{}", rules.concat());
    let raw: RawPolicy = toml::from_str(&text).unwrap();
    raw.resolve("bench").unwrap().0
}

fn instant() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// Two versions that are well, over so many windows.
fn observation(policy: &Policy, windows: i32) -> Observation {
    let metrics = [
        Metric::CrashFreeSessions,
        Metric::FrustrationFreeSessions,
        Metric::ErrorFreeSessions,
    ];
    let source = SourceId("sentry".into());
    let paired = |n: i32| Paired {
        start: instant() - TimeDelta::minutes(5) * (windows - n),
        seconds: 300,
        stratum: String::new(),
        new: Counts::new(170, u64::from(n % 11 == 0)).unwrap(),
        old: Counts::new(3_300, u64::from(n % 3 == 0)).unwrap(),
    };
    let series = metrics.into_iter().map(|metric| MetricSeries {
        metric,
        source: source.clone(),
        windows: (0..windows).map(paired).collect(),
    });
    Observation {
        at: instant(),
        store: StoreKind::GooglePlay,
        exposure: Some(Exposure::from_percent(5)),
        new_name: "8.43.0 (84300)".into(),
        old_name: Some("8.42.0 (84200)".into()),
        exposed_since: None,
        dark: None,
        resumes: 0,
        ledger: Arc::new(Ledger::of(policy, Terms::of(Baseline::Read), series)),
        sources: vec![SourceState {
            id: source,
            required: true,
            read_through: Some(instant()),
            state: DataState::Fresh,
            why: None,
            stale_after: 1_800,
            reach: haltline::domain::Reach::Halt,
        }],
        issues: Vec::new(),
        shares: Vec::new(),
        out_since: None,
        beside: haltline::policy::Beside::default(),
        next_train: haltline::policy::NextTrain::Unsaid,
    }
}

fn view() -> StoreView {
    StoreView {
        waiting: None,
        release: Some(ReleaseView {
            version: Version::from_code(84_300),
            also: Vec::new(),
            label: "8.43.0".into(),
            status: Status::InProgress,
            exposure: Exposure::from_percent(5),
            in_review: false,
            phased: None,
        }),
        previous: Some(Version::from_code(84_200)),
        others: 0,
    }
}

/// An engine that has read its one app's store.
fn watching(id: &AppId) -> (Plan, State) {
    let plan = AppPlan {
        name: "Shop".into(),
        store: StoreKind::GooglePlay,
        policy: Arc::new(policy(10)),
        advise: false,
        in_review: InReview::default(),
        start: haltline::policy::Start::Manual,
        train: None,
        owner: None,
        stalled_after: TimeDelta::days(3),
    };
    let plan = Plan::new(BTreeMap::from([(id.clone(), plan)]), Budgets::default());
    let context = Context::at(instant());
    let inputs = [
        Input::Started {
            term: 1,
            haltline: "0".into(),
        },
        Input::StoreRead {
            app: id.clone(),
            result: Ok(view()),
        },
    ];
    let state = inputs.iter().fold(State::default(), |state, input| {
        engine::step(&plan, &state, input, &context).state
    });
    (plan, state)
}
