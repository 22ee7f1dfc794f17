//! One request, one complete answer.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::HttpError;
use super::reason::reason;
use super::tally::Counted;
use crate::domain::Timestamp;
use crate::ports::Stopwatch;

/// Time and size limits of every request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connect: Duration,
    /// From the first byte sent to the last byte read.
    pub total: Duration,
    /// Bytes of an answer's body.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(20),
            body: 16 << 20,
        }
    }
}

/// One request to be made.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    pub url: Url,
    /// The `Authorization` header's value.
    pub authorization: Option<SecretString>,
    pub headers: Vec<(&'static str, String)>,
    /// Headers that may hold a key.
    pub secret_headers: Vec<(String, SecretString)>,
    pub body: Body,
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Body {
    /// No body; `Content-Length: 0` on a POST.
    Empty,
    Json(serde_json::Value),
    /// Exactly these characters, with their media type: what is signed must be what is sent.
    Text {
        kind: &'static str,
        text: String,
    },
    Form(Vec<(&'static str, SecretString)>),
}

impl Call {
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            authorization: None,
            headers: Vec::new(),
            secret_headers: Vec::new(),
            body: Body::Empty,
        }
    }

    pub fn new(method: Method, url: Url, body: Body) -> Self {
        Self {
            method,
            url,
            authorization: None,
            headers: Vec::new(),
            secret_headers: Vec::new(),
            body,
        }
    }

    #[must_use]
    pub fn bearer(mut self, token: &SecretString) -> Self {
        self.authorization = Some(SecretString::from(format!(
            "Bearer {}",
            token.expose_secret()
        )));
        self
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[must_use]
    pub fn secret_header(mut self, name: &str, value: &SecretString) -> Self {
        self.secret_headers.push((name.to_owned(), value.clone()));
        self
    }

    /// `POST /v1/thing`: no host, no query.
    pub fn place(&self) -> String {
        format!("{} {}", self.method, self.url.path())
    }
}

/// A complete answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    place: String,
}

impl Answer {
    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Seconds to wait before asking again, from `Retry-After` in either of its forms; a day at most. `None` where there is
    /// none or it makes no sense.
    pub fn retry_after(&self, now: Timestamp) -> Option<u32> {
        const DAY: i64 = 86_400;
        let raw = self.header("retry-after")?.trim();
        let seconds = match raw.parse::<u32>() {
            Ok(seconds) => i64::from(seconds),
            Err(_) => (http_date(raw)? - now).num_seconds(),
        };
        u32::try_from(seconds.clamp(0, DAY)).ok()
    }

    /// The server's clock, from its `Date` header.
    pub fn date(&self) -> Option<Timestamp> {
        http_date(self.header("date")?)
    }

    /// The body as JSON; an error says what is wrong and where in the document.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.body).map_err(|e| {
            let html = self.body.trim_ascii_start().first() == Some(&b'<');
            let why = if html {
                "HTML instead of JSON".to_owned()
            } else {
                e.to_string()
            };
            HttpError::Malformed {
                place: self.place.clone(),
                why,
            }
        })
    }
}

fn http_date(raw: &str) -> Option<Timestamp> {
    chrono::DateTime::parse_from_rfc2822(raw)
        .ok()
        .map(|date| date.to_utc())
}

/// Makes requests. Clone it freely: clones share connections.
#[derive(Clone, Debug)]
pub struct Client {
    /// For `http`, which is spoken on loopback only: trusts no certificate, so that none has to be read.
    plain: reqwest::Client,
    /// For `https`, from the first such request on: to make it reads some hundred root certificates from disk.
    tls: Arc<OnceLock<reqwest::Client>>,
    limits: Limits,
    counted: Option<Counted>,
}

impl Client {
    pub fn new(limits: Limits) -> Result<Self, HttpError> {
        let plain = builder(limits).tls_certs_only([]).build();
        Ok(Self {
            plain: plain.map_err(|e| unsent("", reason(&e)))?,
            tls: Arc::default(),
            limits,
            counted: None,
        })
    }

    /// The same client, whose requests are counted there.
    #[must_use]
    pub fn counted(&self, by: Counted) -> Self {
        Self {
            counted: Some(by),
            ..self.clone()
        }
    }

    /// The client for a URL.
    fn speaking(&self, scheme: &str) -> Result<reqwest::Client, reqwest::Error> {
        if scheme == "http" {
            return Ok(self.plain.clone());
        }
        if let Some(client) = self.tls.get() {
            return Ok(client.clone());
        }
        // A failure is not kept: certificates that are missing now may be there at the next request.
        let client = builder(self.limits).build()?;
        Ok(self.tls.get_or_init(|| client).clone())
    }

    /// Sends once. Any complete answer is `Ok`, a redirect excepted.
    pub async fn send(&self, call: Call) -> Result<Answer, HttpError> {
        let Some(counted) = &self.counted else {
            return self.exchange(call).await;
        };
        let stopwatch = Stopwatch::start();
        let outcome = self.exchange(call).await;
        counted.saw(&outcome, stopwatch.elapsed());
        outcome
    }

    async fn exchange(&self, call: Call) -> Result<Answer, HttpError> {
        let place = call.place();
        let client = self
            .speaking(call.url.scheme())
            .map_err(|e| unsent(&place, reason(&e)))?;
        let mut request = client.request(call.method.clone(), call.url);
        if let Some(authorization) = &call.authorization {
            let mut value =
                HeaderValue::from_str(authorization.expose_secret()).map_err(|_secret| {
                    unsent(&place, "the token is not a valid header value".into())
                })?;
            value.set_sensitive(true);
            request = request.header(reqwest::header::AUTHORIZATION, value);
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        for (name, value) in &call.secret_headers {
            let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_secret| {
                unsent(
                    &place,
                    format!("the value of {name} is not a valid header value"),
                )
            })?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let mut secrets = secrets_of(call.authorization.as_ref(), &call.body);
        let told = call
            .secret_headers
            .iter()
            .map(|(_, value)| last_word(value));
        secrets.extend(told);
        request = match call.body {
            Body::Empty if call.method == Method::GET => request,
            Body::Empty => request.header(reqwest::header::CONTENT_LENGTH, "0"),
            Body::Json(value) => request.json(&value),
            Body::Text { kind, text } => request
                .header(reqwest::header::CONTENT_TYPE, kind)
                .body(text),
            Body::Form(fields) => {
                let plain: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| (*name, value.expose_secret()))
                    .collect();
                request.form(&plain)
            }
        };
        let mut response = request.send().await.map_err(|e| classify(&place, &e))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(HttpError::Redirected { place });
        }
        let headers = response.headers().clone();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.limits.body => {
                    return Err(HttpError::TooLarge {
                        place,
                        cap: self.limits.body,
                    });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => {
                    if !status.is_success() {
                        body = without(&secrets, body);
                    }
                    return Ok(Answer {
                        status: status.as_u16(),
                        headers,
                        body,
                        place,
                    });
                }
                Err(e) => {
                    return Err(HttpError::NoAnswer {
                        place,
                        why: reason(&e),
                    });
                }
            }
        }
    }
}

/// What this request lets a server know of us.
fn secrets_of(authorization: Option<&SecretString>, body: &Body) -> Vec<SecretString> {
    let token = authorization.into_iter().map(last_word);
    let password = authorization.and_then(password);
    let fields = match body {
        Body::Form(fields) => fields.as_slice(),
        Body::Empty | Body::Json(_) | Body::Text { .. } => &[],
    };
    token
        .chain(password)
        .chain(fields.iter().map(|(_, value)| value.clone()))
        .collect()
}

/// Of `Bearer abc` it is the latter that is secret.
fn last_word(value: &SecretString) -> SecretString {
    let word = value.expose_secret().rsplit(' ').next();
    SecretString::from(word.unwrap_or_default())
}

/// Of `Basic abc` a server knows the password too.
fn password(value: &SecretString) -> Option<SecretString> {
    let pair = value.expose_secret().strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
    Some(pair.split_once(':')?.1.into())
}

/// Anything shorter is no secret, and would be found in many an innocent word.
const SHORTEST_SECRET: usize = 8;

/// Refusals are quoted in errors and logs, and some servers quote what they were sent.
fn without(secrets: &[SecretString], body: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&body);
    let clean = secrets
        .iter()
        .map(ExposeSecret::expose_secret)
        .filter(|secret| secret.len() >= SHORTEST_SECRET && text.contains(secret))
        .fold(None, |clean: Option<String>, secret| {
            Some(
                clean
                    .as_deref()
                    .unwrap_or(&text)
                    .replace(secret, "[secret]"),
            )
        });
    clean.map_or(body, String::into_bytes)
}

fn builder(limits: Limits) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("haltline/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(limits.connect)
        .timeout(limits.total)
        .no_proxy()
}

fn unsent(place: &str, why: String) -> HttpError {
    let place = place.to_owned();
    HttpError::NotSent { place, why }
}

fn classify(place: &str, error: &reqwest::Error) -> HttpError {
    let (place, why) = (place.to_owned(), reason(error));
    if error.is_connect() || error.is_builder() {
        HttpError::NotSent { place, why }
    } else {
        HttpError::NoAnswer { place, why }
    }
}

#[cfg(test)]
mod tests;
