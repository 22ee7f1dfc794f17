//! Where haltline keeps its state: what the config says, else `$STATE_DIRECTORY` (systemd), else the XDG state folder.

use std::path::{Path, PathBuf};

use super::Surroundings;

/// Folder of the journal. A relative `configured` is below `base` (the config's folder).
pub fn state_dir(configured: Option<&str>, base: &Path, around: &Surroundings) -> PathBuf {
    if let Some(raw) = configured {
        return around.expand(raw, base);
    }
    // systemd separates several folders by a colon; ours is the first.
    let from_systemd = around
        .var("STATE_DIRECTORY")
        .and_then(|list| list.split(':').next())
        .map(PathBuf::from);
    from_systemd
        .or_else(|| around.state_dir.clone())
        .unwrap_or_else(|| base.join(".haltline"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_then_systemd_then_xdg() {
        let mut around = Surroundings {
            home: Some("/home/me".into()),
            state_dir: Some("/home/me/.local/state/haltline".into()),
            ..Surroundings::default()
        };
        let base = Path::new("/etc/haltline");
        assert_eq!(
            state_dir(None, base, &around),
            Path::new("/home/me/.local/state/haltline")
        );
        around
            .vars
            .insert("STATE_DIRECTORY".into(), "/var/lib/haltline:/x".into());
        assert_eq!(
            state_dir(None, base, &around),
            Path::new("/var/lib/haltline")
        );
        assert_eq!(
            state_dir(Some("state"), base, &around),
            Path::new("/etc/haltline/state")
        );
        assert_eq!(
            state_dir(Some("~/s"), base, &around),
            Path::new("/home/me/s")
        );
        assert_eq!(state_dir(Some("/abs"), base, &around), Path::new("/abs"));
    }
}
