//! The verbs of design §5: what people and rules may ask for.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StoreKind;

/// What somebody wants done to a rollout.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// haltline carries the stages out from now on, and a release that waits (Play draft, App Store version that waits for its
    /// developer) goes to the first of them.
    Start,
    /// haltline stops advancing. Play is untouched; on the App Store it pauses before Apple's next daily step.
    Hold,
    /// No further automatic exposure; meant to be lifted by an operator.
    Pause,
    /// A pause that is latched: only an admin lifts it, with a reason.
    Halt,
    /// Go on where it stopped.
    Resume,
    /// To the next stage, or to an exposure that a person names.
    Advance,
    /// Everyone.
    Complete,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Hold => "hold",
            Self::Pause => "pause",
            Self::Halt => "halt",
            Self::Resume => "resume",
            Self::Advance => "advance",
            Self::Complete => "complete",
        }
    }

    /// `halted`, for a sentence.
    pub fn past(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Hold => "held",
            Self::Pause => "paused",
            Self::Halt => "halted",
            Self::Resume => "resumed",
            Self::Advance => "advanced",
            Self::Complete => "completed",
        }
    }

    /// True where the verb can only lower exposure (or keep it): easy for people, the only thing the machine does alone.
    pub fn lowers(self) -> bool {
        matches!(self, Self::Hold | Self::Pause | Self::Halt)
    }

    /// What the verb does on this store, and what it cannot, in one sentence: the blast radius for a confirmation.
    pub fn meaning(self, store: StoreKind) -> &'static str {
        use StoreKind::{AppStore, GooglePlay};
        match (self, store) {
            (Self::Start, GooglePlay) => {
                "haltline advances it stage by stage; a draft goes to the first stage's share of the users"
            }
            (Self::Start, AppStore) => {
                "haltline watches each daily step's gate; a version that waits for its developer is released, phased: anyone can download it by hand from then on"
            }
            (Self::Hold, GooglePlay) => "haltline stops advancing; the store is left as it is",
            (Self::Hold, AppStore) => {
                "pauses before Apple's next daily step, since Apple advances by itself"
            }
            (Self::Pause | Self::Halt, GooglePlay) => {
                "no new user gets this version; users who have it keep it (Play cannot move them back)"
            }
            (Self::Pause | Self::Halt, AppStore) => {
                "freezes the daily step only: users in today's share still update, anyone can download it by hand, and new users get it"
            }
            (Self::Resume, GooglePlay) => "goes on with the same fraction and the same users",
            (Self::Resume, AppStore) => {
                "Apple goes on with its daily steps from the day it stopped at"
            }
            (Self::Advance, GooglePlay) => {
                "raises the user fraction; Play may take hours to reach it"
            }
            (Self::Advance, AppStore) => {
                "between daily steps Apple knows only one way forward: to everyone"
            }
            (Self::Complete, GooglePlay) => {
                "everyone gets it; a halt is still possible where Play has a fallback"
            }
            (Self::Complete, AppStore) => {
                "everyone gets it, at once and for good: nothing can stop it afterwards"
            }
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
