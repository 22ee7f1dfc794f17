//! The items of the checklist, in the order in which they are told.

use super::look::Seen;
use crate::cli::{doctor, words};
use crate::config::{AppConfig, BaselineConfig, Config, Fallback};
use crate::domain::{PlainText, Timestamp};
use crate::journal::{WatcherLock, disarm};
use crate::policy::observation::DataState;
use crate::policy::readiness::{self, Aim, Item, Mark};
use crate::watcher;

/// The item that decides on the exit code for credentials and rights.
pub(super) const RIGHTS: &str = "rights";

pub(super) fn all(
    config: &Config,
    app: &AppConfig,
    aim: Aim,
    seen: &Seen,
    now: Timestamp,
) -> Vec<Item> {
    let mut items = vec![
        rights(seen),
        sources(seen),
        baseline(app, aim, seen),
        readiness::rules(&app.policy, aim.exposure),
    ];
    items.extend(readiness::halts(&app.policy, aim.exposure, &seen.sources));
    items.extend([
        readiness::sight(&app.policy, aim, seen.baseline.as_ref()),
        automation(config, app, now),
        watch(config, app, now),
        fallback(app),
    ]);
    items
}

fn list(words: impl Iterator<Item = String>) -> PlainText {
    words.collect::<Vec<_>>().join("; ").into()
}

fn rights(seen: &Seen) -> Item {
    let missing = || {
        let failed = seen.access.iter();
        failed.filter_map(|check| Some((check, check.result.as_ref().err()?)))
    };
    let finding = list(missing().map(|(check, failure)| format!("{}: {failure}", check.right)));
    let todo = "`haltline doctor` tries every credential and names what each missing right stops";
    if missing().next().is_none() {
        return Item::ready(RIGHTS, format!("all {} are there", seen.access.len()));
    }
    // Who could not be reached has refused nothing.
    let refused = missing().any(|(_, failure)| !failure.kind.is_transient());
    let mark = if refused { Mark::Failed } else { Mark::Unknown };
    Item::not_ready(RIGHTS, mark, finding, todo)
}

fn sources(seen: &Seen) -> Item {
    let item = "sources";
    if seen.sources.is_empty() {
        let finding = "the app has no health source: nothing would be noticed";
        return Item::not_ready(item, Mark::Failed, finding, "add [[app.health]]");
    }
    let old = || seen.sources.iter().filter(|source| !source.is_fresh());
    if old().next().is_none() {
        let names = seen.sources.iter().map(|source| source.id.to_string());
        return Item::ready(item, format!("fresh: {}", list(names)));
    }
    let mark = |source: &crate::policy::SourceState| match source.state {
        DataState::Fresh => Mark::Ready,
        _ if !source.required => Mark::Warning,
        DataState::Late => Mark::Warning,
        DataState::Missing => Mark::Unknown,
        DataState::Stale | DataState::Anomalous => Mark::Failed,
    };
    let worst = old().map(mark).max().unwrap_or(Mark::Unknown);
    let finding = list(old().map(|source| {
        let why = source.why.as_ref().map(|why| format!(" ({why})"));
        format!(
            "{} is {}{}",
            source.id,
            source.state.word(),
            why.unwrap_or_default()
        )
    }));
    let todo = "wait until it is fresh, or mend it: a rollout that nobody sees is judged unknown and goes on";
    Item::not_ready(item, worst, finding, todo)
}

fn baseline(app: &AppConfig, aim: Aim, seen: &Seen) -> Item {
    let item = "baseline";
    if app.baseline == BaselineConfig::None {
        let finding = "baseline = \"none\": an outage of the backend stops the rollout too";
        let todo = "write baseline = \"previous\" wherever the store serves an older version";
        return Item::not_ready(item, Mark::Warning, finding, todo);
    }
    match (&seen.before, &seen.baseline) {
        (_, Some(known)) => readiness::baseline(&app.policy, aim.exposure, known),
        (Some(version), None) => {
            let finding = format!("no source has counted a session of {version}");
            let todo = "see that `release` of [[app.health]] names versions as the app does";
            Item::not_ready(item, Mark::Unknown, finding, todo)
        }
        (None, None) => {
            let finding = "the store shows no version to compare with";
            let todo = "for a first version write baseline = \"none\"";
            Item::not_ready(item, Mark::Unknown, finding, todo)
        }
    }
}

/// Whether haltline would do anything.
fn automation(config: &Config, app: &AppConfig, now: Timestamp) -> Item {
    let item = "automation";
    let state = &config.watcher.state;
    let pressed = disarm::read(state, now);
    if let Some(entry) = pressed.iter().find(|entry| entry.covers(&app.id)) {
        let until = entry
            .until
            .map_or_else(|| "somebody arms it".to_owned(), words::moment);
        let finding = format!(
            "disarmed until {until} by {}: {}",
            entry.actor, entry.reason
        );
        return Item::not_ready(item, Mark::Failed, finding, "haltline arm");
    }
    if let Some(why) = doctor::journal_problem(state) {
        let todo = "`haltline audit --verify` says more: without a journal haltline watches and does not act";
        return Item::not_ready(item, Mark::Failed, why, todo);
    }
    if app.advise {
        let finding = "mode = \"advise\": haltline tells, and does not act";
        let todo = "have somebody there who acts, or leave the mode out";
        return Item::not_ready(item, Mark::Warning, finding, todo);
    }
    if WatcherLock::is_locked(state).unwrap_or(false) {
        Item::ready(item, "a watcher is running")
    } else {
        let finding = "no watcher runs on this state folder";
        let todo = "haltline watch, or `watch --once` from cron, before the rollout begins";
        Item::not_ready(item, Mark::Warning, finding, todo)
    }
}

fn watch(config: &Config, app: &AppConfig, now: Timestamp) -> Item {
    let train = config
        .trains
        .iter()
        .find(|train| Some(&train.name) == app.train.as_ref());
    let view = train.map(|train| watcher::train_view(train, now));
    match view.as_ref().and_then(words::on_watch) {
        Some(words) => Item::ready("watch", words),
        None => Item::not_ready(
            "watch",
            Mark::Warning,
            "nobody is named to be on watch",
            "name owners in a [train.NAME], and write train = \"NAME\" in the app's table",
        ),
    }
}

fn fallback(app: &AppConfig) -> Item {
    let finding = match &app.fallback {
        Some(Fallback::Flag(name)) => format!("the flag {name} takes the feature back"),
        Some(Fallback::RemoteConfig(name)) => {
            format!("the remote configuration {name} takes the feature back")
        }
        Some(Fallback::None) => {
            "none, as the config says: only a new release takes anything back".to_owned()
        }
        None => {
            return Item::not_ready(
                "fallback",
                Mark::Failed,
                "nobody has said what takes a feature back without a release",
                "write fallback = \"flag:NAME\", \"remote-config:NAME\" or \"none\" in the app's table",
            );
        }
    };
    Item::ready("fallback", finding)
}
