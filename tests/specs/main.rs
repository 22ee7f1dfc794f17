//! The traffic of a run against Google's own specifications: method, path, query, and every field of requests and answers.
//!
//! The specifications are no part of the project: they are looked for in `../shared/specs`, or where `HALTLINE_SPECS` says.
//! Where there are none the test says so, and is skipped.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, its helpers too; one that is skipped says so"
)]

mod discovery;
mod traffic;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use chrono::TimeDelta;
use haltline::cli::adapters;
use haltline::config::{Surroundings, load};
use haltline::domain::Version;
use haltline::ports::{HealthQuery, IssueQuery};
use haltline::simulator::fault::Vendor;
use haltline::simulator::{Keys, Options, Running, Scenario, SimTime};

use discovery::Api;
use traffic::{Exchange, Proxy};

const WORLD: &str = r#"
description = "A week of a bad version"
[watch]
poll = "1s"
health = ["play-vitals", "play-reviews"]
[[watch.rules]]
id = "users"
metric = "crash_free_users"
worse_than_baseline = 2.0
action = "pause"
[[app]]
id = "shop"
name = "Shop"
store = "google-play"
package = "com.example.shop"
sessions_per_day = 100_000
lag = "0s"
reviews_per_day = 20
[[app.stratum]]
os = "14"
device = "high"
country = "DE"
share = "60%"
[[app.stratum]]
os = "11"
device = "low"
country = "FR"
share = "40%"
[[app.version]]
name = "8.42.0"
build = "84200"
role = "baseline"
crash = "0.1%"
abnormal = "0.05%"
[[app.version]]
name = "8.43.0"
build = "84300"
role = "new"
started = "-9d"
exposure = "10%"
crash = "3%"
abnormal = "0.2%"
[[app.issue]]
title = "NullPointerException: Price is null"
place = "com.example.shop.CartViewModel.total"
kind = "new"
[[app.issue]]
title = "ANR: Input dispatching timed out"
place = "com.example.shop.HomeActivity.onResume"
kind = "recurring"
of = "abnormal"
"#;

/// Where the specifications are; nowhere, and why.
fn specs() -> Result<PathBuf, String> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/specs");
    let folder = std::env::var_os("HALTLINE_SPECS").map_or_else(beside, PathBuf::from);
    match folder.is_dir() {
        true => Ok(folder),
        false => Err(format!("there is no {}", folder.display())),
    }
}

/// A simulated world, and proxies before the two vendors that there are specifications of.
struct Scene {
    sim: Running,
    store: Proxy,
    vitals: Proxy,
}

impl Scene {
    async fn new() -> Self {
        let options = Options {
            seed: 1,
            time: SimTime::from_the_wall(1.0),
            listen: None,
            dir: None,
        };
        let keys = Arc::new(Keys::generate(1).unwrap());
        let scenario = Scenario::parse("specs", WORLD).unwrap();
        let sim = Running::start_with(keys, scenario, options).await.unwrap();
        let store = Proxy::before(&sim.urls.google_play).await;
        let vitals = Proxy::before(sim.urls.of(Vendor::PlayReporting)).await;
        let text = std::fs::read_to_string(&sim.config).unwrap();
        let text = text
            .replace(&sim.urls.google_play, &store.url)
            .replace(sim.urls.of(Vendor::PlayReporting), &vitals.url);
        std::fs::write(&sim.config, text).unwrap();
        Self { sim, store, vitals }
    }

    /// Runs the binary on this world's config.
    async fn run(&self, args: &[&str]) -> Output {
        let folder = self.sim.config.parent().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_haltline"));
        command
            .args(args)
            .env_clear()
            .env("HOME", folder)
            .env("CI", "true")
            .current_dir(folder)
            .stdin(Stdio::null());
        let out = tokio::task::spawn_blocking(move || command.output());
        out.await.unwrap().unwrap()
    }

    /// What no run of the binary asks: a crash that somebody looks at, the baseline's past, and who the users are.
    async fn look_closer(&self) {
        let text = std::fs::read_to_string(&self.sim.config).unwrap();
        let vitals = "kind = \"play-vitals\"\n";
        let text = text.replace(
            vitals,
            &format!("{vitals}strata = [\"os\", \"device\", \"country\"]\n"),
        );
        std::fs::write(&self.sim.config, text).unwrap();
        let around = Surroundings {
            cwd: self.sim.config.parent().unwrap().to_owned(),
            ..Surroundings::default()
        };
        let config = load(&self.sim.config, &around).config.unwrap();
        let apps = adapters(&config, &self.sim.time.clock()).unwrap();
        let source = &apps[0].sources[0].source;
        let query = HealthQuery {
            version: Version::from_code(84300),
            also: Vec::new(),
            baseline: Some(Version::from_code(84200)),
            since: None,
            past: true,
            now: self.sim.world.now(),
        };
        let report = source.poll(&query).await.unwrap();
        assert!(
            report
                .readings
                .iter()
                .any(|reading| reading.stratum.contains("country="))
        );
        let query = IssueQuery {
            id: report.issues[0].id.clone(),
            version: Version::from_code(84300),
            also: Vec::new(),
            now: self.sim.world.now() + TimeDelta::seconds(1),
        };
        assert!(!source.issue(&query).await.unwrap().stack.is_empty());
    }
}

/// The methods that were called; every one of these at least, and none otherwise than the API has it.
fn check(api: &Api, traffic: &[Exchange], wanted: &[&str]) {
    let mut called = BTreeSet::new();
    for exchange in traffic {
        let (id, wrong) = api.check(exchange);
        let place = format!("{} {} {:?}", exchange.method, exchange.path, exchange.query);
        assert!(wrong.is_empty(), "{place}\n{}", wrong.join("\n"));
        called.insert(id);
    }
    for id in wanted {
        assert!(called.contains(*id), "{id} was not called: {called:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_speaks_as_google_specifies() {
    let folder = match specs() {
        Ok(folder) => folder,
        Err(why) => {
            eprintln!("skipped: no specifications to hold the traffic to: {why}");
            return;
        }
    };
    let scene = Scene::new().await;
    let acts: &[(&[&str], i32)] = &[
        (&["doctor"], 0),
        (&["watch", "--once"], 11),
        (&["resume", "shop", "--reason", "a look", "--yes"], 0),
        (
            &[
                "advance", "shop", "--to", "25%", "--reason", "a look", "--yes",
            ],
            0,
        ),
        (&["complete", "shop", "--reason", "a look", "--yes"], 0),
        (&["halt", "shop", "--reason", "a look", "--yes"], 0),
    ];
    for (args, code) in acts {
        let ran = scene.run(args).await;
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(*code), "{args:?}\n{said}");
    }
    scene.look_closer().await;

    let api = Api::read(&folder.join("androidpublisher.v3.json"));
    let wanted = [
        "androidpublisher.applications.tracks.releases.list",
        "androidpublisher.edits.insert",
        "androidpublisher.edits.tracks.get",
        "androidpublisher.edits.tracks.update",
        "androidpublisher.edits.validate",
        "androidpublisher.edits.commit",
        "androidpublisher.edits.delete",
        "androidpublisher.reviews.list",
    ];
    check(&api, &scene.store.seen(), &wanted);
    let api = Api::read(&folder.join("playdeveloperreporting.v1beta1.json"));
    let wanted = [
        "playdeveloperreporting.vitals.crashrate.get",
        "playdeveloperreporting.vitals.crashrate.query",
        "playdeveloperreporting.vitals.anrrate.get",
        "playdeveloperreporting.vitals.anrrate.query",
        "playdeveloperreporting.vitals.slowstartrate.get",
        "playdeveloperreporting.vitals.slowstartrate.query",
        "playdeveloperreporting.vitals.lmkrate.get",
        "playdeveloperreporting.vitals.lmkrate.query",
        "playdeveloperreporting.vitals.errors.issues.search",
        "playdeveloperreporting.vitals.errors.reports.search",
        "playdeveloperreporting.vitals.errors.counts.get",
        "playdeveloperreporting.vitals.errors.counts.query",
        "playdeveloperreporting.anomalies.list",
    ];
    check(&api, &scene.vitals.seen(), &wanted);
}
