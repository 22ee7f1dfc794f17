//! Records of the journal: a piece of them, or all that come.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use futures_util::{Stream, stream};

use super::peer::Peer;
use super::pictures::{COMMENT, STILL_HERE};
use super::problem::{Kind, Problem};
use super::routes::App;
use crate::api::Client;
use crate::api::client::RecordsAfter;
use crate::domain::Record;

/// Of one piece.
pub(super) const MOST: usize = 1000;

/// Whoever reads on.
struct Reader {
    app: Arc<App>,
    peer: Peer,
    client: Client,
    /// The last record that was sent.
    seq: u64,
    begun: bool,
}

/// Whether there is such a record to go on after. A number of another journal would keep its owner waiting for what came here long
/// ago, and never say so.
pub(super) async fn is_there(app: &App, peer: Peer, seq: u64) -> Result<(), Problem> {
    let client = &app.settings.client;
    // The picture is a moment behind the journal.
    if seq <= client.snapshot().seq {
        return Ok(());
    }
    let which = RecordsAfter {
        seq: seq - 1,
        most: 1,
    };
    if app.looked(peer, client.records(which)).await?.is_empty() {
        let what = format!("there is no record {seq}: the journal ends before it");
        let hint = "is it of another journal? Begin at after=0, or after the seq of /v1/snapshot";
        return Err(Problem::new(Kind::NotFound, what).hint(hint));
    }
    Ok(())
}

/// Every record after `seq`, and those to come.
pub(super) fn follow(
    app: &Arc<App>,
    peer: Peer,
    seq: u64,
) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let reader = Reader {
        client: app.settings.client.clone(),
        app: Arc::clone(app),
        peer,
        seq,
        begun: false,
    };
    stream::unfold(reader, |mut reader| async move {
        let bytes = reader.next().await?;
        Some((Ok(bytes), reader))
    })
}

impl Reader {
    async fn next(&mut self) -> Option<Bytes> {
        // At once, so that whoever connects knows that somebody is there.
        if !std::mem::replace(&mut self.begun, true) {
            return Some(Bytes::from_static(COMMENT.as_bytes()));
        }
        // Of this silence, however many pictures come in it.
        let mut still = std::pin::pin!(tokio::time::sleep(STILL_HERE));
        loop {
            let records = self.more().await?;
            if let Some(last) = records.last() {
                self.seq = last.seq;
                return Some(written(&records));
            }
            tokio::select! {
                () = &mut still => return Some(Bytes::from_static(COMMENT.as_bytes())),
                news = self.client.changed() => drop(news.ok()?),
            }
        }
    }

    /// Those after the last one sent; out of the picture where that has them, else out of the journal. `None` where the journal
    /// does not answer: whoever comes again goes on where they were.
    async fn more(&self) -> Option<Vec<Record>> {
        let picture = self.client.snapshot();
        if picture.seq <= self.seq {
            return Some(Vec::new());
        }
        let shown = &picture.events;
        if shown.first().is_some_and(|first| first.seq <= self.seq + 1) {
            let after = shown.iter().filter(|record| record.seq > self.seq);
            return Some(after.cloned().collect());
        }
        let which = RecordsAfter {
            seq: self.seq,
            most: MOST,
        };
        self.app
            .looked(self.peer, self.client.records(which))
            .await
            .ok()
    }
}

/// Their numbers are the ids by which a client resumes.
fn written(records: &[Record]) -> Bytes {
    let mut text = String::new();
    for record in records {
        let Ok(json) = serde_json::to_string(record) else {
            continue;
        };
        let seq = record.seq.to_string();
        for part in [
            "id: ",
            &seq,
            "
event: record
data: ",
            &json,
            "

",
        ] {
            text.push_str(part);
        }
    }
    text.into()
}
