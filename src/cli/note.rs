//! `haltline note`: words of a person, kept with the rollout.

use std::path::Path;

use super::act::{self, Asked, Scene};
use super::args::{NoteArgs, VerbArgs};
use super::exit::Exit;
use crate::config::Surroundings;
use crate::domain::{Act, PlainText};

pub(super) async fn run(
    path: Option<&Path>,
    args: &NoteArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.app.0, around).await? {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    let asked = Asked {
        act: Act::Note {
            text: PlainText::new(&args.text),
        },
        name: "note",
        done: "noted".into(),
        confirm: None,
    };
    let verb = VerbArgs {
        app: args.app.clone(),
        reason: args.text.clone(),
        expect: None,
        yes: false,
        json: args.json,
    };
    act::ask(&scene, &verb, asked, around).await
}
