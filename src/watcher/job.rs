//! Jobs: the conversations with the world, each a future that ends in an outcome. What may run beside what is decided here.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{AbortRegistration, Abortable, BoxFuture};

use crate::domain::rollout::{Applied, Glance, Order};
use crate::domain::{
    AppId, Exposure, Failure, FailureKind, PlainText, SourceReport, StoreView, Timestamp,
};
use crate::ports::{
    CheckRequest, Checker, HealthQuery, HealthSource, Incident, Message, Notifier, Store,
};

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Job {
    Store {
        app: AppId,
        talk: StoreTalk,
    },
    Health {
        app: AppId,
        source: usize,
    },
    Tell {
        channel: PlainText,
        message: Box<Message>,
    },
    Check {
        request: CheckRequest,
        attempt: u32,
    },
    Remind {
        channel: PlainText,
        open: Vec<Incident>,
    },
    Beat,
}

/// A conversation with a store.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StoreTalk {
    Glance,
    Read,
    Write {
        revision: u64,
        attempt: u32,
        order: Order,
    },
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Outcome {
    Glanced {
        app: AppId,
        result: Result<Glance, Failure>,
    },
    Read {
        app: AppId,
        result: Result<StoreView, Failure>,
    },
    Polled {
        app: AppId,
        source: usize,
        query: HealthQuery,
        result: Result<SourceReport, Failure>,
    },
    Written {
        app: AppId,
        revision: u64,
        attempt: u32,
        result: Result<Applied, Failure>,
    },
    Told {
        ids: Vec<u64>,
        channel: PlainText,
        result: Result<Option<PlainText>, Failure>,
    },
    Checked {
        app: AppId,
        stage: Exposure,
        attempt: u32,
        result: Result<PlainText, PlainText>,
    },
    Reminded {
        channel: PlainText,
        result: Result<(), Failure>,
    },
    /// A read that was broken off.
    BrokenOff,
    Beaten {
        channel: PlainText,
        result: Result<(), Failure>,
    },
}

/// What a running job keeps busy: no two jobs share a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Store(AppId),
    Source(AppId, usize),
    /// One message after the other on each channel, so that they come in their order.
    People(PlainText),
    Check(AppId),
    Reminder(PlainText),
    Heart,
}

impl Lane {
    pub(super) fn channel(&self) -> Option<&PlainText> {
        match self {
            Self::People(channel) => Some(channel),
            _ => None,
        }
    }
}

impl Job {
    pub(super) fn channel(&self) -> Option<&PlainText> {
        match self {
            Self::Tell { channel, .. } => Some(channel),
            _ => None,
        }
    }

    pub(super) fn lane(&self) -> Lane {
        match self {
            Self::Store { app, .. } => Lane::Store(app.clone()),
            Self::Health { app, source } => Lane::Source(app.clone(), *source),
            Self::Tell { channel, .. } => Lane::People(channel.clone()),
            Self::Check { request, .. } => Lane::Check(request.app.clone()),
            Self::Remind { channel, .. } => Lane::Reminder(channel.clone()),
            Self::Beat => Lane::Heart,
        }
    }

    /// Writes go first: nothing is more urgent than a halt.
    pub(super) fn is_urgent(&self) -> bool {
        matches!(
            self,
            Self::Store {
                talk: StoreTalk::Write { .. },
                ..
            }
        )
    }
}

pub(super) type Running = BoxFuture<'static, (Lane, Outcome)>;

/// A mistake of ours in one conversation is one app's trouble, not the watcher's.
pub(super) async fn caught<T>(
    work: impl Future<Output = Result<T, Failure>>,
    kind: FailureKind,
) -> Result<T, Failure> {
    let mistake = "haltline made a mistake here; the log says more, please report it";
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_panic| Err(Failure::new(kind, mistake)))
}

/// Asks an outside check. One that breaks off has not passed.
pub(super) fn on_check(checker: Arc<dyn Checker>, request: CheckRequest, attempt: u32) -> Running {
    Box::pin(async move {
        let asked = AssertUnwindSafe(checker.check(&request))
            .catch_unwind()
            .await;
        let result = asked.unwrap_or_else(|_panic| Err("haltline made a mistake here".into()));
        let (app, stage) = (request.app, request.stage);
        let outcome = Outcome::Checked {
            app: app.clone(),
            stage,
            attempt,
            result,
        };
        (Lane::Check(app), outcome)
    })
}

/// Runs a conversation with a store. One that only reads can be broken off.
pub(super) fn on_store(
    store: Arc<dyn Store>,
    app: AppId,
    talk: StoreTalk,
    off: AbortRegistration,
) -> Running {
    Box::pin(async move {
        let lane = Lane::Store(app.clone());
        let outcome = match talk {
            StoreTalk::Glance => {
                let glance = caught(store.glance(), FailureKind::Internal);
                match Abortable::new(glance, off).await {
                    Ok(result) => Outcome::Glanced { app, result },
                    Err(_aborted) => Outcome::BrokenOff,
                }
            }
            StoreTalk::Read => {
                let read = caught(store.read(), FailureKind::Internal);
                match Abortable::new(read, off).await {
                    Ok(result) => Outcome::Read { app, result },
                    Err(_aborted) => Outcome::BrokenOff,
                }
            }
            StoreTalk::Write {
                revision,
                attempt,
                order,
            } => Outcome::Written {
                result: caught(store.apply(&order), FailureKind::Ambiguous).await,
                app,
                revision,
                attempt,
            },
        };
        (lane, outcome)
    })
}

/// A poll of a health source.
pub(super) fn on_source(
    health: Arc<dyn HealthSource>,
    app: AppId,
    source: usize,
    query: HealthQuery,
) -> Running {
    Box::pin(async move {
        let result = caught(health.poll(&query), FailureKind::Internal).await;
        (
            Lane::Source(app.clone(), source),
            Outcome::Polled {
                app,
                source,
                query,
                result,
            },
        )
    })
}

/// A message to people, on one channel; `None` where the config has no such channel any more.
pub(super) fn on_people(
    notifier: Option<Arc<dyn Notifier>>,
    channel: PlainText,
    message: Box<Message>,
) -> Running {
    Box::pin(async move {
        let result = match notifier {
            Some(notifier) => caught(notifier.tell(&message), FailureKind::Internal).await,
            None => Err(Failure::new(
                FailureKind::Unsupported,
                "the config has no such channel any more",
            )),
        };
        let ids = message.ids;
        let lane = Lane::People(channel.clone());
        let outcome = Outcome::Told {
            ids,
            channel,
            result,
        };
        (lane, outcome)
    })
}

/// Reminds a channel of what is open.
pub(super) fn on_reminder(
    notifier: Arc<dyn Notifier>,
    channel: PlainText,
    open: Vec<Incident>,
    now: Timestamp,
) -> Running {
    Box::pin(async move {
        let result = caught(notifier.remind(&open, now), FailureKind::Internal).await;
        let lane = Lane::Reminder(channel.clone());
        (lane, Outcome::Reminded { channel, result })
    })
}

/// Tells that haltline lives.
pub(super) fn on_heart(notifier: Arc<dyn Notifier>, now: Timestamp) -> Running {
    Box::pin(async move {
        let result = caught(notifier.beat(now), FailureKind::Internal).await;
        let channel = notifier.name().into();
        (Lane::Heart, Outcome::Beaten { channel, result })
    })
}
