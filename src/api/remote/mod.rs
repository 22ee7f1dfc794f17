//! A watcher in another process, reached over its socket: fills a [`Desk`], so that a screen cannot tell the difference but by
//! the link, which says since when nothing is heard.

mod line;
pub mod sse;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use super::client::{Desk, Link, Question};
use super::stream::Change;
use super::wire::{SNAPSHOT_SCHEMA, Snapshot};
use super::{ActReply, Me, Pulse};
use crate::domain::{Failure, FailureKind, Refusal, RefusalKind, Timestamp};
use crate::ports::clock::{Clock, WallClock};

pub use line::{Line, Unreachable};
use sse::Sent;

/// By so much a stream of pictures may begin behind what is known.
const A_MOMENT: TimeDelta = TimeDelta::seconds(5);

/// How patient a screen is with its watcher: on the wall, whatever time the watcher lives in.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A watcher that has nothing to tell says so every 5 seconds; one of which nothing is heard for so long is gone.
    pub silent: TimeDelta,
    /// Between two attempts: this at first, doubled up to `longest`.
    pub shortest: TimeDelta,
    pub longest: TimeDelta,
    /// Unreachable for so long, it is lost; it is tried all the same.
    pub lost: TimeDelta,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silent: TimeDelta::seconds(15),
            shortest: TimeDelta::milliseconds(250),
            longest: TimeDelta::seconds(5),
            lost: TimeDelta::seconds(60),
        }
    }
}

/// Shows at `desk` what the watcher tells, and puts questions to it, until `stop` resolves or nobody looks any more. `clock` is
/// the watcher's time.
pub async fn run(
    desk: Desk,
    line: Line,
    clock: Arc<dyn Clock>,
    patience: Patience,
    stop: impl Future<Output = ()>,
) {
    let Desk {
        pictures,
        link,
        me,
        pulse,
        questions,
    } = desk;
    let ears = Ears {
        line: line.clone(),
        pictures,
        link,
        me,
        pulse,
        clock,
        patience,
    };
    tokio::select! {
        () = stop => {}
        () = ears.listen() => {}
        () = answer(line, questions) => {}
    }
}

/// Puts each question beside the others, until nobody can ask any more.
async fn answer(line: Line, mut questions: mpsc::Receiver<Question>) {
    let mut open = FuturesUnordered::new();
    loop {
        tokio::select! {
            question = questions.recv() => match question {
                Some(question) => open.push(put(line.clone(), question)),
                None => return,
            },
            Some(()) = open.next() => {}
        }
    }
}

/// Whoever asked may have looked away meanwhile.
async fn put(line: Line, question: Question) {
    match question {
        Question::Act(request, answer) => {
            let reply = line.act(request).await;
            let reply = reply.unwrap_or_else(|failure| ActReply::Refused(unasked(&failure)));
            drop(answer.send(reply));
        }
        Question::Issue(app, source, id, answer) => {
            drop(answer.send(line.issue(&app, &source, &id).await));
        }
        Question::Past(when, answer) => drop(answer.send(line.past(when).await.map(Arc::new))),
        Question::History(app, answer) => drop(answer.send(line.history(&app).await)),
        Question::Records(which, answer) => drop(answer.send(line.records(which).await)),
    }
}

/// The watcher did not get to say anything to an act, or nobody heard it.
fn unasked(failure: &Failure) -> Refusal {
    let kind = match failure.kind {
        FailureKind::Ambiguous => RefusalKind::Unanswered,
        FailureKind::Rights | FailureKind::Credentials => RefusalKind::Rights,
        FailureKind::NotFound => RefusalKind::NotFound,
        _ => RefusalKind::State,
    };
    Refusal::new(kind, failure.to_string())
}

/// What listens to the pictures, again and again.
struct Ears {
    line: Line,
    pictures: watch::Sender<Arc<Snapshot>>,
    link: watch::Sender<Link>,
    me: watch::Sender<Option<Arc<Me>>>,
    pulse: Pulse,
    clock: Arc<dyn Clock>,
    patience: Patience,
}

/// When the watcher was heard of last: on the wall, and in its own time.
#[derive(Clone, Copy)]
struct Heard {
    wall: Timestamp,
    told: Timestamp,
}

impl Ears {
    async fn listen(&self) {
        let mut heard = self.now();
        let mut pause = self.patience.shortest;
        loop {
            let why = self.hear(&mut heard).await;
            let was_live = *self.link.borrow() == Link::Live;
            if was_live {
                pause = self.patience.shortest;
                tracing::warn!("the watcher cannot be heard any more: {why}");
            }
            let since = heard.told;
            let link = if WallClock.now() - heard.wall >= self.patience.lost {
                Link::Lost { since }
            } else {
                Link::Reconnecting { since }
            };
            self.link.send_if_modified(|known| {
                let other = *known != link;
                *known = link;
                other
            });
            WallClock.sleep_until(WallClock.now() + pause).await;
            pause = (pause * 2).min(self.patience.longest);
        }
    }

    /// Shows pictures for as long as they come; why no more do.
    async fn hear(&self, heard: &mut Heard) -> Failure {
        match self.line.me().await {
            Ok(me) => drop(self.me.send_replace(Some(Arc::new(me)))),
            Err(why) => return why,
        }
        let mut answer = match self.line.pictures().await {
            Ok(answer) => answer,
            Err(why) => return why,
        };
        let (mut reader, mut sent, mut shown) = (sse::Reader::default(), Vec::new(), None);
        loop {
            let silent = WallClock.sleep_until(WallClock.now() + self.patience.silent);
            let part = tokio::select! {
                part = answer.chunk() => part,
                () = silent => return gone("nothing is heard of it"),
            };
            match part {
                Ok(Some(part)) => {
                    if let Err(why) = reader.read(&part, &mut sent) {
                        return line::garbled(&why.to_string());
                    }
                }
                Ok(None) => return gone("it has stopped"),
                Err(_cut) => return gone("the connection was cut"),
            }
            *heard = self.now();
            self.pulse.beat();
            if sent.is_empty() {
                continue;
            }
            for event in sent.drain(..) {
                if let Err(why) = take(&mut shown, &event) {
                    return why;
                }
            }
            if let Some(picture) = shown.as_ref().filter(|it| !self.is_ahead_of(it)) {
                self.pictures
                    .send_replace(Arc::new(Snapshot::clone(picture)));
                self.link.send_if_modified(|link| {
                    let other = *link != Link::Live;
                    *link = Link::Live;
                    other
                });
            }
        }
    }

    /// What is shown already was asked for beside the stream, which begins a moment behind: time does not go back for it.
    fn is_ahead_of(&self, picture: &Snapshot) -> bool {
        let shown = self.pictures.borrow();
        let ahead = shown.at - picture.at;
        picture.seq < shown.seq && TimeDelta::zero() <= ahead && ahead < A_MOMENT
    }

    fn now(&self) -> Heard {
        Heard {
            wall: WallClock.now(),
            told: self.clock.now(),
        }
    }
}

fn gone(why: &str) -> Failure {
    Failure::new(FailureKind::Retry, why)
}

/// Makes the next picture of the one that is shown.
fn take(shown: &mut Option<Snapshot>, Sent { event, data }: &Sent) -> Result<(), Failure> {
    let unreadable = |error: serde_json::Error| line::garbled(&error.to_string());
    match event.as_str() {
        "picture" => {
            let picture: Snapshot = serde_json::from_str(data).map_err(unreadable)?;
            if picture.schema != SNAPSHOT_SCHEMA {
                return Err(line::garbled("its pictures are of another kind"));
            }
            *shown = Some(picture);
        }
        "change" => {
            let change: Change = serde_json::from_str(data).map_err(unreadable)?;
            if !shown.as_mut().is_some_and(|picture| change.apply(picture)) {
                return Err(gone("a change of another picture came"));
            }
        }
        // What a later watcher may tell.
        _ => {}
    }
    Ok(())
}
