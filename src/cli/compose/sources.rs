//! From a config to sources of health, kind by kind.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;

use super::base;
use crate::config::{HealthConfig, Journey, SourceConfig};
use crate::domain::{Failure, FailureKind};
use crate::health::rum::{datadog, new_relic};
use crate::health::{sentry, unavailable};
use crate::http::Client;
use crate::policy::quality::Ages;
use crate::ports::{Clock, HealthSource};
use crate::watcher::WatchedSource;

/// What sources are made with.
pub(super) struct Means<'a> {
    pub(super) http: &'a Client,
    pub(super) clock: &'a Arc<dyn Clock>,
    /// Where programs are run.
    pub(super) folder: &'a Path,
}

/// A source; one that cannot be made stands in as one that says why.
pub(super) fn source(config: &HealthConfig, poll: TimeDelta, means: &Means<'_>) -> WatchedSource {
    let source = make(config, means)
        .unwrap_or_else(|why| Arc::new(unavailable::Unavailable::new(config.id.clone(), why)));
    WatchedSource {
        source,
        required: config.required,
        ages: Ages::new(poll, config.lag, config.stale_after),
    }
}

fn make(config: &HealthConfig, means: &Means<'_>) -> Result<Arc<dyn HealthSource>, Failure> {
    let id = config.id.clone();
    Ok(match &config.source {
        SourceConfig::Sentry {
            organization,
            project,
            environment,
            release,
            package,
            token,
            base_url,
            ..
        } => {
            let settings = sentry::Settings {
                id,
                organization: organization.clone(),
                project: project.clone(),
                environment: environment.clone(),
                release: release.clone(),
                package: package.clone(),
            };
            let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
            let source = sentry::Sentry::new(settings, http, base(base_url)?, token.clone(), clock);
            Arc::new(source.map_err(|error| refused(&error))?)
        }
        SourceConfig::Datadog {
            application,
            environment,
            api_key,
            app_key,
            base_url,
            release,
            package,
            strata,
            slow_cold_start,
            slow_request,
            journeys,
        } => {
            let settings = datadog::Settings {
                id,
                application: application.clone(),
                environment: environment.clone(),
                release: release.clone(),
                package: package.clone(),
                strata: strata.clone(),
                slow_cold_start: *slow_cold_start,
                slow_request: *slow_request,
                journeys: named(journeys),
            };
            let keys = datadog::Keys {
                api: api_key.clone(),
                application: app_key.clone(),
            };
            let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
            let source = datadog::source(settings, http, base(base_url)?, keys, clock);
            Arc::new(source.map_err(|error| refused(&error))?)
        }
        SourceConfig::NewRelic {
            account,
            application,
            token,
            base_url,
            strata,
            slow_request,
            journeys,
        } => {
            let settings = new_relic::Settings {
                id,
                account: *account,
                application: application.clone(),
                strata: strata.clone(),
                slow_request: *slow_request,
                journeys: named(journeys),
            };
            let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
            let source = new_relic::source(settings, http, base(base_url)?, token.clone(), clock);
            Arc::new(source.map_err(|error| refused(&error))?)
        }
        SourceConfig::Unusable { why } => return Err(why.clone()),
        _ => {
            let what = "this kind of source is not built yet";
            return Err(Failure::new(FailureKind::Unsupported, what));
        }
    })
}

/// Name, begun, completed.
fn named(journeys: &BTreeMap<String, Journey>) -> Vec<(String, String, String)> {
    let journeys = journeys.iter().map(|(name, journey)| {
        let Journey { started, completed } = journey.clone();
        (name.clone(), started, completed)
    });
    journeys.collect()
}

fn refused(error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureKind::Refused, error.to_string())
}
