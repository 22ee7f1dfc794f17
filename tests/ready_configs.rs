//! Every scenario's ready config is one that haltline takes.

use haltline::config::{Surroundings, load};
use haltline::simulator::{Options, Running, Scenario, SimTime};

#[tokio::test]
async fn the_ready_config_of_every_scenario_is_taken() {
    for name in Scenario::names() {
        let scenario = Scenario::load(name).unwrap();
        let (apps, watch) = (scenario.apps.len(), scenario.watch.clone());
        let options = Options {
            seed: 1,
            time: SimTime::from_the_wall(60.0),
            listen: None,
            dir: None,
        };
        let running = Running::start(scenario, options).await.unwrap();
        let loaded = load(&running.config, &Surroundings::of_process());
        let report = &loaded.report;
        let told: Vec<_> = report.errors().chain(report.warnings()).collect();
        assert!(told.is_empty(), "{name}: {told:?}");
        let config = loaded.config.unwrap();
        assert_eq!(config.apps.len(), apps, "{name}");
        assert_eq!(
            config.watcher.clock.as_deref(),
            Some(&*running.urls.control)
        );
        let policy = &config.apps[0].policy;
        let rules = policy.rules.iter().filter(|rule| !rule.of_tier);
        assert_eq!(rules.count(), 2 + watch.rules.len(), "{name}");
        assert_eq!(policy.stages.len(), watch.stages.len(), "{name}");
    }
}
