//! `haltline disarm` and `arm`: needs neither watcher, journal, network nor a config without errors.

use std::path::Path;

use serde::Serialize;

use super::args::{ArmArgs, DisarmArgs};
use super::exit::Exit;
use super::{house, identity, load, say};
use crate::config::{Loaded, Surroundings};
use crate::domain::{Act, ActRequest, AppId, PlainText, Timestamp};
use crate::journal::disarm;
use crate::ports::{Clock, WallClock};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    app: Option<&'a AppId>,
    /// As read back afterwards.
    disarmed: bool,
    until: Option<Timestamp>,
    problem: Option<&'a str>,
}

pub(super) fn disarm(path: Option<&Path>, args: &DisarmArgs, around: &Surroundings) -> Exit {
    let until = WallClock.now() + args.duration;
    let app = args.app.as_ref().map(|app| &app.0);
    press(
        path,
        app,
        Act::Disarm { until },
        &args.reason,
        args.json,
        around,
    )
}

pub(super) fn arm(path: Option<&Path>, args: &ArmArgs, around: &Surroundings) -> Exit {
    let app = args.app.as_ref().map(|app| &app.0);
    press(path, app, Act::Arm, &args.reason, args.json, around)
}

fn press(
    path: Option<&Path>,
    app: Option<&AppId>,
    act: Act,
    reason: &str,
    json: bool,
    around: &Surroundings,
) -> Exit {
    let Loaded {
        state,
        apps,
        config,
        ..
    } = match load::locate_and_load(path, around) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if let Some(Err(exit)) = app.map(|app| load::known(app, apps.iter())) {
        return exit;
    }
    if config.is_none() {
        say::err(&format!(
            "haltline: the config has errors (haltline config check); going by {} as the state folder. Where the watcher has \
             another one, make an empty file DISARM in that",
            state.display()
        ));
    }
    let until = if let Act::Disarm { until } = act {
        Some(until)
    } else {
        None
    };
    let request = ActRequest {
        id: String::new(),
        app: app.cloned(),
        act,
        actor: identity::person(around),
        standing: crate::domain::Standing::default(),
        reason: PlainText::from(reason),
        expect: None,
    };
    let done = house::set_disarm(&state, &request, WallClock.now());
    let problem = done.as_ref().err().map(String::as_str);
    if json {
        let disarmed = disarm::read(&state, WallClock.now())
            .iter()
            .any(|entry| entry.app.is_none() || entry.app.as_ref() == app);
        say::json(&Document {
            schema: "haltline/disarm/v1",
            app,
            disarmed,
            until,
            problem,
        });
    }
    let whom = app.map_or_else(|| "all apps".to_owned(), ToString::to_string);
    match (problem, until) {
        (Some(why), _) => say::err(&format!("haltline: {whom}: {}: {why}", state.display())),
        (None, Some(until)) => say::err(&format!(
            "DISARMED: {whom}: haltline does nothing by itself until {} (or haltline arm)",
            until.format("%Y-%m-%d %H:%M UTC")
        )),
        (None, None) => say::err(&format!("armed: {whom}")),
    }
    if problem.is_some() {
        Exit::Internal
    } else {
        Exit::Fine
    }
}
