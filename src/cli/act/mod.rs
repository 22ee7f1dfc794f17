//! What people ask for on the command line: the verbs (`pause`, `resume`, `halt`, `hold`, `advance`, `complete`, `start`), and
//! whatever else the engine is asked.
//!
//! Where a watcher runs it is asked; where none does, this process acts by itself with the same journal and the same rules.
//! Either way the verb ends only when the store was read back, or it is certain that it failed.

mod carry;
mod ending;
mod over_socket;

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use super::args::VerbArgs;
use super::attach::{self, Reach};
use super::exit::Exit;
use super::{identity, load, say};
use crate::config::Surroundings;
use crate::domain::{
    Act, ActRequest, AppId, Exposure, Failure, FailureKind, PlainText, Standing, StoreKind, Verb,
};
use crate::ports::{Clock as _, WallClock};

use carry::{Carried, carry_out};
use ending::Document;
pub(super) use ending::Ending;

/// How long an act waits for the store to agree, in seconds of the wall, whatever clock the watcher goes by.
const PATIENCE: i64 = 60;

/// What is asked of the engine, and how it is told.
pub(super) struct Asked {
    pub act: Act,
    /// The command's name: `halt`.
    pub name: &'static str,
    /// Of what is done: `halted`.
    pub done: String,
    /// What it means, where it has to be confirmed: it raises exposure, or loosens what guards it.
    pub confirm: Option<String>,
}

/// Whom it is asked about, and of whom.
pub(super) struct Scene {
    pub reach: Reach,
    pub id: AppId,
    pub store: StoreKind,
    /// The last record that was there before.
    before: u64,
}

impl Scene {
    /// The watcher or the journal, and the app; else the exit code, after it was said what is wrong.
    pub(super) async fn of(
        path: Option<&Path>,
        id: &AppId,
        around: &Surroundings,
    ) -> anyhow::Result<Result<Self, Exit>> {
        let reach = match attach::reach(path, around).await {
            Ok(reach) => reach,
            Err(exit) => return Ok(Err(exit)),
        };
        Self::at(reach, id).await
    }

    /// The same of who is reached already.
    pub(super) async fn at(reach: Reach, id: &AppId) -> anyhow::Result<Result<Self, Exit>> {
        let (store, before) = match &reach {
            Reach::Socket(_) => {
                let picture = match reach.picture_with(id).await? {
                    Ok(picture) => picture,
                    Err(exit) => return Ok(Err(exit)),
                };
                let app = picture.apps.iter().find(|app| app.id == *id);
                (app.map(|app| app.store), picture.seq)
            }
            Reach::Journal(config, _) => {
                if let Err(exit) = load::known(id, config.apps.iter().map(|app| &app.id)) {
                    return Ok(Err(exit));
                }
                let app = config.apps.iter().find(|app| app.id == *id);
                (app.map(|app| app.store.kind()), 0)
            }
        };
        let id = id.clone();
        Ok(store.ok_or(Exit::Usage).map(|store| Self {
            reach,
            id,
            store,
            before,
        }))
    }
}

/// A verb.
pub(super) async fn run(
    path: Option<&Path>,
    verb: Verb,
    args: &VerbArgs,
    to: Option<Exposure>,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.app.0, around).await? {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    carry(&scene, verb, args, to, around).await
}

/// The same once it is known whom to ask.
pub(super) async fn carry(
    scene: &Scene,
    verb: Verb,
    args: &VerbArgs,
    to: Option<Exposure>,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let store = scene.store;
    let confirm = (!verb.lowers()).then(|| {
        let target = to.map_or_else(String::new, |to| format!(" to {to}"));
        let (id, meaning) = (&scene.id, verb.meaning(store));
        format!("{verb} {id}{target} on {}: {meaning}", store.name())
    });
    let asked = Asked {
        act: Act::Do { verb, to },
        name: verb.name(),
        done: verb.past().to_owned(),
        confirm,
    };
    ask(scene, args, asked, around).await
}

/// Asks, after confirmation where that is wanted, follows what becomes of it, and tells.
pub(super) async fn ask(
    scene: &Scene,
    args: &VerbArgs,
    asked: Asked,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let id = &scene.id;
    let Asked {
        act,
        name,
        done,
        confirm,
    } = asked;
    let starts = matches!(
        act,
        Act::Do {
            verb: Verb::Start,
            ..
        }
    );
    let request = ActRequest {
        id: request_id(name),
        app: Some(id.clone()),
        act,
        actor: identity::person(around),
        standing: Standing::default(),
        reason: args.reason.as_str().into(),
        expect: args.expect,
    };
    let confirmed = confirm
        .filter(|_meaning| !args.yes)
        .map_or(Ok(()), |meaning| confirmed(id, &meaning, around));
    let Carried { ending, alone } = match confirmed {
        Ok(()) => carry_out(scene, &request).await?,
        Err(why) => Carried {
            ending: Ending::Refused(why.into()),
            alone: false,
        },
    };
    let exit = tell(&ending, (id, scene.store), name, &done, args.json);
    if alone && (ending.goes_on() || (starts && exit == Exit::Fine)) {
        say::err(&format!(
            "{id}: nobody is watching: it goes on only while somebody does: haltline watch"
        ));
    }
    Ok(exit)
}

/// Tells how an act ended; `name` is the command's, `done` says it of what is done.
pub(super) fn tell(
    ending: &Ending,
    (id, store): (&AppId, StoreKind),
    name: &'static str,
    done: &str,
    json: bool,
) -> Exit {
    if json {
        say::json(&Document {
            schema: "haltline/act/v1",
            app: id,
            verb: name,
            ending,
        });
    }
    say::err(&ending.words((id, store), name, done));
    ending.exit()
}

/// Stops a rollout where nobody watches: at which exposure it stands still now.
pub(super) async fn alone(
    reach: Reach,
    id: &AppId,
    verb: Verb,
    reason: &PlainText,
    around: &Surroundings,
) -> Result<Exposure, Failure> {
    let internal = |why: String| Failure::new(FailureKind::Internal, why);
    let scene = Scene::at(reach, id).await;
    let scene = scene.map_err(|error| internal(format!("{error:#}")))?;
    let none = |_exit| Failure::new(FailureKind::NotFound, "your config has no such app");
    let request = ActRequest {
        id: request_id(verb.name()),
        app: Some(id.clone()),
        act: Act::Do { verb, to: None },
        actor: identity::person(around),
        standing: Standing::default(),
        reason: reason.clone(),
        expect: None,
    };
    let carried = carry_out(&scene.map_err(none)?, &request).await;
    match carried
        .map_err(|error| internal(format!("{error:#}")))?
        .ending
    {
        Ending::Confirmed { exposure, .. } => Ok(exposure),
        Ending::Failed { failure } => Err(failure),
        Ending::Refused(refusal) => Err(Failure::new(FailureKind::Refused, refusal.why)),
        Ending::Done | Ending::Waits { .. } | Ending::Waiting { .. } => Err(Failure::new(
            FailureKind::Ambiguous,
            "the store has not confirmed it yet",
        )),
    }
}

/// Of a request: different from that of every other one.
pub(super) fn request_id(name: &str) -> String {
    let at = WallClock.now().timestamp_micros();
    format!("{at}-{}-{name}", std::process::id())
}

/// What raises exposure or loosens its guards wants a word typed: the app's id. Else why it is not done.
fn confirmed(id: &AppId, meaning: &str, around: &Surroundings) -> Result<(), &'static str> {
    say::err(meaning);
    let asks = std::io::stdin().is_terminal() && around.var("CI").is_none();
    if !asks {
        return Err(
            "this raises exposure, or loosens what guards it, and nobody can be asked here; say --yes if you mean it",
        );
    }
    say::err(&format!("type {id} to go on, anything else to stop:"));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if read.is_ok() && line.trim() == id.as_str() {
        Ok(())
    } else {
        Err("it was not confirmed")
    }
}
