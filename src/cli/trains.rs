//! `haltline trains`: who is on watch, what is due next, and when the next ones leave. From the config alone.

use std::path::Path;

use serde::Serialize;

use super::args::JsonArgs;
use super::exit::Exit;
use super::{load, say, words};
use crate::api::wire::TrainView;
use crate::config::{Config, Surroundings};
use crate::domain::{AppId, Timestamp};
use crate::policy::train::Train;
use crate::watcher;

/// Departures that are listed.
const AHEAD: usize = 3;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    at: Timestamp,
    trains: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    view: TrainView,
    /// Whose releases ride it.
    apps: Vec<&'a AppId>,
    /// The next ones; fewer where it has no more.
    departures: Vec<Timestamp>,
}

pub(super) async fn run(
    path: Option<&Path>,
    args: &JsonArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let now = clock.now();
    let trains = config.trains.iter();
    let trains: Vec<Shown<'_>> = trains.map(|train| shown(&config, train, now)).collect();
    if args.json {
        say::json(&Document {
            schema: "haltline/trains/v1",
            at: now,
            trains,
        });
        return Ok(Exit::Fine);
    }
    if trains.is_empty() {
        say::err(
            "haltline: no train is configured: add [train.NAME]; `haltline config example` shows one",
        );
    }
    for train in &trains {
        for line in lines(train) {
            say::out(&line);
        }
    }
    Ok(Exit::Fine)
}

fn shown<'a>(config: &'a Config, train: &Train, now: Timestamp) -> Shown<'a> {
    let riders = config.apps.iter();
    let riders = riders.filter(|app| app.train.as_ref() == Some(&train.name));
    Shown {
        view: watcher::train_view(train, now),
        apps: riders.map(|app| &app.id).collect(),
        departures: train.departures(now).take(AHEAD).collect(),
    }
}

fn lines(train: &Shown<'_>) -> [String; 5] {
    let Shown {
        view,
        apps,
        departures,
    } = train;
    let or = |words: String, none: &str| {
        if words.is_empty() {
            none.to_owned()
        } else {
            words
        }
    };
    let list = |words: Vec<String>| words.join(", ");
    let apps = list(apps.iter().map(ToString::to_string).collect());
    let departures = departures.iter().map(|at| words::local(view, *at));
    [
        format!("train {} ({})", view.train, view.zone),
        format!(
            "  rides    {}",
            or(apps, "no app; write train = in [[app]]")
        ),
        format!(
            "  watch    {}",
            words::on_watch(view).unwrap_or_else(|| "nobody is named; write owners =".to_owned())
        ),
        format!(
            "  next     {}",
            words::due(view).unwrap_or_else(|| "nothing is due any more".to_owned())
        ),
        format!(
            "  leaves   {}",
            or(list(departures.collect()), "not any more")
        ),
    ]
}
