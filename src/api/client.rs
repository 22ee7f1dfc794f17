//! The in-process client: what a screen or a command holds of the watcher.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::me::Me;
use super::pulse::Pulse;
use super::wire::{History, Snapshot, When};
use crate::domain::{
    ActReply, ActRequest, AppId, Failure, FailureKind, IssueDetail, PlainText, Record, SourceId,
    Timestamp,
};

/// One question to the watcher with where to answer.
#[derive(Debug)]
pub enum Question {
    Act(ActRequest, oneshot::Sender<ActReply>),
    /// More of a crash group: the app, which source, its id there.
    Issue(AppId, SourceId, PlainText, oneshot::Sender<Details>),
    /// The picture of the past, from the journal.
    Past(When, oneshot::Sender<Result<Arc<Snapshot>, Failure>>),
    /// What the charts of an app are drawn of.
    History(AppId, oneshot::Sender<Result<History, Failure>>),
    /// Records of the journal.
    Records(RecordsAfter, oneshot::Sender<Result<Vec<Record>, Failure>>),
}

/// Which records: after that number, oldest first, at most so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordsAfter {
    pub seq: u64,
    pub most: usize,
}

/// How the watcher is reached now. Whatever it is, only [`Link::Live`] lets anybody act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The picture shown is the last one kept; the journal is still being opened and verified.
    Opening,
    Live,
    /// The watcher cannot be reached since then; it is tried again.
    Reconnecting {
        since: Timestamp,
    },
    /// It has ended; nothing newer will come.
    Lost {
        since: Timestamp,
    },
}

/// What a source knows of a crash group, or why it tells nothing.
pub type Details = Result<IssueDetail, Failure>;

/// The watcher's end: where it shows its pictures, says how it is reached, and is asked.
#[derive(Debug)]
pub struct Desk {
    pub pictures: watch::Sender<Arc<Snapshot>>,
    /// To be set after the picture that it belongs to: what is not verified must never be shown as live.
    pub link: watch::Sender<Link>,
    /// Who the watcher takes the asker for, once it is known.
    pub me: watch::Sender<Option<Arc<Me>>>,
    /// To be beaten at each turn of the watcher's loop.
    pub pulse: Pulse,
    pub questions: mpsc::Receiver<Question>,
}

/// What a client can be told without having asked.
#[derive(Clone, Debug)]
pub enum News {
    Picture(Arc<Snapshot>),
    Link(Link),
    Me(Option<Arc<Me>>),
}

/// A cheap handle; clone it freely.
#[derive(Clone, Debug)]
pub struct Client {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    links: watch::Receiver<Link>,
    me: watch::Receiver<Option<Arc<Me>>>,
    pulse: Pulse,
    questions: mpsc::Sender<Question>,
}

/// The watcher is gone.
#[derive(Debug, thiserror::Error)]
#[error("the watcher has stopped")]
pub struct Gone;

impl From<Gone> for Failure {
    fn from(gone: Gone) -> Self {
        Self::new(FailureKind::Internal, gone.to_string())
    }
}

impl Client {
    /// The two ends: for the watcher what it publishes and answers, for everybody else a client.
    pub fn pair(first: Snapshot) -> (watch::Sender<Arc<Snapshot>>, mpsc::Receiver<Question>, Self) {
        let (desk, client) = Self::desk(first, Link::Live);
        (desk.pictures, desk.questions, client)
    }

    /// A desk for a watcher to sit down at, and a client that shows `first` until then.
    pub fn desk(first: Snapshot, link: Link) -> (Desk, Self) {
        let (pictures, snapshots) = watch::channel(Arc::new(first));
        let (link, links) = watch::channel(link);
        let (me, who) = watch::channel(None);
        let (asks, questions) = mpsc::channel(16);
        let pulse = Pulse::new();
        let desk = Desk {
            pictures,
            link,
            me,
            pulse: pulse.clone(),
            questions,
        };
        let client = Self {
            snapshots,
            links,
            me: who,
            pulse,
            questions: asks,
        };
        (desk, client)
    }

    /// The latest picture.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }

    /// How the watcher is reached now.
    pub fn link(&self) -> Link {
        *self.links.borrow()
    }

    /// Who the watcher takes this asker for; `None` until it is known.
    pub fn me(&self) -> Option<Arc<Me>> {
        self.me.borrow().clone()
    }

    /// The pulse of the watcher's loop.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Waits for what this handle has not seen yet: a picture before the link that came after it.
    pub async fn changed(&mut self) -> Result<News, Gone> {
        tokio::select! {
            biased;
            newer = self.snapshots.changed() => {
                newer.map_err(|_closed| Gone)?;
                Ok(News::Picture(self.snapshots.borrow_and_update().clone()))
            }
            Ok(()) = self.me.changed() => Ok(News::Me(self.me.borrow_and_update().clone())),
            Ok(()) = self.links.changed() => Ok(News::Link(*self.links.borrow_and_update())),
        }
    }

    /// Asks for an act and waits until it is taken or refused (not until it is carried out: follow the snapshots for that).
    pub async fn act(&self, request: ActRequest) -> Result<ActReply, Gone> {
        // It would wait at the desk, and be done by a watcher that knows another state than the asker has seen.
        if self.link() == Link::Opening {
            let why = "the journal is not verified yet: look again, then ask again";
            return Ok(ActReply::Refused(why.into()));
        }
        let (answer, reply) = oneshot::channel();
        self.questions
            .send(Question::Act(request, answer))
            .await
            .map_err(|_closed| Gone)?;
        reply.await.map_err(|_closed| Gone)
    }

    /// Asks a source for more of a crash group: a conversation with its vendor.
    pub async fn issue(
        &self,
        app: AppId,
        source: SourceId,
        id: PlainText,
    ) -> Result<Details, Gone> {
        let (answer, reply) = oneshot::channel();
        self.questions
            .send(Question::Issue(app, source, id, answer))
            .await
            .map_err(|_closed| Gone)?;
        reply.await.map_err(|_closed| Gone)
    }

    /// The picture as it was then, from the journal: nothing in it can be acted on.
    pub async fn past(&self, when: When) -> Result<Result<Arc<Snapshot>, Failure>, Gone> {
        let (answer, reply) = oneshot::channel();
        self.questions
            .send(Question::Past(when, answer))
            .await
            .map_err(|_closed| Gone)?;
        reply.await.map_err(|_closed| Gone)
    }

    /// Records of the journal, oldest first; fewer than asked for where there are no more.
    pub async fn records(&self, which: RecordsAfter) -> Result<Result<Vec<Record>, Failure>, Gone> {
        let (answer, reply) = oneshot::channel();
        self.questions
            .send(Question::Records(which, answer))
            .await
            .map_err(|_closed| Gone)?;
        reply.await.map_err(|_closed| Gone)
    }

    /// What the charts of an app are drawn of.
    pub async fn history(&self, app: AppId) -> Result<Result<History, Failure>, Gone> {
        let (answer, reply) = oneshot::channel();
        self.questions
            .send(Question::History(app, answer))
            .await
            .map_err(|_closed| Gone)?;
        reply.await.map_err(|_closed| Gone)
    }
}
