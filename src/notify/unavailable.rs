//! A channel that cannot be used: it stands in its place and says why, so that the others go on.

use futures_util::future::{BoxFuture, ready};

use crate::domain::{Failure, PlainText, Timestamp};
use crate::ports::{Message, Notifier};

/// Fails with one and the same reason.
pub struct Unavailable {
    name: PlainText,
    kind: &'static str,
    why: Failure,
}

impl Unavailable {
    pub fn new(name: PlainText, kind: &'static str, why: Failure) -> Self {
        Self { name, kind, why }
    }
}

impl Notifier for Unavailable {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn describe(&self) -> String {
        format!("{}, which cannot be used", self.kind)
    }

    fn tell<'a>(
        &'a self,
        _message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        Box::pin(ready(Err(self.why.clone())))
    }

    fn beat(&self, _now: Timestamp) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(ready(Err(self.why.clone())))
    }
}
