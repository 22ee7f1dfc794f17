//! Policies by themselves: those of a config, or one that has a file of its own. No credential is looked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::file::RawFile;
use super::load::{self, CONFIG, read};
use super::problem::Problem;
use super::resolve::policy::{checked, unknown};
use super::resolve::{self, Ctx, tables};
use super::tree::{self, Parsed};
use super::{Report, Surroundings};
use crate::policy::{Policy, RawPolicy, presets};

const POLICY: load::Role = (
    "policy",
    "a policy file holds what stands below [policy.NAME] in a config; see: haltline policy show default",
);

/// Policies as far as they could be read.
#[derive(Debug)]
pub struct Policies {
    /// Those that are right, by name.
    pub policies: Vec<Arc<Policy>>,
    pub report: Report,
}

/// The policies of the config at `path`, the presets that its apps are judged by, and what is wrong with the tables around them:
/// access, freezes, trains, plans. Only the one called `wanted`, where one is, and then nothing around it. A problem elsewhere in
/// the file is told where it keeps the file from being read.
pub fn policies(path: &Path, wanted: Option<&str>) -> Policies {
    let text = match read(path, CONFIG) {
        Ok(text) => text,
        Err((text, problem)) => return unreadable(path, &text, *problem),
    };
    let Parsed {
        raw,
        gone,
        mut problems,
    } = tree::parse::<RawFile>(&text);
    let readable = raw.is_some();
    let raw = raw.unwrap_or_default();
    let mut policies = Vec::new();
    let mut own = BTreeMap::new();
    let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted == name);
    for (name, at) in raw.policy.iter().filter(|(name, _)| is_wanted(name)) {
        let policy = checked(&at.value, name, Some(&at.span), &gone, &mut problems);
        own.insert(name.clone(), policy.clone());
        policies.extend(policy);
    }
    let mut seen: Vec<&str> = raw.policy.keys().map(String::as_str).collect();
    for app in &raw.app {
        let named = app.value.policy.as_ref();
        let (name, span) = named.map_or((presets::DEFAULT, &app.span), |at| {
            (at.value.as_str(), &at.span)
        });
        if seen.contains(&name) || !is_wanted(name) {
            continue;
        }
        seen.push(name);
        match presets::get(name) {
            Some(preset) => {
                policies.extend(checked(&preset, name, Some(span), &gone, &mut problems));
            }
            None if gone.is_empty() => {
                problems.push(unknown(name, span, raw.policy.keys()));
            }
            None => {}
        }
    }
    if readable && wanted.is_none() {
        let (base, around) = (path.parent().unwrap_or(path), Surroundings::default());
        let mut ctx = Ctx::new(base, &around, gone);
        tables::resolve(&mut ctx, &raw, &resolve::policy::Policies::new(own));
        problems.extend(ctx.problems);
    }
    Policies {
        policies,
        report: Report::new(path, &text, problems),
    }
}

/// The policy whose table is the whole of the file at `path`; it is called what the file is called. A file with a
/// table of configs, such as `[[app]]` or `[policy.NAME]`, is one: see [`policies`].
pub fn policy_file(path: &Path) -> Policies {
    let text = match read(path, POLICY) {
        Ok(text) => text,
        Err((text, problem)) => return unreadable(path, &text, *problem),
    };
    let is_config = toml::from_str::<toml::Table>(&text).is_ok_and(|table| {
        let of_configs = [
            "app", "policy", "plan", "train", "freeze", "access", "watcher",
        ];
        of_configs.iter().any(|key| table.contains_key(*key))
    });
    if is_config {
        return policies(path, None);
    }
    if text.trim().is_empty() {
        let problem = Problem::error(0..0, "this file is empty").help(POLICY.1);
        return unreadable(path, &text, problem);
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let Parsed {
        raw,
        gone,
        mut problems,
    } = tree::parse::<RawPolicy>(&text);
    let policy = raw
        .filter(|_| problems.is_empty())
        .and_then(|raw| checked(&raw, &name, None, &gone, &mut problems));
    Policies {
        policies: policy.into_iter().collect(),
        report: Report::new(path, &text, problems),
    }
}

/// A preset, with what is to be said about it; `None` where there is none of that name.
pub fn preset(name: &str) -> Option<Policies> {
    let text = presets::source(name)?;
    let mut problems = Vec::new();
    let policy = checked(&presets::get(name)?, name, None, &[], &mut problems);
    Some(Policies {
        policies: policy.into_iter().collect(),
        report: Report::new(Path::new(name), text, problems),
    })
}

fn unreadable(path: &Path, text: &str, problem: Problem) -> Policies {
    Policies {
        policies: Vec::new(),
        report: Report::new(path, text, vec![problem]),
    }
}
