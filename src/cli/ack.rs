//! `haltline ack`: somebody is there.

use std::path::Path;

use super::act::{self, Asked, Scene};
use super::args::{AckArgs, VerbArgs};
use super::exit::Exit;
use crate::config::Surroundings;
use crate::domain::Act;

pub(super) async fn run(
    path: Option<&Path>,
    args: &AckArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.app.0, around).await? {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    let asked = Asked {
        act: Act::Acknowledge,
        name: "ack",
        done: "acknowledged".into(),
        confirm: None,
    };
    let verb = VerbArgs {
        app: args.app.clone(),
        reason: args.words.clone().unwrap_or_default(),
        expect: None,
        yes: false,
        json: args.json,
    };
    act::ask(&scene, &verb, asked, around).await
}
