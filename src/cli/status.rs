//! `haltline status`: what is known, in words or JSON; the exit code is the verdict.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;

use super::args::StatusArgs;
use super::exit::{self, Exit};
use super::{house, load, say, signals};
use crate::api::wire::WatcherState;
use crate::api::{AppSnapshot, Snapshot};
use crate::config::{Config, Surroundings};
use crate::domain::Timestamp;
use crate::journal::WatcherLock;
use crate::ports::Clock;

/// How often `--watch` looks.
const RHYTHM: TimeDelta = TimeDelta::seconds(2);

pub(super) async fn run(
    path: Option<&Path>,
    args: &StatusArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    if let Some(wanted) = &args.app
        && !config.apps.iter().any(|app| app.id == wanted.0)
    {
        let known: Vec<&str> = config.apps.iter().map(|app| app.id.as_str()).collect();
        say::err(&format!(
            "haltline: there is no app {}; the config has {}",
            wanted.0,
            known.join(", ")
        ));
        return Ok(Exit::Usage);
    }
    let mut shown: Vec<String> = Vec::new();
    let mut stop = std::pin::pin!(signals::stop());
    loop {
        let snapshot = look(&config, &clock, args)?;
        let lines = if args.json {
            vec![serde_json::to_string(&snapshot)?]
        } else {
            words(&snapshot, clock.now())
        };
        let unchanged = args.watch && without_ages(&lines) == without_ages(&shown);
        if !unchanged {
            for line in &lines {
                say::out(line);
            }
            shown = lines;
        }
        if !args.watch {
            return Ok(exit::of_snapshot(&snapshot));
        }
        tokio::select! {
            () = &mut stop => return Ok(exit::of_snapshot(&snapshot)),
            () = clock.sleep_until(clock.now() + RHYTHM) => {}
        }
    }
}

fn look(config: &Config, clock: &Arc<dyn Clock>, args: &StatusArgs) -> anyhow::Result<Snapshot> {
    let mut watcher = house::look(config, clock)?;
    let mut snapshot = watcher.offline()?;
    if WatcherLock::is_locked(&config.watcher.state).unwrap_or(false) {
        snapshot.watcher = WatcherState::Acting {
            term: watcher.state().term,
        };
    }
    if let Some(wanted) = &args.app {
        snapshot.apps.retain(|app| app.id == wanted.0);
    }
    Ok(snapshot)
}

/// Linear text, one statement a line: for people, logs and screen readers.
fn words(snapshot: &Snapshot, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(match &snapshot.watcher {
        WatcherState::Acting { .. } => "a watcher is running".to_owned(),
        WatcherState::WatchingOnly { why } => {
            format!("a watcher is running but must not act: {why}")
        }
        WatcherState::NobodySince { since: None } => {
            "nobody is watching, and nobody ever has".to_owned()
        }
        WatcherState::NobodySince { since: Some(since) } => {
            format!(
                "NOBODY IS WATCHING since {}",
                since.format("%Y-%m-%d %H:%M UTC")
            )
        }
    });
    if let Some(disarmed) = &snapshot.disarmed {
        let until = disarmed.until.map_or_else(
            || "somebody arms it".to_owned(),
            |until| until.format("%Y-%m-%d %H:%M UTC").to_string(),
        );
        lines.push(format!(
            "DISARMED until {until} by {}: {}",
            disarmed.actor, disarmed.reason
        ));
    }
    for app in &snapshot.apps {
        app_words(app, now, &mut lines);
    }
    lines
}

fn app_words(app: &AppSnapshot, now: Timestamp, lines: &mut Vec<String>) {
    let id = &app.id;
    let release = app.release.as_ref().map_or_else(
        || "no release read yet".to_owned(),
        |release| {
            format!(
                "{} {} at {}",
                app.version_name,
                release.status.word(app.store),
                release.exposure
            )
        },
    );
    lines.push(format!("{id}: {}: {release}: {}", app.health, app.sentence));
    if let Some(desire) = &app.desire {
        let state = if desire.failed {
            "FAILED"
        } else {
            "requested, not confirmed"
        };
        lines.push(format!(
            "{id}: {} {state} after {} attempts: {}",
            desire.verb, desire.attempts, desire.reason
        ));
    }
    if let Some(act) = &app.announced {
        lines.push(format!(
            "{id}: {} at {} unless held ({})",
            act.verb,
            act.due.format("%H:%M:%S UTC"),
            act.rule
        ));
    }
    if app.latched {
        lines.push(format!(
            "{id}: halted on purpose: only `haltline resume {id} --reason …` lifts it"
        ));
    }
    lines.extend(
        app.needs_person
            .iter()
            .map(|why| format!("{id}: a person is needed: {why}")),
    );
    lines.extend(
        app.store_failure
            .iter()
            .map(|failure| format!("{id}: store: {failure}")),
    );
    for rule in &app.rules {
        lines.push(format!(
            "{id}: rule {}: {} (limit {}), {}",
            rule.rule,
            rule.now,
            rule.limit,
            rule_word(rule)
        ));
    }
    for source in &app.sources {
        let age = source.read_through.map_or_else(
            || "never read".to_owned(),
            |through| format!("{} old", age(now - through)),
        );
        let state = if source.fresh { "fresh" } else { "NOT FRESH" };
        lines.push(format!("{id}: source {}: {state}, {age}", source.id));
    }
    lines.extend(
        app.way_out
            .iter()
            .enumerate()
            .map(|(n, step)| format!("{id}: way out {}: {step}", n + 1)),
    );
}

fn rule_word(rule: &crate::policy::RuleStatus) -> String {
    use crate::policy::RuleState;
    match &rule.state {
        RuleState::Off => "off at this exposure".into(),
        RuleState::Armed => "armed".into(),
        RuleState::Warning => "warning".into(),
        RuleState::Breached => "BREACHED".into(),
        RuleState::Blameless => "both versions alike".into(),
        RuleState::Unknown { why } => format!("unknown: {why}"),
    }
}

/// `41 s`, `6 min`, `5 h`, `3 d`: the coarsest unit that says it.
fn age(age: TimeDelta) -> String {
    let seconds = age.num_seconds().max(0);
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5_999 => format!("{} min", seconds / 60),
        6_000..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The lines without what only time changes, so that `--watch` prints one line a change.
fn without_ages(lines: &[String]) -> Vec<&String> {
    lines
        .iter()
        .filter(|line| !line.contains(": source ") || line.contains("NOT FRESH"))
        .collect()
}
