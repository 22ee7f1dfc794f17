//! SIGKILL at random moments around a halt, with the store failing in half of the runs: the rollout is halted, once, and the
//! journal knows all of it.
//!
//! A run: the real binary watches a simulated Play on which a rollout crashes, gets killed, is started again, sometimes
//! gets killed again, and in the end is left to finish. The moments are shares of the time that the same halt took in a
//! rehearsal, so that they spread over the whole act however fast the machine is. `HALTLINE_KILLS` sets the number of runs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]
#![expect(
    clippy::print_stdout,
    reason = "where the kills fell is worth a line to whoever runs it with --nocapture"
)]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use haltline::domain::AppId;
use haltline::ports::{Clock as _, WallClock};
use haltline::simulator::fault::{Fault, FaultRule, Vendor};
use haltline::simulator::scenario::ConsoleAct;
use haltline::simulator::world::Author;
use haltline::simulator::{Options, Running, Scenario, SimTime};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use support::{haltline, run};

const KILLS: u64 = 200;
const SEED: u64 = 2026;
/// Runs side by side, each with a simulated Play of its own.
const WORKERS: u64 = 3;
/// Simulated seconds a second: a poll, and the pause between two attempts, take a second each.
const SPEED: f64 = 4.0;
/// What never comes within this is not coming.
const PATIENCE: Duration = Duration::from_secs(90);

/// How the store fails when the halt is committed. Where `applied`, the halt is in force all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ailment {
    None,
    Status500 {
        applied: bool,
    },
    /// The connection is reset after the commit was applied.
    Reset,
    TimeOut {
        applied: bool,
    },
    EditDeleted,
}

const AILMENTS: [Ailment; 6] = [
    Ailment::Status500 { applied: false },
    Ailment::Status500 { applied: true },
    Ailment::Reset,
    Ailment::TimeOut { applied: false },
    Ailment::TimeOut { applied: true },
    Ailment::EditDeleted,
];

impl Ailment {
    fn fault(self) -> Option<Fault> {
        let status = |code, body: Option<Value>, applied| Fault::Status {
            code,
            body: body.map(|body| body.to_string()),
            retry_after: None,
            applied,
        };
        match self {
            Self::None => None,
            Self::Status500 { applied } => Some(status(500, None, applied)),
            Self::Reset => Some(Fault::Reset { applied: true }),
            // Longer than the watcher's request_timeout.
            Self::TimeOut { applied } => Some(Fault::Hang { ms: 5000, applied }),
            Self::EditDeleted => {
                let message = "This Edit has been deleted.";
                let error =
                    json!({ "code": 400, "message": message, "status": "FAILED_PRECONDITION" });
                Some(status(400, Some(json!({ "error": error })), false))
            }
        }
    }
}

/// How long a halt takes where nobody is killed.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// From the start of the watcher to the first write.
    before: Duration,
    /// From the first write to the confirmation.
    act: Duration,
}

#[test]
fn a_halt_survives_sigkill_at_any_moment() {
    let kills = std::env::var("HALTLINE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let benches: Vec<Bench> = (0..WORKERS).map(|n| Bench::new(&runtime, n)).collect();

    let mut rehearsals = vec![Ailment::None];
    rehearsals.extend(AILMENTS);
    let paces = Mutex::new(BTreeMap::new());
    share_out(&benches, rehearsals.len() as u64, |bench, n| {
        let ailment = rehearsals[n as usize];
        let pace = bench.rehearse(ailment);
        paces.lock().unwrap().insert(ailment, pace);
    });
    let paces = paces.into_inner().unwrap();

    let fell = Mutex::new(BTreeMap::<&str, u32>::new());
    share_out(&benches, kills, |bench, n| {
        for moment in bench.kill_and_recover(n, &paces) {
            *fell.lock().unwrap().entry(moment).or_default() += 1;
        }
    });
    println!(
        "{kills} runs; the kills fell {:?}",
        fell.into_inner().unwrap()
    );
}

/// Does jobs `0..jobs`, each on the next bench that is free.
fn share_out(benches: &[Bench], jobs: u64, job: impl Fn(&Bench, u64) + Sync) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for bench in benches {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= jobs {
                        return;
                    }
                    job(bench, n);
                }
            });
        }
    });
}

/// A simulated Play, and the folder in which its watchers live.
struct Bench {
    sim: Running,
}

impl Bench {
    fn new(runtime: &tokio::runtime::Runtime, number: u64) -> Self {
        let scenario = Scenario::parse("kill", include_str!("kill/world.toml")).unwrap();
        let options = Options {
            seed: number,
            time: SimTime::from_the_wall(SPEED),
            listen: None,
            dir: None,
        };
        let sim = runtime.block_on(Running::start(scenario, options)).unwrap();
        Self { sim }
    }

    /// A rollout that runs again, a store that fails in this way so many times, and a house for a new watcher.
    fn prepare(&self, name: &str, ailment: Ailment, times: u32) -> House {
        let world = &self.sim.world;
        world.faults().clear();
        if self.halted() {
            let app = AppId::try_from("shop-android".to_owned()).unwrap();
            world.act(&app, &ConsoleAct::Resume).unwrap();
        }
        if let Some(fault) = ailment.fault() {
            world.faults().set(FaultRule {
                vendor: Vendor::GooglePlay,
                matching: ":commit".into(),
                times: Some(times),
                every: None,
                fault,
            });
        }
        House::new(&self.sim, name)
    }

    fn halted(&self) -> bool {
        let states = json!(self.sim.world.states());
        let tracks = &states["google-play"]["apps"]["com.example.shop"]["tracks"];
        let releases = tracks["production"]["releases"].as_array().unwrap();
        let new = |release: &&Value| release["versionCodes"] == json!(["84300"]);
        releases.iter().find(new).unwrap()["status"] == "halted"
    }

    /// Halts that the store took from haltline so far.
    fn halts(&self) -> usize {
        let writes = self.sim.world.writes();
        let by_us = writes
            .iter()
            .filter(|write| write.by == Author::Api && write.became.starts_with("halted"));
        by_us.count()
    }

    fn rehearse(&self, ailment: Ailment) -> Pace {
        let before = self.halts();
        let house = self.prepare(&format!("rehearsal-{ailment:?}"), ailment, 1);
        let watch = house.watch();
        let [started, writing, confirmed] =
            ["watcher-started", "write-started", "desire-confirmed"].map(|name| watch.wait(name));
        drop(watch);
        self.check(&house, before);
        let wall =
            |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).to_std().unwrap().div_f64(SPEED);
        Pace {
            before: wall(started, writing),
            act: wall(writing, confirmed),
        }
    }

    /// One run; where the kills fell.
    fn kill_and_recover(&self, n: u64, paces: &BTreeMap<Ailment, Pace>) -> Vec<&'static str> {
        let mut rng = StdRng::seed_from_u64(SEED ^ (n << 16));
        let ailment = match n % 2 {
            0 => Ailment::None,
            _ => AILMENTS[rng.random_range(0..AILMENTS.len())],
        };
        let pace = paces[&ailment];
        let before = self.halts();
        let times = rng.random_range(1..=2);
        let house = self.prepare(&format!("run-{n}"), ailment, times);
        let mut fell = Vec::new();

        let watch = house.watch();
        let early = rng.random_bool(0.2);
        let (anchor, span) = if early {
            ("watcher-started", pace.before)
        } else {
            ("write-started", pace.act.mul_f64(1.1))
        };
        watch.wait(anchor);
        watch.kill_after(span.mul_f64(rng.random()));
        let mut audit = house.audit();
        fell.push(self.moment(&audit));

        while rng.random_bool(0.3) {
            let watch = house.watch();
            watch.wait("watcher-started");
            watch.kill_after(pace.act.mul_f64(rng.random()));
            audit = house.audit();
            fell.push(self.moment(&audit));
        }
        if !has(&audit, "desire-confirmed") {
            house.watch().wait("desire-confirmed");
        }
        self.check(&house, before);
        fell
    }

    /// What the journal and the store say of the moment at which a watcher was killed.
    fn moment(&self, audit: &[Value]) -> &'static str {
        let count = |name| audit.iter().filter(|e| e["event"] == name).count();
        let in_flight = count("write-started") > count("write-ended");
        match (in_flight, self.halted()) {
            _ if has(audit, "desire-confirmed") => "after the confirmation",
            _ if !has(audit, "desire-set") => "before the intent",
            (true, false) => "between intent and commit",
            (true, true) => "between commit and reply",
            (false, true) => "between reply and read-back",
            (false, false) => "between two attempts",
        }
    }

    /// The end is as it has to be, whatever happened on the way.
    fn check(&self, house: &House, halts_before: usize) {
        let run = |args: &[&str]| {
            let config = house.config.to_str().unwrap();
            run(["--config", config].iter().chain(args))
        };
        let once = run(&["watch", "--once"]);
        let story = || format!("{}\n{}", house.dir.display(), house.log());
        assert_eq!(once.code, Some(10), "{}\n{}", once.stderr, story());
        assert!(self.halted(), "{}", story());
        assert_eq!(self.halts(), halts_before + 1, "{}", story());

        let audit = house.audit();
        let all = |name: &'static str| audit.iter().filter(move |e| e["event"] == name);
        let count = |name| all(name).count();
        for name in ["desire-set", "desire-confirmed"] {
            assert_eq!(count(name), 1, "{name}: {}", story());
            assert!(all(name).all(|e| e["verb"] == "halt"), "{}", story());
        }
        for name in ["desire-superseded", "desire-failed", "drift"] {
            assert_eq!(count(name), 0, "{name}: {}", story());
        }
        let attempts = |name| all(name).map(|e| e["attempt"].as_u64()).collect::<Vec<_>>();
        assert_eq!(
            attempts("write-started"),
            attempts("write-ended"),
            "{}",
            story()
        );
        for told in all("tell-queued") {
            assert!(
                all("told").any(|e| e["id"] == told["id"]),
                "{told}: {}",
                story()
            );
        }

        let verified = run(&["audit", "--verify", "--json"]);
        let verdict = &verified.lines()[0];
        assert_eq!(verified.code, Some(0), "{verdict}: {}", story());
        assert_eq!(verdict["intact"], true);
        assert_eq!(verdict["records"], audit.len());
        fs::remove_dir_all(&house.dir).unwrap();
    }
}

fn has(audit: &[Value], name: &str) -> bool {
    audit.iter().any(|event| event["event"] == name)
}

/// A config with a journal of its own.
struct House {
    dir: PathBuf,
    config: PathBuf,
}

impl House {
    fn new(sim: &Running, name: &str) -> Self {
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

    fn watch(&self) -> Watch {
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

    fn audit(&self) -> Vec<Value> {
        let ran = run(["--config", self.config.to_str().unwrap(), "audit", "--json"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.lines()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }
}

/// A running watcher, killed when it goes out of sight.
struct Watch {
    child: Child,
    events: Receiver<Value>,
    log: PathBuf,
}

impl Watch {
    /// When this came to be.
    fn wait(&self, name: &str) -> DateTime<Utc> {
        let log = || fs::read_to_string(&self.log).unwrap_or_default();
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(event) if event["event"] == name => {
                    return event["at"].as_str().unwrap().parse().unwrap();
                }
                Ok(_) => {}
                Err(why) => panic!("no {name}: {why}\n{}\n{}", self.log.display(), log()),
            }
        }
    }

    /// Lets it run for so long, then kills it.
    fn kill_after(self, span: Duration) {
        let end = WallClock.now() + TimeDelta::from_std(span).unwrap();
        while let Ok(left) = (end - WallClock.now()).to_std()
            && self.events.recv_timeout(left).is_ok()
        {}
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may be gone already: nobody knows what a test that fails leaves behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
