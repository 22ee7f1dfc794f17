//! Stage files of other tools, read as a policy: `haltline policy import`.
//!
//! Three shapes, told apart by their content: the release train of gpc (`.gpcrc-train.json`), a rollout policy in YAML
//! (`rollout-policy.yaml`) and a rollout policy of AppDispatch (JSON). What cannot be carried over is said, each with its path,
//! and so is what was assumed. A number that may be a share or a percentage is refused. Must not read files.

mod appdispatch;
mod asked;
mod gpc;
mod rollout_policy;
mod share;
mod tree;

use std::ops::Range;

use super::rule::{Evidence, Policy, Rule};
use super::{Action, Limit, RawPolicy, Stage, written};
use crate::domain::{Exposure, Metric, PlainText};
use asked::Asked;
use tree::{Node, Value};

/// Which file it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    Gpc,
    RolloutPolicy,
    Appdispatch,
}

impl Shape {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpc => "a release train of gpc",
            Self::RolloutPolicy => "a rollout policy in YAML",
            Self::Appdispatch => "a rollout policy of AppDispatch",
        }
    }
}

/// A policy, and what is to be said about it.
#[derive(Clone, Debug)]
pub struct Imported {
    pub shape: Shape,
    pub policy: Policy,
    /// Its TOML, which reads back as it.
    pub toml: String,
    /// How what may be read in two ways was read.
    pub assumed: Vec<Note>,
    /// What the file says and the policy does not.
    pub lost: Vec<Note>,
    /// What is unwise about the policy that came of it.
    pub warnings: Vec<PlainText>,
}

/// One remark on one place of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `stages[1].criteria.geographic_coverage`
    pub path: PlainText,
    pub what: PlainText,
    /// Bytes of the file.
    pub span: Range<usize>,
}

/// Why a file cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ImportError {
    pub what: PlainText,
    /// What to do about it; may be empty.
    pub help: PlainText,
    /// Bytes of the file.
    pub span: Range<usize>,
}

/// Reads `text` as one of the three shapes. `name` is what the policy is called.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the file.
pub fn import(text: &str, name: &str) -> Result<Imported, Vec<ImportError>> {
    let root = tree::read(text).map_err(|error| vec![error])?;
    let mut asked = Asked::default();
    let found = shape(&root).map_err(|error| vec![error])?;
    let draft = match found {
        Shape::Gpc => gpc::read(&mut asked, &root),
        Shape::RolloutPolicy => rollout_policy::read(&mut asked, &root),
        Shape::Appdispatch => appdispatch::read(&mut asked, &root),
    };
    let Asked {
        mut errors,
        mut assumed,
        mut lost,
    } = asked;
    assumed.sort_by_key(|note| note.span.start);
    lost.sort_by_key(|note| note.span.start);
    if errors.is_empty() {
        match draft.policy(name) {
            Ok((policy, toml, warnings)) => {
                return Ok(Imported {
                    shape: found,
                    policy,
                    toml,
                    assumed,
                    lost,
                    warnings,
                });
            }
            Err(what) => errors.push(ImportError {
                what: what.into(),
                help: PlainText::default(),
                span: root.span.clone(),
            }),
        }
    }
    errors.sort_by_key(|error| error.span.start);
    Err(errors)
}

/// What a file holds, before it has a name.
#[derive(Default)]
struct Draft {
    description: PlainText,
    stages: Vec<Stage>,
    rules: Vec<Rule>,
}

impl Draft {
    /// Written as TOML and read back, so that what is printed is what was checked.
    fn policy(self, name: &str) -> Result<(Policy, String, Vec<PlainText>), String> {
        let draft = Policy {
            name: name.into(),
            description: self.description,
            stages: self.stages,
            rules: self.rules,
            tiers: Vec::new(),
            hash: String::new(),
        };
        let toml = written::toml(&draft);
        let raw: RawPolicy = toml::from_str(&toml).map_err(|error| error.message().to_owned())?;
        let (policy, warnings) = raw.resolve(name).map_err(|error| error.to_string())?;
        Ok((policy, toml, warnings))
    }
}

/// Failures at most so many; fires on evidence, whatever the other tool did.
fn at_most(id: &str, metric: Metric, failures: f64, action: Action) -> Rule {
    Rule {
        id: id.into(),
        metric,
        limit: Limit::Failures { at_most: failures },
        action,
        during: None,
        evidence: Evidence::Sequential,
        grace: chrono::TimeDelta::zero(),
        insist: false,
        of_tier: false,
        unless_train: None,
    }
}

/// Which shape it is, by the keys that no other has.
fn shape(root: &Node) -> Result<Shape, ImportError> {
    let body = gpc::body(root);
    let stages = body.get("stages").or_else(|| body.get("stage"));
    let first = stages.and_then(|stages| match &stages.value {
        Value::List(stages) => stages.first(),
        _ => None,
    });
    let has = |node: Option<&Node>, keys: &[&str]| {
        node.is_some_and(|node| keys.iter().any(|key| node.get(key).is_some()))
    };
    if has(first, &["track", "rollout", "after"]) || has(Some(body), &["gates"]) {
        return Ok(Shape::Gpc);
    }
    if has(first, &["minDevices", "minDurationMinutes", "thresholds"])
        || has(Some(body), &["thresholds"])
    {
        return Ok(Shape::Appdispatch);
    }
    if has(
        first,
        &[
            "percentage",
            "criteria",
            "duration",
            "requires_manual_approval",
        ],
    ) {
        return Ok(Shape::RolloutPolicy);
    }
    let what = match stages.map(|stages| &stages.value) {
        None => "this file has no \"stages\"",
        Some(Value::List(stages)) if stages.is_empty() => "\"stages\" is empty",
        Some(Value::List(_)) => "these stages are of no shape that can be imported",
        Some(_) => "\"stages\" is not a list",
    };
    Err(ImportError {
        what: what.into(),
        help: "known: {stages: [{track, rollout, after}], gates} of gpc, {stages: [{percentage, duration, criteria}]} in YAML, \
               {stages: [{percentage, minDevices, minDurationMinutes}], thresholds} of AppDispatch"
            .into(),
        span: stages.unwrap_or(body).span.clone(),
    })
}

/// Stages rise, and the first offers it to somebody: told at the exposure that does not. One that could not be read was told.
fn rising(asked: &mut Asked, before: &mut Option<Exposure>, at: &Node, after: Option<Exposure>) {
    let Some(after) = after else { return };
    if after == Exposure::NONE {
        let what = "a stage of 0 % offers the version to nobody";
        asked.error(at, what, "leave it out");
    } else if let Some(before) = before.filter(|before| *before >= after) {
        let what = format!("stages must rise: {after} comes after {before}");
        asked.error(at, &what, "leave one of the two out, or put them in order");
    }
    *before = Some(after);
}
