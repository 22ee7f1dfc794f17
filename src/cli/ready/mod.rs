//! `haltline ready`: before a rollout, whether everything is there that would notice and stop a bad one. Changes nothing.

mod items;
mod look;

use std::path::Path;

use serde::Serialize;

use super::args::ReadyArgs;
use super::exit::Exit;
use super::{compose, load, say};
use crate::config::Surroundings;
use crate::domain::{AppId, Exposure, PlainText, StoreKind};
use crate::policy::Policy;
use crate::policy::readiness::{Aim, Item, Mark};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    app: &'a AppId,
    /// Nothing failed, and all is known.
    ready: bool,
    exposure: Exposure,
    regression: f64,
    /// What would roll out, in words.
    release: PlainText,
    items: &'a [Item],
}

pub(super) async fn run(
    path: Option<&Path>,
    args: &ReadyArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let id = &args.app.0;
    if let Err(exit) = load::known(id, config.apps.iter().map(|app| &app.id)) {
        return Ok(exit);
    }
    let app_config = config.apps.iter().find(|app| app.id == *id);
    let watched = compose::apps(&config, &clock)?;
    let watched = watched.into_iter().find(|app| app.id == *id);
    let (Some(app_config), Some(watched)) = (app_config, watched) else {
        return Ok(Exit::Usage);
    };
    let aim = Aim {
        exposure: args
            .exposure
            .unwrap_or_else(|| first(&app_config.policy, watched.store.kind())),
        regression: args.regression,
    };
    let seen = look::look(&watched, clock.now()).await;
    let items = items::all(&config, app_config, aim, &seen, clock.now());
    let exit = exit(&items);
    if args.json {
        say::json(&Document {
            schema: "haltline/ready/v1",
            app: id,
            ready: exit == Exit::Fine,
            exposure: aim.exposure,
            regression: aim.regression,
            release: seen.release,
            items: &items,
        });
        return Ok(exit);
    }
    say::out(&format!("{id}: {}", seen.release));
    for line in items.iter().flat_map(lines) {
        say::out(&line);
    }
    say::out(&verdict(&items));
    Ok(exit)
}

/// How many get a release first.
fn first(policy: &Policy, store: StoreKind) -> Exposure {
    let mut stages = policy.stages.iter().map(|stage| stage.exposure);
    let first = stages.find(|exposure| *exposure > Exposure::NONE);
    first.unwrap_or(match store {
        StoreKind::GooglePlay => Exposure::from_percent(5),
        // Apple's first day.
        StoreKind::AppStore => Exposure::from_percent(1),
    })
}

/// The worst item decides; rights come first, since the others rest on them.
fn exit(items: &[Item]) -> Exit {
    let failed = |item: &&Item| item.mark == Mark::Failed;
    let worst = items.iter().map(|item| item.mark).max();
    match worst {
        _ if items
            .iter()
            .filter(failed)
            .any(|item| item.item == items::RIGHTS) =>
        {
            Exit::Credentials
        }
        Some(Mark::Failed) => Exit::Refused,
        Some(Mark::Unknown) => Exit::Unknown,
        _ => Exit::Fine,
    }
}

fn lines(item: &Item) -> Vec<String> {
    let mark = match item.mark {
        Mark::Ready => "✓",
        Mark::Warning => "!",
        Mark::Unknown => "?",
        Mark::Failed => "✗",
    };
    let finding = format!(" {mark} {:<11} {}", item.item, item.finding);
    let todo = item
        .todo
        .iter()
        .map(|todo| format!("   {:<11} → {todo}", ""));
    std::iter::once(finding).chain(todo).collect()
}

fn verdict(items: &[Item]) -> String {
    let named = |mark: Mark| {
        let items = items.iter().filter(|item| item.mark == mark);
        items.map(|item| item.item).collect::<Vec<_>>().join(", ")
    };
    match (named(Mark::Failed), named(Mark::Unknown)) {
        (failed, _) if !failed.is_empty() => format!("not ready: {failed}"),
        (_, unknown) if !unknown.is_empty() => format!("not known: {unknown}"),
        _ => "ready".to_owned(),
    }
}
