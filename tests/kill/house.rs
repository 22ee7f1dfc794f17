//! A watcher's house: a config, a journal, a log, and the real binary that lives in it until it is killed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use haltline::ports::{Clock as _, WallClock};
use haltline::simulator::Running;
use serde_json::{Value, json};

use crate::support::{haltline, run};

/// What never comes within this is not coming.
const PATIENCE: Duration = Duration::from_secs(90);

/// A config with a journal of its own.
pub(crate) struct House {
    pub(crate) dir: PathBuf,
    pub(crate) config: PathBuf,
}

impl House {
    pub(crate) fn new(sim: &Running, name: &str) -> Self {
        let keys = sim.config.parent().unwrap();
        let dir = keys.join(name);
        fs::create_dir(&dir).unwrap();
        let quoted = |path: &Path| json!(path).to_string();
        let urls = &sim.urls;
        let text = format!(
            r#"
            [watcher]
            poll = "1s"
            request_timeout = "1s"
            clock = "{}"
            state = {}

            [[app]]
            id = "shop-android"
            policy = "strict"
            [app.store]
            kind = "google-play"
            package = "com.example.shop"
            credentials = {}
            base_url = "{}"
            [[app.health]]
            kind = "sentry"
            organization = "acme"
            project = "shop-android"
            token = {}
            base_url = "{}"

            [[policy.strict.rule]]
            id = "crash-free-limit"
            metric = "crash_free_sessions"
            floor = "99%"
            action = "halt"
            "#,
            urls.control,
            quoted(&dir.join("state")),
            quoted(Path::new(&format!(
                "file:{}",
                keys.join("play.json").display()
            ))),
            urls.google_play,
            quoted(Path::new(&format!(
                "file:{}",
                keys.join("sentry.token").display()
            ))),
            urls.sentry,
        );
        let config = dir.join("haltline.toml");
        fs::write(&config, text).unwrap();
        Self { dir, config }
    }

    pub(crate) fn watch(&self) -> Watch {
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.dir.join("log"))
            .unwrap();
        let mut child = haltline(["--config", self.config.to_str().unwrap(), "watch", "--json"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (send, events) = channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // A killed watcher may leave half a line.
                if let Ok(event) = serde_json::from_str(&line)
                    && send.send(event).is_err()
                {
                    return;
                }
            }
        });
        let log = self.dir.join("log");
        Watch { child, events, log }
    }

    pub(crate) fn audit(&self) -> Vec<Value> {
        let ran = run(["--config", self.config.to_str().unwrap(), "audit", "--json"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.lines()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }
}

/// A running watcher, killed when it goes out of sight.
pub(crate) struct Watch {
    child: Child,
    events: Receiver<Value>,
    log: PathBuf,
}

impl Watch {
    /// When this came to be.
    pub(crate) fn wait(&self, name: &str) -> DateTime<Utc> {
        self.wait_for(name, |event| event["event"] == name)
    }

    /// When it took the watch from another one: as the second, say.
    pub(crate) fn wait_for_term(&self, term: u64) -> DateTime<Utc> {
        let started = |event: &Value| event["event"] == "watcher-started" && event["term"] == term;
        self.wait_for("watcher-started", started)
    }

    fn wait_for(&self, name: &str, which: impl Fn(&Value) -> bool) -> DateTime<Utc> {
        let log = || fs::read_to_string(&self.log).unwrap_or_default();
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(event) if which(&event) => {
                    return event["at"].as_str().unwrap().parse().unwrap();
                }
                Ok(_) => {}
                Err(why) => panic!("no {name}: {why}\n{}\n{}", self.log.display(), log()),
            }
        }
    }

    /// Waits until the log of the house says this.
    pub(crate) fn wait_for_log(&self, words: &str) {
        let end = WallClock.now() + TimeDelta::from_std(PATIENCE).unwrap();
        while !fs::read_to_string(&self.log)
            .unwrap_or_default()
            .contains(words)
        {
            assert!(
                WallClock.now() < end,
                "no {words:?} in {}",
                self.log.display()
            );
            // Its events come one by one; what else it writes can only be looked for again and again.
            let (_held, wait) = channel::<()>();
            wait.recv_timeout(Duration::from_millis(5)).ok();
        }
    }

    /// Lets it run for so long, then kills it; when that was.
    pub(crate) fn kill_after(self, span: Duration) -> DateTime<Utc> {
        let end = WallClock.now() + TimeDelta::from_std(span).unwrap();
        while let Ok(left) = (end - WallClock.now()).to_std()
            && self.events.recv_timeout(left).is_ok()
        {}
        WallClock.now()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may be gone already: nobody knows what a test that fails leaves behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
