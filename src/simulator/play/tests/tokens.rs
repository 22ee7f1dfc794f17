use chrono::TimeDelta;

use super::*;

#[tokio::test]
async fn assertions_are_judged_by_the_time_of_the_world() {
    let client = Client::start().await;
    let mut google = client.claims();
    google["aud"] = "https://oauth2.googleapis.com/token".into();
    assert_eq!(
        client.ask_token(&google).await.0,
        200,
        "some clients sign for Google whatever the key file says"
    );

    let clock = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
                 Check your iat and exp values in the JWT claim.";
    let now = client.running.world.now().timestamp();
    let cases = [
        (
            "aud",
            json!("https://example.com/token"),
            "invalid_grant",
            "Invalid JWT: Failed audience check.",
        ),
        (
            "iss",
            json!("nobody@example.com"),
            "invalid_grant",
            "Invalid grant: account not found",
        ),
        ("exp", json!(now - 301), "invalid_grant", clock),
        ("exp", json!(now + 3601), "invalid_grant", clock),
        ("iat", json!(now + 301), "invalid_grant", clock),
        (
            "scope",
            json!("email"),
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.",
        ),
    ];
    for (claim, value, error, description) in cases {
        let mut claims = client.claims();
        claims[claim] = value;
        let refused = json!({ "error": error, "error_description": description });
        assert_eq!(client.ask_token(&claims).await, (400, refused), "{claim}");
    }
}

#[tokio::test]
async fn a_foreign_signature_is_refused() {
    let client = Client::start().await;
    let foreign = crate::simulator::Keys::generate(2)
        .unwrap()
        .service_account
        .key_file("");
    let file: Value = serde_json::from_str(&foreign).unwrap();
    let key = EncodingKey::from_rsa_pem(file["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let assertion = encode(&Header::new(Algorithm::RS256), &client.claims(), &key).unwrap();
    let (status, body) = client.grant(&assertion).await;
    assert_eq!(
        (status, body["error_description"].as_str()),
        (400, Some("Invalid JWT Signature."))
    );
    assert_eq!(client.grant("no.jwt").await.0, 400);
}

#[tokio::test]
async fn a_token_dies_after_an_hour_of_the_world() {
    let mut client = Client::start().await;
    client.running.time.advance(TimeDelta::minutes(59));
    client.open().await;
    client.running.time.advance(TimeDelta::minutes(1));
    let (status, body) = client.call(Method::POST, "/edits", Some(json!({}))).await;
    assert_eq!(
        (status, body["error"]["status"].as_str()),
        (401, Some("UNAUTHENTICATED"))
    );
    client.sign_in().await;
    client.open().await;
}

#[test]
fn an_account_makes_three_thousand_queries_a_minute() {
    let mut state = super::super::store::State::default();
    let now = Scenario::load("demo").unwrap().start;
    for _ in 0..3000 {
        state.count_query(now).unwrap();
    }
    assert_eq!(
        state.count_query(now),
        Err(super::super::refusal::Refusal::quota())
    );
    state.count_query(now + TimeDelta::minutes(1)).unwrap();
}
