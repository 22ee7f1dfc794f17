//! One stage as TOML.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{duration, line, percent, quoted};
use crate::domain::{Check, CheckHow, Metric};
use crate::policy::calendar::Window;
use crate::policy::stage::{Approval, Stage};

/// One `[[stage]]`.
pub(super) fn toml(stage: &Stage) -> String {
    let mut out = format!("[[stage]]\nexposure = \"{}\"\n", stage.exposure);
    let mut key = |key, value: Option<String>| {
        if let Some(value) = value {
            line(&mut out, key, &value);
        }
    };
    let soak = stage.soak > TimeDelta::zero();
    key("soak", soak.then(|| duration(stage.soak)));
    key("min_users", stage.min_users.map(|users| users.to_string()));
    key(
        "min_sessions",
        stage.min_sessions.map(|sessions| sessions.to_string()),
    );
    key("healthy_if", shares(&stage.healthy_if));
    key("required", list(stage.required.iter().map(metric)));
    let coverage = stage.coverage.iter();
    key(
        "coverage",
        table(coverage.map(|(kind, least)| format!("{} = {least}", quoted(kind)))),
    );
    key("variance", shares(&stage.variance));
    key("approval", stage.approval.map(approval));
    key("window", stage.window.as_ref().map(window));
    key("check", stage.check.as_ref().map(check));
    key(
        "complete_early",
        stage.complete_early.then(|| "true".to_owned()),
    );
    out
}

fn shares(shares: &BTreeMap<Metric, f64>) -> Option<String> {
    table(
        shares
            .iter()
            .map(|(of, share)| format!("{} = {}", metric(of), percent(*share))),
    )
}

fn metric(metric: &Metric) -> String {
    quoted(&metric.to_string().into())
}

fn table(entries: impl Iterator<Item = String>) -> Option<String> {
    let entries = joined(entries)?;
    Some(format!("{{ {entries} }}"))
}

fn list(entries: impl Iterator<Item = String>) -> Option<String> {
    let entries = joined(entries)?;
    Some(format!("[{entries}]"))
}

fn joined(entries: impl Iterator<Item = String>) -> Option<String> {
    let entries = entries.collect::<Vec<_>>().join(", ");
    (!entries.is_empty()).then_some(entries)
}

fn approval(approval: Approval) -> String {
    let role = approval.role.name();
    match approval.persons {
        1 => format!("\"{role}\""),
        persons => format!("{{ role = \"{role}\", persons = {persons} }}"),
    }
}

fn window(window: &Window) -> String {
    let (days, hours, zone) = (window.days_text(), window.hours_text(), window.zone.name());
    format!("{{ days = \"{days}\", hours = \"{hours}\", zone = \"{zone}\" }}")
}

fn check(check: &Check) -> String {
    // As it was read, and not cleaned: another word is another command.
    let text = |text: &String| toml::Value::from(text.as_str()).to_string();
    let how = match &check.how {
        CheckHow::Exec(words) => {
            let words = words.iter().map(text).collect::<Vec<_>>().join(", ");
            format!("exec = [{words}]")
        }
        CheckHow::Http(url) => format!("http = {}", text(url)),
    };
    let (timeout, every) = (duration(check.timeout), duration(check.every));
    format!("{{ {how}, timeout = {timeout}, every = {every} }}")
}
