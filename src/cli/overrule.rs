//! Changes of the policy of a rollout that runs: `haltline override` lays something else over one rule for some time or takes it
//! away again, `haltline policy apply` has it go by the policy that the config names now. What differs is told first; what
//! loosens is asked back.

use std::path::Path;

use super::act::{self, Asked, Scene};
use super::args::{OverrideArgs, VerbArgs};
use super::exit::Exit;
use super::guards::Guards;
use super::say;
use crate::config::Surroundings;
use crate::domain::{Act, PlainText, PolicyChange, RuleOverride};
use crate::policy::change::is_looser;
use crate::policy::written;

/// `haltline override`
pub(super) async fn lay_over(
    path: Option<&Path>,
    args: &OverrideArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.verb.app.0, around).await {
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
    ask(&scene, &args.verb, (name, done, change), around).await
}

/// `haltline policy apply`
pub(super) async fn apply(
    path: Option<&Path>,
    args: &VerbArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.app.0, around).await {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    let new = &scene.app.policy;
    let done = format!(
        "the rollout goes by policy {} as the config has it",
        new.name
    );
    let change = PolicyChange::Apply {
        name: new.name.clone(),
        toml: written::toml(new),
    };
    ask(&scene, args, ("apply", done, change), around).await
}

async fn ask(
    scene: &Scene,
    args: &VerbArgs,
    (name, done, change): (&'static str, String, PolicyChange),
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let id = &scene.app.id;
    // What fits no rule is refused by the engine, in its words.
    let differences = Guards::of(scene)?.differences(&change, &scene.app.policy);
    let differences = differences.unwrap_or_default();
    for difference in &differences {
        say::err(&format!("{id}: {}", difference.words));
    }
    let loosens = is_looser(&differences);
    let asked = Asked {
        act: Act::Change { change },
        name,
        done,
        confirm: loosens.then(|| format!("{name} {id}: this loosens what guards the rollout")),
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
