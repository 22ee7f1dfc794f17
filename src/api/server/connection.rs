//! Connections: taken, counted, given time limits, and cut at the end.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::guarded::{Guarded, STALLED};
use super::limits::Connections;
use super::peer::Peer;

/// For a request's head, from the moment that it could begin: also how long a connection may be idle.
const HEAD: Duration = Duration::from_secs(5);
/// Of a request's head, in bytes.
const LONGEST_HEAD: usize = 16 << 10;
/// Until a connection is looked for again where the system gave none: it has no file or no memory left.
const PAUSE: Duration = Duration::from_millis(100);
/// Of the TCP port at once: a Prometheus and a probe or two.
const MOST_TCP: usize = 32;

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 5\r\nconnection: close\r\n\
content-length: 115\r\n\r\n\
{\"error\":{\"kind\":\"unavailable\",\"what\":\"there are too many connections\",\"hint\":\"close some, or wait for 5 seconds\"}}";

/// Takes connections of the socket until `stop`.
pub(super) async fn accept(
    listener: &UnixListener,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Connections::of(nix::unistd::getuid().as_raw()));
    let mut served = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_ended) = served.join_next() => {}
            taken = listener.accept() => match taken.and_then(|(stream, _)| Ok((peer(&stream)?, stream))) {
                Ok((peer, stream)) => match places.place(peer.uid) {
                    Some(place) => {
                        let router = router.clone();
                        served.spawn(async move {
                            serve_one(stream, router, Some(peer)).await;
                            drop(place);
                        });
                    }
                    None => refuse(&stream),
                },
                Err(error) => trouble(&error).await,
            },
        }
    }
    served.shutdown().await;
}

/// Takes connections of the TCP port until `stop`.
pub(super) async fn accept_tcp(
    listener: &TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let mut served = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_ended) = served.join_next() => {}
            taken = listener.accept(), if served.len() < MOST_TCP => match taken {
                Ok((stream, _)) => drop(served.spawn(serve_one(stream, router.clone(), None))),
                Err(error) => trouble(&error).await,
            },
        }
    }
    served.shutdown().await;
}

fn peer(stream: &UnixStream) -> io::Result<Peer> {
    let found = stream.peer_cred()?;
    let (uid, gid) = (found.uid(), found.gid());
    Ok(Peer { uid, gid })
}

/// Says that there is no place. What was asked is taken off first: an end with something unread looks like a failure.
fn refuse(stream: &UnixStream) {
    let mut unread = [0; 4096];
    // Whoever did not wait for it has it not.
    drop(stream.try_read(&mut unread));
    drop(stream.try_write(FULL));
}

/// There may be no file left to take a connection with: asking at once again would turn the processor for nothing.
async fn trouble(error: &io::Error) {
    tracing::debug!("a connection cannot be taken: {error}");
    tokio::time::sleep(PAUSE).await;
}

async fn serve_one<S>(stream: S, router: Router, peer: Option<Peer>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let router = router.clone();
        async move {
            Ok::<_, Infallible>(
                router
                    .oneshot(request)
                    .await
                    .unwrap_or_else(|never| match never {}),
            )
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LONGEST_HEAD)
        // Whoever has said all may still want the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(Guarded::new(stream, STALLED)), service)
        .await;
    if let Err(error) = served {
        tracing::debug!("a connection ended: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::FULL;

    #[test]
    fn the_answer_to_one_too_many_is_as_long_as_it_says() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.ends_with(&format!("content-length: {}", body.len())),
            "{}",
            body.len()
        );
        let problem: super::super::Problem = serde_json::from_str(body).unwrap();
        assert_eq!(problem.error.kind, super::super::Kind::Unavailable);
    }
}
