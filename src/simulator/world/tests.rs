use super::*;
use crate::ports::SimClock;
use crate::simulator::traffic;

mod kpi;

fn demo(seed: u64) -> (Arc<World>, Arc<SimClock>) {
    let scenario = Scenario::load("demo").unwrap();
    let clock = Arc::new(SimClock::starting_at(scenario.start));
    (World::new(scenario, seed, clock.clone()), clock)
}

fn android() -> AppId {
    AppId::try_from("shop-android".to_owned()).unwrap()
}

fn totals(cells: &[Cell]) -> (u64, u64) {
    cells.iter().fold((0, 0), |(s, c), cell| {
        (s + cell.sessions, c + cell.crashed.total())
    })
}

#[test]
fn counts_do_not_depend_on_who_asks_when() {
    let app = android();
    let (eager, clock) = demo(1);
    let (start, mut piecewise) = (eager.start(), Vec::new());
    for minute in 0..90 {
        clock.advance_to(start + TimeDelta::minutes(minute + 1));
        let from = start + TimeDelta::minutes(minute);
        piecewise.extend(eager.cells(&app, "84300", from, from + TimeDelta::minutes(5)));
    }
    let (lazy, clock) = demo(1);
    clock.advance_to(start + TimeDelta::minutes(90));
    let whole = lazy.cells(&app, "84300", start, start + TimeDelta::days(1));
    assert_eq!(whole.len(), 90);
    assert_eq!(whole, piecewise);

    let middle = lazy.cells(
        &app,
        "84200",
        start + TimeDelta::minutes(40),
        start + TimeDelta::minutes(50),
    );
    let around = lazy.cells(
        &app,
        "84200",
        start - TimeDelta::days(2),
        start + TimeDelta::days(2),
    );
    assert!(
        around.windows(2).all(|pair| pair[0].end() == pair[1].start),
        "no gaps"
    );
    assert!(middle.iter().all(|cell| around.contains(cell)));

    let (other, clock) = demo(2);
    clock.advance_to(start + TimeDelta::minutes(90));
    assert_ne!(
        other.cells(&app, "84300", start, start + TimeDelta::days(1)),
        whole
    );
}

#[test]
fn a_minute_is_told_once_it_is_over() {
    let (world, clock) = demo(1);
    let start = world.start();
    clock.advance_to(start + TimeDelta::seconds(119));
    let cells = world.cells(&android(), "84300", start, start + TimeDelta::hours(1));
    assert_eq!(cells.iter().map(|c| c.start).collect::<Vec<_>>(), [start]);
}

#[test]
fn means_are_what_the_scenario_says() {
    let (world, clock) = demo(7);
    let start = world.start();
    clock.advance_to(start + TimeDelta::hours(24));
    let app = android();
    let (new, _) = totals(&world.cells(&app, "84300", start, start + TimeDelta::days(1)));
    let (old, crashed) = totals(&world.cells(&app, "84200", start, start + TimeDelta::days(1)));
    // 50,000 and 950,000 sessions, 475 crashes expected; five standard deviations.
    assert!(new.abs_diff(50_000) < 5 * 224, "{new}");
    assert!(old.abs_diff(950_000) < 5 * 975, "{old}");
    assert!(crashed.abs_diff(475) < 5 * 22, "{crashed}");
    let bad = world.cells(
        &app,
        "84300",
        start + TimeDelta::minutes(30),
        start + TimeDelta::days(1),
    );
    let (sessions, crashed) = totals(&bad);
    let expected = sessions as f64 * 0.03;
    assert!(
        (crashed as f64 - expected).abs() < 5.0 * expected.sqrt(),
        "{crashed} of {sessions}"
    );
    assert!(bad.iter().all(|c| c.healthy() <= c.sessions));
}

#[test]
fn a_stopped_release_keeps_its_users_and_the_past_its_counts() {
    let (world, clock) = demo(3);
    let (app, start) = (android(), world.start());
    let noon = start + TimeDelta::hours(4);
    clock.advance_to(noon);
    let before = world.cells(&app, "84300", start, noon);
    world.serve(&app, "84300", &[(start, 0.0)]);
    assert_eq!(
        world.cells(&app, "84300", start, noon),
        before,
        "an offer acts from now on"
    );
    assert!(world.offered(&app, "84300") <= 0.0);
    clock.advance_to(noon + TimeDelta::hours(4));
    let (after, _) = totals(&world.cells(&app, "84300", noon, noon + TimeDelta::hours(4)));
    assert!(after > 7_000, "who has it keeps it: {after}");
}

#[test]
fn adoption_nears_the_offer() {
    let start = Timestamp::default();
    let at = |hours| start + TimeDelta::hours(hours);
    let offers = [(at(0), 0.2), (at(6), 0.0), (at(12), 0.5)];
    let adopted = |hours| traffic::adoption(&offers, TimeDelta::hours(6), at(hours));
    let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
    let first = 0.2 * (1.0 - (-1.0_f64).exp());
    assert!(near(adopted(0), 0.0) && near(adopted(6), first) && near(adopted(12), first));
    assert!(near(adopted(18), 0.5 - (0.5 - first) * (-1.0_f64).exp()));
    assert!(near(
        traffic::adoption(&offers, TimeDelta::zero(), at(1)),
        0.2
    ));
}

#[test]
fn users_are_fewer_than_sessions_and_crashed_users_fewer_than_either() {
    assert_eq!(traffic::users(0, TimeDelta::days(1)), 0);
    assert_eq!(traffic::users(1000, TimeDelta::minutes(1)), 999);
    assert_eq!(traffic::users(42_000, TimeDelta::days(14)), 1000);
    for (events, users) in [(0, 10), (5, 10), (10_000, 10), (3, 0), (1, 1)] {
        let met = traffic::affected(events, users);
        assert!(met <= events && met <= users);
        assert_eq!(met == 0, events == 0 || users == 0);
    }
}

#[test]
fn new_issues_take_what_a_version_crashes_beyond_the_baseline() {
    let (world, clock) = demo(1);
    let (app, start) = (android(), world.start());
    let issues = |to| world.issues(&app, "84300", start - TimeDelta::days(1), to);
    clock.advance_to(start + TimeDelta::minutes(30));
    let calm = issues(world.now());
    assert_eq!((calm[0].events, calm[0].first_seen), (0, None));
    clock.advance_to(start + TimeDelta::hours(3));
    let burning = issues(world.now());
    let crashed: u64 = world
        .cells(&app, "84300", start - TimeDelta::days(1), world.now())
        .iter()
        .map(|c| c.crashed.total() + c.abnormal.total())
        .sum();
    assert_eq!(
        burning.iter().map(|i| i.events).sum::<u64>(),
        crashed,
        "each session has one issue"
    );
    assert!(burning[0].events > 3 * burning[1].events && burning[0].users <= burning[0].events);
    assert!(burning[0].first_seen.unwrap() >= start + TimeDelta::minutes(30));
    let baseline = world.issues(&app, "84200", start - TimeDelta::days(1), world.now());
    assert_eq!(baseline[0].events, 0);
    assert!(baseline[2].events > 0);
}

#[test]
fn a_script_is_played_once_and_in_time() {
    struct Diary(Mutex<Vec<(ConsoleAct, Timestamp)>>);
    impl Console for Diary {
        fn act(&self, _: &AppPlan, act: &ConsoleAct, at: Timestamp) -> Result<(), String> {
            lock(&self.0).push((act.clone(), at));
            Ok(())
        }
        fn state(&self) -> serde_json::Value {
            serde_json::Value::Null
        }
    }
    let mut scenario = Scenario::load("demo").unwrap();
    let minutes = |m| super::super::scenario::Span(TimeDelta::minutes(m));
    scenario.events = [(5, ConsoleAct::Halt), (45, ConsoleAct::Resume)]
        .map(|(m, act)| Scripted {
            after: minutes(m),
            app: android(),
            act,
        })
        .to_vec();
    let clock = Arc::new(SimClock::starting_at(scenario.start));
    let world = World::new(scenario, 1, clock.clone());
    let diary = Arc::new(Diary(Mutex::default()));
    world.attach(StoreKind::GooglePlay, diary.clone());
    world.catch_up();
    clock.advance_to(world.start() + TimeDelta::minutes(20));
    world.catch_up();
    world.catch_up();
    let halted = (ConsoleAct::Halt, world.start() + TimeDelta::minutes(5));
    assert_eq!(*lock(&diary.0), [halted]);
}

#[test]
fn when_a_scripted_act_is_noticed_does_not_matter() {
    let counts = |noticed_after: i64| {
        let mut scenario = Scenario::load("demo").unwrap();
        scenario.events = vec![Scripted {
            after: super::super::scenario::Span(TimeDelta::minutes(10)),
            app: android(),
            act: ConsoleAct::Complete,
        }];
        let clock = Arc::new(SimClock::starting_at(scenario.start));
        let world = World::new(scenario, 1, clock.clone());
        let keys = Arc::new(crate::simulator::Keys::generate(1).unwrap());
        let store = crate::simulator::play::router(world.clone(), keys);
        for minutes in [10 + noticed_after, 30] {
            clock.advance_to(world.start() + TimeDelta::minutes(minutes));
            world.catch_up();
        }
        drop(store);
        world.cells(&android(), "84300", world.start(), world.now())
    };
    let (soon, late) = (counts(0), counts(15));
    assert_eq!(soon, late);
    assert!(soon[12].sessions > 10 * soon[8].sessions, "{soon:?}");
}
