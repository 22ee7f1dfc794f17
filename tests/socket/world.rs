//! A simulated world, and a watcher of it that serves: two processes, which end with this.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use chrono::TimeDelta;
use haltline::ports::{Clock as _, WallClock};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::haltline;
use crate::talk::get;

pub(crate) struct World {
    pub(crate) socket: PathBuf,
    _watcher: Process,
    _sim: Process,
    _dir: TempDir,
}

/// Ends with this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Waits until it is so; a machine may be busy with much else.
pub(crate) fn until<T>(what: &str, mut so: impl FnMut() -> Option<T>) -> T {
    let end = WallClock.now() + TimeDelta::minutes(1);
    loop {
        if let Some(it) = so() {
            return it;
        }
        assert!(WallClock.now() < end, "not within a minute: {what}");
        // It can only be asked again and again.
        let (_held, wait) = mpsc::channel::<()>();
        wait.recv_timeout(Duration::from_millis(50)).ok();
    }
}

impl World {
    /// `access` is added to the config.
    pub(crate) fn new(scenario: &str, access: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (line, socket) = (
            dir.path().join("sim.json"),
            dir.path().join("run/haltline.sock"),
        );
        // Other users have to get through to the socket.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut sim = haltline(["sim", "--scenario", scenario]);
        let sim = sim
            .stdout(fs::File::create(&line).unwrap())
            .stderr(Stdio::null());
        let sim = Process(sim.spawn().unwrap());
        let told: Value = until("the simulator is there", || {
            serde_json::from_str(&fs::read_to_string(&line).unwrap()).ok()
        });
        let original = PathBuf::from(told["config"].as_str().unwrap());
        let text = fs::read_to_string(&original).unwrap();
        let named = format!("[watcher]\nsocket = {:?}", socket.to_str().unwrap());
        let text = text.replacen("[watcher]", &named, 1) + "\n" + access + "\n";
        let config = original.with_file_name("served.toml");
        fs::write(&config, text).unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
        let mut watcher = haltline(["watch", "--config"]);
        let log = fs::File::create(dir.path().join("watch.log")).unwrap();
        let watcher = watcher.arg(&config).stdout(Stdio::null()).stderr(log);
        let watcher = Process(watcher.spawn().unwrap());
        let world = Self {
            socket,
            _watcher: watcher,
            _sim: sim,
            _dir: dir,
        };
        until("every app was polled", || {
            get(&world.socket, "/readyz")
                .ok()
                .filter(|answer| answer.status == 200)
        });
        world
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}
