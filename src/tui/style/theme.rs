//! Meanings, and the style of each. Sixteen colours of the terminal's own palette, never a painted background.
//!
//! No state is told by colour alone: each has its word and glyph, so that `mono` loses nothing. Yellow, white and black are
//! not used for text: one of them is unreadable on somebody's background. Which colour a palette gives to a meaning follows
//! from what can be read on its background in the palettes that terminals have (`theme/tests.rs` holds it to that).

use ratatui::style::{Color, Modifier, Style};

use super::symbols;
use crate::domain::Health;
use crate::tui::state::model::Model;

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

/// The four themes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    #[default]
    Dark,
    Light,
    /// Words, glyphs, bold and reversed; no colours.
    Mono,
    /// Two hues only, blue and red, which everybody tells apart; the rest is told by weight. For both backgrounds.
    Deuteranopia,
}

impl Palette {
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::Mono, Self::Deuteranopia];

    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
            Self::Deuteranopia => "deuteranopia",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Mono,
            Self::Mono => Self::Deuteranopia,
            Self::Deuteranopia => Self::Dark,
        }
    }
}

impl std::str::FromStr for Palette {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        let named = |palette: &Self| palette.name() == raw;
        Self::ALL.into_iter().find(named).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("there is no theme {raw:?}; there are {names}")
        })
    }
}

/// What asks for a look, the strongest first; between the first two stand `NO_COLOR` and a `TERM` that is dumb.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// Of the command line.
    pub flag: Option<Palette>,
    /// Of the person's file.
    pub preferred: Option<Palette>,
    /// From the last time.
    pub remembered: Option<Palette>,
    /// ASCII characters only, or all of them; `None` leaves it to the locale and the terminal.
    pub ascii: Option<bool>,
}

/// How the screen looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    palette: Palette,
    ascii: bool,
}

impl Theme {
    pub fn new(mono: bool, ascii: bool) -> Self {
        let palette = if mono { Palette::Mono } else { Palette::Dark };
        Self { palette, ascii }
    }

    /// Weighs what is wished for against the environment (`NO_COLOR`, `TERM`, the locale); `env` gives a variable's value.
    pub fn of(wishes: Wishes, env: impl Fn(&str) -> Option<String>) -> Self {
        let no_color = env("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env("TERM").is_none_or(|term| term == "dumb");
        let palette = wishes
            .flag
            .or((no_color || dumb).then_some(Palette::Mono))
            .or(wishes.preferred)
            .or(wishes.remembered);
        Self {
            palette: palette.unwrap_or_default(),
            ascii: wishes.ascii.unwrap_or_else(|| symbols::wants_ascii(env)),
        }
    }

    #[must_use]
    pub fn with_palette(self, palette: Palette) -> Self {
        Self { palette, ..self }
    }

    pub fn palette(self) -> Palette {
        self.palette
    }

    pub fn ascii(self) -> bool {
        self.ascii
    }

    pub(crate) fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        let style = match self.colour(tone) {
            Some(colour) => style.fg(colour),
            None => style,
        };
        match tone {
            Tone::Plain | Tone::Good => style,
            Tone::Muted if self.palette == Palette::Mono => style,
            Tone::Muted => style.add_modifier(Modifier::DIM),
            Tone::Key => style.add_modifier(Modifier::UNDERLINED),
            // Without a hue of its own it needs one more mark than a warning.
            Tone::Unknown if self.palette == Palette::Deuteranopia => {
                style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
            }
            _ => style.add_modifier(Modifier::BOLD),
        }
    }

    /// The hue of a meaning, where this palette gives it one. Green and cyan cannot be read on white, dark red, blue and grey
    /// not on black; the bright red and blue can be read on both.
    fn colour(self, tone: Tone) -> Option<Color> {
        match (self.palette, tone) {
            (Palette::Dark, Tone::Good) => Some(Color::Green),
            (Palette::Dark, Tone::Warning) => Some(Color::LightMagenta),
            (Palette::Dark | Palette::Deuteranopia, Tone::Bad) => Some(Color::LightRed),
            (Palette::Dark, Tone::Unknown | Tone::Focus) => Some(Color::Cyan),
            (Palette::Light, Tone::Good | Tone::Focus) => Some(Color::Blue),
            (Palette::Light, Tone::Warning) => Some(Color::Magenta),
            (Palette::Light, Tone::Bad) => Some(Color::Red),
            (Palette::Light, Tone::Unknown) => Some(Color::DarkGray),
            (Palette::Deuteranopia, Tone::Good | Tone::Focus) => Some(Color::LightBlue),
            _ => None,
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

/// The theme named, or the next one where none is.
pub(crate) fn choose(model: &mut Model, name: &str) {
    let asked = match name.trim() {
        "" => Ok(model.theme.palette.next()),
        name => name.parse(),
    };
    match asked {
        Ok(palette) => {
            model.theme = model.theme.with_palette(palette);
            model.chosen_theme = Some(palette);
            model.tell(Tone::Strong, format!("theme: {}", palette.name()));
        }
        Err(why) => model.tell(Tone::Warning, why),
    }
}

#[cfg(test)]
mod tests;
