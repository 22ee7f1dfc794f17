use serde_json::Value;

use crate::simulator::fault::Vendor;
use crate::simulator::{Options, Running, Scenario, SimTime};

#[tokio::test]
async fn an_app_is_found_by_its_bundle_id_without_a_key() {
    let scenario = Scenario::load("ios-phased").unwrap();
    let package = scenario.apps[0].package.clone();
    let options = Options {
        seed: 1,
        time: SimTime::discrete(scenario.start),
        listen: None,
        dir: None,
    };
    let running = Running::start(scenario, options).await.unwrap();
    let ask = async |query: &str| -> Value {
        let url = format!("{}/lookup?{query}", running.urls.of(Vendor::AppleLookup));
        let answer = reqwest::Client::new().get(url).send().await.unwrap();
        assert_eq!(
            answer.headers()["content-type"],
            "text/javascript; charset=utf-8"
        );
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    let found = ask(&format!("bundleId={package}&country=us")).await;
    assert_eq!(found["resultCount"], 1, "{found}");
    let app = &found["results"][0];
    let mean = app["averageUserRatingForCurrentVersion"].as_f64().unwrap();
    assert!((1.0..=5.0).contains(&mean), "{app}");
    assert_eq!(
        app["averageUserRating"],
        app["averageUserRatingForCurrentVersion"]
    );
    assert!(app["userRatingCountForCurrentVersion"].as_u64().unwrap() > 0);
    assert!(app["version"].is_string());
    assert_eq!(ask("bundleId=com.example.nope").await["resultCount"], 0);
    assert_eq!(ask("id=7").await["resultCount"], 0);
}
