//! The release train of gpc: `.gpcrc-train.json`, or the key `release-train` of its `.gpcrc.json`.
//!
//! `{stages: [{track, rollout, after: "2d"}], gates: {crashes: {max: 1.5}, anr: {max: 0.5}}}`. `rollout` is 1 to 100; `after` is the
//! least wait since the stage before; a gate that fails pauses the train.

use super::asked::Asked;
use super::share::{Kind, Unit};
use super::tree::{Node, Value};
use super::{Draft, at_most, rising};
use crate::domain::Metric;
use crate::policy::{Action, Stage};

const PRODUCTION: &str = "production";

/// Where the train stands in the file.
pub(super) fn body(root: &Node) -> &Node {
    root.get("release-train").unwrap_or(root)
}

pub(super) fn read(asked: &mut Asked, root: &Node) -> Option<Draft> {
    let train = body(root);
    if !std::ptr::eq(train, root) {
        asked.lose_but(root, &["release-train"]);
    }
    asked.lose_but(train, &["stages", "gates"]);
    let stages = asked.tables(train, train.get("stages"));
    let rollouts = stages.iter().filter_map(|stage| stage.get("rollout"));
    let unit = Unit::of(asked, Kind::Exposure, rollouts);
    let mut draft = Draft {
        description: "Imported from a release train of gpc".into(),
        ..Draft::default()
    };
    let track = track(asked, &stages);
    let mut before = None;
    for stage in stages {
        asked.lose_but(stage, &["track", "rollout", "after"]);
        if of_track(stage) != track {
            asked.lose(
                stage,
                format!("an app is watched on one track, and this policy is for {track}"),
            );
            continue;
        }
        let Some(at) = stage.get("rollout") else {
            asked.error(
                stage,
                "\"rollout\" is missing",
                "write \"rollout\": \"10%\"",
            );
            continue;
        };
        let exposure = unit.exposure(asked, at);
        let after = asked.duration(stage.get("after"));
        rising(asked, &mut before, at, exposure);
        if let (Some(after), Some(at)) = (after, stage.get("after")) {
            match draft.stages.last_mut() {
                Some(last) => last.soak = after,
                None => asked.lose(
                    at,
                    "the wait before the first stage: haltline counts from the start of the rollout",
                ),
            }
        }
        draft.stages.push(Stage::at(exposure.unwrap_or_default()));
    }
    gates(asked, train, &mut draft);
    Some(draft)
}

fn of_track(stage: &Node) -> &str {
    match stage.get("track").map(|track| &track.value) {
        Some(Value::Text(track)) => track,
        _ => PRODUCTION,
    }
}

/// The track that the policy is for: production, else the last one.
fn track<'n>(asked: &mut Asked, stages: &[&'n Node]) -> &'n str {
    for stage in stages {
        asked.text(stage.get("track"));
    }
    let mut tracks = stages.iter().map(|stage| of_track(stage));
    if tracks.clone().any(|track| track == PRODUCTION) {
        return PRODUCTION;
    }
    tracks.next_back().unwrap_or(PRODUCTION)
}

/// Limits on the whole train: a rule each.
fn gates(asked: &mut Asked, train: &Node, draft: &mut Draft) {
    let Some(gates) = train.get("gates") else {
        return;
    };
    asked.lose_but(gates, &["crashes", "anr"]);
    let known = [
        ("crashes", Metric::CrashFreeUsers),
        ("anr", Metric::AnrFreeUsers),
    ];
    let limits = known
        .iter()
        .filter_map(|(key, _)| gates.get(key)?.get("max"));
    let unit = Unit::of(asked, Kind::FailuresInPercent, limits);
    for (key, metric) in known {
        let Some(gate) = gates.get(key) else { continue };
        asked.lose_but(gate, &["max"]);
        let Some(max) = gate.get("max") else {
            asked.error(gate, "\"max\" is missing", "write \"max\": \"1.5%\"");
            continue;
        };
        let Some(limit) = unit.limit(asked, max) else {
            continue;
        };
        asked.assume(
            max,
            format!(
                "a floor on {metric} of the new version that pauses, whenever there is evidence; gpc compares what all versions \
                 did on the days before, and only where it is asked to advance"
            ),
        );
        draft.rules.push(at_most(key, metric, limit, Action::Pause));
    }
}
