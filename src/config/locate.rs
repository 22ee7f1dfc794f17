//! Which file is the config: the one asked for, else `haltline.toml` upward from here, else the one in the XDG folder.

use std::path::{Path, PathBuf};

use super::Surroundings;

/// Name of the file that is looked for upward from the working directory.
pub const FILE_NAME: &str = "haltline.toml";

/// No config anywhere.
#[derive(Debug, thiserror::Error)]
#[error(
    "no config: there is no {FILE_NAME} in {cwd} or above it{config_dir}; \
     write one with `haltline config example > {FILE_NAME}`, or name it with --config PATH"
)]
pub struct NoConfig {
    cwd: String,
    config_dir: String,
}

/// The config to use. A path that was asked for is taken as it is: whether it can be read shows when it is loaded.
pub fn locate(asked: Option<&Path>, around: &Surroundings) -> Result<PathBuf, NoConfig> {
    if let Some(path) = asked {
        return Ok(around.cwd.join(path));
    }
    let upward = around.cwd.ancestors().map(|dir| dir.join(FILE_NAME));
    let users = around.config_dir.iter().map(|dir| dir.join(FILE_NAME));
    upward
        .chain(users)
        .find(|path| path.is_file())
        .ok_or_else(|| NoConfig {
            cwd: around.cwd.display().to_string(),
            config_dir: around
                .config_dir
                .as_ref()
                .map(|dir| format!(", nor in {}", dir.display()))
                .unwrap_or_default(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asked_for_then_upward_then_the_users_own() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        let xdg = root.path().join("xdg");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::create_dir_all(&xdg).unwrap();
        let around = Surroundings {
            cwd: deep.clone(),
            config_dir: Some(xdg.clone()),
            ..Surroundings::default()
        };
        let error = locate(None, &around).unwrap_err().to_string();
        assert!(
            error.contains("--config") && error.contains("xdg"),
            "{error}"
        );

        std::fs::write(xdg.join(FILE_NAME), "").unwrap();
        assert_eq!(locate(None, &around).unwrap(), xdg.join(FILE_NAME));
        std::fs::write(root.path().join(FILE_NAME), "").unwrap();
        assert_eq!(locate(None, &around).unwrap(), root.path().join(FILE_NAME));
        std::fs::create_dir(deep.join(FILE_NAME)).unwrap();
        assert_eq!(
            locate(None, &around).unwrap(),
            root.path().join(FILE_NAME),
            "a folder of that name is no config"
        );
        assert_eq!(
            locate(Some(Path::new("x.toml")), &around).unwrap(),
            deep.join("x.toml")
        );
    }
}
