//! What a key may do, tried without changing anything.

use super::AppStore;
use super::error::AppStoreError;
use super::session::Urgency;
use crate::domain::Failure;
use crate::ports::AccessCheck;

impl AppStore {
    /// In the order of need. What rests on a right that failed is not tried and not listed.
    pub(super) async fn try_access(&self) -> Vec<AccessCheck> {
        let mut checks = Vec::new();
        let app = self.app_id(Urgency::Read).await.map(drop);
        let (accepted, seen) = match app {
            Err(error @ AppStoreError::NoApp(_)) => (Ok(()), Some(Err(error))),
            Err(error) => (Err(error), None),
            Ok(()) => (Ok(()), Some(Ok(()))),
        };
        checks.push(check("watch: the key is accepted", accepted));
        let Some(seen) = seen else { return checks };
        let is_seen = seen.is_ok();
        checks.push(check("watch: the key sees the app", seen));
        if !is_seen {
            return checks;
        }
        let versions = self.versions(None, Urgency::Read).await.map(drop);
        let readable = versions.is_ok();
        checks.push(check(
            "watch: read versions, builds and phased releases",
            versions,
        ));
        if readable {
            checks.push(check(
                "start, hold, pause, halt, resume, complete: release versions, change phased releases (the role App Manager or Admin, or the Account Holder; \
                 Apple offers no way to try it without changing a release, so it was not tried)",
                Ok(()),
            ));
        }
        checks
    }
}

fn check(right: &str, result: Result<(), AppStoreError>) -> AccessCheck {
    AccessCheck {
        right: right.into(),
        result: result.map_err(Failure::from),
    }
}
