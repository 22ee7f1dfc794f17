//! `[[app.health]]`, checked: what kind of source it is, and what its adapter needs.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::domain::{Failure, Metric, Reach, SourceId, Unit};

/// One source.
#[derive(Clone, Debug)]
pub struct HealthConfig {
    pub id: SourceId,
    /// Required sources must be fresh for anything to be healthy.
    pub required: bool,
    /// How old its data are where nothing is wrong.
    pub lag: TimeDelta,
    /// Age of the data after which the source counts as stale.
    pub stale_after: TimeDelta,
    pub source: SourceConfig,
}

/// What kind of source it is. Secrets are read; base URLs have no slash at the end.
#[derive(Clone, Debug)]
pub enum SourceConfig {
    Sentry {
        organization: String,
        /// Slug or number.
        project: String,
        environment: Option<String>,
        /// `{package}@{version}+{build}`
        release: String,
        /// Package or bundle id that fills `{package}`.
        package: String,
        token: SecretString,
        base_url: String,
        /// `None`: not asked for, since each figure costs requests.
        slow_cold_start: Option<TimeDelta>,
        slow_request: Option<TimeDelta>,
        /// By name.
        journeys: BTreeMap<String, Journey>,
    },
    PlayVitals {
        package: String,
        /// The service account's JSON key.
        key: SecretString,
        base_url: String,
        strata: Vec<String>,
    },
    PlayReviews {
        package: String,
        key: SecretString,
        base_url: String,
    },
    AppStoreReviews {
        bundle_id: String,
        /// PEM of the `.p8` key.
        key: SecretString,
        key_id: String,
        issuer_id: Option<String>,
        base_url: String,
        /// Of the public lookup.
        lookup_url: String,
        country: String,
    },
    Crashlytics {
        /// `1:1234567890:android:abcdef`
        application: String,
        key: SecretString,
        base_url: String,
    },
    CrashlyticsBigQuery {
        /// The project that pays.
        project: String,
        location: String,
        /// `dataset.table`
        sessions_table: String,
        crashes_table: String,
        /// Bytes that one query may read.
        max_billed: u64,
        every: TimeDelta,
        key: SecretString,
        base_url: String,
        strata: Vec<String>,
    },
    /// Prometheus and what speaks its API, Embrace included.
    Prometheus {
        base_url: String,
        user: Option<String>,
        /// Bearer token, or the password of `user`.
        token: Option<SecretString>,
        tenant: Option<String>,
        figures: BTreeMap<Metric, Figures>,
        window: TimeDelta,
        /// Labels of the answers that part users.
        strata: Vec<String>,
        /// How `{release}` is made, which is how a label names a version: `{version}+{build}`.
        release: String,
        package: String,
        reach: Reach,
    },
    Bugsnag {
        project: String,
        environment: String,
        token: SecretString,
        base_url: String,
    },
    Datadog {
        application: String,
        environment: Option<String>,
        api_key: SecretString,
        app_key: SecretString,
        base_url: String,
        /// How the facet `version` is made.
        release: String,
        package: String,
        strata: Vec<String>,
        slow_cold_start: TimeDelta,
        slow_request: TimeDelta,
        journeys: BTreeMap<String, Journey>,
    },
    NewRelic {
        account: u64,
        application: String,
        token: SecretString,
        base_url: String,
        strata: Vec<String>,
        slow_request: TimeDelta,
        journeys: BTreeMap<String, Journey>,
    },
    HttpJson {
        url: String,
        headers: Vec<(String, SecretString)>,
        figures: BTreeMap<Metric, Figures>,
        window: TimeDelta,
        package: String,
    },
    Exec {
        program: String,
        arguments: Vec<String>,
        env: Vec<(String, SecretString)>,
        timeout: TimeDelta,
        package: String,
    },
    /// Configured well, but its token cannot be had: unknown health, and verbs work all the same.
    Unusable { why: Failure },
}

/// What is asked for one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Figures {
    Counts {
        failures: String,
        trials: String,
    },
    /// Of a level; `scale` is a thousand where the source gives milliseconds, a hundred where it gives percent.
    Value {
        value: String,
        unit: Unit,
        scale: u32,
    },
}

/// What counts as begun and as completed, in the source's own query language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    pub started: String,
    pub completed: String,
}
