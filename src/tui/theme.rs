//! Meanings, and the style of each. Sixteen colours of the terminal's own palette, never a painted background.
//!
//! No state is told by colour alone: each has its word and glyph, so that the `mono` theme loses nothing. Yellow, white and
//! black are not used for text: one of them is unreadable on somebody's background.

use ratatui::style::{Color, Modifier, Style};

use super::symbols;
use crate::domain::Health;

/// What a text means; the theme says how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    /// Labels, rules, what is there for those who look for it.
    Muted,
    /// Column heads and titles.
    Strong,
    Good,
    Warning,
    Bad,
    /// Not known: missing, late or empty data.
    Unknown,
    /// Stopped at the store.
    Stopped,
    /// A key that can be pressed.
    Key,
    /// Where the focus is.
    Focus,
}

/// How the screen looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    mono: bool,
    ascii: bool,
}

impl Theme {
    pub fn new(mono: bool, ascii: bool) -> Self {
        Self { mono, ascii }
    }

    /// From the environment: `NO_COLOR`, `TERM` and the locale; `env` gives a variable's value.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let no_color = env("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env("TERM").is_none_or(|term| term == "dumb");
        Self {
            mono: no_color || dumb,
            ascii: symbols::wants_ascii(env),
        }
    }

    /// The same with ASCII characters only.
    #[must_use]
    pub fn with_ascii(self) -> Self {
        Self {
            ascii: true,
            ..self
        }
    }

    pub fn ascii(self) -> bool {
        self.ascii
    }

    pub(crate) fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        let coloured = |colour: Color| if self.mono { style } else { style.fg(colour) };
        match tone {
            Tone::Plain => style,
            Tone::Muted if self.mono => style,
            Tone::Muted => style.add_modifier(Modifier::DIM),
            Tone::Strong | Tone::Stopped => style.add_modifier(Modifier::BOLD),
            Tone::Good => coloured(Color::Green),
            Tone::Warning => coloured(Color::Magenta).add_modifier(Modifier::BOLD),
            Tone::Bad => coloured(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Key => style.add_modifier(Modifier::UNDERLINED),
            Tone::Unknown | Tone::Focus => coloured(Color::Cyan).add_modifier(Modifier::BOLD),
        }
    }

    /// The same, in the eye: for the verdict and what is selected.
    pub(crate) fn loud(self, tone: Tone) -> Style {
        self.style(tone)
            .add_modifier(Modifier::REVERSED | Modifier::BOLD)
            .remove_modifier(Modifier::DIM)
    }

    pub(crate) fn health(health: Health) -> (Tone, &'static str) {
        match health {
            Health::Healthy => (Tone::Good, "✓"),
            Health::Warning => (Tone::Warning, "!"),
            Health::Unknown => (Tone::Unknown, "?"),
            Health::Breached => (Tone::Bad, "✗"),
        }
    }
}

/// The theme named, or the next one.
pub(crate) fn choose(model: &mut super::model::Model, _name: &str) {
    super::not_yet(model, "theme");
}
