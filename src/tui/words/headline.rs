//! The one word at the top left: the verdict, or that the store has stopped the rollout.
//!
//! A halt that is asked for is not a halt: the word changes only when the store has said so.

use crate::api::AppSnapshot;
use crate::domain::Health;
use crate::tui::state::model::is_stopped;
use crate::tui::style::theme::Tone;

/// Order is how much it needs a person to look: the greatest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Headline {
    Healthy,
    /// By its gate: haltline goes on by itself.
    Held,
    Paused,
    Halted,
    Warning,
    Unknown,
    Breached,
}

/// Width of the widest word with its glyph.
pub(crate) const WIDTH: usize = 10;

impl Headline {
    /// `watched`: somebody looks at the stores now. An old picture may be bad news, but never good news.
    pub(crate) fn of(app: &AppSnapshot, watched: bool) -> Self {
        if is_stopped(app) {
            return if app.latched {
                Self::Halted
            } else if super::climb::is_held_by_gate(app) {
                Self::Held
            } else {
                Self::Paused
            };
        }
        match app.health {
            Health::Breached => Self::Breached,
            Health::Warning => Self::Warning,
            Health::Healthy if watched && app.release.is_some() => Self::Healthy,
            Health::Healthy | Health::Unknown => Self::Unknown,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Held => "HELD",
            Self::Paused => "PAUSED",
            Self::Halted => "HALTED",
            Self::Warning => "WARNING",
            Self::Unknown => "UNKNOWN",
            Self::Breached => "BREACHED",
        }
    }

    pub(crate) fn glyph(self) -> &'static str {
        match self {
            Self::Healthy => "✓",
            Self::Held | Self::Paused | Self::Halted => "‖",
            Self::Warning => "!",
            Self::Unknown => "?",
            Self::Breached => "✗",
        }
    }

    pub(crate) fn tone(self) -> Tone {
        match self {
            Self::Healthy => Tone::Good,
            Self::Held | Self::Paused | Self::Halted => Tone::Stopped,
            Self::Warning => Tone::Warning,
            Self::Unknown => Tone::Unknown,
            Self::Breached => Tone::Bad,
        }
    }
}
