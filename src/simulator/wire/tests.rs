use reqwest::Method;
use serde_json::json;

use crate::simulator::fault::FaultRule;
use crate::simulator::play::tests::Client;

async fn halted(client: &Client) -> String {
    let mut releases = client.releases().await;
    releases[0]["status"] = "halted".into();
    let edit = client.open().await;
    assert_eq!(client.put(&edit, json!(releases)).await.0, 200);
    edit
}

fn set(client: &Client, rule: serde_json::Value) {
    let rule: FaultRule = serde_json::from_value(rule).unwrap();
    client.running.world.faults().set(rule);
}

async fn commit(client: &Client, edit: &str) -> reqwest::Result<reqwest::Response> {
    let path = format!("/edits/{edit}:commit");
    client.request(Method::POST, &path).send().await
}

#[tokio::test]
async fn a_reset_before_the_commit_changes_nothing_and_one_after_it_hides_what_it_did() {
    let client = Client::start().await;
    let edit = halted(&client).await;
    let rule = |applied| json!({"vendor": "google-play", "matching": ":commit", "times": 1, "fault": "reset", "applied": applied});
    set(&client, rule(false));
    commit(&client, &edit).await.unwrap_err();
    assert!(client.running.world.writes().is_empty());
    assert_eq!(
        client
            .call(Method::GET, &format!("/edits/{edit}"), None)
            .await
            .0,
        200,
        "the edit lives"
    );

    set(&client, rule(true));
    commit(&client, &edit).await.unwrap_err();
    assert_eq!(client.running.world.writes().len(), 1);
    assert_eq!(client.releases().await[0]["status"], "halted");
}

#[tokio::test]
async fn a_lost_answer_may_hang_first_or_come_with_a_status() {
    let client = Client::start().await;
    let edit = halted(&client).await;
    let hang = json!({"vendor": "google-play", "matching": ":commit", "times": 1, "fault": "hang", "ms": 1, "applied": true});
    set(&client, hang);
    commit(&client, &edit).await.unwrap_err();
    assert_eq!(client.running.world.writes().len(), 1);

    let gone = json!({"vendor": "google-play", "matching": "/releases", "times": 1, "fault": "status", "code": 429, "retry_after": "120"});
    set(&client, gone);
    let answer = client
        .request(Method::GET, "/tracks/production/releases")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "120");
}

#[tokio::test]
async fn answers_that_are_not_what_they_should_be() {
    let client = Client::start().await;
    let fault = |kind: serde_json::Value| {
        let mut rule = json!({"vendor": "google-play", "times": 1});
        rule.as_object_mut()
            .unwrap()
            .extend(kind.as_object().unwrap().clone());
        set(&client, rule);
        client
            .request(Method::GET, "/tracks/production/releases")
            .send()
    };
    let cut = fault(json!({"fault": "truncated"})).await.unwrap();
    assert!(cut.content_length().unwrap() > 100);
    cut.bytes().await.unwrap_err();
    let huge = fault(json!({"fault": "huge", "bytes": 3_000_000}))
        .await
        .unwrap();
    assert!(huge.bytes().await.unwrap().len() >= 3_000_000);
    let page = fault(json!({"fault": "html"}))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.starts_with("<!doctype html>"));
    let away = fault(json!({"fault": "redirect", "to": "https://example.com/"}))
        .await
        .unwrap();
    assert_eq!(away.headers()["location"], "https://example.com/");
    let late = fault(json!({"fault": "latency", "ms": 1})).await.unwrap();
    assert_eq!(late.status(), 200);
    assert!(client.running.world.faults().list().is_empty());
}
