//! The kinds of sources, each with what it states of itself. A kind joins the contract by being added to the list.

use chrono::TimeDelta;
use haltline::domain::{FailureKind, Reach};
use haltline::simulator::fault::Vendor;

/// What a kind promises.
pub(crate) struct Kind {
    /// `kind = …` of the ready config.
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    /// The fake vendors that it asks, the one that has the counts first; none: it speaks no HTTP, for this reason.
    pub(crate) asks: Result<&'static [Vendor], &'static str>,
    /// Proportions, with how exactly they are what happened.
    pub(crate) carries: &'static [(&'static str, Rounding)],
    /// Figures without counts: name, what it is of, and how far it may be off, as a share of the value.
    pub(crate) levels: &'static [(&'static str, Of, f64)],
    /// It tells what users say at the store.
    pub(crate) reviews: bool,
    /// Kinds of strata that its ready config asks for.
    pub(crate) strata: &'static [&'static str],
    /// Of the counts of its crash groups; `Err` says why it has none.
    pub(crate) issues: Result<Rounding, &'static str>,
    /// Whether a session with an ANR or a hang and nothing else is one with an error to it.
    pub(crate) anr_is_error: bool,
    /// Whether it groups ANRs and hangs as it does crashes.
    pub(crate) anr_groups: bool,
    /// Its data end no earlier than so long ago.
    pub(crate) lag: TimeDelta,
    /// So long after its end a window may still lack a tenth: what was tried may come in later than what failed.
    pub(crate) settles: TimeDelta,
    /// It asks its vendor no more often than so, and tells meanwhile what it knows.
    pub(crate) every: TimeDelta,
    pub(crate) reach: Reach,
    /// Requests of a first poll, and of one a little later.
    pub(crate) budget: (u64, u64),
    /// Where its token lies beside the config, and what a wrong one comes to; `Err` says why there is none to be wrong.
    pub(crate) token: Result<(&'static str, FailureKind), &'static str>,
    /// Cases that do not apply, with the reason.
    pub(crate) without: &'static [(Case, &'static str)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Play,
    Apple,
}

/// What a level is of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    /// Seconds within which this share of them was done.
    ColdStarts(f64),
    Requests(f64),
    /// Mean of the stars of the version's reviews.
    Stars,
    /// Mean of the stars that the store shows.
    Rating,
    /// Of something that the world counts in other ways: only that it is there.
    Else,
}

/// How far a count may be off from what happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rounding {
    Exact,
    /// By this share of it, or by so many.
    Within(f64, u64),
    /// The source counts something that the world does not: for its own tests.
    Else,
}

impl Rounding {
    pub(crate) fn admits(self, told: u64, true_: u64) -> bool {
        match self {
            Self::Exact => told == true_,
            Self::Else => true,
            Self::Within(share, few) => {
                told.abs_diff(true_) <= few.max((true_ as f64 * share).ceil() as u64)
            }
        }
    }
}

/// A case that some kinds may be without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    SameCounts,
    Restated,
    Paged,
    Empty,
    RateLimited,
    Expired,
    Html,
    Huge,
    Truncated,
}

const PLAIN: Kind = Kind {
    name: "",
    store: Store::Play,
    asks: Err(""),
    carries: &[],
    levels: &[],
    reviews: false,
    strata: &[],
    issues: Err(""),
    anr_is_error: true,
    anr_groups: true,
    lag: TimeDelta::minutes(5),
    settles: TimeDelta::zero(),
    every: TimeDelta::zero(),
    reach: Reach::Halt,
    budget: (0, 0),
    token: Err(""),
    without: &[],
};

pub(crate) const KINDS: &[Kind] = &[
    SENTRY,
    PLAY_VITALS,
    CRASHLYTICS,
    CRASHLYTICS_BIGQUERY,
    PROMETHEUS,
    DATADOG,
    NEW_RELIC,
    EMBRACE,
    BUGSNAG,
    HTTP_JSON,
    EXEC,
    PLAY_REVIEWS,
    APP_STORE_REVIEWS,
];

const SENTRY: Kind = Kind {
    name: "sentry",
    asks: Ok(&[Vendor::Sentry]),
    carries: &[
        ("crash_free_sessions", Rounding::Exact),
        ("frustration_free_sessions", Rounding::Exact),
        ("error_free_sessions", Rounding::Exact),
        ("crash_free_users", Rounding::Exact),
        ("anr_free_users", Rounding::Exact),
        ("slow_cold_starts", Rounding::Exact),
        ("slow_requests", Rounding::Exact),
        ("journey_success:checkout", Rounding::Exact),
    ],
    levels: &[
        ("level:cold_start_p99", Of::ColdStarts(0.99), 0.001),
        ("level:request_p95", Of::Requests(0.95), 0.001),
    ],
    issues: Ok(Rounding::Exact),
    budget: (18, 13),
    token: Ok(("sentry.token", FailureKind::Credentials)),
    ..PLAIN
};

/// Google and Apple sign in with a key pair.
const KEY_PAIR: Result<(&str, FailureKind), &str> =
    Err("it signs in with a key that the config reads, and refuses where it is none");

const PLAY_VITALS: Kind = Kind {
    name: "play-vitals",
    asks: Ok(&[Vendor::PlayReporting, Vendor::GooglePlay]),
    carries: &[
        ("crash_free_users", Rounding::Within(0.05, 20)),
        ("anr_free_users", Rounding::Within(0.05, 20)),
        ("slow_cold_starts", Rounding::Else),
        ("custom:low_memory_kills", Rounding::Else),
    ],
    // Crashes are listed hours before rates are computed.
    issues: Ok(Rounding::Else),
    budget: (14, 6),
    lag: TimeDelta::hours(54),
    reach: Reach::HaltAfterHours(48),
    token: KEY_PAIR,
    ..PLAIN
};

const CRASHLYTICS: Kind = Kind {
    name: "crashlytics",
    asks: Ok(&[Vendor::Crashlytics, Vendor::GooglePlay]),
    carries: &[
        ("crash_free_sessions", Rounding::Exact),
        ("crash_free_users", Rounding::Exact),
        ("anr_free_users", Rounding::Exact),
    ],
    issues: Ok(Rounding::Exact),
    lag: TimeDelta::minutes(10),
    settles: TimeDelta::minutes(30),
    budget: (6, 5),
    token: KEY_PAIR,
    ..PLAIN
};

const CRASHLYTICS_BIGQUERY: Kind = Kind {
    name: "crashlytics-bigquery",
    asks: Ok(&[Vendor::BigQuery, Vendor::GooglePlay]),
    carries: &[
        ("crash_free_sessions", Rounding::Exact),
        ("crash_free_users", Rounding::Exact),
        ("anr_free_users", Rounding::Exact),
    ],
    strata: &["os"],
    issues: Ok(Rounding::Exact),
    lag: TimeDelta::minutes(15),
    every: TimeDelta::minutes(15),
    budget: (10, 0),
    token: KEY_PAIR,
    ..PLAIN
};

const DATADOG: Kind = Kind {
    name: "datadog",
    asks: Ok(&[Vendor::Datadog]),
    carries: &[
        ("crash_free_sessions", Rounding::Exact),
        ("frustration_free_sessions", Rounding::Exact),
        ("error_free_sessions", Rounding::Exact),
        ("crash_free_users", Rounding::Within(0.01, 1)),
        ("anr_free_users", Rounding::Within(0.01, 1)),
        ("slow_cold_starts", Rounding::Exact),
        ("slow_requests", Rounding::Exact),
        ("journey_success:checkout", Rounding::Exact),
    ],
    levels: &[
        ("level:cold_start_p50", Of::ColdStarts(0.5), 0.001),
        ("level:cold_start_p90", Of::ColdStarts(0.9), 0.001),
        ("level:cold_start_p99", Of::ColdStarts(0.99), 0.001),
        ("level:request_p95", Of::Requests(0.95), 0.001),
    ],
    strata: &["country", "device", "os"],
    issues: Ok(Rounding::Exact),
    anr_groups: false,
    // Windows of five minutes, each read once it is over for as long.
    lag: TimeDelta::minutes(10),
    budget: (58, 24),
    // A key that there is not and one that may not are the same answer, 403.
    token: Ok(("datadog.token", FailureKind::Rights)),
    ..PLAIN
};

/// Sessions and users are distinct things, which it estimates where there are more than 256.
const NEW_RELIC: Kind = Kind {
    name: "new-relic",
    asks: Ok(&[Vendor::NewRelic]),
    carries: &[
        ("crash_free_sessions", Rounding::Within(0.01, 1)),
        ("error_free_sessions", Rounding::Within(0.01, 1)),
        ("crash_free_users", Rounding::Within(0.01, 1)),
        ("slow_requests", Rounding::Exact),
        ("journey_success:checkout", Rounding::Exact),
    ],
    levels: &[("level:request_p95", Of::Requests(0.95), 0.001)],
    strata: &["country", "device", "os"],
    issues: Ok(Rounding::Exact),
    // Of mobile apps it hears of crashes and handled exceptions.
    anr_is_error: false,
    anr_groups: false,
    lag: TimeDelta::minutes(10),
    budget: (13, 7),
    token: Ok(("new-relic.token", FailureKind::Credentials)),
    ..PLAIN
};

const PROMETHEUS: Kind = Kind {
    name: "prometheus",
    asks: Ok(&[Vendor::Prometheus]),
    carries: &[
        ("crash_free_sessions", Rounding::Within(0.01, 1)),
        ("frustration_free_sessions", Rounding::Within(0.01, 1)),
        ("error_free_sessions", Rounding::Within(0.01, 1)),
        ("slow_cold_starts", Rounding::Within(0.01, 1)),
        ("slow_requests", Rounding::Within(0.01, 1)),
        ("journey_success:checkout", Rounding::Within(0.01, 1)),
    ],
    // As coarse as the buckets of the histogram.
    levels: &[
        ("level:cold_start_p90", Of::ColdStarts(0.9), 0.3),
        ("level:request_p95", Of::Requests(0.95), 0.3),
    ],
    strata: &["country", "device", "network", "os"],
    issues: Err("it keeps numbers, not crashes"),
    // Each query of the config, for each version; strata are found first.
    budget: (84, 44),
    without: &[(Case::Paged, "it gives every answer whole")],
    token: Ok(("prometheus.token", FailureKind::Credentials)),
    ..PLAIN
};

/// A few reviews name no version.
const PLAY_REVIEWS: Kind = Kind {
    name: "play-reviews",
    asks: Ok(&[Vendor::GooglePlay]),
    carries: &[("custom:low_ratings", Rounding::Within(0.25, 4))],
    levels: &[("level:rating", Of::Stars, 0.1)],
    reviews: true,
    issues: Err("a store has reviews, not crashes"),
    lag: TimeDelta::minutes(15),
    every: TimeDelta::minutes(15),
    reach: Reach::Context,
    budget: (5, 0),
    token: KEY_PAIR,
    ..PLAIN
};

const APP_STORE_REVIEWS: Kind = Kind {
    name: "app-store-reviews",
    store: Store::Apple,
    asks: Ok(&[Vendor::AppStore, Vendor::AppleLookup]),
    carries: &[("custom:low_ratings", Rounding::Exact)],
    levels: &[
        ("level:cold_start_p50", Of::ColdStarts(0.5), 0.1),
        ("level:cold_start_p90", Of::ColdStarts(0.9), 0.1),
        ("level:hang_rate", Of::Else, 0.0),
        ("level:rating", Of::Stars, 0.01),
        ("level:store_rating", Of::Rating, 0.001),
    ],
    reviews: true,
    issues: Err("a store has reviews, not crashes"),
    lag: TimeDelta::minutes(15),
    every: TimeDelta::minutes(15),
    reach: Reach::Context,
    budget: (8, 0),
    token: KEY_PAIR,
    ..PLAIN
};

/// Prometheus's language over whole hours.
const EMBRACE: Kind = Kind {
    name: "embrace",
    store: Store::Apple,
    asks: Ok(&[Vendor::Prometheus]),
    carries: &[("crash_free_sessions", Rounding::Exact)],
    issues: Err("it counts what its queries count"),
    lag: TimeDelta::minutes(60),
    reach: Reach::Pause,
    budget: (4, 0),
    token: Ok(("prometheus.token", FailureKind::Credentials)),
    ..PLAIN
};

/// Sums of each build, which are told apart by looking at them twice.
const BUGSNAG: Kind = Kind {
    name: "bugsnag",
    asks: Ok(&[Vendor::Bugsnag]),
    carries: &[
        // An ANR is as unhandled as a crash.
        ("crash_free_sessions", Rounding::Within(0.7, 20)),
        ("frustration_free_sessions", Rounding::Exact),
    ],
    issues: Ok(Rounding::Exact),
    budget: (4, 3),
    token: Ok(("bugsnag.token", FailureKind::Credentials)),
    without: &[
        (
            Case::SameCounts,
            "the first look at a sum of the baseline is no window: the tests beside the adapter look twice",
        ),
        (
            Case::Paged,
            "as before; pages are followed in the tests beside the adapter",
        ),
    ],
    ..PLAIN
};

const HTTP_JSON: Kind = Kind {
    name: "http-json",
    asks: Ok(&[Vendor::HttpJson]),
    carries: &[
        ("crash_free_sessions", Rounding::Exact),
        ("slow_cold_starts", Rounding::Exact),
    ],
    levels: &[("level:cold_start_p99", Of::ColdStarts(0.99), 0.01)],
    issues: Err("it answers with figures alone"),
    // 24 windows of both versions at first, then those that may still change.
    budget: (48, 6),
    token: Ok(("http-json.token", FailureKind::Credentials)),
    without: &[(
        Case::Restated,
        "a day that was missed is read in parts, so many windows a poll: the tests beside the adapter wait for it",
    )],
    ..PLAIN
};

const EXEC: Kind = Kind {
    name: "exec",
    asks: Err("whom a program asks, and how it is answered, is its own affair"),
    carries: &[
        ("crash_free_sessions", Rounding::Exact),
        ("frustration_free_sessions", Rounding::Exact),
        ("error_free_sessions", Rounding::Exact),
    ],
    issues: Ok(Rounding::Exact),
    token: Err("what a program signs in with is its own affair"),
    ..PLAIN
};
