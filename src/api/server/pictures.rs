//! The picture as server-sent events: what changed is found and written out once, and the same bytes go to every screen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::{Stream, stream};
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::api::client::News;
use crate::api::metrics::{Attached, Screens};
use crate::api::stream::Change;
use crate::api::{Client, Snapshot};

/// Changes come at most so often.
const RHYTHM: Duration = Duration::from_millis(200);
/// Changes that are kept for whoever is slow.
const KEPT: usize = 64;
/// How often somebody may fall behind that far before they have kept up for as long once.
const PATIENCE: u32 = 3;
/// Silence is broken this often.
pub(super) const STILL_HERE: Duration = Duration::from_secs(5);
pub(super) const COMMENT: &str = ": still here\n\n";
const HEAD: &str = "event: picture\ndata: ";
const TAIL: &str = "\n\n";

/// The picture that streams are at.
pub(super) struct Pictures {
    at: Mutex<At>,
    screens: Screens,
}

struct At {
    picture: Arc<Snapshot>,
    /// The whole of it as an event, once somebody wanted it.
    whole: Option<Bytes>,
    /// `None` once no more will come.
    changes: Option<broadcast::Sender<Bytes>>,
}

impl Pictures {
    pub(super) fn of(client: &Client, screens: &Screens) -> Self {
        let (changes, _nobody) = broadcast::channel(KEPT);
        Self {
            at: Mutex::new(At {
                picture: client.snapshot(),
                whole: None,
                changes: Some(changes),
            }),
            screens: screens.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, At> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the watcher until it ends; then all streams end.
    pub(super) async fn draw(&self, mut client: Client) {
        while let Ok(news) = client.changed().await {
            if let News::Picture(picture) = news {
                self.show(picture);
                tokio::time::sleep(RHYTHM).await;
            }
        }
        self.lock().changes = None;
    }

    fn show(&self, picture: Arc<Snapshot>) {
        let mut at = self.lock();
        if let Some(changes) = at
            .changes
            .as_ref()
            .filter(|changes| changes.receiver_count() > 0)
        {
            let change = event("change", &Change::between(&at.picture, &picture));
            // The last of them may just have gone.
            drop(changes.send(change));
        }
        at.picture = picture;
        at.whole = None;
    }

    /// The whole picture as JSON, written out once for as long as it is the latest.
    pub(super) fn json(&self, picture: &Arc<Snapshot>) -> Bytes {
        let mut at = self.lock();
        let whole = if Arc::ptr_eq(&at.picture, picture) {
            at.whole()
        } else {
            drop(at);
            event("picture", picture.as_ref())
        };
        whole.slice(HEAD.len()..whole.len().saturating_sub(TAIL.len()))
    }

    /// The whole picture, and the changes after it.
    fn attach(&self) -> Option<(Bytes, broadcast::Receiver<Bytes>)> {
        let mut at = self.lock();
        let changes = at.changes.as_ref()?.subscribe();
        Some((at.whole(), changes))
    }

    /// What a screen gets: a whole picture, then its changes; a whole one again where it fell behind.
    pub(super) fn stream(
        self: &Arc<Self>,
    ) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> + use<> {
        let start = Follower {
            pictures: Arc::clone(self),
            changes: None,
            kept_up: 0,
            behind: 0,
            _attached: self.screens.attach(),
        };
        stream::unfold(start, |mut follower| async move {
            let bytes = follower.next().await?;
            Some((Ok(bytes), follower))
        })
    }
}

impl At {
    fn whole(&mut self) -> Bytes {
        let picture = &self.picture;
        self.whole
            .get_or_insert_with(|| event("picture", picture.as_ref()))
            .clone()
    }
}

/// One stream.
struct Follower {
    pictures: Arc<Pictures>,
    changes: Option<broadcast::Receiver<Bytes>>,
    /// Changes taken since it got the whole picture.
    kept_up: usize,
    /// How often it fell behind without keeping up in between.
    behind: u32,
    /// Counted for as long as the stream is.
    _attached: Attached,
}

impl Follower {
    async fn next(&mut self) -> Option<Bytes> {
        let Some(changes) = &mut self.changes else {
            let (whole, changes) = self.pictures.attach()?;
            self.changes = Some(changes);
            return Some(whole);
        };
        match tokio::time::timeout(STILL_HERE, changes.recv()).await {
            Err(_silence) => Some(Bytes::from_static(COMMENT.as_bytes())),
            Ok(Ok(change)) => {
                self.kept_up += 1;
                if self.kept_up >= KEPT {
                    self.behind = 0;
                }
                Some(change)
            }
            Ok(Err(RecvError::Lagged(_))) => {
                self.behind += 1;
                self.kept_up = 0;
                if self.behind > PATIENCE {
                    return None;
                }
                let (whole, changes) = self.pictures.attach()?;
                self.changes = Some(changes);
                Some(whole)
            }
            Ok(Err(RecvError::Closed)) => None,
        }
    }
}

/// One event on one line of data: JSON has no line breaks of its own.
fn event(name: &str, data: &impl Serialize) -> Bytes {
    let mut text = format!("event: {name}\ndata: ").into_bytes();
    let begun = text.len();
    if let Err(error) = serde_json::to_writer(&mut text, data) {
        tracing::error!("a picture has no JSON form: {error}");
        text.truncate(begun);
    }
    text.extend_from_slice(TAIL.as_bytes());
    text.into()
}

/// An answer that goes on.
pub(super) fn sse(
    events: impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + 'static,
) -> Response {
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    let of = axum::http::HeaderValue::from_static;
    headers.insert(axum::http::header::CONTENT_TYPE, of("text/event-stream"));
    headers.insert(axum::http::header::CACHE_CONTROL, of("no-store"));
    response
}

#[cfg(test)]
mod tests;
