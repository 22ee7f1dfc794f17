//! What speaks Prometheus's query API as a [`HealthSource`]: Prometheus itself, Mimir, Grafana Cloud, Thanos, Embrace.
//!
//! Owns the queries of each metric and what is remembered between polls; the poll itself is in [`poll`]. Must not judge the
//! numbers. There is no adoption in it, and no issues: it counts what the queries of the config count.

mod api;
mod error;
mod names;
mod poll;
mod template;
mod windows;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::domain::{Failure, Metric, Reach, SourceId, SourceReport, Timestamp, Unit};
use crate::health::release::{self, ReleaseTemplate};
use crate::http::{BaseUrl, Client};
use crate::ports::{AccessCheck, Clock, HealthQuery, HealthSource};

use api::Api;
use error::PrometheusError;
use names::Build;
use template::{Label, Template};

pub use template::BadTemplate;

/// What is asked, and of whom.
#[derive(Clone, Debug)]
pub struct Settings {
    pub id: SourceId,
    /// User of basic authentication; the token is then its password.
    pub user: Option<String>,
    pub token: Option<SecretString>,
    /// Sent as `X-Scope-OrgID`.
    pub tenant: Option<String>,
    /// PromQL with holes. Queries of counts speak of the window that ends where they are evaluated.
    pub figures: BTreeMap<Metric, Figures>,
    /// Length of a window: whole minutes that part an hour evenly.
    pub window: TimeDelta,
    /// Labels of the answers that part users.
    pub strata: Vec<String>,
    /// How `{release}` is made: `{version}+{build}`.
    pub release: String,
    /// Fills `{package}`.
    pub package: String,
    /// How far its data may go by themselves.
    pub reach: Reach,
}

/// The queries of one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Figures {
    Counts {
        failures: String,
        trials: String,
    },
    /// Of a level; values are divided by `scale`.
    Value {
        value: String,
        unit: Unit,
        scale: u32,
    },
}

/// The same, checked.
enum Asked {
    Counts {
        failures: Template,
        trials: Template,
    },
    Value {
        value: Template,
        unit: Unit,
        scale: u32,
    },
}

/// What the series of an answer are.
#[derive(Clone, Copy)]
enum SeriesOf<'s> {
    /// They add up, apart by these labels.
    Strata(&'s [String]),
    /// There is one at most.
    One,
}

/// Settings that nothing can be asked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    #[error(transparent)]
    Query(#[from] BadTemplate),
    #[error(transparent)]
    Release(#[from] release::BadTemplate),
}

/// One server, and the queries for one app.
pub struct Prometheus {
    id: SourceId,
    api: Api,
    asked: BTreeMap<Metric, Asked>,
    window: TimeDelta,
    strata: Vec<String>,
    release: ReleaseTemplate,
    /// The same as written, for people.
    release_as_written: String,
    package: String,
    /// Where names of versions are looked up.
    label: Option<Label>,
    reach: Reach,
    memory: Mutex<Memory>,
}

/// What one poll leaves to the next. Nothing here must survive a restart: it is asked again.
#[derive(Debug, Default)]
struct Memory {
    /// Names of versions by build.
    names: BTreeMap<String, BTreeSet<String>>,
    first_session: BTreeMap<String, Timestamp>,
    /// Version keys that were looked for over the whole look-back.
    searched: BTreeSet<String>,
    /// The last sample of trials.
    read_through: Option<Timestamp>,
    /// Trials of the last day that was read.
    a_day: u64,
    /// Strata that are told apart.
    strata: BTreeMap<Metric, BTreeSet<String>>,
}

impl Prometheus {
    pub fn new(
        settings: Settings,
        client: Client,
        base: BaseUrl,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadSettings> {
        let release = ReleaseTemplate::parse(&settings.release, &settings.package)?;
        let mut asked = BTreeMap::new();
        for (metric, figures) in settings.figures {
            let checked = match figures {
                Figures::Counts { failures, trials } => Asked::Counts {
                    failures: Template::parse(&failures)?,
                    trials: Template::parse(&trials)?,
                },
                Figures::Value { value, unit, scale } => Asked::Value {
                    value: Template::parse(&value)?,
                    unit,
                    scale,
                },
            };
            asked.insert(metric, checked);
        }
        let label = asked
            .values()
            .flat_map(Asked::queries)
            .find_map(|(_, query)| query.label());
        let secret = (settings.user.as_deref(), settings.token.as_ref());
        Ok(Self {
            id: settings.id,
            label: label.cloned(),
            api: Api::new(client, base, secret, settings.tenant, clock),
            asked,
            window: settings.window,
            strata: settings.strata,
            release,
            release_as_written: settings.release,
            package: settings.package,
            reach: settings.reach,
            memory: Mutex::default(),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries the queries of one metric on a version that nobody has.
    async fn try_queries(&self, asked: &Asked) -> Result<(), PrometheusError> {
        let nobody = Build {
            name: Some("0".into()),
            build: "0".into(),
        };
        let now = self.api.clock.now();
        let just_now = windows::plan((now - self.window, now), self.window, false);
        let mut remarks = Vec::new();
        for (what, query) in asked.queries() {
            let series = asked.series(&self.strata);
            let read = self.ask((query, series), &nobody, &just_now, &mut remarks);
            read.await.map_err(|error| error.of(what))?;
        }
        Ok(())
    }
}

impl Asked {
    /// Each with what it is called.
    fn queries(&self) -> Vec<(&'static str, &Template)> {
        match self {
            Self::Counts { failures, trials } => vec![("failures", failures), ("trials", trials)],
            Self::Value { value, .. } => vec![("value", value)],
        }
    }

    fn series<'s>(&self, strata: &'s [String]) -> SeriesOf<'s> {
        match self {
            Self::Counts { .. } => SeriesOf::Strata(strata),
            Self::Value { .. } => SeriesOf::One,
        }
    }
}

impl HealthSource for Prometheus {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move {
            self.report(query)
                .await
                .map_err(PrometheusError::into_failure)
        })
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    /// A metric each: its queries are tried, for a wrong one is refused like a wrong token. What is not about a query is said
    /// once.
    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(async move {
            let mut checks = Vec::new();
            for (metric, asked) in &self.asked {
                let result = self.try_queries(asked).await;
                let general = result
                    .as_ref()
                    .is_err_and(|error| !error.is_about_the_query());
                checks.push(AccessCheck {
                    right: format!("watch: {metric}: read metrics").into(),
                    result: result.map_err(PrometheusError::into_failure),
                });
                if general {
                    break;
                }
            }
            checks
        })
    }
}

#[cfg(test)]
mod tests;
