//! What of the process a config depends on: environment variables and folders.
//!
//! Read once, at the edge ([`Surroundings::of_process`]); everything else in `config` gets it handed in, so that tests need
//! not touch the environment of their process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Environment variables and folders, as they were at the start.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// Variables whose name and value are UTF-8. May hold secrets: no `Debug`.
    pub vars: BTreeMap<String, String>,
    /// The working directory.
    pub cwd: PathBuf,
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME/haltline`, or what the platform has in its place.
    pub config_dir: Option<PathBuf>,
    /// `$XDG_STATE_HOME/haltline`, or what the platform has in its place.
    pub state_dir: Option<PathBuf>,
}

impl Surroundings {
    pub fn of_process() -> Self {
        let project = directories::ProjectDirs::from("", "", "haltline");
        Self {
            vars: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            cwd: std::env::current_dir().unwrap_or_default(),
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            config_dir: project.as_ref().map(|dirs| dirs.config_dir().to_owned()),
            state_dir: project.as_ref().map(|dirs| {
                dirs.state_dir()
                    .unwrap_or_else(|| dirs.data_local_dir())
                    .to_owned()
            }),
        }
    }

    /// A variable that is set to something; an empty one counts as unset.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// `raw` below `base`, a leading `~/` below home.
    pub(crate) fn expand(&self, raw: &str, base: &Path) -> PathBuf {
        match (raw.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => base.join(raw),
        }
    }
}
