//! From a config to sources of health, kind by kind.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;

use super::base;
use crate::config::{Figures, HealthConfig, SourceConfig};
use crate::domain::{Failure, FailureKind};
use crate::health::{bugsnag, exec, http_json, sentry, unavailable};
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
        _ => {
            let what = "this kind of source is not built yet";
            return Err(Failure::new(FailureKind::Unsupported, what));
        }
    })
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
