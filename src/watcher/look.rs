//! More, for somebody who looks: of a crash group, asked of its source beside the polls and kept nowhere; of the journal.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use tokio::sync::oneshot;

use super::app::WatchedSource;
use super::driver::Watcher;
use super::job::caught;
use crate::api::client::{Details, RecordsAfter};
use crate::domain::{AppId, Failure, FailureKind, PlainText, Record, SourceId};
use crate::ports::IssueQuery;

impl Watcher {
    /// What `source` knows of the crash group that it calls `id`.
    pub fn details(
        &self,
        app: &AppId,
        source: &SourceId,
        id: PlainText,
    ) -> BoxFuture<'static, Details> {
        let asked = self.apps.get(app).and_then(|watched| {
            let release = self.state.app(app)?.release.as_ref()?;
            let of = |known: &&WatchedSource| known.source.id() == source;
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
            return Box::pin(ready(Err(Failure::new(FailureKind::NotFound, what))));
        };
        Box::pin(async move { caught(health.issue(&query), FailureKind::Internal).await })
    }

    /// Records of the journal, read beside the polls.
    pub(super) fn tell_records(
        &self,
        which: RecordsAfter,
        answer: oneshot::Sender<Result<Vec<Record>, Failure>>,
    ) {
        let journal = Arc::clone(&self.outside.journal);
        tokio::task::spawn_blocking(move || {
            let read = journal
                .reader()
                .and_then(|journal| journal.some_after(which.seq, which.most));
            let read = read.map_err(|error| Failure::new(FailureKind::Internal, error.to_string()));
            // Whoever asked may have looked away.
            drop(answer.send(read));
        });
    }

    /// Asks; the answer goes to whoever looks, and polls do not wait for it.
    pub(super) fn look_at(
        &self,
        app: &AppId,
        source: &SourceId,
        id: PlainText,
        answer: oneshot::Sender<Details>,
    ) {
        let details = self.details(app, source, id);
        tokio::spawn(async move {
            // Whoever asked may have looked away.
            drop(answer.send(details.await));
        });
    }
}
