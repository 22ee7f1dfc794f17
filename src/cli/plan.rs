//! `haltline plan`: what a policy can see at a volume, and limits from an app's own past.

mod past;
mod table;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::args::{PlanArgs, WorldArgs};
use super::exit::Exit;
use super::{policy, say};
use crate::config::Surroundings;
use crate::domain::PlainText;
use crate::policy::planner::{self, Assumed, Plan};
use crate::policy::{Policy, presets};

pub(super) use table::{assumptions, compact, notes, wrapped};

/// Crash-free share that a plan takes the baseline to have where nobody says.
const USUAL_FAILING: f64 = 0.0005;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    policy: &'a PlainText,
    policy_hash: &'a str,
    #[serde(flatten)]
    plan: &'a Plan,
}

pub(super) fn run(
    path: Option<&Path>,
    args: &PlanArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let Some(a_day) = args.sessions_per_day else {
        return past::propose(path, args, around);
    };
    if args.app.is_some() {
        say::err("haltline: --app goes with --from-history: a volume belongs to no app");
        return Ok(Exit::Usage);
    }
    let assumed = match assumed(a_day, &args.world) {
        Ok(assumed) => assumed,
        Err(exit) => return Ok(exit),
    };
    let name = args.policy.as_deref().unwrap_or(presets::DEFAULT);
    let policy = match policy::named(path, name, around) {
        Ok(policy) => policy,
        Err(exit) => return Ok(exit),
    };
    tell(&policy, &assumed, args.json);
    Ok(Exit::Fine)
}

fn tell(policy: &Arc<Policy>, assumed: &Assumed, json: bool) {
    let plan = planner::plan(policy, assumed);
    if json {
        say::json(&Document {
            schema: "haltline/plan/v1",
            policy: &policy.name,
            policy_hash: &policy.hash,
            plan: &plan,
        });
        return;
    }
    for line in table::whole(policy, &plan) {
        say::out(&line);
    }
}

/// What the options take the world to be; wrong use is told.
pub(super) fn assumed(a_day: f64, world: &WorldArgs) -> Result<Assumed, Exit> {
    let metric = &world.metric;
    let wrong = |what: String| {
        say::err(&format!("haltline: {what}"));
        Exit::Usage
    };
    if metric.counts_users() {
        return Err(wrong(format!(
            "{metric} is judged by the day, not by the session: plan for crash_free_sessions"
        )));
    }
    let failing = match world.baseline {
        Some(share) if metric.is_good_share() => share.complement(),
        Some(share) => share.share(),
        None if metric.is_good_share() => USUAL_FAILING,
        None => {
            return Err(wrong(format!(
                "say what the version before has: --baseline 1%, where {metric} is a share of the bad"
            )));
        }
    };
    if !(failing > 0.0 && failing < 1.0) {
        return Err(wrong(
            "a baseline lies between 0% and 100%, both excluded: without failures there is nothing to multiply"
                .to_owned(),
        ));
    }
    Ok(Assumed {
        metric: metric.clone(),
        a_day,
        failing,
        clustering: world.clustering,
    })
}
