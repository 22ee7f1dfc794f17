//! One run of a policy for one release: where it stands, and how it may be left.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{StoreKind, Verb};

/// Where an execution stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The release is a draft, or waits for its developer.
    Pending,
    /// Offered to a share of the users.
    Rolling,
    /// Offered, and haltline does not advance it; on the App Store stopped before Apple's daily step.
    Holding,
    /// Stopped, to be resumed by an operator.
    Paused,
    /// Stopped and latched.
    Halted,
    /// Everybody gets it.
    Completed,
    /// It was complete and is halted: the version before serves again (Play).
    RolledBack,
    /// Another release took its place.
    Superseded,
    /// The release is gone from the store, or shall not begin any more.
    Cancelled,
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Rolling => "rolling",
            Self::Holding => "holding",
            Self::Paused => "paused",
            Self::Halted => "halted",
            Self::Completed => "completed",
            Self::RolledBack => "rolled back",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing comes after it: the next release begins an execution of its own.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Superseded | Self::Cancelled)
    }

    /// What may come after it, whoever's doing it is: between two looks at a store somebody outside may have done several things.
    ///
    /// | from | never to |
    /// |---|---|
    /// | any | pending: what is out does not wait again |
    /// | pending | halted: nobody latches what is not out |
    /// | halted | paused: the latch is lifted by going on |
    /// | completed, on the App Store | anything but over: Apple stops nothing after COMPLETE |
    /// | superseded, cancelled | anything |
    ///
    /// The App Store rolls nothing back.
    pub fn may_become(self, next: Self, store: StoreKind) -> bool {
        let final_there = self == Self::Completed && store == StoreKind::AppStore;
        match next {
            _ if self == next || self.is_over() => false,
            Self::Superseded | Self::Cancelled => true,
            _ if final_there => false,
            Self::Pending => false,
            Self::Halted => self != Self::Pending,
            Self::Paused => self != Self::Halted,
            Self::RolledBack => store == StoreKind::GooglePlay,
            Self::Rolling | Self::Holding | Self::Completed => true,
        }
    }

    /// The verbs that lead out of it.
    pub fn ways_out(self, store: StoreKind) -> &'static [Verb] {
        match self {
            // At once where its gate is open, else past it.
            Self::Pending => &[Verb::Start, Verb::Advance],
            Self::Rolling => &[
                Verb::Hold,
                Verb::Pause,
                Verb::Halt,
                Verb::Advance,
                Verb::Complete,
            ],
            Self::Holding => &[Verb::Resume, Verb::Pause, Verb::Halt],
            Self::Paused => &[Verb::Resume, Verb::Halt],
            Self::Halted | Self::RolledBack => &[Verb::Resume],
            Self::Completed if store == StoreKind::GooglePlay => &[Verb::Halt],
            // Apple stops nothing after COMPLETE: a new release ends it.
            Self::Completed | Self::Superseded | Self::Cancelled => &[],
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
