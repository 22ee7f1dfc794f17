//! More of a crash group, for somebody who looks at it: asked of its source beside the polls, and kept nowhere.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::driver::Watcher;
use crate::api::client::Details;
use crate::domain::{AppId, Failure, FailureKind, PlainText, SourceId};
use crate::ports::IssueQuery;

impl Watcher {
    /// Asks `source`; the answer goes to whoever looks, and polls do not wait for it.
    pub(super) fn look_at(
        &self,
        app: &AppId,
        source: &SourceId,
        id: PlainText,
        answer: oneshot::Sender<Details>,
    ) {
        let asked = self.apps.get(app).and_then(|watched| {
            let release = self.state.app(app)?.release.as_ref()?;
            let of = |known: &&super::app::WatchedSource| known.source.id() == source;
            let health = Arc::clone(&watched.sources.iter().find(of)?.source);
            let query = IssueQuery {
                id,
                version: release.version.clone(),
                also: release.also.clone(),
                now: self.outside.clock.now(),
            };
            Some((health, query))
        });
        let Some((health, query)) = asked else {
            let what = format!("{app} has no source {source}, or no release that is watched");
            drop(answer.send(Err(Failure::new(FailureKind::NotFound, what))));
            return;
        };
        tokio::spawn(async move {
            let details = health.issue(&query).await;
            // Whoever asked may have looked away.
            drop(answer.send(details));
        });
    }
}
