//! From a config to sources of health, kind by kind.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;

use super::base;
use crate::config::{HealthConfig, SourceConfig};
use crate::domain::{Failure, FailureKind};
use crate::health::{crashlytics, crashlytics_bigquery, sentry, unavailable};
use crate::http::{Client, Rate, VendorClient};
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
        SourceConfig::Crashlytics {
            application,
            key,
            base_url,
        } => {
            let settings = crashlytics::Settings {
                id,
                application: application.clone(),
                key: key.clone(),
                base: base(base_url)?,
            };
            let http = vendor(means, crashlytics::RATE);
            Arc::new(crashlytics::Crashlytics::new(settings, http)?)
        }
        SourceConfig::CrashlyticsBigQuery {
            project,
            location,
            sessions_table,
            crashes_table,
            max_billed,
            every,
            key,
            base_url,
            strata,
        } => {
            let settings = crashlytics_bigquery::Settings {
                id,
                project: project.clone(),
                location: location.clone(),
                sessions_table: sessions_table.clone(),
                crashes_table: crashes_table.clone(),
                max_billed: *max_billed,
                every: *every,
                by_os: strata.iter().any(|kind| kind == "os"),
                key: key.clone(),
                base: base(base_url)?,
            };
            let http = vendor(means, crashlytics_bigquery::RATE);
            Arc::new(crashlytics_bigquery::BigQuery::new(settings, http)?)
        }
        SourceConfig::Unusable { why } => return Err(why.clone()),
        _ => {
            let what = "this kind of source is not built yet";
            return Err(Failure::new(FailureKind::Unsupported, what));
        }
    })
}

/// A client of the source's own: quotas are per project and service, so one app's must not wait for another's.
fn vendor(means: &Means<'_>, rate: Rate) -> Arc<VendorClient> {
    let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
    Arc::new(VendorClient::new(http, clock, rate, super::JITTER_SEED))
}

fn refused(error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureKind::Refused, error.to_string())
}
