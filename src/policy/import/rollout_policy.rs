//! A rollout policy in YAML.
//!
//! `{stages: [{percentage, duration, criteria: {min_sessions, max_crash_rate, required_metrics, geographic_coverage,
//! device_tier_distribution, business_kpi_variance}, requires_manual_approval}]}`. Criteria are wanted before a stage is left.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::Asked;
use super::share::{Kind, Unit};
use super::tree::{Node, Value};
use super::{Draft, rising};
use crate::domain::{Metric, PlainText};
use crate::policy::{Approval, Role, Stage};

const CRITERIA: [&str; 6] = [
    "min_sessions",
    "max_crash_rate",
    "required_metrics",
    "geographic_coverage",
    "device_tier_distribution",
    "business_kpi_variance",
];

/// What other tools call haltline's metrics.
const ALIASES: [(&str, Metric); 13] = [
    ("crash_rate", Metric::CrashFreeSessions),
    ("crash_free_rate", Metric::CrashFreeSessions),
    ("crashes", Metric::CrashFreeSessions),
    ("anr_rate", Metric::AnrFreeUsers),
    ("anr", Metric::AnrFreeUsers),
    ("error_rate", Metric::ErrorFreeSessions),
    ("errors", Metric::ErrorFreeSessions),
    ("startup_time", Metric::SlowColdStarts),
    ("cold_start", Metric::SlowColdStarts),
    ("cold_start_time", Metric::SlowColdStarts),
    ("latency", Metric::SlowRequests),
    ("api_latency", Metric::SlowRequests),
    ("network_latency", Metric::SlowRequests),
];

pub(super) fn read(asked: &mut Asked, root: &Node) -> Option<Draft> {
    asked.lose_but(root, &["name", "description", "stages"]);
    let stages = asked.tables(root, root.get("stages"));
    let percentages = stages.iter().filter_map(|stage| stage.get("percentage"));
    let exposures = Unit::of(asked, Kind::Percentage, percentages);
    let limits: Vec<&Node> = stages
        .iter()
        .filter_map(|stage| stage.get("criteria")?.get("max_crash_rate"))
        .collect();
    let rates = Unit::of(asked, Kind::Failures, limits.iter().copied());
    let variances = stages
        .iter()
        .filter_map(|stage| stage.get("criteria")?.get("business_kpi_variance"))
        .flat_map(named);
    let variances = Unit::of(asked, Kind::Failures, variances);
    let name = asked.text(root.get("name"));
    let description = asked.text(root.get("description"));
    let mut draft = Draft {
        description: description
            .or(name)
            .unwrap_or("Imported from a rollout policy in YAML")
            .into(),
        ..Draft::default()
    };
    if let Some(first) = limits.first() {
        asked.lose(
            first,
            "criteria shut a gate and stop nothing: the policy has no rule; see `haltline policy show default` for some",
        );
    }
    let mut before = None;
    for stage in stages {
        let read = [
            "percentage",
            "duration",
            "criteria",
            "requires_manual_approval",
            "name",
        ];
        asked.lose_but(stage, &read);
        let Some(at) = stage.get("percentage") else {
            asked.error(stage, "\"percentage\" is missing", "write percentage: 5%");
            continue;
        };
        let exposure = exposures.exposure(asked, at);
        rising(asked, &mut before, at, exposure);
        let mut made = Stage::at(exposure.unwrap_or_default());
        made.soak = asked.duration(stage.get("duration")).unwrap_or_default();
        if let Some(criteria) = stage.get("criteria") {
            asked.lose_but(criteria, &CRITERIA);
            wants(asked, criteria, rates, variances, &mut made);
        }
        let approval = stage.get("requires_manual_approval");
        if asked.flag(approval) {
            made.approval = Some(Approval {
                role: Role::Operator,
                persons: 1,
            });
            if let Some(at) = approval {
                asked.assume(at, "an operator approves before this stage is entered");
            }
        }
        draft.stages.push(made);
    }
    Some(draft)
}

/// The values of a table.
fn named(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

fn wants(asked: &mut Asked, criteria: &Node, rates: Unit, variances: Unit, stage: &mut Stage) {
    stage.min_sessions = asked.count(criteria.get("min_sessions"));
    if let Some(at) = criteria.get("max_crash_rate")
        && let Some(limit) = rates.limit(asked, at)
    {
        asked.assume(
            at,
            "evidence is wanted that fewer sessions crash, not just a figure below it",
        );
        let healthy = (1e11 * (1.0 - limit)).round() / 1e11;
        stage.healthy_if = BTreeMap::from([(Metric::CrashFreeSessions, healthy)]);
    }
    if let Some(at) = criteria.get("required_metrics") {
        stage.required = required(asked, at);
    }
    for (key, kind) in [
        ("geographic_coverage", "country"),
        ("device_tier_distribution", "device-tier"),
    ] {
        let at = criteria.get(key);
        if let Some(count) = at.and_then(|at| strata(asked, at, kind)) {
            stage.coverage.insert(kind.into(), count);
        }
    }
    if let Some(at) = criteria.get("business_kpi_variance") {
        stage.variance = variance(asked, at, variances);
    }
}

fn required(asked: &mut Asked, at: &Node) -> BTreeSet<Metric> {
    let Value::List(items) = &at.value else {
        asked.lose(at, "not a list of metrics");
        return BTreeSet::new();
    };
    let mut metrics = BTreeSet::new();
    for item in items {
        let Some(name) = asked.text(Some(item)) else {
            continue;
        };
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
        if let Ok(metric) = name.parse::<Metric>() {
            metrics.insert(metric);
        } else if let Some((_, metric)) = alias {
            asked.assume(item, format!("{name} is taken for {metric}"));
            metrics.insert(metric.clone());
        } else {
            let name = PlainText::from(name);
            asked.lose(
                item,
                format!("haltline has no metric {name}; one that a source gives is written \"custom:NAME\""),
            );
        }
    }
    metrics
}

/// How many strata must have been seen: a number, or as many as are named.
fn strata(asked: &mut Asked, at: &Node, kind: &str) -> Option<u32> {
    let named = match &at.value {
        Value::Number(number) if number.fract() == 0.0 && (1.0..=1000.0).contains(number) => {
            return Some(*number as u32);
        }
        Value::Null => return None,
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => {
            let what = format!("haltline counts strata ({kind} = 5) and knows no share of them");
            asked.lose(at, what);
            return None;
        }
    };
    let what = format!(
        "which of them, and their shares: the gate wants {named} of kind {kind} to be seen"
    );
    asked.lose(at, what);
    u32::try_from(named).ok().filter(|named| *named > 0)
}

/// `{ checkout: 5% }`; a bare one names no metric.
fn variance(asked: &mut Asked, at: &Node, unit: Unit) -> BTreeMap<Metric, f64> {
    let Value::Map(entries) = &at.value else {
        asked.lose(
            at,
            "it names no metric: write variance = { \"custom:NAME\" = \"5%\" } in the stage, NAME as the source has it",
        );
        return BTreeMap::new();
    };
    let mut variance = BTreeMap::new();
    for (name, value) in entries {
        let metric = name
            .parse::<Metric>()
            .or_else(|_unknown| format!("custom:{name}").parse());
        let Ok(metric) = metric else {
            asked.lose(value, "no name that a metric could have");
            continue;
        };
        if let Some(share) = unit.limit(asked, value) {
            asked.assume(value, format!("it is the metric {metric} of the source"));
            variance.insert(metric, share);
        }
    }
    variance
}
