//! A store in memory, for the tests of the decorators.

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;

use crate::domain::rollout::{Applied, Glance, InReview, Order, ReleaseView};
use crate::domain::{Exposure, Failure, Status, StoreKind, StoreView, Target, Version};
use crate::ports::{AccessCheck, Store};

pub(super) struct FakeStore {
    view: StoreView,
    orders: AtomicU32,
}

impl FakeStore {
    pub(super) fn in_progress() -> Self {
        Self {
            view: StoreView {
                waiting: Some(ReleaseView {
                    also: Vec::new(),
                    version: Version::from_code(220),
                    label: "2.2.0".into(),
                    status: Status::Draft,
                    exposure: Exposure::NONE,
                    in_review: false,
                    phased: None,
                }),
                release: Some(ReleaseView {
                    also: Vec::new(),
                    version: Version::from_code(210),
                    label: "2.1.0".into(),
                    status: Status::InProgress,
                    exposure: Exposure::from_percent(5),
                    in_review: false,
                    phased: None,
                }),
                previous: Some(Version::from_code(200)),
                others: 0,
            },
            orders: AtomicU32::new(0),
        }
    }

    /// Orders that came through.
    pub(super) fn orders(&self) -> u32 {
        self.orders.load(Ordering::Relaxed)
    }
}

pub(super) fn order(target: Target) -> Order {
    Order {
        version: Version::from_code(210),
        target,
        in_review: InReview::Ask,
        lifts: true,
    }
}

impl Store for FakeStore {
    fn kind(&self) -> StoreKind {
        StoreKind::GooglePlay
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        Box::pin(async {
            Ok(Glance {
                fingerprint: "PUBLISHED 2.1.0 [210]".into(),
            })
        })
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        Box::pin(async { Ok(self.view.clone()) })
    }

    fn apply<'a>(&'a self, _order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        self.orders.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(Applied::Written) })
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(async { Vec::new() })
    }
}
