//! Finding and reading the config for every command that needs one.

use std::path::Path;
use std::sync::Arc;

use super::exit::Exit;
use super::{compose, say};
use crate::config::{self, Config, Loaded, Outcome, Surroundings};
use crate::domain::AppId;
use crate::ports::Clock;

/// The config, or the exit code after its errors were printed.
pub(super) fn config(asked: Option<&Path>, around: &Surroundings) -> Result<Config, Exit> {
    let loaded = locate_and_load(asked, around)?;
    show_problems(&loaded);
    match (loaded.outcome(), loaded.config) {
        // A credential that cannot be had takes its own app down, not the others.
        (Outcome::Fine | Outcome::BadCredentials, Some(config)) => Ok(config),
        (Outcome::BadCredentials, None) => Err(Exit::Credentials),
        _ => Err(Exit::Usage),
    }
}

/// The config and the clock it lives by.
pub(super) async fn with_clock(
    asked: Option<&Path>,
    around: &Surroundings,
) -> Result<(Config, Arc<dyn Clock>), Exit> {
    let config = config(asked, around)?;
    let clock = compose::clock(&config).await.map_err(|error| {
        say::err(&format!("haltline: {error:#}"));
        Exit::Usage
    })?;
    Ok((config, clock))
}

/// The file as far as it can be read: also for what must work with a broken config.
pub(super) fn locate_and_load(asked: Option<&Path>, around: &Surroundings) -> Result<Loaded, Exit> {
    let path = config::locate(asked, around).map_err(|error| {
        say::err(&format!("haltline: {error}"));
        Exit::Usage
    })?;
    Ok(config::load(&path, around))
}

/// Whether the config has this app; where not, says which it has.
pub(super) fn known<'a>(
    wanted: &AppId,
    apps: impl Iterator<Item = &'a AppId> + Clone,
) -> Result<(), Exit> {
    known_to("the config", wanted, apps)
}

/// The same of somebody else.
pub(super) fn known_to<'a>(
    whom: &str,
    wanted: &AppId,
    mut apps: impl Iterator<Item = &'a AppId> + Clone,
) -> Result<(), Exit> {
    let all: Vec<&str> = apps.clone().map(AppId::as_str).collect();
    if apps.any(|app| app == wanted) {
        return Ok(());
    }
    say::err(&format!(
        "haltline: there is no app {wanted}; {whom} has {}",
        all.join(", ")
    ));
    Err(Exit::Usage)
}

fn show_problems(loaded: &Loaded) {
    let mut text = Vec::new();
    if super::config::problems(loaded, false, &mut text).is_ok() && !text.is_empty() {
        say::err(String::from_utf8_lossy(&text).trim_end());
    }
}
