use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::domain::FailureKind;
use crate::http::testing::{Server, raw_server, reply, write_and_close};

fn client(total: Duration, body: usize) -> Client {
    Client::new(Limits {
        connect: Duration::from_secs(5),
        total,
        body,
    })
    .unwrap()
}

fn usual() -> Client {
    client(Duration::from_secs(20), 1 << 16)
}

async fn get(client: &Client, base: &str) -> Result<Answer, HttpError> {
    let url = Url::parse(&format!("{base}/v1/thing?secret=hunter2")).unwrap();
    client.send(Call::get(url)).await
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_is_no_answer_and_says_so_in_the_same_words() {
    let whole = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"a\": true}";
    let client = usual();
    for cut in 0..whole.len() {
        let part = whole.as_bytes()[..cut].to_vec();
        let base = raw_server(move |stream| write_and_close(stream, part.clone())).await;
        let error = get(&client, &base).await.unwrap_err();
        let HttpError::NoAnswer { place, why } = &error else {
            panic!("cut at {cut}: {error:?}");
        };
        assert_eq!(place, "GET /v1/thing");
        assert!(
            [
                "the connection broke off",
                "the answer broke off or is garbled"
            ]
            .contains(&why.as_str()),
            "{why}"
        );
        assert_eq!(error.clone().into_failure(false).kind, FailureKind::Retry);
        assert_eq!(error.into_failure(true).kind, FailureKind::Ambiguous);
    }
}

#[tokio::test]
async fn an_answer_that_drips_ends_at_the_total_limit() {
    async fn drip(mut stream: TcpStream) {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";
        if stream.write_all(head).await.is_ok() {
            while stream.write_all(b"x").await.is_ok() {
                tokio::task::yield_now().await;
            }
        }
    }
    let base = raw_server(drip).await;
    let error = get(&client(Duration::from_millis(100), usize::MAX), &base)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, HttpError::NoAnswer { why, .. } if why == "time limit reached"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_at_the_cap_whether_announced_or_not() {
    async fn flood(mut stream: TcpStream, head: &'static str) {
        let block = vec![b' '; 1 << 16];
        if stream.write_all(head.as_bytes()).await.is_ok() {
            for _ in 0..1_600 {
                if stream.write_all(&block).await.is_err() {
                    return;
                }
            }
        }
    }
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
    ] {
        let base = raw_server(move |stream| flood(stream, head)).await;
        let error = get(&usual(), &base).await.unwrap_err();
        assert_eq!(
            error,
            HttpError::TooLarge {
                place: "GET /v1/thing".into(),
                cap: 1 << 16
            }
        );
        assert_eq!(error.into_failure(false).kind, FailureKind::Malformed);
    }
}

#[tokio::test]
async fn redirects_are_not_followed_and_carry_no_token_away() {
    let elsewhere = Server::start(|_| reply(200, "{}")).await;
    let to = elsewhere.base.clone();
    for status in [301, 302, 303, 307, 308] {
        let to = to.clone();
        let server =
            Server::start(move |_| reply(status, "").header("location", to.as_str())).await;
        let url = Url::parse(&server.base).unwrap();
        let call = Call::get(url).bearer(&SecretString::from("t0ken"));
        let error = usual().send(call).await.unwrap_err();
        assert!(matches!(error, HttpError::Redirected { .. }));
        assert_eq!(error.into_failure(true).kind, FailureKind::Refused);
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_login_page_instead_of_json_is_called_so() {
    let server = Server::start(|_| reply(200, "\n <!doctype html><title>Sign in</title>")).await;
    let answer = get(&usual(), &server.base).await.unwrap();
    let failure = answer
        .json::<serde_json::Value>()
        .unwrap_err()
        .into_failure(false);
    assert_eq!(failure.kind, FailureKind::Malformed);
    assert!(failure.what.as_str().contains("HTML instead of JSON"));
    assert!(failure.hint.as_str().contains("base_url"));
}

#[tokio::test]
async fn an_unreachable_server_is_told_without_host_port_query_or_system_numbers() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let refused = get(&usual(), &format!("http://127.0.0.1:{port}")).await;
    let unknown = get(&usual(), "http://no-such-host.invalid").await;
    for (outcome, words) in [
        (refused, "connection refused"),
        (unknown, "the host name was not found"),
    ] {
        let error = outcome.unwrap_err();
        let HttpError::NotSent { why, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(why, words);
        let shown = error.into_failure(true).to_string();
        for leak in [
            port.to_string().as_str(),
            "127.0.0.1",
            "invalid",
            "hunter2",
            "os error",
        ] {
            assert!(!shown.contains(leak), "{leak} in {shown}");
        }
    }
}

#[tokio::test]
async fn waiting_times_are_read_in_both_forms_and_garbage_is_none() {
    let now = chrono::DateTime::from_timestamp(784_111_777, 0).unwrap();
    for (raw, seconds) in [
        ("0", Some(0)),
        ("3600", Some(3600)),
        ("4000000000", Some(86_400)),
        ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
        ("Sun, 06 Nov 1994 08:40:37 GMT", Some(0)),
        ("soon", None),
        ("-1", None),
    ] {
        let server = Server::start(move |_| reply(429, "").header("retry-after", raw)).await;
        let answer = get(&usual(), &server.base).await.unwrap();
        assert_eq!(answer.retry_after(now), seconds, "{raw}");
    }
}
