//! The kinds of sources: which keys each takes, how old its data are where nothing is wrong, and who checks its table.

use chrono::TimeDelta;

use super::{
    Of, app_store_reviews, bugsnag, crashlytics, datadog, exec, http_json, new_relic, play,
    prometheus, sentry,
};
use crate::config::SourceConfig;
use crate::config::file::RawHealth;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::domain::StoreKind;

/// One kind.
pub(super) struct Kind {
    pub(super) word: &'static str,
    /// Of [`RawHealth::of_some_kinds`].
    pub(super) keys: &'static [&'static str],
    pub(super) lag: TimeDelta,
    pub(super) stale_after: TimeDelta,
    pub(super) required: bool,
    /// The only store whose apps it knows.
    pub(super) store: Option<StoreKind>,
    pub(super) resolve: fn(&mut Ctx<'_>, Of<'_>, &At<RawHealth>) -> Option<SourceConfig>,
}

/// Mobile kits send a session when the app is left, and a collector takes what comes within minutes into its 5-minute buckets:
/// a bucket's length is how old healthy data are at most.
const LIVE: Kind = Kind {
    word: "",
    keys: &[],
    lag: TimeDelta::minutes(5),
    stale_after: TimeDelta::minutes(30),
    required: true,
    store: None,
    resolve: sentry::resolve,
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        word: "sentry",
        keys: &[
            "organization",
            "project",
            "environment",
            "release",
            "token",
            "slow_cold_start",
            "slow_request",
            "journey",
        ],
        resolve: sentry::resolve,
        ..LIVE
    },
    // A day of Play's appears 25 to 50 hours after its end, as measured (median 27 h, one in ten 50 h and later, at worst 124 h),
    // and is the last one until the next has appeared, a day later.
    Kind {
        word: "play-vitals",
        keys: &["credentials", "strata"],
        lag: TimeDelta::hours(75),
        stale_after: TimeDelta::days(7),
        store: Some(StoreKind::GooglePlay),
        resolve: play::vitals,
        ..LIVE
    },
    Kind {
        word: "play-reviews",
        keys: &["credentials"],
        lag: TimeDelta::hours(1),
        stale_after: TimeDelta::hours(24),
        required: false,
        store: Some(StoreKind::GooglePlay),
        resolve: play::reviews,
    },
    Kind {
        word: "app-store-reviews",
        keys: &["credentials", "country", "lookup_url"],
        lag: TimeDelta::hours(1),
        stale_after: TimeDelta::hours(24),
        required: false,
        store: Some(StoreKind::AppStore),
        resolve: app_store_reviews::resolve,
    },
    Kind {
        word: "crashlytics",
        keys: &["credentials", "application"],
        lag: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        resolve: crashlytics::api,
        ..LIVE
    },
    Kind {
        word: "crashlytics-bigquery",
        keys: &[
            "credentials",
            "project",
            "location",
            "sessions_table",
            "crashes_table",
            "max_billed",
            "every",
            "strata",
        ],
        lag: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        resolve: crashlytics::big_query,
        ..LIVE
    },
    Kind {
        word: "prometheus",
        keys: &[
            "token", "user", "tenant", "release", "window", "metric", "strata",
        ],
        resolve: prometheus::resolve,
        ..LIVE
    },
    Kind {
        word: "embrace",
        keys: &["token", "application", "strata"],
        lag: TimeDelta::minutes(15),
        stale_after: TimeDelta::hours(1),
        resolve: prometheus::embrace,
        ..LIVE
    },
    Kind {
        word: "bugsnag",
        keys: &["token", "project", "environment"],
        lag: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        resolve: bugsnag::resolve,
        ..LIVE
    },
    // A window is read five minutes after its end, so that the last one read ended ten minutes ago at most.
    Kind {
        word: "datadog",
        keys: &[
            "token",
            "app_key",
            "application",
            "environment",
            "release",
            "strata",
            "slow_cold_start",
            "slow_request",
            "journey",
        ],
        lag: TimeDelta::minutes(10),
        resolve: datadog::resolve,
        ..LIVE
    },
    // The same.
    Kind {
        word: "new-relic",
        keys: &[
            "token",
            "account",
            "application",
            "strata",
            "slow_request",
            "journey",
        ],
        lag: TimeDelta::minutes(10),
        resolve: new_relic::resolve,
        ..LIVE
    },
    Kind {
        word: "http-json",
        keys: &["url", "headers", "metric", "window"],
        resolve: http_json::resolve,
        ..LIVE
    },
    Kind {
        word: "exec",
        keys: &["run", "env", "timeout"],
        resolve: exec::resolve,
        ..LIVE
    },
];
