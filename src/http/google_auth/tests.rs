use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::domain::{Failure, FailureKind};
use crate::http::testing::{Reply, Seen, Server, key_file, reply, rsa_pem, start_of_time, vendor};
use crate::ports::{Clock, WallClock};

fn secret(value: &Value) -> SecretString {
    SecretString::from(value.to_string())
}

fn auth_at(server: &Server, http: Arc<VendorClient>) -> GoogleAuth {
    let key = key_file(&format!("{}/token", server.base));
    GoogleAuth::new(
        ServiceAccount::parse(&secret(&key)).unwrap(),
        &["https://www.googleapis.com/auth/androidpublisher"],
        http,
    )
}

/// Tokens `t1`, `t2`, …; the API takes those that `good` likes.
async fn google(good: impl Fn(&str) -> bool + Send + 'static) -> Server {
    let mut issued = 0;
    Server::start(move |seen| match seen.target.as_str() {
        "/token" => {
            issued += 1;
            reply(
                200,
                json!({"access_token": format!("t{issued}"), "expires_in": 3599, "token_type": "Bearer"}),
            )
        }
        _ if good(seen.authorization.as_deref().unwrap_or("")) => reply(200, "{}"),
        _ => reply(401, json!({"error": {"code": 401, "status": "UNAUTHENTICATED"}})),
    })
    .await
}

fn call(server: &Server) -> Call {
    Call::get(reqwest::Url::parse(&format!("{}/thing", server.base)).unwrap())
}

#[tokio::test]
async fn the_assertion_is_what_google_documents() {
    let server = google(|_| true).await;
    let (http, _clock) = vendor();
    auth_at(&server, http).token().await.unwrap();
    let body = server.seen()[0].body.clone();
    let (grant, assertion) = body.split_once("&assertion=").unwrap();
    assert_eq!(
        grant,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
    );
    let parts: Vec<Value> = assertion
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
    let iat = start_of_time().timestamp();
    assert_eq!(
        parts[1],
        json!({
            "iss": "haltline@acme.example.com",
            "scope": "https://www.googleapis.com/auth/androidpublisher",
            "aud": format!("{}/token", server.base),
            "iat": iat,
            "exp": iat + 3600,
        })
    );
}

#[tokio::test]
async fn a_token_is_kept_until_a_minute_before_its_end() {
    let server = google(|_| true).await;
    let (http, clock) = vendor();
    let auth = auth_at(&server, http);
    for (second, token) in [(0, "t1"), (3538, "t1"), (3539, "t2"), (3540, "t2")] {
        clock.advance_to(start_of_time() + TimeDelta::seconds(second));
        assert_eq!(
            auth.token().await.unwrap().expose_secret(),
            token,
            "{second}"
        );
    }
}

#[tokio::test]
async fn a_token_that_the_api_refuses_is_replaced_once() {
    let server = google(|token| token == "Bearer t2").await;
    let (http, _clock) = vendor();
    let answer = auth_at(&server, http)
        .send(&call(&server), Sending::Write)
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(
        server.lines(),
        ["POST /token", "GET /thing", "POST /token", "GET /thing"]
    );

    let server = google(|_| false).await;
    let (http, _clock) = vendor();
    let answer = auth_at(&server, http)
        .send(&call(&server), Sending::Write)
        .await
        .unwrap();
    assert_eq!((answer.status, server.seen().len()), (401, 4));
}

fn refusal(error: &str, description: &str) -> Reply {
    reply(
        400,
        json!({"error": error, "error_description": description}),
    )
}

#[tokio::test]
async fn every_documented_refusal_says_what_to_do() {
    let grant = "invalid_grant";
    for (answer, kind, what, hint) in [
        (
            refusal(grant, "Invalid JWT Signature."),
            FailureKind::Credentials,
            "signature",
            "new JSON key",
        ),
        (
            refusal(grant, "Invalid JWT: Failed audience check."),
            FailureKind::Credentials,
            "audience",
            "oauth2.googleapis.com",
        ),
        (
            refusal(
                grant,
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
            ),
            FailureKind::Credentials,
            "time",
            "NTP",
        ),
        (
            refusal(grant, "Invalid grant: account not found"),
            FailureKind::Credentials,
            "haltline@acme.example.com",
            "Play Console",
        ),
        (
            refusal(
                "invalid_scope",
                "Invalid OAuth scope or ID token audience provided.",
            ),
            FailureKind::Credentials,
            "scope",
            "enable",
        ),
        (
            refusal("unauthorized_client", "No."),
            FailureKind::Credentials,
            "unauthorized_client: No.",
            "",
        ),
        (reply(429, "{}"), FailureKind::Quota, "too many", ""),
        (reply(503, ""), FailureKind::Retry, "HTTP 503", ""),
        (
            reply(400, "<html>"),
            FailureKind::Malformed,
            "HTML",
            "base_url",
        ),
        (
            reply(200, "{}"),
            FailureKind::Malformed,
            "access_token",
            "base_url",
        ),
    ] {
        let shown = answer.body.clone();
        let server = Server::start(move |_: &Seen| answer.clone()).await;
        let (http, _clock) = vendor();
        let failure = Failure::from(auth_at(&server, http).token().await.unwrap_err());
        assert_eq!(failure.kind, kind, "{shown}");
        assert_eq!(failure.place.as_str(), "POST /token");
        assert!(failure.what.as_str().contains(what), "{shown}: {failure}");
        assert!(failure.hint.as_str().contains(hint), "{shown}: {failure}");
    }
}

#[tokio::test]
async fn a_wrong_clock_is_measured_against_googles() {
    for (hours, words) in [(-2, "119 min ahead"), (2, "120 min behind")] {
        let server = Server::start(move |_| {
            let date = WallClock.now() + TimeDelta::hours(hours) + TimeDelta::seconds(20);
            refusal(
                "invalid_grant",
                "Token must be a short-lived token (60 minutes)",
            )
            .header("date", date.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
        })
        .await;
        let http = VendorClient::new(
            crate::http::Client::new(crate::http::Limits::default()).unwrap(),
            Arc::new(WallClock),
            crate::http::Rate {
                per_minute: 600,
                burst: 10,
            },
            1,
        );
        let error = auth_at(&server, Arc::new(http)).token().await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn wrong_keys_are_refused_with_what_to_do_and_quote_nothing() {
    let good = key_file("https://oauth2.googleapis.com/token");
    assert!(ServiceAccount::parse(&secret(&good)).is_ok());
    let with = |field: &str, value: Value| {
        let mut key = good.clone();
        key[field] = value;
        key.to_string()
    };
    let pem = rsa_pem();
    let lines: Vec<&str> = pem.lines().collect();
    let truncated: String = pem.chars().take(400).collect();
    let hollow = [&lines[..3], &lines[lines.len() - 1..]].concat().join("\n");
    for (text, what) in [
        (pem.to_owned(), "PEM file"),
        ("{\n  \"type\": ".to_owned(), "ends too early at line 2"),
        ("hunter2".to_owned(), "a syntax error at line 1"),
        ("{}".to_owned(), "no \"type\""),
        (
            with("type", json!("authorized_user")),
            "\"authorized_user\"",
        ),
        (with("client_email", Value::Null), "client_email"),
        (with("private_key", json!("")), "private_key"),
        (with("private_key", json!(truncated)), "cut off"),
        (with("private_key", json!(hollow)), "RSA"),
        (with("private_key", json!("hunter2")), "cut off"),
        (
            with("token_uri", json!("http://oauth2.example.com/token")),
            "plain http",
        ),
        (with("token_uri", json!("ftp")), "token_uri"),
    ] {
        let error = ServiceAccount::parse(&SecretString::from(text)).unwrap_err();
        let failure = Failure::from(error);
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert!(failure.what.as_str().contains(what), "{what}: {failure}");
        assert!(!failure.hint.is_empty());
        let shown = format!("{failure:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains(lines[1]),
            "{shown}"
        );
    }
}

#[test]
fn an_elliptic_key_is_not_taken_for_rsa() {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    let rng = aws_lc_rs::rand::SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    let body = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let mut key = key_file("https://oauth2.googleapis.com/token");
    key["private_key"] = json!(format!(
        "-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    ));
    let error = ServiceAccount::parse(&secret(&key)).unwrap_err();
    assert!(matches!(error, KeyError::NotRsa), "{error:?}");
}
