//! What a person prefers of the screen: `haltline/screen.toml` in their own configuration folder. Never about a rollout.
//!
//! Which actions there are, and whether two of them share a key, is the screen's to say: what it finds comes back through
//! [`LoadedScreen::refuse`], so that everything wrong with the file is told at once, with its place.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::problem::{Problem, Report};
use super::tree::At;
use super::{Surroundings, load, tree};
use crate::domain::PlainText;
use crate::policy::units::Zone;

/// The file's name in the person's configuration folder.
pub const SCREEN_FILE: &str = "screen.toml";

/// The documented example: every key of the file, with its default.
pub const SCREEN_EXAMPLE: &str = include_str!("../../config/screen.toml");

const SCREEN: load::Role = (
    "screen's file",
    "mend it or take it away; `haltline config example --screen` shows what may stand in it",
);

/// The four themes, all on the terminal's own sixteen colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeName {
    #[default]
    Dark,
    Light,
    /// No colours: words, glyphs, bold and reversed.
    Mono,
    /// Bad and good told apart by blue and orange-like colours rather than green and red.
    Deuteranopia,
}

impl ThemeName {
    /// As it is written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
            Self::Deuteranopia => "deuteranopia",
        }
    }
}

/// Which characters the screen is drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    /// The worst app in the window's title.
    pub title: Option<bool>,
    /// The zone of the times that are typed; UTC where it is not given.
    pub zone: Option<chrono_tz::Tz>,
    /// Keys by the name of their action, as written: `halt = ["H", "F9"]`. Names and clashes are the screen's to check.
    pub keys: BTreeMap<String, Vec<String>>,
}

impl ScreenConfig {
    /// Reads the person's file; without one, what everybody has.
    pub fn load(around: &Surroundings) -> LoadedScreen {
        let path = around.config_dir.as_ref().map(|dir| dir.join(SCREEN_FILE));
        let path = path.unwrap_or_else(|| PathBuf::from(SCREEN_FILE));
        // A link that leads nowhere is there, and wrong.
        if around.config_dir.is_none()
            || path.symlink_metadata().is_err_and(|error| is_gone(&error))
        {
            return LoadedScreen::new(path, false, "", Vec::new());
        }
        match load::read(&path, SCREEN) {
            Ok(text) => LoadedScreen::of_text(path, &text),
            Err((text, problem)) => LoadedScreen::new(path, true, &text, vec![*problem]),
        }
    }
}

fn is_gone(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}

/// The person's file as far as it could be read.
#[derive(Debug)]
pub struct LoadedScreen {
    pub path: PathBuf,
    /// There is such a file.
    pub found: bool,
    pub config: ScreenConfig,
    /// What is wrong; with an error in it the config is not to be used.
    pub report: Report,
    /// Where the keys of an action stand: its name, then each key.
    places: BTreeMap<String, (Range<usize>, Vec<Range<usize>>)>,
}

impl LoadedScreen {
    fn new(path: PathBuf, found: bool, text: &str, problems: Vec<Problem>) -> Self {
        let report = Report::new(&path, text, problems);
        Self {
            path,
            found,
            config: ScreenConfig::default(),
            report,
            places: BTreeMap::new(),
        }
    }

    fn of_text(path: PathBuf, text: &str) -> Self {
        let parsed = tree::parse::<RawScreen>(text);
        let raw = parsed.raw.unwrap_or_default();
        let mut problems = parsed.problems;
        let mut config = ScreenConfig {
            theme: raw.theme,
            symbols: raw.symbols.unwrap_or_default(),
            mouse: raw.mouse.unwrap_or_default(),
            bell: raw.bell,
            title: raw.title,
            zone: raw.zone.map(|zone| zone.0),
            keys: BTreeMap::new(),
        };
        let mut places = BTreeMap::new();
        let mut actions = Vec::new();
        raw.keys.flatten("", &mut actions);
        for (name, span, keys) in actions {
            if config.keys.contains_key(&name) {
                let what = format!("\"{name}\" is written twice");
                problems.push(Problem::error(span, what).help("put its keys into one list"));
                continue;
            }
            let (spans, keys) = keys.into_iter().map(|key| (key.span, key.value)).unzip();
            places.insert(name.clone(), (span, spans));
            config.keys.insert(name, keys);
        }
        let mut loaded = Self::new(path, true, text, problems);
        (loaded.config, loaded.places) = (config, places);
        loaded
    }

    /// Nothing is wrong with it.
    pub fn is_usable(&self) -> bool {
        self.report.errors().next().is_none()
    }

    /// Notes what the screen has against the keys of an action: against one of them, or (`None`) all of them.
    pub fn refuse(
        &mut self,
        action: &str,
        key: Option<usize>,
        what: impl Into<PlainText>,
        help: impl Into<PlainText>,
    ) {
        let place = self.places.get(action);
        let span = place.map_or(0..0, |(name, keys)| {
            let key = key.and_then(|at| keys.get(at));
            key.unwrap_or(name).clone()
        });
        self.report.add(Problem::error(span, what).help(help));
    }
}

/// The raw shape of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "preferences of the screen")]
struct RawScreen {
    theme: Option<ThemeName>,
    symbols: Option<Symbols>,
    mouse: Option<bool>,
    bell: Option<bool>,
    title: Option<bool>,
    zone: Option<Zone>,
    keys: Keys,
}

/// What stands behind a name below `[keys]`. Names have dots, which in TOML make tables: `pane.next = "Tab"`.
#[derive(Debug)]
enum Keys {
    One(String),
    Of(Vec<At<String>>),
    Below(Vec<(At<String>, At<Keys>)>),
}

/// An action's name, where it stands, and the keys behind it.
type Written = (String, Range<usize>, Vec<At<String>>);

impl Default for Keys {
    fn default() -> Self {
        Self::Below(Vec::new())
    }
}

impl Keys {
    /// Each action with its place and its keys.
    fn flatten(self, below: &str, actions: &mut Vec<Written>) {
        let Self::Below(entries) = self else { return };
        for (name, keys) in entries {
            let id = match below {
                "" => name.value,
                _ => format!("{below}.{}", name.value),
            };
            let span = keys.span;
            match keys.value {
                Self::One(value) => actions.push((id, name.span, vec![At { span, value }])),
                Self::Of(of) => actions.push((id, name.span, of)),
                deeper @ Self::Below(_) => deeper.flatten(&id, actions),
            }
        }
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a key in quotes, such as \"H\", or a list of them, such as [\"H\", \"F9\"]",
                )
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<Keys, E> {
                Ok(Keys::One(key.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some(key) = seq.next_element()? {
                    keys.push(key);
                }
                Ok(Keys::Of(keys))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Keys::Below(entries))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests;
