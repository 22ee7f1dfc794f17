//! Changes of the policy of a rollout that runs: `haltline override` lays something else over one rule for some time or takes it
//! away again, `haltline policy apply` has it go by the policy that the config names now. What differs is told first; what
//! loosens is asked back.

use std::path::Path;

use super::act::{self, Asked, Scene};
use super::args::{OverrideArgs, VerbArgs};
use super::attach::Reach;
use super::exit::Exit;
use super::guards::Guards;
use super::{load, say};
use crate::config::{self, AppConfig, Config, Surroundings};
use crate::domain::{Act, PlainText, PolicyChange, RuleOverride};
use crate::policy::change::is_looser;
use crate::policy::written;

/// `haltline override`
pub(super) async fn lay_over(
    path: Option<&Path>,
    args: &OverrideArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.verb.app.0, around).await? {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    let rule = args.rule.clone();
    let (name, done, change) = match args.seconds {
        Some(seconds) => {
            let (with, words) = laid_over(args);
            let time = humantime::format_duration(std::time::Duration::from_secs(seconds.into()));
            let done = format!("rule {rule} {words} for {time}");
            let change = PolicyChange::Override {
                rule,
                with,
                seconds,
            };
            ("override", done, change)
        }
        None => (
            "end-override",
            format!("rule {rule} goes by the policy again"),
            PolicyChange::EndOverride { rule },
        ),
    };
    // Whoever is attached needs no config, and is not told that there is none.
    let at_hand = matches!(scene.reach, Reach::Journal(..)) || config::locate(path, around).is_ok();
    let own = at_hand.then(|| own_config(&scene, path, around));
    let own = own.and_then(Result::ok);
    let what = (name, done, change);
    ask(&scene, own.as_ref(), &args.verb, what, around).await
}

/// `haltline policy apply`
pub(super) async fn apply(
    path: Option<&Path>,
    args: &VerbArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.app.0, around).await? {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    let (config, app) = match own_config(&scene, path, around) {
        Ok(own) => own,
        Err(exit) => return Ok(exit),
    };
    let new = &app.policy;
    let done = format!(
        "the rollout goes by policy {} as the config has it",
        new.name
    );
    let change = PolicyChange::Apply {
        name: new.name.clone(),
        toml: written::toml(new),
    };
    let own = (config, app);
    ask(&scene, Some(&own), args, ("apply", done, change), around).await
}

/// The config at hand, and what it says of the app; where there is none, that has been said.
fn own_config(
    scene: &Scene,
    path: Option<&Path>,
    around: &Surroundings,
) -> Result<(Config, AppConfig), Exit> {
    let config = match &scene.reach {
        Reach::Journal(config, _) => Config::clone(config),
        Reach::Socket(_) => load::config(path, around)?,
    };
    load::known(&scene.id, config.apps.iter().map(|app| &app.id))?;
    let app = config.apps.iter().find(|app| app.id == scene.id).cloned();
    app.map(|app| (config, app)).ok_or(Exit::Usage)
}

async fn ask(
    scene: &Scene,
    own: Option<&(Config, AppConfig)>,
    args: &VerbArgs,
    (name, done, change): (&'static str, String, PolicyChange),
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let id = &scene.id;
    let differences = match own {
        // What fits no rule is refused by the engine, in its words.
        Some((config, app)) => {
            let guards = Guards::of(scene, config, app).await?;
            Some(guards.differences(&change, &app.policy).unwrap_or_default())
        }
        None => None,
    };
    for difference in differences.iter().flatten() {
        say::err(&format!("{id}: {}", difference.words));
    }
    let confirm = match &differences {
        Some(differences) if is_looser(differences) => "this loosens what guards the rollout",
        Some(_) => "",
        None => {
            "without a config it is not known here whether this loosens what guards the rollout"
        }
    };
    let confirm = (!confirm.is_empty()).then(|| format!("{name} {id}: {confirm}"));
    let asked = Asked {
        act: Act::Change { change },
        name,
        done,
        confirm,
    };
    act::ask(scene, args, asked, around).await
}

/// What is laid over the rule, and in words: `has the limit 99.50%`.
fn laid_over(args: &OverrideArgs) -> (RuleOverride, String) {
    match (&args.limit, &args.action) {
        (Some(limit), _) => {
            let limit = limit.clone();
            let words = format!("has the limit {limit}");
            (RuleOverride::Limit { limit }, words)
        }
        (None, Some(action)) => {
            let action = PlainText::from(action.as_str());
            let words = format!("answers with {action}");
            (RuleOverride::Action { action }, words)
        }
        (None, None) => (RuleOverride::Off, "is off".to_owned()),
    }
}
