//! A person's own file for the screen, from what it says to what the screen takes.

use super::exit::Exit;
use super::{config, say};
use crate::config::{LoadedScreen, ScreenConfig, Surroundings, Symbols};
use crate::tui::{Keymap, Preferences, Zone};

/// The file, and the keys that it makes; what the screen has against them is in its report.
pub(super) fn read(around: &Surroundings) -> (LoadedScreen, Keymap) {
    let mut loaded = ScreenConfig::load(around);
    let keys = Keymap::with(&loaded.config.keys).unwrap_or_else(|errors| {
        for error in errors {
            loaded.refuse(&error.action, error.key, error.why.to_string(), error.help);
        }
        Keymap::default()
    });
    (loaded, keys)
}

/// The same for a command that cannot go on with a wrong one: its problems are told.
pub(super) fn usable(around: &Surroundings) -> Result<(LoadedScreen, Keymap), Exit> {
    let (loaded, keys) = read(around);
    if loaded.is_usable() {
        return Ok((loaded, keys));
    }
    let mut text = Vec::new();
    if config::shown(&loaded.report, false, &mut text).is_ok() {
        say::err(String::from_utf8_lossy(&text).trim_end());
    }
    Err(Exit::Usage)
}

/// What the screen takes; wrong ones are told before it opens.
pub(super) fn preferences(around: &Surroundings) -> Result<Preferences, Exit> {
    let (loaded, keys) = usable(around)?;
    let config = loaded.config;
    Ok(Preferences {
        keys,
        zone: config.zone.map_or(Zone::Utc, |zone| match zone {
            chrono_tz::Tz::UTC => Zone::Utc,
            zone => Zone::Named(zone),
        }),
        theme: config.theme.map(crate::config::ThemeName::name),
        ascii: match config.symbols {
            Symbols::Auto => None,
            Symbols::Unicode => Some(false),
            Symbols::Ascii => Some(true),
        },
        mouse: config.mouse,
        bell: config.bell.unwrap_or(true),
    })
}
