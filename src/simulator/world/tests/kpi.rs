use super::*;

/// The demo with users who differ, half a day on.
fn varied() -> Arc<World> {
    let text = include_str!("../../../../assets/scenarios/demo.toml").replacen(
        "[[app.version]]",
        r#"
[[app.stratum]]
os = "14"
country = "DE"
share = "50%"
regression = 0.0

[[app.stratum]]
os = "15"
country = "DE"
share = "10%"

[[app.stratum]]
os = "14"
share = "40%"
regression = 0.0

[[app.version]]
slow_cold = [{ after = "0s", is = "2%" }, { after = "1h", is = "9%" }]
slow_request = "4%"
journeys = { checkout = "20%" }
"#,
        1,
    );
    let scenario = Scenario::parse("varied", &text).unwrap_or_else(|e| panic!("{e}"));
    let clock = Arc::new(SimClock::starting_at(scenario.start));
    let world = World::new(scenario, 5, clock.clone());
    clock.advance_to(world.start() + TimeDelta::hours(12));
    world
}

fn sum(timed: &[Timed]) -> (f64, f64) {
    timed.iter().fold((0.0, 0.0), |(all, slow), t| {
        (all + t.count as f64, slow + t.slow as f64)
    })
}

#[test]
fn what_is_slow_is_what_the_plan_says_and_bounds_agree() {
    let (world, app) = (varied(), android());
    let hours = |from, to| {
        let at = |h| world.start() + TimeDelta::hours(h);
        (at(from), at(to))
    };
    let cold =
        |range, bound| world.cold_starts(&app, "84200", range, TimeDelta::milliseconds(bound));
    for (range, planned) in [(hours(0, 1), 0.02), (hours(1, 12), 0.09)] {
        let (all, slow) = sum(&cold(range, 5_000));
        assert!((slow / all / planned - 1.0).abs() < 0.1, "{slow} of {all}");
        let p = world.quantile(&app, "84200", range, 1.0 - planned, true);
        assert!((p.unwrap() / 5.0 - 1.0).abs() < 0.03, "{p:?}");
    }
    let range = hours(0, 12);
    let bounds = [1, 500, 1_000, 2_000, 5_000, 30_000];
    for pair in bounds.windows(2) {
        let (lower, higher) = (cold(range, pair[0]), cold(range, pair[1]));
        let fewer = |(low, high): (&Timed, &Timed)| low.slow >= high.slow && low.count >= low.slow;
        assert!(lower.iter().zip(&higher).all(fewer));
    }
    let requests = world.requests(&app, "84200", range, TimeDelta::seconds(2));
    let (all, slow) = sum(&requests);
    assert!((slow / all / 0.04 - 1.0).abs() < 0.1, "{slow} of {all}");
    let sessions: u64 = totals(&world.cells(&app, "84200", range.0, range.1)).0;
    assert!((all / sessions as f64 - 10.0).abs() < 1e-9);
    assert_eq!(world.quantile(&app, "1", range, 0.5, true), None);
    assert!(
        world
            .requests(&app, "1", range, TimeDelta::seconds(2))
            .is_empty()
    );
}

#[test]
fn journeys_fail_as_planned_and_only_those_that_there_are() {
    let (world, app) = (varied(), android());
    let range = (world.start(), world.now());
    let journeys = world.journeys(&app, "84200", range, "checkout");
    let (started, completed) = journeys
        .iter()
        .fold((0, 0), |(s, c), j| (s + j.started, c + j.completed));
    let (sessions, _) = totals(&world.cells(&app, "84200", range.0, range.1));
    assert!((started as f64 / sessions as f64 / 0.25 - 1.0).abs() < 0.02);
    assert!((completed as f64 / started as f64 / 0.8 - 1.0).abs() < 0.02);
    assert!(world.journeys(&app, "84200", range, "search").is_empty());
    assert!(world.journeys(&app, "84300", range, "checkout").is_empty());
}

#[test]
fn the_parts_of_a_cell_add_up_to_it() {
    let (world, app) = (varied(), android());
    let (from, to) = (world.start() - TimeDelta::days(2), world.now());
    for build in ["84200", "84300"] {
        let cells = world.cells(&app, build, from, to);
        let parts = world.parted(&app, build, (from, to));
        assert_eq!(parts.len(), 3 * cells.len());
        for (cell, parts) in cells.iter().zip(parts.chunks(3)) {
            let mut sum = Cell {
                sessions: 0,
                crashed: traffic::Bad::default(),
                abnormal: traffic::Bad::default(),
                errored: traffic::Bad::default(),
                ..*cell
            };
            for part in parts {
                let bad = [part.cell.crashed, part.cell.abnormal, part.cell.errored];
                assert!(bad.iter().map(|b| b.total()).sum::<u64>() <= part.cell.sessions);
                sum.sessions += part.cell.sessions;
                sum.crashed += part.cell.crashed;
                sum.abnormal += part.cell.abnormal;
                sum.errored += part.cell.errored;
            }
            assert_eq!(sum, *cell);
        }
        // Only one of them has what is new, as far as it has the sessions for it.
        let own = |os: &str| {
            let of = parts.iter().filter(|p| p.stratum["os"] == os);
            of.map(|p| p.cell.crashed.own).sum::<u64>()
        };
        assert!(own("14") <= own("15") / 10, "{} {}", own("14"), own("15"));
    }
    let whole = demo(5).0;
    let parts = whole.parted(&app, "84200", (from, whole.now()));
    assert!(!parts.is_empty() && parts.iter().all(|p| p.stratum.is_empty()));
}

#[test]
fn who_crashes_complains() {
    let (world, app) = (varied(), android());
    let (before, now) = (world.start() - TimeDelta::days(7), world.now());
    let all = world.reviews(&app, before, now);
    assert!(all.len().abs_diff(12 * 7) < 40, "{}", all.len());
    assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(all.iter().all(|r| (1..=5).contains(&r.stars) && r.at < now));
    let middle = now - TimeDelta::days(3);
    let (old, new) = (
        world.reviews(&app, before, middle),
        world.reviews(&app, middle, now),
    );
    assert_eq!([old, new].concat(), all);
    let (mean, count) = world.rating(&app).unwrap();
    assert!(
        (4.0..5.0).contains(&mean) && count > 1_000,
        "{mean} {count}"
    );

    let mut scenario = Scenario::load("demo").unwrap();
    scenario.apps[0].reviews_per_day = 20_000;
    let clock = Arc::new(SimClock::starting_at(scenario.start));
    let world = World::new(scenario, 5, clock.clone());
    clock.advance_to(world.start() + TimeDelta::hours(6));
    let said = world.reviews(&app, world.start() + TimeDelta::hours(1), world.now());
    let mean = |build: &str| {
        let stars: Vec<_> = said
            .iter()
            .filter(|r| r.build == build)
            .map(|r| f64::from(r.stars))
            .collect();
        stars.iter().sum::<f64>() / stars.len() as f64
    };
    assert!(
        mean("84300") < mean("84200") - 0.5,
        "{} {}",
        mean("84300"),
        mean("84200")
    );
}

#[test]
fn a_stack_begins_where_the_crash_is() {
    let (world, app) = (varied(), android());
    let stack = world.stack(&app, 0);
    assert_eq!(stack[0], "com.example.shop.checkout.CartViewModel.total");
    assert!(stack.len() > 4);
    assert!(world.stack(&app, 99).is_empty());
}
