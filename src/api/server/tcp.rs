//! Metrics and health over TCP, for a Prometheus that reads no unix sockets: on loopback, and nothing else.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;

use super::problem::{Kind, Problem};
use super::{Settings, connection, routes};

/// Why nothing is served over TCP.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(
        "{0} is reached from other machines: metrics are served on loopback alone, such as 127.0.0.1:9469"
    )]
    NotLoopback(SocketAddr),
    #[error("{at} cannot be listened at: {why}")]
    Io { at: SocketAddr, why: io::Error },
}

/// Listens on loopback.
pub async fn listen(at: SocketAddr) -> Result<TcpListener, ListenError> {
    if !at.ip().is_loopback() {
        return Err(ListenError::NotLoopback(at));
    }
    let listener = TcpListener::bind(at).await;
    listener.map_err(|why| ListenError::Io { at, why })
}

/// Serves metrics and health until `stop` resolves.
pub async fn serve_tcp(listener: &TcpListener, settings: Settings, stop: impl Future<Output = ()>) {
    let app = Arc::new(routes::App::new(settings));
    connection::accept_tcp(listener, routes::machines(&app), stop).await;
}

/// A page in somebody's browser can have a name of its own resolve to loopback; it cannot choose another `Host`.
pub(super) async fn is_local(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    if names_loopback(host) {
        next.run(request).await
    } else {
        Problem::new(Kind::Forbidden, "this is for whoever asks for localhost").into_response()
    }
}

fn names_loopback(host: &str) -> bool {
    let port = |port: &str| port.parse::<u16>().is_ok();
    let name = match host.rsplit_once(':') {
        Some((name, rest)) if port(rest) => name,
        _ => host,
    };
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let address = bare.unwrap_or(name).parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_local() {
        for local in [
            "localhost",
            "LOCALHOST:9469",
            "127.0.0.1",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:9469",
        ] {
            assert!(names_loopback(local), "{local}");
        }
        for other in [
            "",
            "example.com",
            "localhost.example.com",
            "192.0.2.1:80",
            "127.0.0.1.example.com",
            "[::2]:1",
            "localhost:",
        ] {
            assert!(!names_loopback(other), "{other}");
        }
    }

    #[tokio::test]
    async fn nobody_listens_to_the_world() {
        let error = listen("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, ListenError::NotLoopback(_)), "{error}");
        assert!(listen("127.0.0.1:0".parse().unwrap()).await.is_ok());
    }
}
