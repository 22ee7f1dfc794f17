//! Where haltline keeps its state, and where its socket is: what the config says, else systemd's folders, else XDG's.
//!
//! A config in `/etc/haltline` is the service's. Whoever names it from a shell, where systemd has set no variable, means the
//! service's journal and red button, and not new ones of their own.

use std::path::{Path, PathBuf};

use super::Surroundings;

/// The service's folders, as `config/systemd/haltline.service` has them made.
const SERVICE_CONFIG: &str = "/etc/haltline";
const SERVICE_STATE: &str = "/var/lib/haltline";
const SERVICE_RUNTIME: &str = "/run/haltline";

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
        .or_else(|| is_service(base).then(|| SERVICE_STATE.into()))
        .or_else(|| around.state_dir.clone())
        .unwrap_or_else(|| base.join(".haltline"))
}

/// The name of the socket in its folder.
const SOCKET: &str = "haltline.sock";

/// The socket of the watcher on this journal. A config with a state folder of its own has its socket there, so that two of them
/// on one machine do not meet.
pub fn socket(
    configured: Option<&str>,
    own_state: bool,
    base: &Path,
    state: &Path,
    around: &Surroundings,
) -> PathBuf {
    if let Some(raw) = configured {
        return around.expand(raw, base);
    }
    let from_systemd = around
        .var("RUNTIME_DIRECTORY")
        .and_then(|list| list.split(':').next())
        .map(PathBuf::from);
    let from_xdg = around.var("XDG_RUNTIME_DIR").filter(|_| !own_state);
    from_systemd
        .or_else(|| (is_service(base) && !own_state).then(|| SERVICE_RUNTIME.into()))
        .or_else(|| Some(Path::new(from_xdg?).join("haltline")))
        .unwrap_or_else(|| state.to_owned())
        .join(SOCKET)
}

fn is_service(base: &Path) -> bool {
    base == Path::new(SERVICE_CONFIG)
}

/// Where a watcher may be reached by whoever has no config: this user's own, then the machine's.
pub fn known_sockets(around: &Surroundings) -> Vec<PathBuf> {
    let own = around.var("XDG_RUNTIME_DIR").map(PathBuf::from);
    own.into_iter()
        .chain([PathBuf::from("/run")])
        .map(|folder| folder.join("haltline").join(SOCKET))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_watcher_has_a_socket_of_its_own() {
        let mut around = Surroundings::default();
        let (base, state) = (Path::new("/srv/acme"), Path::new("/var/s"));
        let of =
            |configured, own, around: &Surroundings| socket(configured, own, base, state, around);
        assert_eq!(of(None, false, &around), Path::new("/var/s/haltline.sock"));
        around
            .vars
            .insert("XDG_RUNTIME_DIR".into(), "/run/user/1".into());
        let xdg = Path::new("/run/user/1/haltline/haltline.sock");
        assert_eq!(of(None, false, &around), xdg);
        assert_eq!(of(None, true, &around), Path::new("/var/s/haltline.sock"));
        let known = [xdg, Path::new("/run/haltline/haltline.sock")];
        assert_eq!(known_sockets(&around), known);
        around
            .vars
            .insert("RUNTIME_DIRECTORY".into(), "/run/haltline:/x".into());
        assert_eq!(of(None, true, &around), known[1]);
        let named = of(Some("s.sock"), true, &around);
        assert_eq!(named, Path::new("/srv/acme/s.sock"));
    }

    #[test]
    fn from_a_shell_the_service_s_config_means_the_service_s_journal_and_socket() {
        let around = Surroundings {
            state_dir: Some("/var/lib/haltline/.local/state/haltline".into()),
            vars: [("XDG_RUNTIME_DIR".into(), "/run/user/1".into())].into(),
            ..Surroundings::default()
        };
        let base = Path::new("/etc/haltline");
        let state = state_dir(None, base, &around);
        assert_eq!(state, Path::new("/var/lib/haltline"));
        let of = |own| socket(None, own, base, &state, &around);
        assert_eq!(of(false), Path::new("/run/haltline/haltline.sock"));
        assert_eq!(of(true), Path::new("/var/lib/haltline/haltline.sock"));
        assert_eq!(state_dir(Some("/abs"), base, &around), Path::new("/abs"));
    }

    #[test]
    fn config_then_systemd_then_xdg() {
        let mut around = Surroundings {
            home: Some("/home/me".into()),
            state_dir: Some("/home/me/.local/state/haltline".into()),
            ..Surroundings::default()
        };
        let base = Path::new("/srv/acme");
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
            Path::new("/srv/acme/state")
        );
        assert_eq!(
            state_dir(Some("~/s"), base, &around),
            Path::new("/home/me/s")
        );
        assert_eq!(state_dir(Some("/abs"), base, &around), Path::new("/abs"));
    }
}
