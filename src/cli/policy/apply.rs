//! `haltline policy apply`: a rollout that runs goes by the policy that the config names now, once somebody has seen what that changes.

use std::path::Path;
use std::sync::Arc;

use crate::cli::act::{self, Asked, Scene};
use crate::cli::args::VerbArgs;
use crate::cli::exit::Exit;
use crate::cli::{compose, say};
use crate::config::Surroundings;
use crate::domain::{Act, PolicyChange};
use crate::engine::{self, AppState};
use crate::journal::{Access, SqliteJournal};
use crate::policy::{Policy, written};
use crate::ports::Journal as _;

pub(super) async fn run(
    path: Option<&Path>,
    args: &VerbArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.app.0, around).await {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    let (id, new) = (&scene.app.id, &scene.app.policy);
    let old = in_force(&scene)?;
    let same = if old.hash == new.hash {
        "; the rollout goes by it already"
    } else {
        ""
    };
    let asked = Asked {
        act: Act::Change {
            change: PolicyChange::Apply {
                name: new.name.clone(),
                toml: written::toml(new),
            },
        },
        name: "apply",
        done: format!(
            "the rollout goes by policy {} as the config has it",
            new.name
        ),
        confirm: Some(format!(
            "{id}: apply policy {} as {} has it{same}",
            new.name,
            scene.config.path.display()
        )),
    };
    say::err(&format!(
        "{id}: policy {} in force, {} in the config",
        old.name, new.name
    ));
    act::ask(&scene, args, asked, around).await
}

/// The policy that the rollout goes by, as the journal has it.
fn in_force(scene: &Scene) -> anyhow::Result<Arc<Policy>> {
    let (id, dir) = (&scene.app.id, &scene.config.watcher.state);
    let state = if SqliteJournal::exists(dir) {
        let journal = SqliteJournal::open(dir, Access::ReadOnly)?;
        engine::replay(&journal.records_after(0)?).app(id).cloned()
    } else {
        None
    };
    let plan = compose::plan(&scene.config);
    let state = state.unwrap_or_else(AppState::default);
    Ok(plan.apps.get(id).map_or_else(
        || Arc::clone(&scene.app.policy),
        |plan| engine::in_force(plan, &state),
    ))
}
