//! Real adoption curves, from file to verdict: the daily installations of Thunderbird's versions, with a crash regression planted
//! in one of them. Skipped, saying so, where the data are not at hand: they are somebody else's, and no part of this repository.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution as _};
use serde_json::Value;

use support::run;

/// The release cycle that is imported, and what is planted in which of its versions.
const CYCLE: &str = "128";
const PLANTED: &str = "128.5.0";
const TIMES: f64 = 4.0;

/// Share of an app's daily installations that meet a crash.
const CRASHING: f64 = 0.0005;

/// So many installations report: the published counts are of everybody, and a twentieth of them decides as well.
const REPORTING: u64 = 20;

/// By day: installations of each version, and of all.
type Days = BTreeMap<String, (BTreeMap<String, u64>, u64)>;

#[test]
fn a_regression_planted_in_a_real_rollout_is_stopped_and_its_predecessor_is_not() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/realdata/thunderbird-adi/thunderbird_adi_by_version.csv");
    let Ok(text) = std::fs::read_to_string(&data) else {
        let told = format!(
            "skipped: {} is not there
",
            data.display()
        );
        std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()).unwrap();
        return;
    };
    let days = days(&text);
    let rollouts = rollouts(&days);
    let at = rollouts.iter().position(|(version, _)| version == PLANTED);
    let at = at.expect("the planted version is in the data");
    let (predecessor, successor) = (&rollouts[at - 1].0, &rollouts[at + 1].0);
    let dir = tempfile::tempdir().unwrap();
    let [windows, labels] = ["windows.csv", "labels.csv"].map(|name| dir.path().join(name));
    std::fs::write(&windows, recording(&days, &rollouts)).unwrap();
    let onset = &rollouts[at].1;
    std::fs::write(
        &labels,
        format!("app,version,onset\nThunderbird,{PLANTED},{onset}T00:00:00Z\n"),
    )
    .unwrap();

    let ran = run([
        "backtest".as_ref(),
        windows.as_os_str(),
        "--labels".as_ref(),
        labels.as_os_str(),
        "--policy".as_ref(),
        policy(dir.path()).as_os_str(),
        "--every".as_ref(),
        "1h".as_ref(),
        "--json".as_ref(),
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let told = &ran.lines()[0];
    let outcomes = told["contenders"][0]["rollouts"].as_array().unwrap();
    assert_eq!(
        outcomes.len(),
        rollouts.len() - 1,
        "the first has nothing to compare with"
    );
    let of = |version: &str| {
        let found = outcomes
            .iter()
            .find(|outcome| outcome["version"] == version);
        found.expect("every version was replayed")
    };
    let stops = |version: &str| ["pause", "halt"].map(|verb| of(version)[verb].clone());
    let pause = &stops(PLANTED)[0];
    assert!(pause.is_object(), "{PLANTED} is stopped");
    let hours = pause["hours"].as_f64().unwrap();
    assert!(
        hours <= 96.0,
        "the data come by the day, and two have to agree: {hours} h"
    );
    assert!(
        pause["sentence"].as_str().unwrap().contains(PLANTED),
        "{pause}"
    );
    for healthy in [predecessor, successor] {
        assert!(
            stops(healthy).iter().all(Value::is_null),
            "{healthy} is left alone: {:?}",
            stops(healthy)
        );
    }
    let summary = &told["contenders"][0]["summary"];
    assert_eq!(
        summary["pause"]["false_acts"]["hits"], 0,
        "nor is any other version stopped"
    );
    assert_eq!(summary["pause"]["missed"]["hits"], 0);
}

/// The versions of the cycle by day; what the publisher merged ("115 and below") is no version.
fn days(text: &str) -> Days {
    let mut days = Days::new();
    for line in text.lines().skip(1) {
        let [cycle, date, version, adi, total] = line
            .split(',')
            .collect::<Vec<_>>()
            .try_into()
            .expect("five columns");
        if cycle == CYCLE {
            let day = days.entry(date.to_owned()).or_default();
            day.1 = total.parse().unwrap();
            if version.starts_with("128.") && !version.ends_with("esr") {
                day.0.insert(version.to_owned(), adi.parse().unwrap());
            }
        }
    }
    days
}

/// Each version that reached a tenth of everybody, and the first day on which it had a thousandth; in the order of those days.
fn rollouts(days: &Days) -> Vec<(String, String)> {
    let mut first = BTreeMap::new();
    let mut most = BTreeMap::<&String, f64>::new();
    for (date, (versions, total)) in days {
        for (version, adi) in versions {
            let share = *adi as f64 / *total as f64;
            if share >= 0.001 {
                first.entry(version).or_insert(date);
            }
            let most = most.entry(version).or_default();
            *most = most.max(share);
        }
    }
    let mut rollouts: Vec<(String, String)> = first
        .into_iter()
        .filter(|(version, _)| most.get(version) >= Some(&0.1))
        .map(|(version, date)| (version.clone(), date.clone()))
        .collect();
    rollouts.sort_by(|a, b| a.1.cmp(&b.1));
    rollouts
}

/// Two weeks of each version against the one before it, and a week of that one before them; crashes are drawn.
fn recording(days: &Days, rollouts: &[(String, String)]) -> String {
    let mut rng = StdRng::seed_from_u64(128);
    let mut crashes = |installations: u64, version: &str| {
        let times = if version == PLANTED { TIMES } else { 1.0 };
        Binomial::new(installations, CRASHING * times)
            .unwrap()
            .sample(&mut rng)
    };
    let dates: Vec<&String> = days.keys().collect();
    let mut csv = String::from(
        "app,version,baseline,start,seconds,metric,n,failures,n_baseline,failures_baseline,exposure\n",
    );
    for pair in rollouts.windows(2) {
        let [(old, _), (new, begins)] = pair else {
            continue;
        };
        let begins = dates.iter().position(|date| *date == begins).unwrap();
        for (at, date) in dates
            .iter()
            .enumerate()
            .take(begins + 14)
            .skip(begins.saturating_sub(7))
        {
            let (versions, total) = &days[*date];
            let installations =
                |version: &String| versions.get(version).copied().unwrap_or(0) / REPORTING;
            let (n, n_old) = (
                if at < begins { 0 } else { installations(new) },
                installations(old),
            );
            let share = 100.0 * (n * REPORTING) as f64 / *total as f64;
            writeln!(
                csv,
                "Thunderbird,{new},{old},{date}T00:00:00Z,86400,crash_free_users,{n},{},{n_old},{},{share:.4}%",
                crashes(n, new),
                crashes(n_old, old),
            )
            .unwrap();
        }
    }
    csv
}

/// A policy for what there is: users, not sessions.
fn policy(dir: &Path) -> std::path::PathBuf {
    let path = dir.join("users.toml");
    let text = r#"
        [[rule]]
        id = "users-pause"
        metric = "crash_free_users"
        worse_than_baseline = 1.25
        action = "pause"
        [[rule]]
        id = "users-halt"
        metric = "crash_free_users"
        worse_than_baseline = 2.0
        action = "halt"
    "#;
    std::fs::write(&path, text).unwrap();
    path
}
