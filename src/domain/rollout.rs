//! A staged rollout as a store shows it, and the store state that haltline may want.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Exposure, PlainText, StoreKind, Timestamp, Version};

/// Where a release stands, in terms that hold for both stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Not released: a Play draft, an App Store version in preparation or review.
    Draft,
    /// Approved, waits for its developer (App Store `PENDING_DEVELOPER_RELEASE`; Play approved but not published).
    Pending,
    /// Served to a share of the users: Play `inProgress`, App Store phased release `ACTIVE`.
    InProgress,
    /// Stopped, can be resumed: Play `halted`, App Store phased release `PAUSED`.
    Stopped,
    /// Served to everybody: Play `completed`, App Store `COMPLETE` or released without phases.
    Completed,
}

impl Status {
    /// As people of that store say it.
    pub fn word(self, store: StoreKind) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Pending => "waiting to be released",
            Self::InProgress => "in progress",
            Self::Stopped => store.stopped_word(),
            Self::Completed => "completed",
        }
    }
}

/// Apple's phased release: the percentage follows from the day (1, 2, 5, 10, 20, 50, 100).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Phased {
    /// 1..=7; 0 before the start.
    pub day: u8,
    /// Its hour is the hour of Apple's daily step.
    pub start: Option<Timestamp>,
    /// Total days paused so far, of 30.
    pub paused_days: u32,
}

impl Phased {
    /// To how many users Apple offers a version on this day of its phased release.
    pub fn share_on(day: u8) -> Exposure {
        Exposure::from_percent(match day {
            0 => 0,
            1 => 1,
            2 => 2,
            3 => 5,
            4 => 10,
            5 => 20,
            6 => 50,
            _ => 100,
        })
    }
}

/// The release that haltline watches, as the store shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseView {
    pub version: Version,
    /// Further builds of the same release (Play: its other version codes): their sessions count as `version`'s.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Version>,
    /// The store's free-text name of the release; for people only.
    #[serde(default)]
    pub label: PlainText,
    pub status: Status,
    /// Share of users offered this version while in progress; what is kept while stopped.
    pub exposure: Exposure,
    /// Changes to this release are being reviewed by the store.
    pub in_review: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phased: Option<Phased>,
}

/// One full, fresh read of a store: what is true there now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreView {
    /// The release watched; `None` where the track or app has none that could be.
    pub release: Option<ReleaseView>,
    /// A release that is newer than the one watched and waits to be begun: a Play draft, an App Store version that waits for its
    /// developer. Where nothing else could be watched, it is here and not in `release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<ReleaseView>,
    /// The version that serves the other users: the fallback, and the baseline `previous`.
    pub previous: Option<Version>,
    /// How many releases stand on the track beside these (never touched, invariant 7).
    pub others: u32,
}

/// What a cheap read told: enough to notice that something changed, not what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Glance {
    /// Changes whenever the cheap read changed in any way that matters.
    pub fingerprint: String,
}

/// The store state that haltline wants for the release watched. Absolute, never "toggle".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Target {
    /// Play `halted` with its fraction kept; App Store `PAUSED`.
    Stopped,
    /// Play `inProgress`, App Store `ACTIVE`; `None` keeps the fraction the release has.
    InProgress {
        exposure: Option<Exposure>,
    },
    Completed,
    /// A release that waits begins: a Play draft is served to so many (`None`: to everybody), an App Store version that waits for its
    /// developer is released, phased.
    Started {
        exposure: Option<Exposure>,
    },
}

impl Target {
    /// Whether the store agrees with this target.
    pub fn is_met_by(self, release: &ReleaseView) -> bool {
        match self {
            Self::Stopped => release.status == Status::Stopped,
            Self::InProgress { exposure } => {
                release.status == Status::InProgress
                    && exposure.is_none_or(|wanted| wanted == release.exposure)
            }
            Self::Completed => release.status == Status::Completed,
            // Apple chooses the share of the first day, and a release may have moved on by the time it is read.
            Self::Started { .. } => {
                matches!(release.status, Status::InProgress | Status::Completed)
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::InProgress {
                exposure: Some(exposure),
            } => write!(f, "in progress at {exposure}"),
            Self::InProgress { exposure: None } => f.write_str("in progress"),
            Self::Completed => f.write_str("completed"),
            Self::Started {
                exposure: Some(exposure),
            } => write!(f, "started at {exposure}"),
            Self::Started { exposure: None } => f.write_str("started"),
        }
    }
}

/// What to do where changes of the app are in review on Play: committing would cancel the review.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum InReview {
    /// Page at once and show the command.
    #[default]
    Ask,
    /// Commit again, cancelling the review.
    Cancel,
}

/// One write that a store adapter is asked to make: bring `version` to `target`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Order {
    pub version: Version,
    pub target: Target,
    pub in_review: InReview,
    /// A release that the store shows stopped goes on by it: it was asked for by whoever knew of the stop.
    pub lifts: bool,
}

impl Order {
    /// Whether it must do nothing, but for [`FailureKind::Conflict`](super::FailureKind), to a release that the store shows stopped
    /// in the moment of the write: somebody stopped it since it was last read.
    pub fn yields_to_a_stop(&self) -> bool {
        let raises = matches!(self.target, Target::InProgress { .. } | Target::Completed);
        raises && !self.lifts
    }
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Applied {
    /// The store took the write. Not yet proof: the read-back is.
    Written,
    /// The store was so already; nothing was written.
    AlreadySo,
}
