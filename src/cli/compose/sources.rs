//! From a config to sources of health, kind by kind.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;

use super::{JITTER_SEED, base};
use crate::config::{Figures, HealthConfig, Journey, SourceConfig};
use crate::domain::{Failure, FailureKind};
use crate::health::rum::{datadog, new_relic};
use crate::health::{
    app_store_reviews, bugsnag, crashlytics, crashlytics_bigquery, exec, http_json, play_reviews,
    play_vitals, prometheus, sentry, unavailable,
};
use crate::http::apple_auth::ApiKey;
use crate::http::{Client, Rate, Tally, VendorClient};
use crate::policy::quality::Ages;
use crate::ports::{Clock, HealthSource};
use crate::watcher::WatchedSource;

/// What sources are made with.
pub(super) struct Means<'a> {
    pub(super) http: &'a Client,
    /// Where requests are counted.
    pub(super) tally: &'a Tally,
    pub(super) clock: &'a Arc<dyn Clock>,
    /// Where programs are run.
    pub(super) folder: &'a Path,
}

/// A source; one that cannot be made stands in as one that says why.
pub(super) fn source(config: &HealthConfig, poll: TimeDelta, means: &Means<'_>) -> WatchedSource {
    let http = means.http.counted(means.tally.source(config.id.0.as_str()));
    let means = Means {
        http: &http,
        ..*means
    };
    let source = make(config, &means)
        .unwrap_or_else(|why| Arc::new(unavailable::Unavailable::new(config.id.clone(), why)));
    WatchedSource {
        source,
        required: config.required,
        ages: Ages::new(poll, config.lag, config.stale_after),
    }
}

#[expect(clippy::too_many_lines, reason = "one arm a kind")]
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
            slow_cold_start,
            slow_request,
            journeys,
        } => {
            let journeys = journeys.iter().map(|(name, journey)| {
                let ends = (journey.started.clone(), journey.completed.clone());
                (name.clone(), ends)
            });
            let settings = sentry::Settings {
                id,
                organization: organization.clone(),
                project: project.clone(),
                environment: environment.clone(),
                release: release.clone(),
                package: package.clone(),
                figures: sentry::Figures {
                    slow_cold_start: *slow_cold_start,
                    slow_request: *slow_request,
                    journeys: journeys.collect(),
                },
            };
            let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
            let source = sentry::Sentry::new(settings, http, base(base_url)?, token.clone(), clock);
            Arc::new(source.map_err(|error| refused(&error))?)
        }
        SourceConfig::Bugsnag {
            project,
            environment,
            token,
            base_url,
        } => {
            let settings = bugsnag::Settings {
                id,
                project: project.clone(),
                stage: environment.clone(),
            };
            let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
            let base = base(base_url)?;
            Arc::new(bugsnag::Bugsnag::new(settings, http, base, token, clock))
        }
        SourceConfig::PlayVitals {
            package,
            key,
            base_url,
            strata,
        } => {
            let named = |word: &String| {
                let what = format!("Google Play's vitals have no strata by {word}");
                play_vitals::Stratum::named(word)
                    .ok_or_else(|| Failure::new(FailureKind::Refused, what))
            };
            let settings = play_vitals::Settings {
                id,
                base: base(base_url)?,
                package: package.clone(),
                key: key.clone(),
                strata: strata.iter().map(named).collect::<Result<_, _>>()?,
            };
            let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
            let source = play_vitals::PlayVitals::new(settings, http, clock, JITTER_SEED);
            Arc::new(source?)
        }
        SourceConfig::Prometheus {
            base_url,
            user,
            token,
            tenant,
            figures,
            window,
            strata,
            release,
            package,
            reach,
        } => {
            let figures = figures.iter();
            let settings = prometheus::Settings {
                id,
                user: user.clone(),
                token: token.clone(),
                tenant: tenant.clone(),
                figures: figures
                    .map(|(metric, it)| (metric.clone(), promql(it)))
                    .collect(),
                window: *window,
                strata: strata.clone(),
                release: release.clone(),
                package: package.clone(),
                reach: *reach,
            };
            let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
            let source = prometheus::Prometheus::new(settings, http, base(base_url)?, clock);
            Arc::new(source.map_err(|error| refused(&error))?)
        }
        SourceConfig::PlayReviews {
            package,
            key,
            base_url,
        } => {
            let settings = play_reviews::Settings {
                id,
                package: package.clone(),
                key: key.clone(),
                base: base(base_url)?,
            };
            let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
            Arc::new(play_reviews::PlayReviews::new(
                settings,
                http,
                clock,
                JITTER_SEED,
            )?)
        }
        SourceConfig::AppStoreReviews {
            bundle_id,
            key,
            key_id,
            issuer_id,
            base_url,
            lookup_url,
            country,
        } => {
            let settings = app_store_reviews::Settings {
                id,
                bundle_id: bundle_id.clone(),
                key: ApiKey {
                    key_id: key_id.clone(),
                    issuer_id: issuer_id.clone(),
                    key: key.clone(),
                },
                base: base(base_url)?,
                lookup: base(lookup_url)?,
                country: country.clone(),
            };
            let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
            Arc::new(app_store_reviews::AppStoreReviews::new(
                settings,
                http,
                clock,
                JITTER_SEED,
            )?)
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
        SourceConfig::HttpJson {
            url,
            headers,
            figures,
            window,
            package,
        } => {
            let settings = http_json::Settings {
                id,
                url: url.clone(),
                headers: headers.clone(),
                figures: figures
                    .iter()
                    .map(|(metric, figures)| (metric.clone(), figure(figures)))
                    .collect(),
                window: *window,
                package: package.clone(),
            };
            let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
            let source = http_json::HttpJson::new(settings, http, clock);
            Arc::new(source.map_err(|error| refused(&error))?)
        }
        SourceConfig::Exec {
            program,
            arguments,
            env,
            timeout,
            package,
        } => {
            let run = std::iter::once(program).chain(arguments);
            Arc::new(exec::Exec::new(exec::Settings {
                id,
                run: run.cloned().collect(),
                env: env.clone(),
                timeout: timeout.to_std().unwrap_or_default(),
                folder: means.folder.to_owned(),
                package: package.clone(),
            }))
        }
        SourceConfig::Unusable { why } => return Err(why.clone()),
    })
}

/// A client of the source's own: quotas are per project and service, so one app's must not wait for another's.
fn vendor(means: &Means<'_>, rate: Rate) -> Arc<VendorClient> {
    let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
    Arc::new(VendorClient::new(http, clock, rate, super::JITTER_SEED))
}

fn promql(figures: &Figures) -> prometheus::Figures {
    match figures.clone() {
        Figures::Counts { failures, trials } => prometheus::Figures::Counts { failures, trials },
        Figures::Value { value, unit, scale } => prometheus::Figures::Value { value, unit, scale },
    }
}

/// Name, begun, completed.
fn named(journeys: &BTreeMap<String, Journey>) -> Vec<(String, String, String)> {
    let journeys = journeys.iter().map(|(name, journey)| {
        let Journey { started, completed } = journey.clone();
        (name.clone(), started, completed)
    });
    journeys.collect()
}

fn figure(figures: &Figures) -> http_json::Figure {
    match figures {
        Figures::Counts { failures, trials } => http_json::Figure::Counts {
            failures: failures.clone(),
            trials: trials.clone(),
        },
        Figures::Value { value, unit, scale } => http_json::Figure::Value {
            value: value.clone(),
            unit: *unit,
            scale: *scale,
        },
    }
}

fn refused(error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureKind::Refused, error.to_string())
}
