//! A store whose credentials cannot be had: everything fails with the reason, so that the other apps go on.

use futures_util::future::{BoxFuture, ready};

use crate::domain::rollout::{Applied, Glance, Order};
use crate::domain::{Failure, StoreKind, StoreView};
use crate::ports::{AccessCheck, Store};

/// Fails with one and the same reason.
pub struct Unavailable {
    kind: StoreKind,
    why: Failure,
}

impl Unavailable {
    pub fn new(kind: StoreKind, why: Failure) -> Self {
        Self { kind, why }
    }
}

impl Store for Unavailable {
    fn kind(&self) -> StoreKind {
        self.kind
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        Box::pin(ready(Err(self.why.clone())))
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        Box::pin(ready(Err(self.why.clone())))
    }

    fn apply<'a>(&'a self, _order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        Box::pin(ready(Err(self.why.clone())))
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        let check = AccessCheck {
            right: "every verb: credentials".into(),
            result: Err(self.why.clone()),
        };
        Box::pin(ready(vec![check]))
    }
}
