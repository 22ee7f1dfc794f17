use chrono::TimeDelta;

use super::*;
use crate::simulator::world::Author;

const DELETED: &str = "This Edit has been deleted.";

#[tokio::test]
async fn an_edit_is_private_until_it_is_committed_and_gone_afterwards() {
    let client = Client::start().await;
    let found = client.releases().await;
    assert_eq!(
        statuses(&found),
        [("84300", "inProgress"), ("84200", "completed")]
    );
    let mut halted = found.clone();
    halted[0]["status"] = "halted".into();

    let edit = client.open().await;
    let (status, track) = client.put(&edit, json!(halted)).await;
    assert_eq!((status, track["track"].as_str()), (200, Some("production")));
    let (_, list) = client
        .call(Method::GET, "/tracks/production/releases", None)
        .await;
    let state = |list: &Value| list["releases"][0]["releaseLifecycleState"].clone();
    assert_eq!(state(&list), "RELEASE_LIFECYCLE_STATE_PUBLISHED");
    assert!(client.running.world.writes().is_empty());

    let (status, answer) = client
        .commit(&edit, "?changesInReviewBehavior=ERROR_IF_IN_REVIEW")
        .await;
    assert_eq!((status, answer["id"].as_str()), (200, Some(&*edit)));
    assert_eq!(message(&client.commit(&edit, "").await.1), DELETED);
    assert_eq!(
        client.releases().await,
        halted,
        "notes, countries, priority and fraction survive"
    );
    let writes = client.running.world.writes();
    assert_eq!(writes.len(), 1);
    assert_eq!(
        (&*writes[0].build, &*writes[0].became, writes[0].by),
        ("84300", "halted", Author::Api)
    );
    assert_eq!(client.offered_percent("84300"), 0);

    client.apply(json!(found)).await;
    assert_eq!(client.releases().await, found);
    assert_eq!(client.offered_percent("84300"), 5);
}

#[tokio::test]
async fn edits_die_of_each_other_of_people_and_of_age() {
    let client = Client::start().await;
    let alive = async |edit: &str| {
        client
            .call(Method::GET, &format!("/edits/{edit}"), None)
            .await
    };
    let first = client.open().await;
    let second = client.open().await;
    assert_eq!(message(&alive(&first).await.1), DELETED);
    assert_eq!(alive(&second).await.0, 200);
    client.console(json!({ "do": "touch" }));
    assert_eq!(message(&alive(&second).await.1), DELETED);

    let third = client.open().await;
    client.running.time.advance(TimeDelta::minutes(59));
    assert_eq!(alive(&third).await.0, 200);
    client.running.time.advance(TimeDelta::minutes(1));
    let mut client = client;
    client.sign_in().await;
    let (status, answer) = client
        .call(Method::GET, &format!("/edits/{third}"), None)
        .await;
    assert_eq!(
        (status, message(&answer)),
        (400, "This edit has expired please create a new Edit.")
    );
    assert_eq!(client.call(Method::GET, "/edits/4711", None).await.0, 404);
}

#[tokio::test]
async fn changes_in_review_are_cancelled_unless_the_commit_says_otherwise() {
    let client = Client::start().await;
    client.console(json!({ "do": "start-review" }));
    let (_, list) = client
        .call(Method::GET, "/tracks/production/releases", None)
        .await;
    assert_eq!(
        list["releases"][0]["releaseLifecycleState"],
        "RELEASE_LIFECYCLE_STATE_IN_REVIEW"
    );
    assert_eq!(
        list["releases"][0]["activeArtifacts"][0]["versionCode"],
        84300
    );
    let edit = client.open().await;
    let (status, answer) = client
        .commit(&edit, "?changesInReviewBehavior=ERROR_IF_IN_REVIEW")
        .await;
    assert_eq!(
        (status, answer["error"]["status"].as_str()),
        (400, Some("FAILED_PRECONDITION"))
    );
    let (status, _) = client
        .commit(
            &edit,
            "?changesInReviewBehavior=CANCEL_IN_REVIEW_AND_SUBMIT",
        )
        .await;
    assert_eq!(status, 200, "the refusal left the edit alive");
    let states = client.running.world.states();
    let app = &states[&crate::domain::StoreKind::GooglePlay]["apps"][PACKAGE];
    assert_eq!(
        (&app["inReview"], &app["reviewsCancelled"]),
        (&Value::Null, &json!(1))
    );
}

#[tokio::test]
async fn switches_make_the_account_another() {
    let client = Client::start().await;
    let switch = |switches| {
        client
            .running
            .world
            .switch(crate::domain::StoreKind::GooglePlay, switches)
            .unwrap();
    };
    let edit = client.open().await;
    let (_, answer) = client.commit(&edit, "?changesNotSentForReview=true").await;
    assert!(
        message(&answer).ends_with("changesNotSentForReview must not be set."),
        "{answer}"
    );
    switch(json!({ "review_by_hand": true }));
    let (_, answer) = client.commit(&edit, "").await;
    assert!(
        message(&answer).starts_with("Changes cannot be sent for review automatically."),
        "{answer}"
    );
    assert_eq!(
        client
            .commit(&edit, "?changesNotSentForReview=true")
            .await
            .0,
        200
    );

    let found = client.releases().await;
    switch(json!({ "draft_app": true }));
    let (_, answer) = client.apply(json!(found)).await;
    assert_eq!(
        message(&answer),
        "Only releases with status draft may be created on draft app."
    );
    switch(json!({ "no_right": true }));
    let (status, answer) = client.call(Method::POST, "/edits", None).await;
    assert_eq!(
        (status, message(&answer)),
        (403, "The caller does not have permission")
    );
    switch(json!({ "api_off": true }));
    assert_eq!(client.call(Method::POST, "/edits", None).await.0, 403);
    switch(json!({ "empty_updates": true }));
    let edit = client.open().await;
    assert_eq!(client.put(&edit, json!(found)).await, (200, Value::Null));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let client = Client::start().await;
    let edit = client.open().await;
    assert_eq!(
        client
            .call(Method::GET, &format!("/edits/{edit}/tracks/nope"), None)
            .await
            .0,
        404
    );
    let (_, empty) = client
        .call(Method::GET, &format!("/edits/{edit}/tracks/qa"), None)
        .await;
    assert_eq!(
        empty,
        json!({ "track": "internal" }),
        "a track without releases has no such key"
    );
    let url = format!(
        "{}/androidpublisher/v3/applications/com.example.none/edits",
        client.running.urls.google_play
    );
    let answer = client
        .http
        .post(url)
        .bearer_auth(&client.token)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(message(&answer), "Package not found: com.example.none.");
    let (status, answer) = client.put(&edit, json!([{ "satus": "halted" }])).await;
    assert_eq!((status, answer["error"]["code"].as_u64()), (400, Some(400)));
}
