//! The watcher over real HTTP on simulated time: `tests/scenarios/*.toml` say what has to come of a scenario, in which order,
//! and what must never come.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{fs, thread};

use chrono::{DateTime, TimeDelta, Utc};
use haltline::domain::AppId;
use haltline::simulator::Scenario;
use serde::Deserialize;
use serde_json::Value;
use support::run;

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// A scenario that comes with haltline.
    scenario: String,
    #[serde(default = "one")]
    seed: u64,
    /// Goes on for so long; else until something is halted, or 12 hours.
    #[serde(rename = "for")]
    duration: Option<String>,
    exit: i32,
    /// Events that come in this order, others between them.
    expect: Vec<Pattern>,
    #[serde(default)]
    never: Vec<Pattern>,
    /// How many events there are by this name.
    #[serde(default)]
    count: BTreeMap<String, usize>,
    /// Laid over the scenario: tables are merged, arrays (faults, people's acts) made longer, but for an app, a version, a
    /// stage or a rule that is there already by its `id`, `build` or `exposure`: it is laid over that one.
    #[serde(default)]
    world: toml::Table,
}

/// Fits an event that holds all of this; `before` and `after` are times since the start, `says` is part of its sentence.
#[derive(Debug, Deserialize)]
struct Pattern {
    event: String,
    app: Option<AppId>,
    before: Option<String>,
    after: Option<String>,
    says: Option<String>,
    #[serde(flatten)]
    fields: BTreeMap<String, Value>,
}

fn one() -> u64 {
    1
}

#[test]
fn every_scenario_comes_to_what_it_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let only = std::env::var("HALTLINE_SCENARIO").unwrap_or_default();
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(&only))
        .collect();
    cases.sort();
    let covered: BTreeSet<String> = cases.iter().map(|path| read(path).scenario).collect();
    if only.is_empty() {
        for name in Scenario::names() {
            assert!(covered.contains(name), "no case has the scenario {name}");
        }
    }

    let (left, wrong) = (Mutex::new(cases), Mutex::new(Vec::new()));
    let cores = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let Some(path) = left.lock().unwrap().pop() else {
                        return;
                    };
                    if let Err(why) = check(&read(&path)) {
                        let mut wrong = wrong.lock().unwrap();
                        wrong.push(format!("{}: {why}", path.display()));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn read(path: &Path) -> Case {
    let text = fs::read_to_string(path).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a case; what is wrong with what came of it.
fn check(case: &Case) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let seed = case.seed.to_string();
    let world = world(case, folder.path());
    let mut args = vec!["demo", "--headless", "--seed", &seed, "--scenario", &world];
    args.extend(case.duration.iter().flat_map(|span| ["--for", span]));
    let ran = run(args);
    let events = ran.lines();
    let wrong = |what: String| Err(format!("{what}\n{}{}", ran.stdout, ran.stderr));

    if ran.code != Some(case.exit) {
        return wrong(format!("exit {:?} instead of {}", ran.code, case.exit));
    }
    let start = time(&events[0]);
    let mut rest = events.iter();
    for pattern in &case.expect {
        if !rest.any(|event| pattern.fits(event, start)) {
            return wrong(format!("missing, or out of order: {pattern:?}"));
        }
    }
    for pattern in &case.never {
        if let Some(event) = events.iter().find(|event| pattern.fits(event, start)) {
            return wrong(format!("must never come: {event}"));
        }
    }
    for (name, wanted) in &case.count {
        let found = events
            .iter()
            .filter(|event| event["event"] == **name)
            .count();
        if found != *wanted {
            return wrong(format!("{found} times {name} instead of {wanted}"));
        }
    }
    Ok(())
}

/// The scenario as the case has it: its name where it is untouched, else a file.
fn world(case: &Case, folder: &Path) -> String {
    if case.world.is_empty() {
        return case.scenario.clone();
    }
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/scenarios");
    let text = fs::read_to_string(shipped.join(format!("{}.toml", case.scenario))).unwrap();
    let mut world: toml::Table = toml::from_str(&text).unwrap();
    lay_over(&mut world, &case.world);
    let path = folder.join("world.toml");
    fs::write(&path, world.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn lay_over(below: &mut toml::Table, above: &toml::Table) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            (Some(toml::Value::Array(below)), toml::Value::Array(above)) => {
                for item in above {
                    match below.iter_mut().find(|known| is_same(known, item)) {
                        Some(toml::Value::Table(known)) => {
                            lay_over(known, item.as_table().unwrap());
                        }
                        _ => below.push(item.clone()),
                    }
                }
            }
            _ => drop(below.insert(key.clone(), value.clone())),
        }
    }
}

/// Both name themselves, alike.
fn is_same(known: &toml::Value, item: &toml::Value) -> bool {
    let name = ["id", "build", "exposure"]
        .into_iter()
        .find_map(|key| Some((key, item.get(key)?)));
    name.is_some_and(|(key, name)| known.get(key) == Some(name))
}

impl Pattern {
    fn fits(&self, event: &Value, start: DateTime<Utc>) -> bool {
        let since = time(event) - start;
        event["event"] == *self.event
            && self
                .app
                .as_ref()
                .is_none_or(|app| event["app"] == app.as_str())
            && self.before.as_ref().is_none_or(|span| since < parse(span))
            && self.after.as_ref().is_none_or(|span| since >= parse(span))
            && self.says.as_ref().is_none_or(|words| says(event, words))
            && self
                .fields
                .iter()
                .all(|(key, wanted)| holds(&event[key], wanted))
    }
}

fn says(event: &Value, words: &str) -> bool {
    let sentence = [
        &event["sentence"],
        &event["finding"]["sentence"],
        &event["text"],
        &event["reason"],
        &event["why"][0],
        &event["changes"][0],
    ];
    let mut told = sentence.into_iter().filter_map(Value::as_str);
    told.any(|sentence| sentence.contains(words))
}

/// `whole` is `part`, or has everything that `part` has.
fn holds(whole: &Value, part: &Value) -> bool {
    match part {
        Value::Object(part) => part.iter().all(|(key, part)| holds(&whole[key], part)),
        _ => whole == part,
    }
}

fn time(event: &Value) -> DateTime<Utc> {
    event["at"].as_str().unwrap().parse().unwrap()
}

fn parse(span: &str) -> TimeDelta {
    TimeDelta::from_std(humantime::parse_duration(span).unwrap()).unwrap()
}
