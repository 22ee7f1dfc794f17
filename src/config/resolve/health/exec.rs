//! `kind = "exec"`

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
    let Some(run) = &raw.run else {
        let help = "write run = [\"./windows\", \"production\"]: the program and its arguments";
        ctx.missing(&health.span, "run", help);
        return None;
    };
    let Some((program, arguments)) = run.value.split_first().filter(|(it, _)| !it.is_empty())
    else {
        let help = "write run = [\"./windows\", \"production\"]: the program and its arguments";
        ctx.push(Problem::error(run.span.clone(), "run names no program").help(help));
        return None;
    };
    let named = |name: &String| {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !name.is_empty()
            && name.chars().all(fine)
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    for (name, at) in &raw.env {
        let what = if !named(name) {
            format!("{name:?} is not a name of a variable")
        } else if name.starts_with(RESERVED) {
            format!("{name} is haltline's own: what a program is told begins with {RESERVED}")
        } else {
            continue;
        };
        ctx.push(Problem::error(at.span.clone(), what));
        return None;
    }
    let env = match secrets::values(ctx, of, &raw.env, "exec")? {
        Ok(env) => env,
        Err(why) => return Some(SourceConfig::Unusable { why }),
    };
    Some(SourceConfig::Exec {
        program: program.clone(),
        arguments: arguments.to_vec(),
        env,
        timeout,
        package: of.package.to_owned(),
    })
}
