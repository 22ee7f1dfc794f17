//! `haltline policy`: the presets, one policy as it is, and what is wrong with policies.

mod cost;
mod import;

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::args::{JsonArgs, PolicyCheckArgs, PolicyCommand};
use super::exit::Exit;
use super::{config as told, overrule, plan, say};
use crate::backtest::score::Rate;
use crate::config::{self, Policies, Report, Surroundings};
use crate::domain::{Fix, PlainText};
use crate::policy::planner::{self, Assumed, Plan};
use crate::policy::{Action, Evidence, Policy, Rule, Tier, When, explain, presets, written};

pub(super) async fn run(
    path: Option<&Path>,
    command: &PolicyCommand,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    match command {
        PolicyCommand::Check(args) => check(path, args, around),
        PolicyCommand::Show { name, json } => show(path, name, *json, around),
        PolicyCommand::Presets(args) => Ok(list(args)),
        PolicyCommand::Import(args) => import::run(args),
        PolicyCommand::Apply(args) => overrule::apply(path, args, around).await,
    }
}

/// One policy by its name in the config, by a preset's, or by its file; where it cannot be used, that has been told.
pub(super) fn named(
    path: Option<&Path>,
    name: &str,
    around: &Surroundings,
) -> Result<Arc<Policy>, Exit> {
    let Policies { policies, report } = find(path, name, around)?;
    if report.errors().next().is_some() {
        let mut text = Vec::new();
        if told::shown(&report, false, &mut text).is_ok() {
            say::err(String::from_utf8_lossy(&text).trim_end());
        }
        return Err(Exit::Usage);
    }
    let mut policies = policies.into_iter();
    if let (Some(policy), None) = (policies.next(), policies.next()) {
        return Ok(policy);
    }
    say::err(&format!(
        "haltline: {} holds several policies or none: name one, with --config for the file",
        PlainText::from(name)
    ));
    Err(Exit::Usage)
}

/// The policies of a file or of a name; where there are none, that has been told.
fn find(path: Option<&Path>, name: &str, around: &Surroundings) -> Result<Policies, Exit> {
    let file = Path::new(name);
    let is_file = file
        .extension()
        .is_some_and(|extension| extension == "toml");
    if is_file || name.contains(std::path::MAIN_SEPARATOR) {
        return Ok(config::policy_file(file));
    }
    if let Ok(located) = config::locate(path, around) {
        let found = config::policies(&located, Some(name));
        if !found.policies.is_empty() || found.report.errors().next().is_some() {
            return Ok(found);
        }
    }
    config::preset(name).ok_or_else(|| {
        let known: Vec<&str> = presets::names().collect();
        say::err(&format!(
            "haltline: there is no policy \"{}\", neither in a config nor among the presets ({}); the name of a file ends in .toml",
            PlainText::from(name),
            known.join(", ")
        ));
        Exit::Usage
    })
}

fn check(
    path: Option<&Path>,
    args: &PolicyCheckArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let assumed = match plan::assumed(args.sessions_per_day, &args.world) {
        Ok(assumed) => assumed,
        Err(exit) => return Ok(exit),
    };
    let asked = args.policies.iter();
    let found = if args.policies.is_empty() {
        config::locate(path, around)
            .map(|located| vec![config::policies(&located, None)])
            .map_err(|error| {
                say::err(&format!("haltline: {error}"));
                Exit::Usage
            })
    } else {
        asked.map(|name| find(path, name, around)).collect()
    };
    let found: Vec<Policies> = match found {
        Ok(found) => found,
        Err(exit) => return Ok(exit),
    };
    let wrong = found.iter().any(|one| one.report.errors().next().is_some());
    if args.json {
        say::json(&document(&found, &assumed));
    } else {
        for one in &found {
            words(one, &assumed, around)?;
        }
    }
    Ok(if wrong { Exit::Usage } else { Exit::Fine })
}

/// What is wrong, then each policy: its rules, and what they see.
fn words(found: &Policies, assumed: &Assumed, around: &Surroundings) -> anyhow::Result<()> {
    let styled = std::io::stdout().is_terminal() && around.var("NO_COLOR").is_none();
    let mut problems = Vec::new();
    told::shown(&found.report, styled, &mut problems)?;
    if !problems.is_empty() {
        say::out(String::from_utf8_lossy(&problems).trim_end_matches('\n'));
        say::out("");
    }
    let mut stuck = 0;
    for policy in &found.policies {
        let plan = planner::plan(policy, assumed);
        stuck += plan.warnings.len();
        say::out(&format!("policy {}: {}", policy.name, policy.description));
        let costs = cost::false_stops(policy, assumed);
        for rule in &policy.rules {
            for line in rule_words(rule, policy, assumed, costs.get(&rule.id)) {
                say::out(&line);
            }
        }
        let declared = policy.tiers.iter().filter(|tier| !tier.is_rule());
        for tier in declared {
            let line = format!("tier {} {}", tier.name, explain::tier(tier));
            for line in plan::wrapped(&line, 78, "  ") {
                say::out(&format!("  {line}"));
            }
        }
        let table = plan::assumptions(&plan)
            .into_iter()
            .chain(plan::compact(&plan));
        for line in table.chain(plan::notes(&plan)) {
            say::out(&line);
        }
        say::out("");
    }
    say::out(&summary(&found.report, stuck));
    Ok(())
}

/// `stuck` are the gates that do not open.
fn summary(report: &Report, stuck: usize) -> String {
    let errors = report.errors().count();
    let verdict = if errors == 0 {
        "fine"
    } else {
        "it must change"
    };
    format!(
        "{}: {verdict} ({}, {})",
        PlainText::from(report.path().display().to_string()),
        told::counted(errors, "error"),
        told::counted(report.warnings().count() + stuck, "warning"),
    )
}

/// What a rule does at which evidence, and what it holds.
fn rule_words(rule: &Rule, policy: &Policy, assumed: &Assumed, cost: Option<&Rate>) -> Vec<String> {
    let does = match rule.action {
        Action::Notify => "notifies",
        Action::Hold => "holds",
        Action::Pause => "pauses",
        Action::Halt => "halts",
    };
    let at = match &rule.evidence {
        Evidence::Sequential => {
            format!("at 1 in {}", explain::count(planner::one_in(rule, policy)))
        }
        Evidence::Observed {
            window,
            min_sessions,
            polls,
        } => format!(
            "by the plain comparison: {} over the last {}, of {} or more",
            told::counted(*polls as usize, "poll"),
            explain::hours(window.num_seconds() as f64 / 3600.0),
            explain::count(*min_sessions)
        ),
    };
    let sees = match planner::blind_below(rule, assumed) {
        Some(times) => format!("sees nothing below {}", explain::times(times)),
        None => "not in the table below".to_owned(),
    };
    let limit = explain::limit(&rule.metric, rule.limit);
    let unless = rule.unless_train.map_or_else(String::new, |within| {
        let within = explain::hours(within.num_seconds() as f64 / 3600.0);
        format!(", unless a train leaves within {within}")
    });
    let id = if rule.of_tier {
        rule.called()
    } else {
        rule.id.to_string()
    };
    let mut lines = vec![
        format!("  {id} {does} {at}{unless}"),
        format!("    {} {limit}; {sees}", rule.metric.label()),
    ];
    lines.extend(cost.map(|rate| {
        format!(
            "    by mistake it stops {} of {} healthy rollouts that were simulated ({} to {})",
            rate.hits,
            rate.of,
            explain::percent(rate.low),
            explain::percent(rate.high)
        )
    }));
    lines
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    ok: bool,
    problems: Vec<Told<'a>>,
    policies: Vec<Checked<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    path: String,
    severity: &'static str,
    line: Option<usize>,
    column: Option<usize>,
    what: &'a str,
    help: &'a str,
}

#[derive(Serialize)]
struct Checked<'a> {
    name: &'a str,
    description: &'a str,
    hash: &'a str,
    rules: Vec<CheckedRule<'a>>,
    tiers: Vec<CheckedTier<'a>>,
    plan: Plan,
}

#[derive(Serialize)]
struct CheckedTier<'a> {
    name: &'a str,
    /// As the policy writes it.
    when: String,
    /// Of a critical flow: known, unknown, or either.
    fix: Option<Fix>,
    respond: Action,
    say: &'a str,
    /// Unless a train leaves within so many, the answer is one step stronger.
    next_train_hours: Option<f64>,
}

#[derive(Serialize)]
struct CheckedRule<'a> {
    id: &'a str,
    /// It is the tier of this name, or its stronger answer.
    of_tier: bool,
    metric: String,
    limit: String,
    action: Action,
    /// It fires at evidence that turns up in one of so many healthy rollouts at most; none for the plain comparison.
    one_in: Option<u64>,
    /// Times the baseline's failures.
    sees_nothing_below: Option<f64>,
    /// Of the plain comparison: healthy rollouts that it stops, simulated.
    false_stops: Option<Rate>,
}

/// Everything that is to be said about a file.
fn told_of(report: &Report) -> impl Iterator<Item = Told<'_>> {
    let all = report.errors().chain(report.warnings());
    all.map(|problem| Told {
        path: report.path().display().to_string(),
        severity: problem.severity.word(),
        line: problem.place.map(|place| place.line),
        column: problem.place.map(|place| place.column),
        what: problem.what.as_str(),
        help: problem.help.as_str(),
    })
}

fn document<'a>(found: &'a [Policies], assumed: &Assumed) -> Document<'a> {
    let problems = found.iter().flat_map(|one| told_of(&one.report));
    let policies = found.iter().flat_map(|one| &one.policies);
    Document {
        schema: "haltline/policy-check/v1",
        ok: found.iter().all(|one| one.report.errors().next().is_none()),
        problems: problems.collect(),
        policies: policies.map(|policy| checked(policy, assumed)).collect(),
    }
}

fn checked<'a>(policy: &'a Policy, assumed: &Assumed) -> Checked<'a> {
    let costs = cost::false_stops(policy, assumed);
    let rules = policy.rules.iter().map(|rule| CheckedRule {
        id: rule.id.as_str(),
        of_tier: rule.of_tier,
        metric: rule.metric.to_string(),
        limit: explain::limit(&rule.metric, rule.limit),
        action: rule.action,
        one_in: (rule.evidence == Evidence::Sequential).then(|| planner::one_in(rule, policy)),
        sees_nothing_below: planner::blind_below(rule, assumed),
        false_stops: costs.get(&rule.id).copied(),
    });
    Checked {
        name: policy.name.as_str(),
        description: policy.description.as_str(),
        hash: &policy.hash,
        rules: rules.collect(),
        tiers: policy.tiers.iter().map(checked_tier).collect(),
        plan: planner::plan(policy, assumed),
    }
}

fn checked_tier(tier: &Tier) -> CheckedTier<'_> {
    CheckedTier {
        name: tier.name.as_str(),
        when: tier.when.to_string(),
        fix: match tier.when {
            When::CriticalFlow { fix } => fix,
            When::Metric(_) => None,
        },
        respond: tier.respond,
        say: tier.say.as_str(),
        next_train_hours: tier
            .next_train
            .map(|within| within.num_seconds() as f64 / 3600.0),
    }
}

/// A policy as people write it, with its name.
#[derive(Serialize)]
struct Shown<'a> {
    schema: &'static str,
    name: &'a str,
    hash: &'a str,
    /// The keys of `[policy.NAME]`.
    policy: Value,
}

/// A preset as written, where no policy of the config has its name; else the policy, written anew.
fn show(
    path: Option<&Path>,
    name: &str,
    json: bool,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let policy = match named(path, name, around) {
        Ok(policy) => policy,
        Err(exit) => return Ok(exit),
    };
    let preset = config::preset(name)
        .and_then(|preset| preset.policies.into_iter().next())
        .filter(|preset| preset.hash == policy.hash)
        .and_then(|_| presets::source(name));
    let text = preset.map_or_else(|| written::toml(&policy), str::to_owned);
    if json {
        say::json(&Shown {
            schema: "haltline/policy/v1",
            name: policy.name.as_str(),
            hash: &policy.hash,
            policy: serde_json::to_value(toml::from_str::<toml::Table>(&text)?)?,
        });
    } else {
        say::out(text.trim_end());
    }
    Ok(Exit::Fine)
}

#[derive(Serialize)]
struct Presets {
    schema: &'static str,
    presets: Vec<Preset>,
}

#[derive(Serialize)]
struct Preset {
    name: &'static str,
    description: PlainText,
}

fn list(args: &JsonArgs) -> Exit {
    let presets = presets::names().filter_map(|name| {
        let (policy, _) = presets::get(name)?.resolve(name).ok()?;
        let description = policy.description;
        Some(Preset { name, description })
    });
    let presets: Vec<Preset> = presets.collect();
    if args.json {
        let schema = "haltline/policy-presets/v1";
        say::json(&Presets { schema, presets });
    } else {
        for preset in presets {
            say::out(&format!("{:<16} {}", preset.name, preset.description));
        }
    }
    Exit::Fine
}
