use std::sync::Arc;

use chrono::TimeDelta;
use secrecy::SecretString;

use super::kit::{Apple, order, refusal};
use crate::domain::{FailureKind, Target};
use crate::http::BaseUrl;
use crate::ports::{SimClock, Store};
use crate::store::app_store::{ApiKey, AppStore};

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let apple = Apple::start().await;
    let store = apple.store();
    for _ in 0..60 {
        store.read().await.unwrap();
        apple.pass(TimeDelta::minutes(1));
    }
    assert_eq!(
        apple.seen().len(),
        61,
        "no request was refused and repeated"
    );
}

#[tokio::test]
async fn an_individual_key_signs_without_an_issuer() {
    let apple = Apple::start().await;
    let mut own = apple.team_key();
    own.issuer_id = None;
    let store = apple.store_with(own, "com.example.shop", apple.clock.clone());
    store.read().await.unwrap();
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_even_in_the_middle_of_an_act() {
    let apple = Apple::start().await;
    let store = apple.store();
    let revoked = refusal(401, "NOT_AUTHORIZED", "Expired.");
    apple.instead("PATCH ", 401, &revoked);
    store.apply(&order(Target::Stopped)).await.unwrap();
    assert_eq!(apple.writes().len(), 1);
    apple.instead("GET ", 401, &revoked);
    apple.instead("GET ", 401, &revoked);
    apple.seen();
    let failure = store.read().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(failure.hint.as_str().contains("issuer_id"), "{failure}");
    assert_eq!(apple.seen().len(), 2);
}

#[tokio::test]
async fn wrong_keys_ids_and_issuers_are_refused_with_a_hint() {
    let apple = Apple::start().await;
    let stranger = crate::simulator::Keys::generate(8).unwrap().app_store;
    let good = apple.team_key();
    let wrong = [
        ApiKey {
            key_id: "OTHERKEY01".into(),
            ..good.clone()
        },
        ApiKey {
            issuer_id: Some("somebody".into()),
            ..good.clone()
        },
        ApiKey {
            key: SecretString::from(stranger.p8),
            ..good
        },
    ];
    for key in wrong {
        let store = apple.store_with(key, "com.example.shop", apple.clock.clone());
        let failure = store.read().await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert!(
            failure.what.as_str().contains("NOT_AUTHORIZED"),
            "{failure}"
        );
        assert!(failure.hint.as_str().contains("key_id"), "{failure}");
    }
}

#[tokio::test]
async fn a_wrong_clock_is_named_as_the_cause() {
    let apple = Apple::start().await;
    for (off, word) in [(30, "ahead"), (-30, "behind")] {
        let clock = Arc::new(SimClock::starting_at(apple.now() + TimeDelta::minutes(off)));
        let store = apple.store_with(apple.team_key(), "com.example.shop", clock);
        let failure = store.read().await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert!(failure.hint.as_str().contains(word), "{failure}");
    }
    let clock = Arc::new(SimClock::starting_at(apple.now() + TimeDelta::seconds(45)));
    let store = apple.store_with(apple.team_key(), "com.example.shop", clock);
    assert!(store.read().await.is_ok(), "seconds are tolerated");
}

#[test]
fn a_key_of_another_kind_is_refused_at_the_start_and_never_shown() {
    let make = |pem: &str| {
        let key = ApiKey {
            key_id: "K".into(),
            issuer_id: None,
            key: SecretString::from(pem.to_owned()),
        };
        let (http, _clock) = crate::http::testing::vendor();
        let base = BaseUrl::parse("http://127.0.0.1:1").unwrap();
        AppStore::new(key, "com.example.shop", http, base)
    };
    let keys = crate::simulator::Keys::generate(1).unwrap();
    let store = make(&keys.app_store.p8).unwrap();
    let middle = keys.app_store.p8.lines().nth(1).unwrap();
    assert!(!format!("{store:?}").contains(middle));
    let file: serde_json::Value =
        serde_json::from_str(&keys.service_account.key_file("http://127.0.0.1:1")).unwrap();
    for wrong in ["", "S3CRET", file["private_key"].as_str().unwrap()] {
        let failure = make(wrong).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert!(!failure.to_string().contains("S3CRET"));
    }
}
