//! `haltline declare`: a person says that a critical flow is broken, or works again; the policy's tiers answer.

use std::path::Path;

use super::act::{self, Asked, Scene};
use super::args::DeclareArgs;
use super::exit::Exit;
use crate::config::Surroundings;
use crate::domain::Act;

pub(super) async fn run(
    path: Option<&Path>,
    args: &DeclareArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.verb.app.0, around).await? {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    let flow = args.critical_flow.clone();
    let asked = match args.fix {
        Some(fix) => Asked {
            name: "declare",
            done: format!("{flow} is declared broken, its fix {}", fix.word()),
            act: Act::Declare { flow, fix },
            confirm: None,
        },
        None => Asked {
            name: "withdraw",
            done: format!("{flow} is not declared broken any more"),
            act: Act::Withdraw { flow },
            confirm: None,
        },
    };
    act::ask(&scene, &args.verb, asked, around).await
}
