//! `[[app.health]]`: the keys of all kinds of sources, flat. Which kind takes which is `resolve`'s matter.

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::tree::At;
use crate::policy::units::Duration;

/// A source of health figures.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [[app.health]]"
)]
pub struct RawHealth {
    /// "sentry", "play-vitals", "crashlytics", "crashlytics-bigquery", "prometheus", "embrace", "bugsnag", "datadog",
    /// "new-relic", "http-json", "exec", "play-reviews" or "app-store-reviews".
    pub kind: Option<At<String>>,
    /// What the source is called. Default: its kind, with a number from the second of a kind on.
    pub id: Option<At<String>>,
    /// Whether it must be fresh for anything to count as healthy. Default true; false for reviews.
    pub required: Option<At<bool>>,
    /// How old its data are where nothing is wrong: later than this and two polls they are late. Default: the kind's own.
    pub lag: Option<At<Duration>>,
    /// Age of the data from which the source counts as stale; somebody is paged at three times as much. Default: the kind's own.
    pub stale_after: Option<At<Duration>>,
    /// Where the vendor is. https anywhere, http to loopback only. Default: the vendor's own.
    pub base_url: Option<At<String>>,

    /// Where the token is: "env:NAME", "file:PATH", "credential:NAME" (systemd) or "command:PROGRAM ARG…". Datadog: the API key.
    pub token: Option<At<String>>,
    /// Datadog: where the application key is.
    pub app_key: Option<At<String>>,
    /// Google: where the service account's key is. Default: that of [app.store].
    pub credentials: Option<At<String>>,
    /// Prometheus: user of basic authentication; the token is then the password.
    pub user: Option<At<String>>,
    /// Prometheus: the tenant, sent as X-Scope-OrgID.
    pub tenant: Option<At<String>>,

    /// Sentry: slug of the organization.
    pub organization: Option<At<String>>,
    /// Sentry: slug or number of the project. Bugsnag: id of the project. BigQuery: the project that pays.
    pub project: Option<At<String>>,
    /// New Relic: number of the account.
    pub account: Option<At<u64>>,
    /// Crashlytics: the app id, 1:1234567890:android:abcdef. Datadog: id of the RUM application. New Relic: name of the
    /// application. Embrace: the app id.
    pub application: Option<At<String>>,
    /// Sentry, Datadog: count this environment only. Bugsnag: the release stage, default "production".
    pub environment: Option<At<String>>,
    /// How the source names versions. Sentry: default "{package}@{version}+{build}". Others: default the kind's own.
    pub release: Option<At<String>>,

    /// BigQuery: the location of the datasets. Default "US".
    pub location: Option<At<String>>,
    /// BigQuery: the table of sessions, such as "firebase_sessions.com_example_shop_ANDROID_REALTIME". Default: by the package.
    pub sessions_table: Option<At<String>>,
    /// BigQuery: the table of crashes, such as "firebase_crashlytics.com_example_shop_ANDROID_REALTIME".
    pub crashes_table: Option<At<String>>,
    /// BigQuery: most that one query may read, such as "1GB", which is the default.
    pub max_billed: Option<At<String>>,
    /// Least time between two questions to a source that costs money or has little quota. Default: the kind's own.
    pub every: Option<At<Duration>>,

    /// Prometheus, http-json: length of a window. Default "5m".
    pub window: Option<At<Duration>>,
    /// Prometheus, http-json: what is asked for each metric.
    pub metric: BTreeMap<String, At<RawFigures>>,
    /// What parts the users into strata that are compared with themselves only, such as `["os"]`; what there is depends on the
    /// kind.
    pub strata: Option<Vec<At<String>>>,
    /// Sentry, Datadog: a cold start that takes longer is slow. Default "5s".
    pub slow_cold_start: Option<At<Duration>>,
    /// Sentry, Datadog, New Relic: a request that takes longer is slow. Default "2s".
    pub slow_request: Option<At<Duration>>,
    /// Sentry, Datadog, New Relic: journeys by name, for journey_success:NAME.
    pub journey: BTreeMap<String, At<RawJourney>>,

    /// http-json: the address, with {package}, {version}, {build}, {start} and {end}.
    pub url: Option<At<String>>,
    /// http-json: headers; a value that is a reference (env:, file:, credential:, command:) is read.
    pub headers: BTreeMap<String, At<String>>,
    /// exec: the program and its arguments, run without a shell in the config's folder.
    pub run: Option<At<Vec<String>>>,
    /// exec: its environment, which is otherwise empty; references are read.
    pub env: BTreeMap<String, At<String>>,
    /// exec: how long it may take. Default "20s".
    pub timeout: Option<At<Duration>>,
    /// App Store: the country of the public rating, such as "us", which is the default.
    pub country: Option<At<String>>,
    /// App Store: where the public lookup is. Default: Apple's own.
    pub lookup_url: Option<At<String>>,
}

/// What is asked for one metric: failures and trials, or a value.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [app.health.metric.NAME]"
)]
pub struct RawFigures {
    /// How many failed: PromQL with {version} and {window}, or a JSON Pointer.
    pub failures: Option<At<String>>,
    /// Out of how many.
    pub trials: Option<At<String>>,
    /// A figure without counts, for level:NAME.
    pub value: Option<At<String>>,
    /// Of a value: "seconds", "milliseconds", "share", "percent" or "plain" (default).
    pub unit: Option<At<String>>,
}

/// A journey: how many of those that began came to an end.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [app.health.journey.NAME]"
)]
pub struct RawJourney {
    /// What counts as begun, in the source's own query language.
    pub started: Option<At<String>>,
    /// What counts as completed.
    pub completed: Option<At<String>>,
}

impl RawHealth {
    /// The keys that only some kinds take and that are there, with where: what another kind's table must not have.
    pub(in crate::config) fn of_some_kinds(&self) -> Vec<(&'static str, Range<usize>)> {
        fn span<T>(at: Option<&At<T>>) -> Option<Range<usize>> {
            at.map(|at| at.span.clone())
        }
        fn first<T>(of: &BTreeMap<String, At<T>>) -> Option<Range<usize>> {
            of.values().next().map(|at| at.span.clone())
        }
        let keys = [
            ("token", span(self.token.as_ref())),
            ("app_key", span(self.app_key.as_ref())),
            ("credentials", span(self.credentials.as_ref())),
            ("user", span(self.user.as_ref())),
            ("tenant", span(self.tenant.as_ref())),
            ("organization", span(self.organization.as_ref())),
            ("project", span(self.project.as_ref())),
            ("account", span(self.account.as_ref())),
            ("application", span(self.application.as_ref())),
            ("environment", span(self.environment.as_ref())),
            ("release", span(self.release.as_ref())),
            ("location", span(self.location.as_ref())),
            ("sessions_table", span(self.sessions_table.as_ref())),
            ("crashes_table", span(self.crashes_table.as_ref())),
            ("max_billed", span(self.max_billed.as_ref())),
            ("every", span(self.every.as_ref())),
            ("window", span(self.window.as_ref())),
            ("metric", first(&self.metric)),
            (
                "strata",
                self.strata.as_ref().and_then(|all| span(all.first())),
            ),
            ("slow_cold_start", span(self.slow_cold_start.as_ref())),
            ("slow_request", span(self.slow_request.as_ref())),
            ("journey", first(&self.journey)),
            ("url", span(self.url.as_ref())),
            ("headers", first(&self.headers)),
            ("run", span(self.run.as_ref())),
            ("env", first(&self.env)),
            ("timeout", span(self.timeout.as_ref())),
            ("country", span(self.country.as_ref())),
            ("lookup_url", span(self.lookup_url.as_ref())),
        ];
        keys.into_iter()
            .filter_map(|(key, span)| Some((key, span?)))
            .collect()
    }
}
