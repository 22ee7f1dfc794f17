//! What the tests of the watcher stand on: an app, a beginning, and a world that asks nothing of anybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::{BoxFuture, ready};

use crate::domain::rollout::InReview;
use crate::domain::{
    Act, ActRequest, Actor, AppId, PlainText, Standing, StoreKind, Timestamp, Verb,
};
use crate::engine::{AppPlan, Plan};
use crate::policy::{Budgets, Policy, Start};
use crate::ports::{CheckRequest, Checker};

/// Every outside check is fine.
pub(super) struct NoChecks;

impl Checker for NoChecks {
    fn check<'a>(
        &'a self,
        _request: &'a CheckRequest,
    ) -> BoxFuture<'a, Result<PlainText, PlainText>> {
        Box::pin(ready(Ok("fine".into())))
    }
}

pub(super) fn shop() -> AppId {
    AppId::try_from("shop".to_owned()).unwrap()
}

pub(super) fn start() -> Timestamp {
    Timestamp::from_timestamp(1_768_055_527, 0).unwrap()
}

/// One app on Google Play, and a policy without stages and rules.
pub(super) fn plan() -> Plan {
    let policy = Policy {
        name: "none".into(),
        description: PlainText::default(),
        stages: Vec::new(),
        rules: Vec::new(),
        tiers: Vec::new(),
        hash: String::new(),
    };
    let app = AppPlan {
        name: "Shop".into(),
        store: StoreKind::GooglePlay,
        policy: Arc::new(policy),
        advise: false,
        in_review: InReview::Ask,
        start: Start::Manual,
        train: None,
        owner: None,
        stalled_after: TimeDelta::days(3),
    };
    Plan::new(BTreeMap::from([(shop(), app)]), Budgets::default())
}

/// Alice asks for a halt.
pub(super) fn halt() -> ActRequest {
    ActRequest {
        id: "a".into(),
        app: Some(shop()),
        act: Act::Do {
            verb: Verb::Halt,
            to: None,
        },
        actor: Actor::Person {
            name: "alice".into(),
            host: "laptop".into(),
        },
        standing: Standing::default(),
        reason: "it crashes".into(),
        expect: None,
    }
}
