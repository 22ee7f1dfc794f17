//! Serving a vendor on a loopback port, with its faults: what [`super::fault`] decides is done to the connection here.
//!
//! Connections can be cut for real: once told to, a connection is reset instead of written to.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::World;
use super::fault::{Fault, Vendor};

/// A server that stops when this is dropped.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    task: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves `router` as `vendor`, faults, scripted acts and all; as itself without a vendor. Must be called inside a tokio
/// runtime.
pub fn serve(
    listener: TcpListener,
    vendor: Option<Vendor>,
    world: &Arc<World>,
    router: Router,
) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let router = match vendor {
        Some(vendor) => router.layer(from_fn_with_state((vendor, world.clone()), be_unwell)),
        None => router,
    };
    let service = router.into_make_service_with_connect_info::<Scissors>();
    let serving = axum::serve(Cuttable(listener), service);
    let task = tokio::spawn(async move { drop(serving.await) }).abort_handle();
    Ok(Server { address, task })
}

async fn be_unwell(
    State((vendor, world)): State<(Vendor, Arc<World>)>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
    next: Next,
) -> Response {
    world.catch_up();
    let line = format!("{} {}", request.method(), request.uri());
    let fault = world
        .faults()
        .hit(vendor, &line, world.now() - world.start());
    let applied = match fault {
        None | Some(Fault::Latency { .. } | Fault::Truncated) => true,
        Some(
            Fault::Reset { applied } | Fault::Hang { applied, .. } | Fault::Status { applied, .. },
        ) => applied,
        Some(Fault::Html | Fault::Huge { .. } | Fault::Redirect { .. }) => false,
    };
    let answer = if applied {
        next.run(request).await
    } else {
        ().into_response()
    };
    let mut answer = match fault {
        None => answer,
        Some(Fault::Status {
            code,
            body,
            retry_after,
            ..
        }) => status(code, body, retry_after.as_deref()),
        Some(Fault::Reset { .. }) => {
            scissors.cut();
            answer
        }
        Some(Fault::Hang { ms, .. }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            scissors.cut();
            answer
        }
        Some(Fault::Latency { ms }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            answer
        }
        Some(Fault::Truncated) => truncated(answer).await,
        Some(Fault::Html) => {
            Html("<!doctype html><title>Sign in</title><h1>Please sign in to continue</h1>")
                .into_response()
        }
        Some(Fault::Huge { bytes }) => huge(bytes),
        Some(Fault::Redirect { to }) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
    };
    // Else the library under us would write the wall's time, which a client may hold against its own.
    let date = world.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        answer.headers_mut().entry(header::DATE).or_insert(date);
    }
    answer
}

fn status(code: u16, body: Option<String>, retry_after: Option<&str>) -> Response {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = (code, body.unwrap_or_default()).into_response();
    if let Some(value) = retry_after.and_then(|v| HeaderValue::from_str(v).ok()) {
        answer.headers_mut().insert(header::RETRY_AFTER, value);
    }
    answer
}

/// Announces the whole body and sends half of it.
async fn truncated(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    parts
        .headers
        .insert(header::CONTENT_LENGTH, whole.len().into());
    let rest = stream::once(async {
        // What was sent so far leaves the machine before the end comes.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    let body = stream::iter([Ok(half)]).chain(rest);
    Response::from_parts(parts, Body::from_stream(body))
}

/// `{"padding":"aaaa…"}`, so many bytes long, never held in memory.
fn huge(bytes: u64) -> Response {
    const CHUNK: usize = 64 * 1024;
    let padding = Bytes::from(vec![b'a'; CHUNK]);
    let chunks = usize::try_from(bytes).unwrap_or(usize::MAX).div_ceil(CHUNK);
    let middle = stream::iter(std::iter::repeat_n(padding, chunks));
    let body = stream::iter([Bytes::from_static(b"{\"padding\":\"")])
        .chain(middle)
        .chain(stream::iter([Bytes::from_static(b"\"}")]))
        .map(Ok::<_, io::Error>);
    (
        [(header::CONTENT_TYPE, "application/json")],
        Body::from_stream(body),
    )
        .into_response()
}

/// Cuts the connection that a request came in on.
#[derive(Clone, Debug)]
struct Scissors(Arc<AtomicBool>);

impl Scissors {
    fn cut(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, Cuttable>> for Scissors {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        Self(stream.io().cut.clone())
    }
}

struct Cuttable(TcpListener);

impl Listener for Cuttable {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small answers leave at once; where that cannot be had they leave a little later.
        drop(stream.set_nodelay(true));
        let cut = Arc::default();
        (Wire { stream, cut }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that is reset instead of written to once it is cut.
struct Wire {
    stream: TcpStream,
    cut: Arc<AtomicBool>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.cut.load(Ordering::Acquire) {
            self.stream.set_zero_linger()?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
