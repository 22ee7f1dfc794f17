//! The local API: HTTP/1.1 with JSON over a unix socket.
//!
//! Owns routes, limits, who the peer is and what they may see; what they may do is the engine's to say, at each act. Serves a
//! [`Client`]: must not know the watcher.
//!
//! Whoever can log in on the machine can connect. So each connection, each user and all of them together have limits, no answer
//! is waited for without one, and the watcher is reached by its bounded desk alone.

mod acts;
mod connection;
mod events;
mod guarded;
mod health;
mod limits;
pub mod openapi;
mod peer;
mod pictures;
mod problem;
mod reading;
mod routes;
mod socket;
mod tcp;

use std::sync::Arc;

use tokio::net::UnixListener;
use tokio::sync::watch;

use super::Client;
use super::metrics::Metrics;
use crate::domain::PlainText;
use crate::policy::Access;
pub use problem::{Kind, Problem};
pub use socket::{BindError, Bound, bind};
pub use tcp::{ListenError, listen, serve_tcp};

/// What is served, and to whom.
#[derive(Clone)]
pub struct Settings {
    pub client: Client,
    /// `[access]` as it is now.
    pub access: watch::Receiver<Arc<Access>>,
    /// The name of this machine, for the audit log.
    pub host: PlainText,
    /// Who watches, in words: `pid 4711 on jump-1, since 02:14 UTC`.
    pub watcher: PlainText,
    pub metrics: Metrics,
}

/// Serves whoever connects until `stop` resolves; then every connection is cut: what was asked and not answered can be asked
/// again with its id.
pub async fn serve(listener: &UnixListener, settings: Settings, stop: impl Future<Output = ()>) {
    let client = settings.client.clone();
    let app = Arc::new(routes::App::new(settings));
    let drawing = app.pictures.draw(client);
    let accepting = connection::accept(listener, routes::router(&app), stop);
    tokio::pin!(accepting);
    tokio::select! {
        () = &mut accepting => return,
        // The watcher has ended. Whoever asks is told so until this is stopped too.
        () = drawing => {}
    }
    accepting.await;
}
