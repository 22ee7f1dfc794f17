//! A home of its own for the binary, with simulated vendors to talk to, and what a run of it came to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use haltline::domain::{AppId, StoreKind};
use haltline::simulator::fault::{Fault, FaultRule, Vendor};
use haltline::simulator::scenario::ConsoleAct;
use haltline::simulator::world::Author;
use haltline::simulator::{Keys, Options, Running, Scenario, SimTime};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const ANDROID: &str = "shop-android";
pub(crate) const IOS: &str = "shop-ios";

/// How long a run may take before the test gives up on it: a net, not a measure.
const PATIENCE: Duration = Duration::from_mins(1);

/// How the new versions fare.
#[derive(Clone, Copy)]
pub(crate) struct World {
    /// Share of the sessions of the new version that crash.
    pub(crate) android: &'static str,
    pub(crate) ios: &'static str,
    /// Title of the new crash.
    pub(crate) title: &'static str,
}

pub(crate) const HEALTHY: World = World {
    android: "0.05%",
    ios: "0.05%",
    title: "IllegalStateException: not attached",
};
pub(crate) const BREACHING: World = World {
    android: "3%",
    ..HEALTHY
};

impl World {
    fn scenario(self) -> Scenario {
        let app = |id: &str, store: &str, exposure: &str, started: &str, crash: &str| {
            format!(
                r#"
                [[app]]
                id = "{id}"
                name = "Shop"
                store = "{store}"
                package = "com.example.shop"
                sessions_per_day = 2_000_000
                lag = "0s"
                [[app.version]]
                name = "8.42.0"
                build = "84200"
                role = "baseline"
                crash = "0.05%"
                [[app.version]]
                name = "8.43.0"
                build = "84300"
                role = "new"
                started = "{started}"
                {exposure}
                crash = "{crash}"
                [[app.version]]
                name = "8.44.0"
                build = "84400"
                role = "next"
                [[app.issue]]
                title = {title}
                place = "Cart.total"
                kind = "new"
                "#,
                title = toml_string(self.title),
            )
        };
        let text = format!(
            "description = \"a test\"\n[watch]\npoll = \"1s\"\n{}{}",
            app(
                ANDROID,
                "google-play",
                "exposure = \"5%\"",
                "-3h",
                self.android
            ),
            app(IOS, "app-store", "", "-2d 3h", self.ios),
        );
        Scenario::parse("cli", &text).unwrap()
    }
}

pub(crate) struct Bench {
    pub(crate) sim: Running,
    /// Home, and everything else that the binary may write to.
    pub(crate) dir: TempDir,
    /// What is set for every run beside the home.
    pub(crate) vars: Vec<(&'static str, String)>,
}

impl Bench {
    pub(crate) async fn new(world: World) -> Self {
        Self::at_speed(world, 1.0).await
    }

    /// So many simulated seconds a second; other than at 1 the config names the simulator's clock.
    pub(crate) async fn at_speed(world: World, speed: f64) -> Self {
        static KEYS: OnceLock<Arc<Keys>> = OnceLock::new();
        let keys = KEYS.get_or_init(|| Arc::new(Keys::generate(1).unwrap()));
        let dir = TempDir::with_prefix("haltline-cli-").unwrap();
        let options = Options {
            seed: 1,
            time: SimTime::from_the_wall(speed),
            listen: None,
            dir: Some(dir.path().join("config")),
        };
        let sim = Running::start_with(Arc::clone(keys), world.scenario(), options)
            .await
            .unwrap();
        Self {
            sim,
            dir,
            vars: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("config/state")
    }

    /// Changes the config's text.
    pub(crate) fn edit(&self, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(&self.sim.config).unwrap();
        let changed = change(text.clone());
        assert_ne!(text, changed, "the edit has to find what it edits");
        fs::write(&self.sim.config, changed).unwrap();
    }

    /// Replaces every `old` in the config.
    pub(crate) fn replace(&self, old: &str, new: &str) {
        self.edit(|text| text.replace(old, new));
    }

    /// Overwrites a file beside the config.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let path = self.dir.path().join("config").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// For ever, or until the faults are cleared.
    pub(crate) fn fault(&self, vendor: Vendor, matching: &str, fault: Fault) {
        self.set_fault(vendor, matching, None, fault);
    }

    pub(crate) fn fault_times(&self, vendor: Vendor, matching: &str, times: u32, fault: Fault) {
        self.set_fault(vendor, matching, Some(times), fault);
    }

    fn set_fault(&self, vendor: Vendor, matching: &str, times: Option<u32>, fault: Fault) {
        self.sim.world.faults().set(FaultRule {
            vendor,
            matching: matching.into(),
            times,
            every: None,
            fault,
        });
    }

    /// What differs from one Play account to another.
    pub(crate) fn switch(&self, switches: Value) {
        let world = &self.sim.world;
        world.switch(StoreKind::GooglePlay, switches).unwrap();
    }

    /// The journal's database.
    pub(crate) fn database(&self) -> PathBuf {
        let files = fs::read_dir(self.state()).unwrap();
        let mut paths = files.map(|entry| entry.unwrap().path());
        let of = |path: &PathBuf| path.extension().is_some_and(|e| e == "db" || e == "sqlite");
        paths.find(of).unwrap()
    }

    /// The journal's files as they are now; the anchor is not among them.
    pub(crate) fn copy_of_the_journal(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let name = self.database().file_name().unwrap().to_owned();
        let name = name.into_string().unwrap();
        let files = fs::read_dir(self.state()).unwrap();
        let paths = files.map(|entry| entry.unwrap().path());
        let ours = paths.filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with(&name)
        });
        ours.map(|path| (path.clone(), fs::read(&path).unwrap()))
            .collect()
    }

    pub(crate) fn restore(&self, copy: &[(PathBuf, Vec<u8>)]) {
        for (path, _) in self.copy_of_the_journal() {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in copy {
            fs::write(path, bytes).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// A person at a console.
    pub(crate) fn console(&self, app: &str, act: &ConsoleAct) {
        let app = AppId::try_from(app.to_owned()).unwrap();
        self.sim.world.act(&app, act).unwrap();
    }

    /// What haltline wrote to the stores: `halted`, `inProgress 5%`.
    pub(crate) fn writes(&self) -> Vec<String> {
        let writes = self.sim.world.writes();
        let own = writes.iter().filter(|write| write.by == Author::Api);
        own.map(|write| write.became.clone()).collect()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haltline"));
        let home = self.dir.path();
        command
            .args(args)
            .env_clear()
            .env("HOME", home)
            .env("USER", "ada")
            .env("XDG_CONFIG_HOME", home.join("xdg-config"))
            .env("XDG_STATE_HOME", home.join("xdg-state"))
            .env("XDG_RUNTIME_DIR", home.join("xdg-runtime"))
            .env("TMPDIR", home)
            .current_dir(home.join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in &self.vars {
            command.env(name, value);
        }
        command
    }

    /// Runs the binary to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Run {
        finish(self.start(args)).await
    }

    /// Starts the binary; its output goes to files, so that nobody has to read it along.
    pub(crate) fn start(&self, args: &[&str]) -> Started {
        self.start_with(args, &[])
    }

    /// The same, with these variables.
    pub(crate) fn start_with(&self, args: &[&str], vars: &[(&str, &str)]) -> Started {
        self.start_as(args, |command| {
            command.envs(vars.iter().copied());
        })
    }

    /// The same, with whatever else is to be said of the process.
    pub(crate) fn start_as(&self, args: &[&str], say: impl FnOnce(&mut Command)) -> Started {
        let out = tempfile::NamedTempFile::new_in(self.dir.path()).unwrap();
        let err = tempfile::NamedTempFile::new_in(self.dir.path()).unwrap();
        let mut command = self.command(args);
        say(&mut command);
        let child = command
            .stdout(out.reopen().unwrap())
            .stderr(err.reopen().unwrap())
            .spawn()
            .unwrap();
        Started {
            child: Some(child),
            out,
            err,
            what: args.join(" "),
        }
    }

    /// Runs `watch` in the background until it has read both stores.
    pub(crate) async fn watching(&self) -> Started {
        let mut started = self.start(&["watch", "--json"]);
        started
            .until("the first verdicts", |out| {
                out.matches("verdict-changed").count() >= 2
            })
            .await;
        started
    }
}

impl Bench {
    /// The same where a watcher has been before, so that no verdict is news.
    pub(crate) async fn watching_again(&self) -> Started {
        let mut started = self.start(&["watch", "--json"]);
        started.until_log("serving at").await;
        started
    }
}

/// A run that goes on; killed when dropped.
pub(crate) struct Started {
    child: Option<Child>,
    out: tempfile::NamedTempFile,
    err: tempfile::NamedTempFile,
    what: String,
}

impl Started {
    pub(crate) fn stdout(&self) -> String {
        text(self.out.path())
    }

    pub(crate) fn stderr(&self) -> String {
        text(self.err.path())
    }

    /// Waits until its stdout shows something.
    pub(crate) async fn until(&mut self, what: &str, shown: impl Fn(&str) -> bool) {
        let wait = async {
            while !shown(&self.stdout()) {
                let over = self
                    .child
                    .as_mut()
                    .and_then(|child| child.try_wait().unwrap());
                assert!(
                    over.is_none(),
                    "{} ended: {over:?}\n{}",
                    self.what,
                    text(self.err.path())
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, wait).await;
        assert!(
            came.is_ok(),
            "{}: {what} never came\n{}{}",
            self.what,
            self.stdout(),
            self.stderr()
        );
    }

    /// Waits until its log shows something.
    pub(crate) async fn until_log(&mut self, word: &str) {
        let err = self.err.path().to_owned();
        self.until(word, |_out| text(&err).contains(word)).await;
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Waits until it ends by itself.
    pub(crate) async fn end(self) -> Run {
        finish(self).await
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let child = self.child.as_ref().unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(self) -> Run {
        self.signal(rustix::process::Signal::TERM);
        finish(self).await
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) what: String,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Both outputs hold all of it, wherever.
    #[track_caller]
    pub(crate) fn tells(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(
                self.err.contains(part) || self.out.contains(part),
                "no {part:?} in {self}"
            );
        }
        self
    }

    #[track_caller]
    pub(crate) fn tells_not(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(
                !self.err.contains(part) && !self.out.contains(part),
                "{part:?} in {self}"
            );
        }
        self
    }

    /// stdout as JSON, one document a line, each with this schema and nothing else between.
    #[track_caller]
    pub(crate) fn json(&self, schema: &str) -> Vec<Value> {
        let parse = |line: &str| -> Value {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?} in {self}"))
        };
        let lines: Vec<Value> = self.out.lines().map(parse).collect();
        for line in &lines {
            assert_eq!(line["schema"], schema, "{self}");
        }
        lines
    }

    /// stdout as the one JSON document that it has to be.
    #[track_caller]
    pub(crate) fn document(&self, schema: &str) -> Value {
        let mut lines = self.json(schema);
        assert_eq!(lines.len(), 1, "{self}");
        lines.remove(0)
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            what,
            code,
            out,
            err,
        } = self;
        write!(
            f,
            "haltline {what} -> {code:?}\n--- stdout\n{out}--- stderr\n{err}---"
        )
    }
}

async fn finish(mut started: Started) -> Run {
    let child = started.child.as_mut().unwrap();
    let wait = async {
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let ended = tokio::time::timeout(PATIENCE, wait).await;
    let (out, err) = (started.stdout(), started.stderr());
    let Ok(status) = ended else {
        panic!("haltline {} did not end\n{out}{err}", started.what);
    };
    Run {
        what: started.what.clone(),
        code: status.code(),
        out,
        err,
    }
}

fn text(path: &Path) -> String {
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

pub(crate) fn toml_string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// An answer with this status and nothing else.
pub(crate) fn status(code: u16) -> Fault {
    Fault::Status {
        code,
        body: None,
        retry_after: None,
        applied: false,
    }
}
