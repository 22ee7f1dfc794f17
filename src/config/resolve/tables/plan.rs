//! `[plan.NAME]`: that each step names an app and a stage of it, and that no app waits for ever.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Known, cycle, named, unknown};
use crate::config::file::{RawAfter, RawPlan, RawStep};
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::domain::{AppId, Exposure};
use crate::policy::{After, CrossPlan, CrossStep, OnHalt, Policy, StepTo};

pub(super) fn resolve_all(
    ctx: &mut Ctx<'_>,
    raw: &BTreeMap<String, At<RawPlan>>,
    apps: &[Known<'_>],
) -> Vec<CrossPlan> {
    let mut plans = Vec::new();
    // In the order of the file, so that the later of two is the one that is wrong.
    let mut written: Vec<(&String, &At<RawPlan>)> = raw.iter().collect();
    written.sort_by_key(|(_, at)| at.span.start);
    let mut taken: BTreeMap<AppId, &str> = BTreeMap::new();
    let mut waits = Vec::new();
    for (name, at) in written {
        named(ctx, "plan", name, &at.span);
        let on_halt = at.value.on_halt.as_ref().and_then(|at| {
            let words = [("hold", OnHalt::Hold), ("ignore", OnHalt::Ignore)];
            ctx.one_of("on_halt", at, &words)
        });
        let gone = ctx
            .gone
            .iter()
            .any(|(_, key)| key == "step" || key.is_empty());
        if at.value.step.is_empty() && !gone {
            let what = "this plan has no step";
            let help = "add a [[plan.NAME.step]] with app, to, and after or day";
            ctx.push(Problem::error(at.span.clone(), what).help(help));
        }
        let mut plan = CrossPlan {
            name: name.as_str().into(),
            apps: Vec::new(),
            on_halt: on_halt.unwrap_or_default(),
            steps: Vec::new(),
        };
        for raw in &at.value.step {
            in_one_plan(ctx, name, raw, apps, &mut taken, &mut plan);
            if let Some(step) = step(ctx, raw, apps) {
                waits.push((raw.span.clone(), step.clone()));
                plan.steps.push(step);
            }
        }
        nobody_first(ctx, at, &plan, apps);
        plans.push(plan);
    }
    for (span, what) in cycle::find(&waits, |id| find(apps, id)?.policy.as_deref()) {
        let help = "each waits for the other, so that none goes on: take one of these steps out";
        ctx.push(Problem::error(span, what).help(help));
    }
    plans
}

fn find<'a, 'r>(apps: &'a [Known<'r>], id: &AppId) -> Option<&'a Known<'r>> {
    apps.iter().find(|app| app.id == *id)
}

/// Notes the apps that a step names; an app of another plan is told.
fn in_one_plan<'r>(
    ctx: &mut Ctx<'_>,
    name: &'r str,
    raw: &At<RawStep>,
    apps: &[Known<'_>],
    taken: &mut BTreeMap<AppId, &'r str>,
    plan: &mut CrossPlan,
) {
    let after = raw
        .value
        .after
        .as_ref()
        .and_then(|at| at.value.app.as_ref());
    for at in raw.value.app.iter().chain(after) {
        let Some(app) = apps.iter().find(|app| app.id.as_str() == at.value) else {
            continue;
        };
        if !plan.apps.contains(&app.id) {
            plan.apps.push(app.id.clone());
        }
        match taken.get(&app.id) {
            Some(other) if *other != name => {
                let what = format!("the app {} is in the plan {other} already", app.id);
                let help = "an app is in one plan: put the steps of both into one";
                ctx.push(Problem::error(at.span.clone(), what).help(help));
            }
            Some(_) => {}
            None => drop(taken.insert(app.id.clone(), name)),
        }
    }
}

fn step(ctx: &mut Ctx<'_>, raw: &At<RawStep>, apps: &[Known<'_>]) -> Option<CrossStep> {
    let help = "write app = \"shop-ios\": the id of the app that waits";
    let app = ctx.required(&raw.span, "app", raw.value.app.as_ref(), help);
    let app = app.and_then(|at| known(ctx, at, apps));
    let to = raw.value.to.as_ref();
    if to.is_none() {
        let help = "write to = \"start\", or the exposure of a stage: to = \"30%\"";
        ctx.missing(&raw.span, "to", help);
    }
    if let (Some(app), Some(to)) = (app, to)
        && let StepTo::Stage(exposure) = to.value.0
    {
        is_stage(
            ctx,
            "to",
            app,
            &At {
                span: to.span.clone(),
                value: exposure,
            },
        );
    }
    if let (Some(app), Some(at)) = (app, raw.value.app.as_ref()) {
        has_stages(ctx, app, at);
    }
    if let Some(at) = raw.value.day.as_ref().filter(|at| at.value == 0) {
        let what = "the days of a plan begin with 1: the first 24 hours";
        ctx.push(Problem::error(at.span.clone(), what).help("write day = 1 or later"));
    }
    let asks_nothing = raw.value.after.is_none() && raw.value.day.is_none();
    if let Some(at) = to.filter(|at| asks_nothing && at.value.0 != StepTo::Start)
        && ctx.gone.is_empty()
    {
        let what = "this step waits for nothing";
        let help = "write after = { app = \"shop-android\", at = \"30%\", healthy_for = \"12h\" } or day = 3";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
    let after = match &raw.value.after {
        Some(at) => Some(after(ctx, at, raw, apps)?),
        None => None,
    };
    Some(CrossStep {
        app: app?.id.clone(),
        to: to?.value.0,
        after,
        day: raw.value.day.as_ref().map(|at| at.value),
    })
}

fn after(
    ctx: &mut Ctx<'_>,
    at: &At<RawAfter>,
    step: &At<RawStep>,
    apps: &[Known<'_>],
) -> Option<After> {
    let help = "write app = \"shop-android\": the id of the app that goes first";
    let named = ctx.required(&at.span, "app", at.value.app.as_ref(), help);
    let own = step.value.app.as_ref().map(|at| &at.value);
    if let Some(named) = named.filter(|named| Some(&named.value) == own) {
        let what = format!("{} waits for itself", named.value);
        let help = "name another app here; how long it stays in a stage is the soak of its policy";
        ctx.push(Problem::error(named.span.clone(), what).help(help));
        return None;
    }
    let app = named.and_then(|at| known(ctx, at, apps));
    if at.value.at.is_none() {
        let help = "write at = \"30%\": the exposure that it must have reached";
        ctx.missing(&at.span, "at", help);
    }
    let reached = at.value.at.as_ref()?;
    let exposure = reached.value.0;
    if let Some(app) = app {
        is_stage(
            ctx,
            "at",
            app,
            &At {
                span: reached.span.clone(),
                value: exposure,
            },
        );
    }
    let healthy_for = at.value.healthy_for.as_ref();
    Some(After {
        app: app?.id.clone(),
        at: exposure,
        healthy_for: healthy_for.map_or(TimeDelta::zero(), |at| at.value.0),
    })
}

fn known<'a, 'r>(
    ctx: &mut Ctx<'_>,
    at: &At<String>,
    apps: &'a [Known<'r>],
) -> Option<&'a Known<'r>> {
    let found = apps.iter().find(|app| app.id.as_str() == at.value);
    if found.is_none() {
        let ids: Vec<&str> = apps.iter().map(|app| app.id.as_str()).collect();
        unknown(ctx, "app", at, &ids, "add an [[app]] with this id");
    }
    found
}

/// A plan opens and shuts gates: an app without stages has none.
fn has_stages(ctx: &mut Ctx<'_>, app: &Known<'_>, at: &At<String>) {
    let Some(policy) = &app.policy else { return };
    if policy.stages.is_empty() && ctx.gone.is_empty() {
        let what = format!(
            "the policy {} of {} has no stages: there is no gate that could wait",
            policy.name, app.id
        );
        let help = "give the policy stages, or the app a policy that has some";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
}

fn is_stage(ctx: &mut Ctx<'_>, key: &str, app: &Known<'_>, at: &At<Exposure>) {
    let Some(policy) = &app.policy else { return };
    let at_all = policy.stages.iter().any(|stage| stage.exposure == at.value);
    if at_all || policy.stages.is_empty() || !ctx.gone.is_empty() {
        return;
    }
    let what = format!(
        "{key} = \"{}\" is no stage of the policy {} of {}",
        at.value, policy.name, app.id
    );
    let help = format!("its stages are {}", ladder(policy));
    ctx.push(Problem::error(at.span.clone(), what).help(help));
}

fn ladder(policy: &Policy) -> String {
    let stages = policy.stages.iter().map(|stage| stage.exposure.to_string());
    stages.collect::<Vec<_>>().join(", ")
}

/// Days are counted from the first app that is offered to anybody: one of them must be free to begin.
fn nobody_first(ctx: &mut Ctx<'_>, at: &At<RawPlan>, plan: &CrossPlan, apps: &[Known<'_>]) {
    let waits = |id: &AppId| {
        let policy = find(apps, id).and_then(|app| app.policy.as_deref());
        let first = policy.and_then(|policy| policy.stages.first());
        plan.steps.iter().any(|step| {
            let begins = match step.to {
                StepTo::Start => true,
                StepTo::Stage(exposure) => first.is_some_and(|stage| stage.exposure == exposure),
            };
            step.app == *id && begins && step.day.is_some_and(|day| day > 1)
        })
    };
    if !plan.apps.is_empty() && plan.apps.iter().all(waits) {
        let what = "no app of this plan may begin: each waits for a later day, and the days are counted from the first one";
        let help = "leave day out of the step with which the first app starts";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
}
