//! Channels to people: what a message is made of, and what a channel can do with it.

use chrono::TimeDelta;
use futures_util::future::{BoxFuture, ready};

use crate::domain::{
    AppId, Failure, FailureKind, IncidentNews, PlainText, StoreKind, Timestamp, Urgency, Version,
};

/// One message for people. What it says is decided; how it looks is the channel's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The numbers of what is told in it, ascending: the same at every try, and after a restart.
    pub ids: Vec<u64>,
    /// When it was decided to tell it.
    pub at: Timestamp,
    pub urgency: Urgency,
    /// The plain sentence. Of several messages in one: how many, and the most urgent of them.
    pub text: PlainText,
    /// The sentences of all of them, most urgent first, where there are several.
    pub digest: Vec<PlainText>,
    /// What it is about; `None`: the watcher itself, or several apps.
    pub about: Option<About>,
    /// Numbers and names, each with what it is: `crash-free sessions`, `99.31% of 12,480`.
    pub facts: Vec<(PlainText, PlainText)>,
    /// The command to act with: `haltline halt shop-android --reason …`.
    pub command: Option<PlainText>,
    /// Where there is more to see.
    pub link: Option<PlainText>,
    /// Who is on call, as their tools call them.
    pub on_call: Option<PlainText>,
    pub incident: Option<IncidentNews>,
    /// What the channel called the conversation about this incident, where it has begun one.
    pub thread: Option<PlainText>,
}

/// The release that a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub app: AppId,
    /// The app, as people call it.
    pub name: PlainText,
    pub store: StoreKind,
    pub version: Option<Version>,
    /// `8.43.0 (84300)`
    pub release: PlainText,
}

/// An incident that is open, for channels that want to be reminded of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// As in [`IncidentNews::key`].
    pub key: PlainText,
    pub about: About,
    pub opened: Timestamp,
    /// The sentence that it was told with last.
    pub text: PlainText,
    pub acknowledged: bool,
}

/// A channel to people.
pub trait Notifier: Send + Sync {
    /// As the config calls it.
    fn name(&self) -> &str;

    /// In words, without a secret: `slack #releases`.
    fn describe(&self) -> String {
        self.name().to_owned()
    }

    /// Hands the message over. `Ok` once the channel took it: where it has conversations, with what it calls this one. A failure
    /// that is not to be tried again is [`FailureKind::Refused`], [`FailureKind::Credentials`] or [`FailureKind::Unsupported`].
    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>>;

    /// How often it has to hear of the open incidents again; `None`: once is enough.
    fn reminded_every(&self) -> Option<TimeDelta> {
        None
    }

    /// All open incidents that this channel was told of, every [`Notifier::reminded_every`]. What is not among them any more was
    /// told as resolved. Not tried again: the next one comes soon.
    fn remind<'a>(
        &'a self,
        _open: &'a [Incident],
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(ready(Ok(())))
    }

    /// Tells that haltline lives: sent after a complete and good cycle, so that somebody else notices when none comes.
    fn beat(&self, _now: Timestamp) -> BoxFuture<'_, Result<(), Failure>> {
        let what = format!("{} takes no heartbeat", self.name());
        Box::pin(ready(Err(Failure::new(FailureKind::Unsupported, what))))
    }
}
