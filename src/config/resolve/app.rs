//! `[[app]]`: who it is, what it is judged by, and that no two apps are the same.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::TimeDelta;

use super::policy::Policies;
use super::{Ctx, health, store};
use crate::config::file::RawApp;
use crate::config::problem::Problem;
use crate::config::tree::At;
use crate::config::{AppConfig, BaselineConfig, Fallback};
use crate::domain::{AppId, PlainText, StoreKind, address};
use crate::policy::{Policy, Start};

const DEFAULT_STALLED_AFTER: TimeDelta = TimeDelta::days(3);

pub(super) fn resolve_all(
    ctx: &mut Ctx<'_>,
    raw: &[At<RawApp>],
    policies: &Policies,
) -> Vec<AppConfig> {
    // Where one was taken out, that has been told.
    let gone = ctx
        .gone
        .iter()
        .any(|(_, key)| key == "app" || key.is_empty());
    if raw.is_empty() && !gone {
        let help = "add an [[app]] with its [app.store] and [[app.health]]; `haltline config example` shows one";
        ctx.push(Problem::error(0..0, "no app is configured").help(help));
    }
    let mut ids: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    let mut apps = Vec::new();
    for app in raw {
        if let Some(id) = &app.value.id {
            if ids.contains_key(id.value.as_str()) {
                let what = format!("two apps have the id {:?}", id.value);
                let help = "commands name an app by its id: give each its own";
                ctx.push(Problem::error(id.span.clone(), what).help(help));
            }
            ids.insert(&id.value, id.span.clone());
        }
        same_release(ctx, app, &mut places);
        apps.extend(resolve(ctx, app, policies));
    }
    apps
}

/// Two watchers of one track would fight over it.
fn same_release(ctx: &mut Ctx<'_>, app: &At<RawApp>, places: &mut BTreeMap<String, String>) {
    let Some(store) = &app.value.store else {
        return;
    };
    let (key, at) = match (&store.value.package, &store.value.bundle_id) {
        (Some(package), _) => {
            let track = store.value.track.as_ref();
            let track = track.map_or(store::DEFAULT_TRACK, |at| &at.value);
            (format!("{} on the track {track}", package.value), package)
        }
        (None, Some(bundle_id)) => (format!("{} on the App Store", bundle_id.value), bundle_id),
        (None, None) => return,
    };
    let id = app.value.id.as_ref().map_or("?", |id| &id.value);
    if let Some(other) = places.get(&key) {
        let what = format!("the app {other:?} watches {key} already");
        let help = "one release is watched by one app: remove one of the two";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
    places.insert(key, id.to_owned());
}

fn resolve(ctx: &mut Ctx<'_>, app: &At<RawApp>, policies: &Policies) -> Option<AppConfig> {
    let table = &app.span;
    let raw = &app.value;
    let id = ctx
        .required(
            table,
            "id",
            raw.id.as_ref(),
            "write id = \"shop-android\": what commands call the app",
        )
        .cloned();
    let id = id.and_then(|at| match AppId::try_from(at.value) {
        Ok(id) => Some(id),
        Err(error) => {
            ctx.push(Problem::error(at.span, error.to_string()));
            None
        }
    });
    // Checked on without an id, so that the rest is told too.
    let known = id.is_some();
    let id = id.or_else(|| AppId::try_from("app".to_owned()).ok())?;
    let name = raw.name.as_ref().map_or_else(
        || PlainText::new(id.as_str()),
        |at| PlainText::new(&at.value),
    );
    let policy = policies.of_app(ctx, app);
    let advise = raw
        .mode
        .as_ref()
        .and_then(|at| ctx.one_of("mode", at, &[("act", false), ("advise", true)]));
    let store = if let Some(store) = &raw.store {
        store::resolve(ctx, &id, store)
    } else {
        let help = "add [app.store] with kind = \"google-play\" or \"app-store\"";
        ctx.missing(table, "store", help);
        None
    };
    // What the file says, even where the rest of the store is wrong.
    let kind = raw.store.as_ref().and_then(|at| at.value.kind.as_ref());
    let kind = kind.and_then(|at| store::kind(&at.value));
    let baseline = resolve_baseline(ctx, raw.baseline.as_ref(), kind);
    let start = resolve_start(ctx, raw, policy.as_deref());
    let stalled_after = ctx.positive(
        "stalled_after",
        raw.stalled_after.as_ref(),
        DEFAULT_STALLED_AFTER,
    );
    let package = raw.store.as_ref().and_then(|store| {
        let store = &store.value;
        Some(
            store
                .package
                .as_ref()
                .or(store.bundle_id.as_ref())?
                .value
                .clone(),
        )
    });
    if raw.health.is_empty() && !ctx.gone.iter().any(|(_, key)| key == "health") {
        let what = format!(
            "the app {id} has no health source: its health stays unknown, no rule can fire"
        );
        ctx.push(
            Problem::warning(table.clone(), what).help("add [[app.health]] with kind = \"sentry\""),
        );
    }
    let health = health::resolve_all(ctx, &id, raw, &package.unwrap_or_default(), kind);
    Some(AppConfig {
        id,
        name,
        store: store?,
        health: health?,
        policy: policy?,
        baseline: baseline?,
        advise: advise.unwrap_or(false),
        start,
        train: raw
            .train
            .as_ref()
            .map(|at| PlainText::from(at.value.as_str())),
        owner: raw
            .owner
            .as_ref()
            .map(|at| PlainText::from(at.value.as_str())),
        link: raw.link.as_ref().and_then(|at| resolve_link(ctx, at)),
        stalled_after,
        fallback: resolve_fallback(ctx, raw.fallback.as_ref()),
    })
    .filter(|_| known)
}

fn resolve_fallback(ctx: &mut Ctx<'_>, raw: Option<&At<String>>) -> Option<Fallback> {
    let at = raw?;
    let named = |kind: fn(PlainText) -> Fallback, name: &str| {
        let name = PlainText::from(name.trim());
        (!name.is_empty()).then(|| kind(name))
    };
    let fallback = match at.value.split_once(':') {
        Some(("flag", name)) => named(Fallback::Flag, name),
        Some(("remote-config", name)) => named(Fallback::RemoteConfig, name),
        None if at.value == "none" => Some(Fallback::None),
        _ => None,
    };
    if fallback.is_none() {
        let what = format!("fallback = {:?} is not known", at.value);
        let help = "write \"flag:NAME\", \"remote-config:NAME\", or \"none\" where nothing takes a feature back";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
    fallback
}

/// For a browser of whoever reads a message: it is shown to many, and never called from here.
fn resolve_link(ctx: &mut Ctx<'_>, at: &At<String>) -> Option<PlainText> {
    let shown = at.value.replace("{version}", "1");
    let wrong = match address::check(&shown.replacen("http://", "https://", 1)) {
        Ok(_) if shown.contains(['{', '}']) => "the one placeholder is {version}",
        Ok(_) => return Some(PlainText::from(at.value.as_str())),
        Err(why) => why,
    };
    let problem = Problem::error(at.span.clone(), format!("link: {wrong}"));
    ctx.push(
        problem.help("write link = \"https://grafana.example.com/d/shop?var-release={version}\""),
    );
    None
}

fn resolve_start(ctx: &mut Ctx<'_>, raw: &RawApp, policy: Option<&Policy>) -> Start {
    let words = [("manual", Start::Manual), ("automatic", Start::Automatic)];
    let start = raw
        .start
        .as_ref()
        .and_then(|at| ctx.one_of("start", at, &words))
        .unwrap_or_default();
    if let (Start::Automatic, Some(at), Some(policy)) = (start, &raw.start, policy)
        && policy.stages.is_empty()
        && ctx.gone.is_empty()
    {
        let what = format!(
            "start = \"automatic\" has nothing to carry out: the policy {} has no stages",
            policy.name
        );
        let help = "give the policy stages, or leave start out: people move the rollout";
        ctx.push(Problem::warning(at.span.clone(), what).help(help));
    }
    start
}

fn resolve_baseline(
    ctx: &mut Ctx<'_>,
    raw: Option<&At<String>>,
    store: Option<StoreKind>,
) -> Option<BaselineConfig> {
    let Some(at) = raw else {
        return Some(BaselineConfig::Previous);
    };
    let (fine, what) = match store {
        Some(StoreKind::AppStore) => (
            at.value.chars().all(|c| c.is_ascii_digit() || c == '.'),
            "a build number (digits and points)",
        ),
        _ => (at.value.parse::<u64>().is_ok(), "a version code"),
    };
    match at.value.as_str() {
        "previous" => Some(BaselineConfig::Previous),
        "none" => {
            let what = "with baseline = \"none\" floors act unblamed: an outage of the backend stops the rollout too; and nothing \
                        tells how clustered failures are, so that rules on sessions pause instead of halting";
            ctx.push(
                Problem::warning(at.span.clone(), what)
                    .help("use \"previous\" wherever the store still serves an older version"),
            );
            Some(BaselineConfig::None)
        }
        build if fine && !build.is_empty() => Some(BaselineConfig::Build(build.into())),
        other => {
            let problem = Problem::error(
                at.span.clone(),
                format!("baseline = {other:?} is not known"),
            );
            ctx.push(problem.help(format!("write \"previous\", \"none\" or {what}")));
            None
        }
    }
}
