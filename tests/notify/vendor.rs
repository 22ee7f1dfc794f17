//! A vendor on loopback that answers as it is told to, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;

/// A request as the vendor saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    This {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// The status, and all that it was sent, in every shape that vendors have for errors.
    Echo(u16, Shape),
    Nothing,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Text,
    Message,
    Error,
    Code,
    Bare,
}

pub(crate) fn says(status: u16, body: impl Into<Vec<u8>>) -> Says {
    Says::This {
        status,
        headers: Vec::new(),
        body: body.into(),
    }
}

impl Says {
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::This { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }

    async fn answer(self, seen: &Seen) -> Response {
        match self {
            Self::This {
                status,
                headers,
                body,
            } => {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(body)).unwrap()
            }
            Self::Echo(status, shape) => {
                let said = format!("{} {:?} {}", seen.target, seen.headers, seen.body);
                let body = match shape {
                    Shape::Text => said,
                    Shape::Message => {
                        serde_json::json!({ "status": "invalid", "message": said, "errors": [said] })
                            .to_string()
                    }
                    Shape::Error => serde_json::json!({ "ok": false, "error": said }).to_string(),
                    Shape::Code => {
                        serde_json::json!({ "error": { "code": said, "message": said } }).to_string()
                    }
                    Shape::Bare => Value::from(said).to_string(),
                };
                let response = Response::builder().status(status);
                response.body(Body::from(body)).unwrap()
            }
            Self::Nothing => std::future::pending().await,
        }
    }
}

/// Until the test ends.
pub(crate) struct Vendor {
    pub(crate) base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Vendor {
    /// One answer after the other; the last of them for ever.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Says>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answers: VecDeque<Says> = answers.into_iter().collect();
        let answers = Arc::new(Mutex::new(answers));
        let log = Arc::clone(&seen);
        let app = Router::new().fallback(move |request: Request| {
            let (log, answers) = (Arc::clone(&log), Arc::clone(&answers));
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let seen = Seen {
                    method: head.method.to_string(),
                    target: head.uri.to_string(),
                    headers: head.headers,
                    body: String::from_utf8(body.to_vec()).unwrap(),
                };
                log.lock().unwrap().push(seen.clone());
                let next = {
                    let mut answers = answers.lock().unwrap();
                    match answers.len() {
                        1 => answers[0].clone(),
                        _ => answers.pop_front().unwrap(),
                    }
                };
                next.answer(&seen).await
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}
