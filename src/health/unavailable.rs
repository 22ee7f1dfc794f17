//! A health source whose token cannot be had: every poll fails with the reason.

use futures_util::future::{BoxFuture, ready};

use crate::domain::{Failure, Reach, SourceId, SourceReport};
use crate::ports::{AccessCheck, HealthQuery, HealthSource};

/// Fails with one and the same reason.
pub struct Unavailable {
    id: SourceId,
    why: Failure,
}

impl Unavailable {
    pub fn new(id: SourceId, why: Failure) -> Self {
        Self { id, why }
    }
}

impl HealthSource for Unavailable {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, _query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(ready(Err(self.why.clone())))
    }

    fn reach(&self) -> Reach {
        Reach::Context
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        let check = AccessCheck {
            right: "watch: token".into(),
            result: Err(self.why.clone()),
        };
        Box::pin(ready(vec![check]))
    }
}
