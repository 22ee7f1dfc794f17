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
    /// Percentiles: name, share, whether of cold starts, and how far it may be off, as a share of the value.
    pub(crate) levels: &'static [(&'static str, f64, bool, f64)],
    /// Kinds of strata that its ready config asks for.
    pub(crate) strata: &'static [&'static str],
    /// Of the counts of its crash groups; `Err` says why it has none.
    pub(crate) issues: Result<Rounding, &'static str>,
    /// Its data end no earlier than so long ago.
    pub(crate) lag: TimeDelta,
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
    #[expect(dead_code, reason = "the first kind of Apple's is to come")]
    Apple,
}

/// How far a count may be off from what happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rounding {
    Exact,
    /// By this share of it, or by so many.
    #[expect(dead_code, reason = "the first kind that rounds is to come")]
    Within(f64, u64),
}

impl Rounding {
    pub(crate) fn admits(self, told: u64, true_: u64) -> bool {
        match self {
            Self::Exact => told == true_,
            Self::Within(share, few) => {
                told.abs_diff(true_) <= few.max((true_ as f64 * share).ceil() as u64)
            }
        }
    }
}

/// A case that some kinds may be without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "the first kind that is without one is to come")]
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
    strata: &[],
    issues: Err(""),
    lag: TimeDelta::minutes(5),
    reach: Reach::Halt,
    budget: (0, 0),
    token: Err(""),
    without: &[],
};

pub(crate) const KINDS: &[Kind] = &[Kind {
    name: "sentry",
    asks: Ok(&[Vendor::Sentry]),
    carries: &[
        ("crash_free_sessions", Rounding::Exact),
        ("frustration_free_sessions", Rounding::Exact),
        ("error_free_sessions", Rounding::Exact),
        ("crash_free_users", Rounding::Exact),
        ("anr_free_users", Rounding::Exact),
    ],
    issues: Ok(Rounding::Exact),
    budget: (10, 5),
    token: Ok(("sentry.token", FailureKind::Credentials)),
    ..PLAIN
}];
