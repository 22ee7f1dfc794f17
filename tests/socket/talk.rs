//! HTTP by hand: what a client may send, and whatever comes back.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

pub(crate) fn connect(socket: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

/// The answer to one request; of a stream of events the first.
pub(crate) fn ask(socket: &Path, request: &str) -> io::Result<Answer> {
    let mut stream = connect(socket)?;
    match stream.write_all(request.as_bytes()) {
        // It has answered already.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        said => said?,
    }
    answer(&mut stream)
}

pub(crate) fn get(socket: &Path, path: &str) -> io::Result<Answer> {
    ask(
        socket,
        &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
    )
}

pub(crate) fn post(socket: &Path, body: &str) -> io::Result<Answer> {
    let length = body.len();
    let head = "POST /v1/acts HTTP/1.1\r\nhost: localhost\r\nconnection: close";
    ask(
        socket,
        &format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}"),
    )
}

pub(crate) fn answer(stream: &mut UnixStream) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let mut part = vec![0; 65536];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if text.contains("text/event-stream") && text.matches("\n\n").count() > 0 {
            break;
        }
        match stream.read(&mut part) {
            Ok(0) => break,
            // It did not want all that was said.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error),
            Ok(length) => bytes.extend_from_slice(part.get(..length).unwrap_or_default()),
        }
    }
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    let cut = || io::Error::other(format!("no whole answer: {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(cut)?;
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
    };
    let body = if header("transfer-encoding").is_some() {
        joined(body)
    } else {
        body.to_owned()
    };
    Ok(Answer {
        status,
        kind: header("content-type").unwrap_or_default(),
        body,
    })
}

/// The pieces of a chunked body, as far as they came.
fn joined(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        body.push_str(after.get(..size).unwrap_or(after));
        rest = after.get(size + 2..).unwrap_or_default();
    }
    body
}
