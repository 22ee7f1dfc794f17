//! A proxy that writes down what passes through it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;

/// One request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Decoded.
    pub(crate) query: Vec<(String, String)>,
    /// `null` where there was no body.
    pub(crate) sent: Value,
    pub(crate) status: u16,
    pub(crate) answer: Value,
}

/// Forwards to one vendor until the test ends.
pub(crate) struct Proxy {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Exchange>>>,
}

impl Proxy {
    pub(crate) async fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, target) = (seen.clone(), target.to_owned());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let forward = move |request: Request| {
            let (log, target, client) = (log.clone(), target.clone(), client.clone());
            async move {
                let (exchange, response) = pass(&client, &target, request).await;
                log.lock().unwrap().push(exchange);
                response
            }
        };
        let router = Router::new().fallback(forward);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Exchange> {
        self.seen.lock().unwrap().clone()
    }
}

async fn pass(client: &reqwest::Client, target: &str, request: Request) -> (Exchange, Response) {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 24).await.unwrap();
    let method = head.method.as_str().to_owned();
    let url = reqwest::Url::parse(&format!("{target}{}", head.uri)).unwrap();
    let mut call = client.request(head.method, url.clone()).body(body.clone());
    for name in [AUTHORIZATION, CONTENT_TYPE] {
        call = call.headers(
            head.headers
                .get(&name)
                .map(|it| (name, it.clone()))
                .into_iter()
                .collect(),
        );
    }
    let answer = call.send().await.unwrap();
    let status = answer.status();
    let kind = answer.headers().get(CONTENT_TYPE).cloned();
    let bytes = answer.bytes().await.unwrap();
    let json = |bytes: &[u8]| match bytes {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes).unwrap(),
    };
    let exchange = Exchange {
        method,
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        sent: json(&body),
        status: status.as_u16(),
        answer: json(&bytes),
    };
    let mut response = Response::builder().status(status);
    if let Some(kind) = kind {
        response = response.header(CONTENT_TYPE, kind);
    }
    (exchange, response.body(Body::from(bytes)).unwrap())
}
