//! The line to a watcher: HTTP over its socket, one request a question.
//!
//! Owns time limits, the size of an answer, and what it means where there is none: whether it is certain that nothing was done.
//! Must not show anything, nor keep what it was told.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use reqwest::header::ACCEPT;
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::api::acts::AskedAct;
use crate::api::client::{Details, RecordsAfter};
use crate::api::wire::{AppSnapshot, History, Snapshot, When};
use crate::api::{ActReply, ActRequest, Me};
use crate::domain::{AppId, Failure, FailureKind, PlainText, Record, SourceId, Timestamp};
use crate::ports::clock::{Clock as _, WallClock};

/// Until somebody who is there begins to answer.
const PATIENCE: TimeDelta = TimeDelta::seconds(5);
/// For an answer that a watcher gives out of what it knows, and for whom it asks its acting one first.
const LIMIT: Duration = Duration::from_secs(15);
/// For one that a vendor has to be asked for.
const LIMIT_OF_VENDORS: Duration = Duration::from_mins(1);
/// For how long an act whose answer was lost is asked again.
const INSISTS: TimeDelta = TimeDelta::seconds(10);
/// In which a picture is drawn of what is news.
const A_MOMENT: TimeDelta = TimeDelta::seconds(1);
const PAUSE: TimeDelta = TimeDelta::milliseconds(250);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 64 << 20;

/// A watcher in another process. A cheap handle; clone it freely.
#[derive(Clone, Debug)]
pub struct Line {
    http: reqwest::Client,
    base: Url,
    socket: Arc<Path>,
    insists: TimeDelta,
}

/// Why no watcher can be talked to.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// No socket there, or one that a watcher left behind when it died.
    #[error("no watcher answers at {}", .0.display())]
    Nobody(PathBuf),
    #[error("{} cannot be used: {why}", .socket.display())]
    Unusable { socket: PathBuf, why: io::Error },
    /// Somebody is there, and says no, or nothing that a watcher would.
    #[error("the watcher at {}: {why}", .socket.display())]
    Refuses { socket: PathBuf, why: Failure },
}

/// Every answer that is an error.
#[derive(Deserialize)]
struct Problem {
    error: Words,
}

#[derive(Deserialize)]
struct Words {
    what: PlainText,
    #[serde(default)]
    hint: PlainText,
}

impl Line {
    /// To the watcher at that socket, and whom it takes this process for.
    ///
    /// # Errors
    /// Nobody is there, or whoever is does not talk to this process.
    pub async fn to(socket: &Path) -> Result<(Self, Me), Unreachable> {
        let nobody = || Unreachable::Nobody(socket.to_owned());
        let unusable = |why| Unreachable::Unusable {
            socket: socket.to_owned(),
            why,
        };
        let refuses = |why| Unreachable::Refuses {
            socket: socket.to_owned(),
            why,
        };
        match UnixStream::connect(socket).await {
            Ok(_answers) => {}
            Err(why) => {
                return Err(match why.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => nobody(),
                    _ => unusable(why),
                });
            }
        }
        let http = reqwest::Client::builder()
            .unix_socket(socket)
            .redirect(reqwest::redirect::Policy::none())
            // Nothing is encrypted here, so that the machine's certificates need not be read.
            .tls_certs_only([])
            .build();
        let line = Self {
            http: http.map_err(|error| unusable(io::Error::other(error)))?,
            base: Url::parse("http://localhost/v1")
                .map_err(|error| unusable(io::Error::other(error)))?,
            socket: socket.into(),
            insists: INSISTS,
        };
        let me = tokio::select! {
            me = line.me() => me,
            () = WallClock.sleep_until(WallClock.now() + PATIENCE) => {
                Err(Failure::new(FailureKind::Retry, "it does not answer"))
            }
        };
        let me = me.map_err(refuses)?;
        Ok((line, me))
    }

    #[cfg(test)]
    pub(super) fn insisting(self, insists: TimeDelta) -> Self {
        Self { insists, ..self }
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whom the watcher takes this process for.
    pub async fn me(&self) -> Result<Me, Failure> {
        self.get(&["me"]).await
    }

    /// The picture as it is now, with everything in it that was durable when it was asked for: whoever has just done something
    /// sees it. News that come together are one picture, which is drawn a moment after the first of them.
    pub async fn snapshot(&self) -> Result<Snapshot, Failure> {
        let mut picture: Snapshot = self.get(&["snapshot"]).await?;
        let which = RecordsAfter {
            seq: picture.seq,
            most: usize::MAX,
        };
        let news = self.records(which).await?;
        let wanted = news.last().map_or(picture.seq, |record| record.seq);
        let last = WallClock.now() + A_MOMENT;
        while picture.seq < wanted && WallClock.now() < last {
            WallClock.sleep_until(WallClock.now() + PAUSE / 5).await;
            picture = self.get(&["snapshot"]).await?;
        }
        Ok(picture)
    }

    /// One app of it.
    pub async fn app(&self, app: &AppId) -> Result<AppSnapshot, Failure> {
        self.get(&["apps", app.as_str()]).await
    }

    /// The picture and its changes for as long as the answer goes on.
    pub(super) async fn pictures(&self) -> Result<Response, Failure> {
        let url = self.url(&["picture"]);
        let request = self.http.get(url).header(ACCEPT, "text/event-stream");
        let asked = tokio::select! {
            asked = request.send() => asked.map_err(|error| lost(&error))?,
            () = WallClock.sleep_until(WallClock.now() + PATIENCE) => {
                return Err(Failure::new(FailureKind::Retry, "the watcher does not answer"));
            }
        };
        if asked.status() == StatusCode::OK {
            return Ok(asked);
        }
        let status = asked.status();
        Err(problem(status, &whole(asked).await?))
    }

    pub async fn issue(&self, app: &AppId, source: &SourceId, id: &PlainText) -> Details {
        let path = [
            "apps",
            app.as_str(),
            "issues",
            source.0.as_str(),
            id.as_str(),
        ];
        let request = self.http.get(self.url(&path));
        answer(request.timeout(LIMIT_OF_VENDORS)).await
    }

    pub async fn history(&self, app: &AppId) -> Result<History, Failure> {
        self.get(&["apps", app.as_str(), "history"]).await
    }

    pub async fn past(&self, when: When) -> Result<Snapshot, Failure> {
        let mut url = self.url(&["past"]);
        match when {
            When::Seq(seq) => url.query_pairs_mut().append_pair("seq", &seq.to_string()),
            When::At(at) => url.query_pairs_mut().append_pair("at", &stamp(at)),
        };
        answer(self.http.get(url).timeout(LIMIT)).await
    }

    /// Records of the journal, oldest first: as many as there are, or as were asked for.
    pub async fn records(&self, which: RecordsAfter) -> Result<Vec<Record>, Failure> {
        let mut records: Vec<Record> = Vec::new();
        while records.len() < which.most {
            let after = records.last().map_or(which.seq, |record| record.seq);
            let mut url = self.url(&["events"]);
            url.query_pairs_mut()
                .append_pair("after", &after.to_string())
                .append_pair("follow", "false");
            let more: Vec<Record> = answer(self.http.get(url).timeout(LIMIT)).await?;
            if more.iter().all(|record| record.seq <= after) {
                break;
            }
            records.extend(more);
        }
        records.truncate(which.most);
        Ok(records)
    }

    /// Every record of an app, oldest first: the watcher leaves the others out.
    pub async fn records_of(&self, app: &AppId) -> Result<Vec<Record>, Failure> {
        let (mut records, mut after) = (Vec::new(), Some(0));
        while let Some(from) = after {
            let mut url = self.url(&["audit"]);
            url.query_pairs_mut()
                .append_pair("app", app.as_str())
                .append_pair("after", &from.to_string());
            let part: Audit = answer(self.http.get(url).timeout(LIMIT)).await?;
            records.extend(part.records);
            after = part.next.filter(|next| *next > from);
        }
        Ok(records)
    }

    /// Asks for an act. Where the answer is lost it is asked again with the same id, which is asking once.
    ///
    /// # Errors
    /// [`FailureKind::Ambiguous`] where it may have been taken; of any other kind: it was not.
    pub async fn act(&self, request: ActRequest) -> Result<ActReply, Failure> {
        let asked = AskedAct::from(request);
        let last = WallClock.now() + self.insists;
        let mut may_be_taken = false;
        loop {
            let why = match self.post(&asked).await {
                Err(why) if is_passing(why.kind) => why,
                reply => return reply,
            };
            may_be_taken |= why.kind == FailureKind::Ambiguous;
            if WallClock.now() >= last {
                return Err(if may_be_taken { not_known() } else { why });
            }
            WallClock.sleep_until(WallClock.now() + PAUSE).await;
        }
    }

    async fn post(&self, asked: &AskedAct) -> Result<ActReply, Failure> {
        let request = self.http.post(self.url(&["acts"])).json(asked);
        let answered = request.timeout(LIMIT).send().await;
        let answered = answered.map_err(|error| lost(&error))?;
        let status = answered.status();
        let body = whole(answered).await?;
        // A refusal is an answer, whatever its status.
        let reply = serde_json::from_slice(&body);
        reply.map_err(|_problem| {
            if status.is_success() {
                not_known()
            } else {
                problem(status, &body)
            }
        })
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Failure> {
        answer(self.http.get(self.url(path)).timeout(LIMIT)).await
    }

    pub(super) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        url
    }
}

/// A part of the journal, and where it goes on.
#[derive(Deserialize)]
struct Audit {
    records: Vec<Record>,
    next: Option<u64>,
}

/// Asking again may help.
fn is_passing(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Retry | FailureKind::Ambiguous | FailureKind::Quota
    )
}

/// The whole answer to a request that changes nothing.
async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Failure> {
    // Nothing can have been done, so that no answer means no more than to ask again.
    let again = |failure: Failure| match failure.kind {
        FailureKind::Ambiguous => Failure {
            kind: FailureKind::Retry,
            ..failure
        },
        _ => failure,
    };
    let answered = request.send().await;
    let answered = answered.map_err(|error| again(lost(&error)))?;
    let status = answered.status();
    let body = whole(answered).await.map_err(again)?;
    if status != StatusCode::OK {
        return Err(problem(status, &body));
    }
    serde_json::from_slice(&body).map_err(|error| garbled(&error.to_string()))
}

async fn whole(mut answered: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(part) = answered.chunk().await.map_err(|error| lost(&error))? {
        if body.len() + part.len() > LARGEST {
            return Err(garbled("it is too long"));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

fn stamp(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// Without an answer. Where nobody took the connection, nothing can have been done.
fn lost(error: &reqwest::Error) -> Failure {
    if error.is_connect() {
        return Failure::new(FailureKind::Retry, "the watcher cannot be reached");
    }
    Failure::new(FailureKind::Ambiguous, "the watcher did not answer")
}

pub(super) fn not_known() -> Failure {
    Failure::new(
        FailureKind::Ambiguous,
        "it is not known whether it was taken",
    )
    .hint("look at the events")
}

pub(super) fn garbled(why: &str) -> Failure {
    let what = format!("the watcher's answer cannot be understood: {why}");
    let hint = "is it the same haltline? `haltline --version` here and there";
    Failure::new(FailureKind::Malformed, what).hint(hint)
}

fn problem(status: StatusCode, body: &[u8]) -> Failure {
    let kind = match status.as_u16() {
        403 => FailureKind::Rights,
        404 => FailureKind::NotFound,
        409 => FailureKind::Conflict,
        429 => FailureKind::Quota,
        503 => FailureKind::Retry,
        500.. => FailureKind::Internal,
        _ => FailureKind::Refused,
    };
    match serde_json::from_slice(body) {
        Ok(Problem { error }) => Failure::new(kind, error.what).hint(error.hint),
        Err(_other) => Failure::new(kind, format!("the watcher answered {}", status.as_u16())),
    }
}
