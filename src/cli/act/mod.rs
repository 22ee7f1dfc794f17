//! What people ask for on the command line: the verbs (`pause`, `resume`, `halt`, `hold`, `advance`, `complete`, `start`), and
//! whatever else the engine is asked.
//!
//! Where a watcher runs it is asked; where none does, this process acts by itself with the same journal and the same rules.
//! Either way the verb ends only when the store was read back, or it is certain that it failed.

mod carry;
mod ending;

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use super::args::VerbArgs;
use super::exit::Exit;
use super::{identity, load, say};
use crate::config::{AppConfig, Config, Surroundings};
use crate::domain::{Act, ActRequest, AppId, Exposure, Verb};
use crate::ports::Clock;

use carry::{Carried, carry_out};
use ending::{Document, Ending};

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

/// Whom it is asked about, by whom and how.
pub(super) struct Scene {
    pub config: Config,
    pub clock: Arc<dyn Clock>,
    pub app: AppConfig,
}

impl Scene {
    /// The config, its clock and the app; else the exit code, after it was said what is wrong.
    pub(super) async fn of(
        path: Option<&Path>,
        id: &AppId,
        around: &Surroundings,
    ) -> Result<Self, Exit> {
        let (config, clock) = load::with_clock(path, around).await?;
        load::known(id, config.apps.iter().map(|app| &app.id))?;
        let app = config.apps.iter().find(|app| app.id == *id).cloned();
        let app = app.ok_or(Exit::Usage)?;
        Ok(Self { config, clock, app })
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
    let scene = match Scene::of(path, &args.app.0, around).await {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    let store = scene.app.store.kind();
    let confirm = (!verb.lowers()).then(|| {
        let target = to.map_or_else(String::new, |to| format!(" to {to}"));
        let (id, meaning) = (&scene.app.id, verb.meaning(store));
        format!("{verb} {id}{target} on {}: {meaning}", store.name())
    });
    let asked = Asked {
        act: Act::Do { verb, to },
        name: verb.name(),
        done: verb.past().to_owned(),
        confirm,
    };
    ask(&scene, args, asked, around).await
}

/// Asks, after confirmation where that is wanted, follows what becomes of it, and tells.
pub(super) async fn ask(
    scene: &Scene,
    args: &VerbArgs,
    asked: Asked,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let Scene { config, clock, app } = scene;
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
        id: format!(
            "{}-{}-{name}",
            clock.now().timestamp_micros(),
            std::process::id()
        ),
        app: Some(app.id.clone()),
        act,
        actor: identity::person(around),
        standing: crate::domain::Standing::default(),
        reason: args.reason.as_str().into(),
        expect: args.expect,
    };
    let confirmed = confirm
        .filter(|_meaning| !args.yes)
        .map_or(Ok(()), |meaning| confirmed(app, &meaning, around));
    let Carried { ending, alone } = match confirmed {
        Ok(()) => carry_out(config, clock, &request, &app.id).await?,
        Err(why) => Carried {
            ending: Ending::Refused { why: why.into() },
            alone: false,
        },
    };
    if args.json {
        say::json(&Document {
            schema: "haltline/act/v1",
            app: &app.id,
            verb: name,
            ending: &ending,
        });
    }
    say::err(&ending.words(app, name, &done));
    if alone && (ending.goes_on() || (starts && ending.exit() == Exit::Fine)) {
        say::err(&format!(
            "{}: nobody is watching: it goes on only while somebody does: haltline watch",
            app.id
        ));
    }
    Ok(ending.exit())
}

/// What raises exposure or loosens its guards wants a word typed: the app's id. Else why it is not done.
fn confirmed(app: &AppConfig, meaning: &str, around: &Surroundings) -> Result<(), &'static str> {
    say::err(meaning);
    let asks = std::io::stdin().is_terminal() && around.var("CI").is_none();
    if !asks {
        return Err(
            "this raises exposure, or loosens what guards it, and nobody can be asked here; say --yes if you mean it",
        );
    }
    say::err(&format!("type {} to go on, anything else to stop:", app.id));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if read.is_ok() && line.trim() == app.id.as_str() {
        Ok(())
    } else {
        Err("it was not confirmed")
    }
}
