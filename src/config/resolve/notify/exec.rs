//! `kind = "exec"`

use chrono::TimeDelta;

use super::secrets::{self, Had};
use crate::config::ChannelKind;
use crate::config::file::RawNotify;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::resolve::health::exec::{named_well, program};
use crate::config::tree::At;

const TIMEOUT: TimeDelta = TimeDelta::seconds(30);
/// What comes after it on this channel waits for it.
const LONGEST: TimeDelta = TimeDelta::minutes(5);

pub(super) fn resolve(ctx: &mut Ctx<'_>, at: &At<RawNotify>) -> Had<ChannelKind> {
    let raw = &at.value;
    let timeout = ctx.positive("timeout", raw.timeout.as_ref(), TIMEOUT);
    let late = raw.timeout.as_ref().filter(|_| timeout > LONGEST);
    if let Some(at) = late {
        let what = "timeout must be at most 5 minutes: further messages wait for the program";
        ctx.push(Problem::error(at.span.clone(), what));
    }
    let help = "write run = [\"./wake\", \"--team\", \"mobile\"]: the program and its arguments";
    let run = program(ctx, &at.span, raw.run.as_ref(), help);
    let named = named_well(ctx, &raw.env);
    let env = secrets::values(ctx, None, &raw.env, "exec").filter(|_| named && late.is_none());
    let (run, env) = (run?, env?);
    Some(env.map(|env| ChannelKind::Exec { run, env, timeout }))
}
