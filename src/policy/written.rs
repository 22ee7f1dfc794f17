//! A policy as TOML again, as its file could have it: defaults left out, but for those of observed evidence.
//!
//! Reading it back makes the same policy: rules that were made of tiers are written as those.

mod stage;
mod tier;

use std::fmt::Write as _;

use chrono::TimeDelta;

use super::rule::{Evidence, Limit, Policy, Rule};
use crate::domain::{PlainText, Unit};

/// The content of its `[policy.NAME]` table.
pub fn toml(policy: &Policy) -> String {
    let mut out = format!("description = {}\n", quoted(&policy.description));
    for stage in &policy.stages {
        out.push('\n');
        out.push_str(&stage::toml(stage));
    }
    for rule in policy.rules.iter().filter(|rule| !rule.of_tier) {
        out.push('\n');
        out.push_str(&rule_toml(rule));
    }
    for tier in &policy.tiers {
        out.push('\n');
        out.push_str(&tier::toml(tier));
    }
    out
}

/// One `[[rule]]`.
pub fn rule_toml(rule: &Rule) -> String {
    let mut out = format!(
        "[[rule]]\nid = {}\nmetric = \"{}\"\n",
        quoted(&rule.id),
        rule.metric
    );
    let (key, value) = match rule.limit {
        Limit::Failures { at_most } if rule.metric.is_good_share() => {
            ("floor", percent(1.0 - at_most))
        }
        Limit::Failures { at_most } => ("ceiling", percent(at_most)),
        Limit::TimesBaseline { ratio } => ("worse_than_baseline", format!("{ratio:?}")),
        Limit::WorseByPoints { points } => {
            ("drop_from_baseline", format!("\"{}pt\"", hundred(points)))
        }
        Limit::LevelAtMost { value, unit } => ("ceiling", figure(value, unit)),
        Limit::LevelAtLeast { value, unit } => ("floor", figure(value, unit)),
    };
    line(&mut out, key, &value);
    line(&mut out, "action", &format!("\"{}\"", rule.action.name()));
    if let Some((low, high)) = rule.during {
        let exposure = format!("{{ exposure = \"{low}..{high}\" }}");
        line(&mut out, "during", &exposure);
    }
    if let Evidence::Observed {
        window,
        min_sessions,
        polls,
    } = &rule.evidence
    {
        line(&mut out, "evidence", "\"observed\"");
        if !rule.metric.is_level() {
            line(&mut out, "window", &duration(*window));
        }
        line(&mut out, "min_sessions", &min_sessions.to_string());
        line(&mut out, "for", &polls.to_string());
    }
    if rule.grace > TimeDelta::zero() {
        line(&mut out, "grace", &duration(rule.grace));
    }
    if rule.insist {
        line(&mut out, "insist", "true");
    }
    out
}

fn line(out: &mut String, key: &str, value: &str) {
    // Writing to a string cannot fail.
    let _infallible = writeln!(out, "{key} = {value}");
}

fn quoted(text: &PlainText) -> String {
    toml::Value::from(text.as_str()).to_string()
}

fn percent(share: f64) -> String {
    format!("\"{}%\"", hundred(share))
}

/// `"4.5s"`, `"2%"`, `"4.2"`
fn figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => format!("\"{value}s\""),
        Unit::Share => percent(value),
        Unit::Plain => format!("\"{value}\""),
    }
}

/// A share in percent, to as many digits as policies are read to.
fn hundred(share: f64) -> f64 {
    (share * 1e11).round() / 1e9
}

/// In the largest unit that divides it: `"36h"`, `"1d"`.
fn duration(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds();
    if duration.subsec_nanos() != 0 {
        return format!("\"{seconds}s {}ns\"", duration.subsec_nanos());
    }
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(unit, _)| seconds % unit == 0);
    let (unit, word) = unit.filter(|_| seconds > 0).unwrap_or((1, "s"));
    format!("\"{}{word}\"", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{RawPolicy, presets};

    fn read(text: &str) -> Policy {
        let raw: RawPolicy = toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        raw.resolve("p").unwrap().0
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "every key there is")]
    fn what_is_written_reads_as_it_was() {
        let every_key = r#"
            description = "all \"keys\""
            [[stage]]
            exposure = "0.5%"
            soak = "90m"
            min_users = 100
            min_sessions = 5000
            healthy_if = { crash_free_sessions = "99.123456%", "journey_success:pay" = "90%" }
            required = ["frustration_free_sessions", "custom:pay"]
            coverage = { country = 5, device-tier = 2 }
            variance = { "custom:checkout.pay" = "0.5%", "journey_success:pay" = "12%" }
            approval = "operator"
            window = { days = "wed,sat-mon", hours = "9:30-24:00", zone = "Australia/Lord_Howe" }
            check = { exec = ["qa-gate", "--say", "\"no\""], timeout = "90s", every = "1h" }
            [[stage]]
            exposure = "50%"
            approval = { role = "admin", persons = 2 }
            window = { days = "mon-fri", hours = "09:00-17:00", zone = "Europe/Berlin" }
            [[stage]]
            exposure = "100%"
            approval = { role = "operator", persons = 2 }
            check = { http = "https://qa.example.com/gate?app=shop" }
            complete_early = true
            [[rule]]
            id = "a"
            metric = "crash_free_sessions"
            floor = "99.8765%"
            action = "pause"
            during = { exposure = "1%..12.5%" }
            grace = "1s 500ms"
            [[rule]]
            id = "insists"
            metric = "crash_free_sessions"
            floor = "99%"
            action = "halt"
            insist = true
            [[rule]]
            id = "p99"
            metric = "level:cold_start_p99"
            ceiling = "850ms"
            action = "pause"
            min_sessions = 7
            [[rule]]
            id = "stars"
            metric = "level:rating"
            floor = "4.2"
            action = "notify"
            for = 3
            [[rule]]
            id = "hangs"
            metric = "level:hang_rate"
            ceiling = "0.5%"
            action = "hold"
            [[rule]]
            id = "requests"
            metric = "level:request_p95"
            worse_than_baseline = 1.5
            action = "pause"
            [[rule]]
            id = "b"
            metric = "custom:slow.pay"
            ceiling = "0.07%"
            action = "hold"
            evidence = "observed"
            window = "36h"
            [[rule]]
            id = "c"
            metric = "crash_free_sessions"
            drop_from_baseline = "0.2pt"
            action = "notify"
            [[rule]]
            id = "d"
            metric = "journey_success:pay"
            worse_than_baseline = 1
            action = "halt"
            [[tier]]
            name = "fix \"forward\""
            when = "crash_free_sessions > 99.80%"
            respond = "notify"
            say = "next train"
            next_train = "36h"
            [[tier]]
            name = "hotfix"
            when = "99.1234567% <= crash_free_sessions < 99.80%"
            respond = "pause"
            next_train = "2d"
            [[tier]]
            name = "stop"
            when = "crash_free_sessions < 99.1234567%"
            respond = "halt"
            [[tier]]
            name = "slow"
            when = "5% < slow_requests <= 10%"
            respond = "notify"
            [[tier]]
            name = "slower"
            when = "slow_requests > 10%"
            respond = "hold"
            [[tier]]
            name = "flow"
            when = "critical_flow"
            respond = "hold"
            [[tier]]
            name = "lost"
            when = "critical_flow"
            fix = "unknown"
            respond = "halt"
        "#;
        let presets = presets::names().map(|name| presets::source(name).unwrap());
        for text in presets.chain([every_key]) {
            let policy = read(text);
            assert_eq!(read(&toml(&policy)), policy, "{}", toml(&policy));
        }
    }
}
