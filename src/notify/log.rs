//! The channel that is always there: the log on stderr, which the daemon's supervisor keeps.

use futures_util::future::{BoxFuture, ready};

use crate::domain::{Failure, PlainText, Urgency};
use crate::ports::{Message, Notifier};

/// Writes each message as a log line.
#[derive(Debug, Default)]
pub struct Log;

impl Notifier for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        let text = &message.text;
        match message.urgency {
            Urgency::Info => tracing::info!("{text}"),
            Urgency::Warning => tracing::warn!("{text}"),
            Urgency::Page => tracing::error!("{text}"),
        }
        Box::pin(ready(Ok(None)))
    }
}
