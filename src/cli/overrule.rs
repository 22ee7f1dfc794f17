//! `haltline override`: something else is laid over one rule for some time, and taken away again.

use std::path::Path;

use super::act::{self, Asked, Scene};
use super::args::OverrideArgs;
use super::exit::Exit;
use crate::config::Surroundings;
use crate::domain::{Act, PlainText, PolicyChange, RuleOverride};

pub(super) async fn run(
    path: Option<&Path>,
    args: &OverrideArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let scene = match Scene::of(path, &args.verb.app.0, around).await {
        Ok(scene) => scene,
        Err(exit) => return Ok(exit),
    };
    let (id, rule) = (&scene.app.id, args.rule.clone());
    let asked = match args.seconds {
        Some(seconds) => {
            let (with, words) = laid_over(args);
            let time = humantime::format_duration(std::time::Duration::from_secs(seconds.into()));
            Asked {
                name: "override",
                done: format!("rule {rule} {words} for {time}"),
                confirm: Some(format!("override {id}: rule {rule} {words} for {time}")),
                act: Act::Change {
                    change: PolicyChange::Override {
                        rule,
                        with,
                        seconds,
                    },
                },
            }
        }
        None => Asked {
            name: "end-override",
            done: format!("rule {rule} goes by the policy again"),
            confirm: Some(format!(
                "override {id} --end: rule {rule} goes by the policy again"
            )),
            act: Act::Change {
                change: PolicyChange::EndOverride { rule },
            },
        },
    };
    act::ask(&scene, &args.verb, asked, around).await
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
