//! A store that can be looked at only.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::domain::rollout::{Applied, Glance, Order};
use crate::domain::{Failure, FailureKind, StoreKind, StoreView};
use crate::ports::{AccessCheck, Store};

/// Refuses every order before the vendor hears of it.
pub struct ReadOnly(Arc<dyn Store>);

impl ReadOnly {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

impl Store for ReadOnly {
    fn kind(&self) -> StoreKind {
        self.0.kind()
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        self.0.glance()
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        self.0.read()
    }

    fn apply<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        Box::pin(async move {
            let what = format!(
                "not sent: {} {} on {}, since this haltline is read-only",
                order.version,
                order.target,
                self.kind().name()
            );
            Err(Failure::new(FailureKind::Refused, what).hint("act where haltline may write"))
        })
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        self.0.access()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Target;
    use crate::store::testing::{FakeStore, order};

    #[tokio::test]
    async fn reads_pass_and_no_order_does() {
        let inner = Arc::new(FakeStore::in_progress());
        let store = ReadOnly::new(Arc::clone(&inner) as _);
        assert_eq!(store.read().await, inner.read().await);
        let failure = store.apply(&order(Target::Stopped)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(inner.orders(), 0);
    }
}
