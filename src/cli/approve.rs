//! `haltline approve`: a person opens the next gate as far as approval goes, or agrees to a change that waits for a second one.

use std::path::Path;

use super::act::{self, Asked, Scene};
use super::args::VerbArgs;
use super::exit::Exit;
use crate::config::Surroundings;
use crate::domain::Act;

pub(super) async fn run(
    path: Option<&Path>,
    args: &VerbArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.app.0, around).await? {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    let asked = Asked {
        act: Act::Approve,
        name: "approve",
        done: "approved".into(),
        confirm: Some(format!(
            "approve {}: haltline raises exposure on {} once nothing else keeps the next gate shut; where a change of the policy \
             waits for a second person, it is in force at once",
            scene.id,
            scene.store.name()
        )),
    };
    act::ask(&scene, args, asked, around).await
}
