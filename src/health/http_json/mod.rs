//! A server of one's own that answers JSON, as a [`HealthSource`].
//!
//! What its address says decides what an answer is, so that nothing is guessed. An address with `{start}` and `{end}` is asked
//! window by window. One without tells running sums that only grow. Without figures to look for, the answer is a document of
//! windows, the one that a program of one's own would print. Owns what is remembered between polls. Must not judge the numbers.

mod address;
mod api;
mod figures;
mod poll;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::document::Strata;
use super::totals::Marks;
use crate::domain::{
    Failure, Metric, Reach, Reading, SourceId, SourceReport, Timestamp, Unit, Version,
};
use crate::http::Client;
use crate::ports::{AccessCheck, Clock, HealthQuery, HealthSource};

use address::Template;
use api::Api;

pub use address::BadAddress;

/// Which server, and where the figures are in its answers.
#[derive(Clone, Debug)]
pub struct Settings {
    pub id: SourceId,
    /// With `{package}`, `{version}`, `{build}`, `{baseline}`, `{start}`, `{end}` and `{window}`.
    pub url: String,
    pub headers: Vec<(String, SecretString)>,
    /// Empty where the answer is a document of windows.
    pub figures: BTreeMap<Metric, Figure>,
    pub window: TimeDelta,
    /// Package or bundle id: fills `{package}`.
    pub package: String,
}

/// Where a metric's figures are, as JSON Pointers (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Figure {
    Counts {
        failures: String,
        trials: String,
    },
    /// Of a level; what is there is `scale` times as much.
    Value {
        value: String,
        unit: Unit,
        scale: u32,
    },
}

/// One server.
pub struct HttpJson {
    id: SourceId,
    figures: BTreeMap<Metric, Figure>,
    window: TimeDelta,
    template: Template,
    api: Api,
    memory: Mutex<Memory>,
}

/// What one poll leaves to the next.
#[derive(Debug, Default)]
struct Memory {
    marks: Marks,
    strata: Strata,
    /// By version watched: where the first window starts that may still change, and the first that had a trial.
    next: BTreeMap<String, Timestamp>,
    first: BTreeMap<String, Timestamp>,
    /// The end of the last window that had a trial of either version, and how many trials a day there were until then.
    last_seen: Option<Timestamp>,
    a_day: f64,
}

impl Memory {
    /// Keeps how much there is, by the metric that comes first.
    fn see(&mut self, readings: &[Reading]) {
        let Some(one) = readings.first() else { return };
        let same = || readings.iter().filter(|it| it.metric == one.metric);
        let trials: f64 = same().map(|it| it.counts.trials as f64).sum();
        let windows: BTreeSet<(Timestamp, u32)> = same().map(|it| (it.start, it.seconds)).collect();
        let seconds: f64 = windows.iter().map(|(_, seconds)| f64::from(*seconds)).sum();
        self.a_day = trials / seconds.max(1.0) * 86_400.0;
    }
}

impl HttpJson {
    pub fn new(
        settings: Settings,
        client: Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadAddress> {
        Ok(Self {
            id: settings.id,
            template: Template::parse(&settings.url, &settings.package)?,
            figures: settings.figures,
            window: settings.window,
            api: Api::new(client, settings.headers, clock),
            memory: Mutex::default(),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HealthSource for HttpJson {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move {
            let report = self.report(query).await;
            report.map_err(api::HttpJsonError::into_failure)
        })
    }

    /// Counts of both versions of the same windows; levels halt nothing by what levels are.
    fn reach(&self) -> Reach {
        if self.figures.keys().all(Metric::is_level) && !self.figures.is_empty() {
            Reach::Pause
        } else {
            Reach::Halt
        }
    }

    fn resume(&self, last: &SourceReport) {
        if let Some(totals) = &last.totals {
            self.memory().marks.resume(totals);
        }
    }

    /// Asks about a version that there is not: whoever answers at all knows the headers.
    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(async move {
            let now = self.api.now();
            let version = Version::named("0.0.0", "0");
            let url = self.template.fill(&version, None, (now - self.window, now));
            let asked = self.api.ask(url).await.map(|_| ());
            // No such version is an answer too.
            let result = asked.or_else(|error| {
                if error.is_not_found() {
                    Ok(())
                } else {
                    Err(error)
                }
            });
            vec![AccessCheck {
                right: "watch: the server answers, and takes the headers".into(),
                result: result.map_err(api::HttpJsonError::into_failure),
            }]
        })
    }
}

#[cfg(test)]
mod tests;
