//! One run: a rollout that crashes, a store that fails, a watcher that is killed, and what has to be true in the end.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use chrono::{DateTime, Utc};
use haltline::domain::AppId;
use haltline::ports::{Clock as _, WallClock};
use haltline::simulator::fault::{Fault, FaultRule, Vendor};
use haltline::simulator::scenario::ConsoleAct;
use haltline::simulator::world::Author;
use haltline::simulator::{Options, Running, Scenario, SimTime};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::house::House;
use crate::support::run;

const SEED: u64 = 2026;
/// Simulated seconds a second: a poll, and the pause between two attempts, take a second each.
const SPEED: f64 = 4.0;

/// How the store fails when the halt is committed. Where `applied`, the halt is in force all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ailment {
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

pub(crate) const AILMENTS: [Ailment; 6] = [
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
pub(crate) struct Pace {
    /// From the start of the watcher to the first write.
    before: Duration,
    /// From the first write to the confirmation.
    act: Duration,
}

/// A simulated Play, and the folder in which its watchers live.
pub(crate) struct Bench {
    sim: Running,
}

impl Bench {
    pub(crate) fn new(runtime: &tokio::runtime::Runtime, number: u64) -> Self {
        let scenario = Scenario::parse("kill", include_str!("world.toml")).unwrap();
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

    pub(crate) fn rehearse(&self, ailment: Ailment) -> Pace {
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
    pub(crate) fn kill_and_recover(
        &self,
        n: u64,
        paces: &BTreeMap<Ailment, Pace>,
    ) -> Vec<&'static str> {
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
        fell.push(moment(&audit, self.halted()));

        while rng.random_bool(0.3) {
            let watch = house.watch();
            watch.wait("watcher-started");
            watch.kill_after(pace.act.mul_f64(rng.random()));
            audit = house.audit();
            fell.push(moment(&audit, self.halted()));
        }
        if !has(&audit, "desire-confirmed") {
            house.watch().wait("desire-confirmed");
        }
        self.check(&house, before);
        fell
    }

    /// The same with a second watcher beside the first, which goes on by itself: where the kill fell, and how long it took until
    /// somebody watched again.
    pub(crate) fn kill_and_follow(
        &self,
        n: u64,
        paces: &BTreeMap<Ailment, Pace>,
    ) -> (&'static str, Duration) {
        let mut rng = StdRng::seed_from_u64(SEED ^ (n << 16) ^ 1);
        let ailment = match n % 3 {
            0 => Ailment::None,
            _ => AILMENTS[rng.random_range(0..AILMENTS.len())],
        };
        let before = self.halts();
        let house = self.prepare(&format!("follower-{n}"), ailment, 1);
        let first = house.watch();
        first.wait("watcher-started");
        let second = house.watch();
        second.wait_for_log("following");
        first.wait("write-started");
        let span = paces[&ailment].act.mul_f64(1.1 * rng.random::<f64>());
        let killed = first.kill_after(span);
        let halted = self.halted();
        second.wait_for_term(2);
        let took = (WallClock.now() - killed).to_std().unwrap();
        // The first may have seen it through.
        if !has(&house.audit(), "desire-confirmed") {
            second.wait("desire-confirmed");
        }
        drop(second);
        let mut audit = house.audit();
        audit.retain(|event| event["term"] == 1);
        let fell = moment(&audit, halted);
        self.check(&house, before);
        (fell, took)
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

/// What the journal and the store say of the moment at which a watcher was killed.
fn moment(audit: &[Value], halted: bool) -> &'static str {
    let count = |name| audit.iter().filter(|e| e["event"] == name).count();
    let in_flight = count("write-started") > count("write-ended");
    match (in_flight, halted) {
        _ if has(audit, "desire-confirmed") => "after the confirmation",
        _ if !has(audit, "desire-set") => "before the intent",
        (true, false) => "between intent and commit",
        (true, true) => "between commit and reply",
        (false, true) => "between reply and read-back",
        (false, false) => "between two attempts",
    }
}
