//! `haltline disarm` and `arm`: needs neither watcher, journal, network nor a config without errors. Only where the button is not this
//! user's to press, the watcher is asked to.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{ArmArgs, DisarmArgs};
use super::exit::Exit;
use super::{act, attach, house, identity, load, say};
use crate::api::remote::Line;
use crate::config::{self, Loaded, Surroundings};
use crate::domain::{Act, ActReply, ActRequest, AppId, PlainText, Timestamp};
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

pub(super) async fn disarm(path: Option<&Path>, args: &DisarmArgs, around: &Surroundings) -> Exit {
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
    .await
}

pub(super) async fn arm(path: Option<&Path>, args: &ArmArgs, around: &Surroundings) -> Exit {
    let app = args.app.as_ref().map(|app| &app.0);
    press(path, app, Act::Arm, &args.reason, args.json, around).await
}

async fn press(
    path: Option<&Path>,
    app: Option<&AppId>,
    what: Act,
    reason: &str,
    json: bool,
    around: &Surroundings,
) -> Exit {
    let until = if let Act::Disarm { until } = what {
        Some(until)
    } else {
        None
    };
    let request = ActRequest {
        id: act::request_id("button"),
        app: app.cloned(),
        act: what,
        actor: identity::person(around),
        standing: crate::domain::Standing::default(),
        reason: PlainText::from(reason),
        expect: None,
    };
    let Pressed { place, done } = match pressed(path, &request, around).await {
        Ok(pressed) => pressed,
        Err(exit) => return exit,
    };
    let problem = done.as_ref().err().map(String::as_str);
    if json {
        // Where the button is a file it was read back; else the watcher says so.
        let disarmed = match &place {
            Place::File(state) => disarm::read(state, WallClock.now())
                .iter()
                .any(|entry| entry.app.is_none() || entry.app.as_ref() == app),
            Place::Watcher(_) => until.is_some() == problem.is_none(),
        };
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
        (Some(why), _) => say::err(&format!(
            "haltline: {whom}: {}: {why}",
            place.path().display()
        )),
        (None, Some(until)) => say::err(&format!(
            "DISARMED: {whom}: haltline does nothing by itself until {} (or haltline arm)",
            until.format("%Y-%m-%d %H:%M UTC")
        )),
        (None, None) => say::err(&format!("armed: {whom}")),
    }
    match (problem, place) {
        (None, _) => Exit::Fine,
        (Some(_), Place::File(_)) => Exit::Internal,
        (Some(_), Place::Watcher(_)) => Exit::Refused,
    }
}

/// Which button was pressed.
enum Place {
    /// The file in this state folder.
    File(PathBuf),
    /// That of the watcher at this socket, which pressed it.
    Watcher(PathBuf),
}

impl Place {
    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Watcher(path) => path,
        }
    }
}

struct Pressed {
    place: Place,
    done: Result<(), String>,
}

/// Presses the button in its file; where that is another user's, or another watcher was asked for, has the watcher press it.
async fn pressed(
    path: Option<&Path>,
    request: &ActRequest,
    around: &Surroundings,
) -> Result<Pressed, Exit> {
    let app = request.app.as_ref();
    let places = config::locate(path, around).ok();
    let places = places.and_then(|located| config::whereabouts(&located, around));
    let elsewhere = attach::asked(around)
        .is_some_and(|asked| places.as_ref().is_none_or(|(_, own)| *own != asked));
    if (elsewhere || places.is_none())
        && let Some(line) = attach::line(path, around).await?
    {
        return Ok(through(&line, request).await);
    }
    let Loaded {
        state,
        apps,
        config,
        ..
    } = load::locate_and_load(path, around)?;
    if let Some(app) = app {
        load::known(app, apps.iter())?;
    }
    if config.is_none() {
        say::err(&format!(
            "haltline: the config has errors (haltline config check); going by {} as the state folder. Where the watcher has \
             another one, make an empty file DISARM in that",
            state.display()
        ));
    }
    let done = house::set_disarm(&state, request, WallClock.now());
    if done.is_err()
        && let Ok(Some(line)) = attach::line(path, around).await
    {
        return Ok(through(&line, request).await);
    }
    let place = Place::File(state);
    Ok(Pressed { place, done })
}

async fn through(line: &Line, request: &ActRequest) -> Pressed {
    let done = match line.act(request.clone()).await {
        Ok(ActReply::Refused(refusal)) => Err(refusal.to_string()),
        Ok(_) => Ok(()),
        Err(failure) => Err(failure.to_string()),
    };
    let place = Place::Watcher(line.socket().to_owned());
    Pressed { place, done }
}
