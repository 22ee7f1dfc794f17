//! `kind = "exec"`

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::TimeDelta;

use super::{Of, secrets};
use crate::config::SourceConfig;
use crate::config::file::RawHealth;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;

const TIMEOUT: TimeDelta = TimeDelta::seconds(20);
/// A poll waits for it.
const LONGEST: TimeDelta = TimeDelta::minutes(5);
const RESERVED: &str = "HALTLINE_";

pub(super) fn resolve(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let raw = &health.value;
    let timeout = ctx.positive("timeout", raw.timeout.as_ref(), TIMEOUT);
    if let Some(at) = raw.timeout.as_ref().filter(|_| timeout > LONGEST) {
        let what = "timeout must be at most 5 minutes: a poll waits for the program";
        ctx.push(Problem::error(at.span.clone(), what));
        return None;
    }
    let help = "write run = [\"./windows\", \"production\"]: the program and its arguments";
    let run = program(ctx, &health.span, raw.run.as_ref(), help)?;
    if !named_well(ctx, &raw.env) {
        return None;
    }
    let env = match secrets::values(ctx, Some(of.app), &raw.env, "exec")? {
        Ok(env) => env,
        Err(why) => return Some(SourceConfig::Unusable { why }),
    };
    Some(SourceConfig::Exec {
        program: run.first()?.clone(),
        arguments: run.into_iter().skip(1).collect(),
        env,
        timeout,
        package: of.package.to_owned(),
    })
}

/// A program and its arguments; never empty.
pub(in crate::config::resolve) fn program(
    ctx: &mut Ctx<'_>,
    table: &Range<usize>,
    run: Option<&At<Vec<String>>>,
    help: &str,
) -> Option<Vec<String>> {
    let Some(run) = run else {
        ctx.missing(table, "run", help);
        return None;
    };
    if run.value.first().is_none_or(String::is_empty) {
        ctx.push(Problem::error(run.span.clone(), "run names no program").help(help));
        return None;
    }
    Some(run.value.clone())
}

/// Names of variables that a program may be given.
pub(in crate::config::resolve) fn named_well(
    ctx: &mut Ctx<'_>,
    env: &BTreeMap<String, At<String>>,
) -> bool {
    let named = |name: &String| {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !name.is_empty()
            && name.chars().all(fine)
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    for (name, at) in env {
        let what = if !named(name) {
            format!("{name:?} is not a name of a variable")
        } else if name.starts_with(RESERVED) {
            format!("{name} is haltline's own: what a program is told begins with {RESERVED}")
        } else {
            continue;
        };
        ctx.push(Problem::error(at.span.clone(), what));
        return false;
    }
    true
}
