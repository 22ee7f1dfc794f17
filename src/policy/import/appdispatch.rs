//! A rollout policy of AppDispatch.
//!
//! `{name, stages: [{percentage, minDevices, minDurationMinutes}], thresholds: {errorRate, crashRate, action}}`; thresholds may stand
//! in a stage too, and hold there.

use chrono::TimeDelta;

use super::asked::Asked;
use super::share::{Kind, Unit};
use super::tree::Node;
use super::{Draft, at_most, rising};
use crate::domain::{Exposure, Metric};
use crate::policy::{Action, Stage};

pub(super) fn read(asked: &mut Asked, root: &Node) -> Option<Draft> {
    asked.lose_but(root, &["name", "description", "stages", "thresholds"]);
    let stages = asked.tables(root, root.get("stages"));
    let percentages = stages.iter().filter_map(|stage| stage.get("percentage"));
    let exposures = Unit::of(asked, Kind::Percentage, percentages);
    let all = stages.iter().chain([&root]);
    let rates = all
        .filter_map(|table| table.get("thresholds"))
        .flat_map(|at| [at.get("errorRate"), at.get("crashRate")])
        .flatten();
    let rates = Unit::of(asked, Kind::Failures, rates);
    let name = asked.text(root.get("name"));
    let description = asked.text(root.get("description"));
    let mut draft = Draft {
        description: description
            .or(name)
            .unwrap_or("Imported from AppDispatch")
            .into(),
        ..Draft::default()
    };
    let mut before = None;
    for stage in stages {
        let read = [
            "percentage",
            "minDevices",
            "minDurationMinutes",
            "thresholds",
        ];
        asked.lose_but(stage, &read);
        let Some(at) = stage.get("percentage") else {
            let help = "write \"percentage\": \"5%\"";
            asked.error(stage, "\"percentage\" is missing", help);
            continue;
        };
        let exposure = exposures.exposure(asked, at);
        rising(asked, &mut before, at, exposure);
        let min_users = asked.count(stage.get("minDevices"));
        if let (Some(_), Some(at)) = (min_users, stage.get("minDevices")) {
            asked.assume(at, "devices are taken for users");
        }
        let minutes = asked.count(stage.get("minDurationMinutes"));
        let minutes = minutes.and_then(|minutes| TimeDelta::try_minutes(minutes.try_into().ok()?));
        draft.stages.push(Stage {
            soak: minutes.unwrap_or_default(),
            min_users,
            ..Stage::at(exposure.unwrap_or_default())
        });
        thresholds(asked, stage, exposure, rates, &mut draft);
    }
    thresholds(asked, root, None, rates, &mut draft);
    Some(draft)
}

/// A rule for each limit, live in the `stage` or throughout.
fn thresholds(
    asked: &mut Asked,
    table: &Node,
    stage: Option<Exposure>,
    unit: Unit,
    draft: &mut Draft,
) {
    let Some(at) = table.get("thresholds") else {
        return;
    };
    asked.lose_but(at, &["errorRate", "crashRate", "action"]);
    let action = action(asked, at);
    let known = [
        ("crashRate", "crash-rate", Metric::CrashFreeSessions),
        ("errorRate", "error-rate", Metric::ErrorFreeSessions),
    ];
    for (key, id, metric) in known {
        let Some(rate) = at.get(key) else { continue };
        let Some(limit) = unit.limit(asked, rate) else {
            continue;
        };
        asked.assume(
            rate,
            format!("a floor on {metric} that acts on evidence, not on the first figure above it"),
        );
        let id = match stage {
            Some(stage) => format!("{id}-at-{}", stage.percent()),
            None => id.to_owned(),
        };
        let mut rule = at_most(&id, metric, limit, action);
        rule.during = stage.map(|stage| (stage, stage));
        draft.rules.push(rule);
    }
}

fn action(asked: &mut Asked, thresholds: &Node) -> Action {
    let at = thresholds.get("action");
    let Some(text) = asked.text(at) else {
        if at.is_none() {
            asked.assume(thresholds, "no action is named: pause");
        }
        return Action::Pause;
    };
    let plain: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    match (plain.as_str(), at) {
        ("notify" | "alert" | "warn", _) => Action::Notify,
        ("hold", _) => Action::Hold,
        ("pause", _) => Action::Pause,
        ("halt" | "stop" | "abort", _) => Action::Halt,
        ("rollback" | "autorollback" | "revert", Some(at)) => {
            asked.lose(
                at,
                "no store takes a version back from those who have it: the rule halts, and `haltline` says what is left to do",
            );
            Action::Halt
        }
        (_, at) => {
            let what = format!("unknown action {text:?}");
            let help = "known: notify, hold, pause, halt, rollback";
            asked.error(at.unwrap_or(thresholds), &what, help);
            Action::Pause
        }
    }
}
