use reqwest::Method;
use serde_json::{Value, json};

use crate::simulator::play::tests::Client;

async fn ask(client: &Client, method: Method, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/_sim/{path}", client.running.urls.control);
    let mut request = client.http.request(method, url);
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn time_moves_on_command() {
    let client = Client::start().await;
    let before = client.running.world.now();
    let (_, clock) = ask(&client, Method::POST, "clock", json!({ "advance": "90m" })).await;
    let (_, again) = ask(&client, Method::GET, "clock", Value::Null).await;
    assert_eq!(clock, again);
    assert_eq!(
        client.running.world.now() - before,
        chrono::TimeDelta::minutes(90)
    );
}

#[tokio::test]
async fn faults_are_set_seen_and_forgotten() {
    let client = Client::start().await;
    let fault =
        json!({ "vendor": "google-play", "matching": "/edits", "fault": "status", "code": 503 });
    assert_eq!(ask(&client, Method::POST, "faults", fault).await.0, 204);
    assert_eq!(client.call(Method::POST, "/edits", None).await.0, 503);
    let (_, list) = ask(&client, Method::GET, "faults", Value::Null).await;
    assert_eq!(list[0]["code"], 503);
    assert_eq!(
        ask(&client, Method::DELETE, "faults", Value::Null).await.0,
        204
    );
    assert_eq!(client.call(Method::POST, "/edits", None).await.0, 200);
    let unknown = json!({ "vendor": "google-play", "fault": "gremlins" });
    assert_eq!(ask(&client, Method::POST, "faults", unknown).await.0, 422);
}

#[tokio::test]
async fn a_person_acts_and_the_state_tells() {
    let client = Client::start().await;
    let act = |what| json!({ "app": "shop-android", "do": what });
    assert_eq!(
        ask(&client, Method::POST, "console", act("halt")).await.0,
        204
    );
    let (status, why) = ask(&client, Method::POST, "console", act("halt")).await;
    assert_eq!(status, 409, "{why}");
    let raise = json!({ "app": "shop-android", "do": "raise", "to": "20%" });
    assert_eq!(
        ask(&client, Method::POST, "console", act("resume")).await.0,
        204
    );
    assert_eq!(ask(&client, Method::POST, "console", raise).await.0, 204);
    let switches = json!({ "strict_replacement": true });
    assert_eq!(
        ask(&client, Method::POST, "switches/google-play", switches)
            .await
            .0,
        204
    );

    let (_, state) = ask(&client, Method::GET, "state", Value::Null).await;
    let became: Vec<_> = state["writes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| &w["became"])
        .collect();
    assert_eq!(became, ["halted", "inProgress 5%", "inProgress 20%"]);
    assert_eq!(state["writes"][0]["by"], "console");
    let play = &state["stores"]["google-play"];
    assert_eq!(play["switches"]["strict_replacement"], true);
    let release = &play["apps"]["com.example.shop"]["tracks"]["production"]["releases"][0];
    assert_eq!(release["userFraction"], 0.2);
}

#[tokio::test]
async fn true_counts_are_told() {
    let client = Client::start().await;
    ask(&client, Method::POST, "clock", json!({ "advance": "1h" })).await;
    let path = "counts?app=shop-android&build=84200";
    let (_, counts) = ask(&client, Method::GET, path, Value::Null).await;
    let sessions = counts["sessions"].as_u64().unwrap();
    assert!((38_000..42_000).contains(&sessions), "{counts}");
    assert!(counts["users"].as_u64().unwrap() <= sessions);
}
