//! Tables beside the apps.

use super::*;

#[test]
fn tables_beside_the_apps_are_read_as_they_mean() {
    let fixture = Fixture::new();
    let text = std::fs::read(configs("valid").get("tables").unwrap()).unwrap();
    let config = fixture.load_bytes(&text).config.unwrap();
    assert_eq!(config.watcher.budgets.gates_per_app_day, 6);
    let (android, ios) = (&config.apps[0], &config.apps[1]);
    assert_eq!(
        (android.start, ios.start),
        (Start::Automatic, Start::Manual)
    );
    assert_eq!(android.train.as_ref().unwrap().as_str(), "weekly");
    assert_eq!(
        (android.stalled_after, ios.stalled_after),
        (TimeDelta::days(2), TimeDelta::days(3))
    );
    assert_eq!(android.fallback, Some(Fallback::None));
    let remote = Fallback::RemoteConfig("new_checkout".into());
    assert_eq!(ios.fallback, Some(remote));

    let [plan] = &config.plans[..] else {
        panic!("{:?}", config.plans)
    };
    assert_eq!(plan.on_halt, OnHalt::Ignore);
    assert_eq!(plan.apps, [ios.id.clone(), android.id.clone()]);
    let percent = Exposure::from_percent;
    let after = |at, hours| {
        Some(After {
            app: android.id.clone(),
            at: percent(at),
            healthy_for: TimeDelta::hours(hours),
        })
    };
    let step = |app: &AppConfig, to, after, day| CrossStep {
        app: app.id.clone(),
        to,
        after,
        day,
    };
    assert_eq!(
        plan.steps,
        [
            step(ios, StepTo::Start, after(25, 12), None),
            step(ios, StepTo::Stage(percent(100)), after(50, 0), Some(3)),
            step(android, StepTo::Stage(percent(100)), None, Some(3)),
        ]
    );

    let [monthly, weekly] = &config.trains[..] else {
        panic!("{:?}", config.trains)
    };
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let (first, days) = (day("2026-03-02"), 14);
    assert_eq!(weekly.runs, Runs::Every { first, days });
    let due: Vec<i64> = weekly.due.iter().map(|due| due.after.num_days()).collect();
    assert_eq!(due, [0, 2, 4, 6, 9]);
    assert_eq!(
        weekly.hand_over,
        (Weekday::Tue, NaiveTime::from_hms_opt(9, 30, 0).unwrap())
    );
    assert_eq!(weekly.first_week, day("2026-03-10"));
    assert_eq!(monthly.runs, Runs::On(vec![first, day("2026-04-01")]));
    assert_eq!(monthly.first_week, first);

    let freezes: Vec<String> = config
        .freezes
        .iter()
        .map(|freeze| format!("{} {} {}", freeze.name, freeze.from, freeze.until))
        .collect();
    assert_eq!(
        freezes,
        [
            // Midnight in Berlin, in winter; the last day counts whole.
            "year end 2026-12-19 23:00:00 UTC 2027-01-03 23:00:00 UTC",
            "big sale 2026-06-27 20:00:00 UTC 2026-06-27 21:00:00 UTC",
        ]
    );
    assert!(config.access.two_person);
    assert_eq!(
        (config.access.admins.len(), config.access.operators.len()),
        (2, 1)
    );
}
