//! A store on which acts are rehearsed: nothing is written, but later reads show the release as if it had been.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

use crate::domain::rollout::{Applied, Glance, Order, ReleaseView};
use crate::domain::{
    Exposure, Failure, FailureKind, Status, StoreKind, StoreView, Target, Version,
};
use crate::ports::{AccessCheck, Store};

/// Remembers its orders and lays them over what the store really shows.
pub struct DryRun {
    store: Arc<dyn Store>,
    /// Oldest first.
    pretended: Mutex<Vec<Order>>,
}

impl DryRun {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            pretended: Mutex::default(),
        }
    }

    fn pretended(&self) -> Vec<Order> {
        self.pretended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn view(&self) -> Result<StoreView, Failure> {
        let mut view = self.store.read().await?;
        for order in self.pretended() {
            if matches!(order.target, Target::Started { .. }) {
                begin(&mut view, &order.version);
            }
            if let Some(release) = &mut view.release
                && release.version.cmp_build(&order.version).is_eq()
            {
                pretend(release, order.target, self.kind());
            }
        }
        Ok(view)
    }
}

/// The release that waits becomes the one watched, and the one watched what it is compared with, where everybody has that.
fn begin(view: &mut StoreView, version: &Version) {
    let is_it = |waiting: &mut ReleaseView| waiting.version.cmp_build(version).is_eq();
    if let Some(begun) = view.waiting.take_if(is_it) {
        let before = view.release.replace(begun);
        let served = before.filter(|before| before.status == Status::Completed);
        view.previous = served.map(|served| served.version).or(view.previous.take());
    }
}

fn pretend(release: &mut ReleaseView, target: Target, store: StoreKind) {
    let staged = match target {
        Target::Stopped => {
            release.status = Status::Stopped;
            return;
        }
        Target::InProgress { exposure } => exposure.unwrap_or(release.exposure),
        Target::Started { exposure } => exposure.unwrap_or(match store {
            StoreKind::GooglePlay => Exposure::FULL,
            StoreKind::AppStore => Exposure::from_percent(1),
        }),
        Target::Completed => Exposure::FULL,
    };
    release.exposure = staged;
    release.status = match staged {
        Exposure::FULL => Status::Completed,
        _ => Status::InProgress,
    };
}

impl Store for DryRun {
    fn kind(&self) -> StoreKind {
        self.store.kind()
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        Box::pin(async move {
            let mut glance = self.store.glance().await?;
            for order in self.pretended() {
                glance.fingerprint = format!(
                    "{} ({} {} pretended)",
                    glance.fingerprint, order.version, order.target
                );
            }
            Ok(glance)
        })
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        Box::pin(self.view())
    }

    fn apply<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        Box::pin(async move {
            let StoreView {
                release, waiting, ..
            } = self.view().await?;
            let starts = matches!(order.target, Target::Started { .. });
            let known = [release, waiting.filter(|_| starts)];
            let release = known
                .into_iter()
                .flatten()
                .find(|release| release.version.cmp_build(&order.version).is_eq())
                .ok_or_else(|| {
                    let what = format!("{} is not the release watched", order.version);
                    Failure::new(FailureKind::NotFound, what)
                })?;
            if order.target.is_met_by(&release) {
                return Ok(Applied::AlreadySo);
            }
            if order.yields_to_a_stop() && release.status == Status::Stopped {
                let what = format!("{} was stopped meanwhile: nothing is raised", order.version);
                return Err(Failure::new(FailureKind::Conflict, what));
            }
            tracing::info!(version = %order.version, target = %order.target, "dry run: not sent to the store");
            self.pretended
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(order.clone());
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

    #[tokio::test]
    async fn a_rehearsed_beginning_is_watched_from_then_on() {
        let inner = Arc::new(FakeStore::in_progress());
        let store = DryRun::new(Arc::clone(&inner) as _);
        let of_waiting = |target| Order {
            version: Version::from_code(220),
            ..order(target)
        };
        let failure = store.apply(&of_waiting(Target::Stopped)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotFound);
        let begin = of_waiting(Target::Started {
            exposure: Some(Exposure::from_percent(8)),
        });
        assert_eq!(store.apply(&begin).await, Ok(Applied::Written));
        assert_eq!(store.apply(&begin).await, Ok(Applied::AlreadySo));
        let view = store.read().await.unwrap();
        assert_eq!(view.waiting, None);
        // It took the place of one that nobody but some had.
        assert_eq!(view.previous, Some(Version::from_code(200)));
        let release = view.release.unwrap();
        assert_eq!(release.version, Version::from_code(220));
        assert_eq!(
            (release.status, release.exposure),
            (Status::InProgress, Exposure::from_percent(8))
        );
        let halt = of_waiting(Target::Stopped);
        assert_eq!(store.apply(&halt).await, Ok(Applied::Written));
        let release = store.read().await.unwrap().release.unwrap();
        assert_eq!(
            (release.status, release.exposure),
            (Status::Stopped, Exposure::from_percent(8))
        );
        assert_eq!(inner.orders(), 0);
    }
}
