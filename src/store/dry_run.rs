//! A store on which acts are rehearsed: nothing is written, but later reads show the release as if it had been.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

use crate::domain::rollout::{Applied, Glance, Order, ReleaseView};
use crate::domain::{Exposure, Failure, FailureKind, Status, StoreKind, StoreView, Target};
use crate::ports::{AccessCheck, Store};

/// Remembers the last order and lays it over what the store really shows.
pub struct DryRun {
    store: Arc<dyn Store>,
    pretended: Mutex<Option<Order>>,
}

impl DryRun {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            pretended: Mutex::new(None),
        }
    }

    fn pretended(&self) -> Option<Order> {
        self.pretended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn view(&self) -> Result<StoreView, Failure> {
        let mut view = self.store.read().await?;
        if let (Some(release), Some(order)) = (&mut view.release, self.pretended())
            && release.version.cmp_build(&order.version).is_eq()
        {
            pretend(release, order.target);
        }
        Ok(view)
    }
}

fn pretend(release: &mut ReleaseView, target: Target) {
    match target {
        Target::Stopped => release.status = Status::Stopped,
        Target::InProgress { exposure } | Target::Started { exposure } => {
            release.status = Status::InProgress;
            release.exposure = exposure.unwrap_or(release.exposure);
        }
        Target::Completed => {
            release.status = Status::Completed;
            release.exposure = Exposure::FULL;
        }
    }
}

impl Store for DryRun {
    fn kind(&self) -> StoreKind {
        self.store.kind()
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        Box::pin(async move {
            let mut glance = self.store.glance().await?;
            if let Some(order) = self.pretended() {
                glance.fingerprint = format!("{} ({} pretended)", glance.fingerprint, order.target);
            }
            Ok(glance)
        })
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        Box::pin(self.view())
    }

    fn apply<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        Box::pin(async move {
            let view = self.view().await?;
            let release = view
                .release
                .filter(|release| release.version.cmp_build(&order.version).is_eq())
                .ok_or_else(|| {
                    let what = format!("{} is not the release watched", order.version);
                    Failure::new(FailureKind::NotFound, what)
                })?;
            if order.target.is_met_by(&release) {
                return Ok(Applied::AlreadySo);
            }
            tracing::info!(version = %order.version, target = %order.target, "dry run: not sent to the store");
            *self
                .pretended
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(order.clone());
            Ok(Applied::Written)
        })
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        self.store.access()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{FakeStore, order};

    #[tokio::test]
    async fn a_rehearsed_halt_is_read_back_and_never_sent() {
        let inner = Arc::new(FakeStore::in_progress());
        let store = DryRun::new(Arc::clone(&inner) as _);
        let before = store.glance().await.unwrap();
        let halt = order(Target::Stopped);
        assert_eq!(store.apply(&halt).await, Ok(Applied::Written));
        assert_eq!(store.apply(&halt).await, Ok(Applied::AlreadySo));
        let release = store.read().await.unwrap().release.unwrap();
        assert!(Target::Stopped.is_met_by(&release));
        assert_ne!(store.glance().await.unwrap(), before);
        assert_eq!(inner.orders(), 0);
    }
}
