//! `[[app.health]]`: where the figures come from, and the key to them.
//!
//! Owns what all kinds have in common: names, ages, and that no kind has another's keys. A file each for what a kind needs.

mod app_store_reviews;
mod bugsnag;
mod crashlytics;
mod datadog;
pub(super) mod exec;
mod figures;
pub(super) mod http_json;
mod kind;
mod new_relic;
mod play;
mod prometheus;
pub(super) mod secrets;
mod sentry;

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::TimeDelta;

use self::kind::{KINDS, Kind};
use super::Ctx;
use crate::config::HealthConfig;
use crate::config::file::{RawApp, RawHealth, RawStore};
use crate::config::problem::Problem;
use crate::config::tree::At;
use crate::domain::suggest::did_you_mean;
use crate::domain::{AppId, PlainText, SourceId, StoreKind};

/// The app that a source is of.
#[derive(Clone, Copy)]
struct Of<'r> {
    app: &'r AppId,
    /// Package or bundle id; empty where the file has none.
    package: &'r str,
    store: Option<&'r At<RawStore>>,
    kind: Option<StoreKind>,
}

/// `None` where one of them is wrong.
pub(super) fn resolve_all(
    ctx: &mut Ctx<'_>,
    app: &AppId,
    raw: &RawApp,
    package: &str,
    kind: Option<StoreKind>,
) -> Option<Vec<HealthConfig>> {
    let of = Of {
        app,
        package,
        store: raw.store.as_ref(),
        kind,
    };
    let mut sources: Vec<HealthConfig> = Vec::new();
    let mut fine = true;
    let mut seen = BTreeMap::<&str, usize>::new();
    for health in &raw.health {
        let Some(resolved) = resolve(ctx, of, health, &mut seen) else {
            fine = false;
            continue;
        };
        if sources.iter().any(|other| other.id == resolved.id) {
            let what = format!("two sources are called {:?}", resolved.id.0.as_str());
            let span = health.value.id.as_ref().map_or(&health.span, |at| &at.span);
            ctx.push(
                Problem::error(span.clone(), what).help("give each an id of its own: id = \"…\""),
            );
            fine = false;
        }
        sources.push(resolved);
    }
    if let Some(wanted) = &raw.precedence {
        fine &= put_in_order(ctx, wanted, &mut sources);
    }
    fine.then_some(sources)
}

/// Those that `use` names come first, as it names them. False where it names one that there is not.
fn put_in_order(ctx: &mut Ctx<'_>, wanted: &[At<String>], sources: &mut [HealthConfig]) -> bool {
    let mut fine = true;
    for (n, at) in wanted.iter().enumerate() {
        let ids: Vec<&str> = sources.iter().map(|source| source.id.0.as_str()).collect();
        let what = if !ids.contains(&at.value.as_str()) {
            format!("use names {:?}, which is no source of this app", at.value)
        } else if wanted.iter().take(n).any(|other| other.value == at.value) {
            format!("use names {:?} twice", at.value)
        } else {
            continue;
        };
        let help = did_you_mean(&at.value, &ids);
        ctx.push(Problem::error(at.span.clone(), what).help(help));
        fine = false;
    }
    let rank = |source: &HealthConfig| {
        let named = |at: &At<String>| at.value == source.id.0.as_str();
        wanted.iter().position(named).unwrap_or(wanted.len())
    };
    sources.sort_by_key(rank);
    fine
}

fn resolve(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
    seen: &mut BTreeMap<&str, usize>,
) -> Option<HealthConfig> {
    let raw = &health.value;
    let help = "write kind = \"sentry\", \"play-vitals\", \"prometheus\" or another of README's table of sources";
    let at = ctx.required(&health.span, "kind", raw.kind.as_ref(), help)?;
    let words: Vec<(&str, &'static Kind)> = KINDS.iter().map(|kind| (kind.word, kind)).collect();
    let kind = ctx.one_of("kind", at, &words)?;
    let n = seen.entry(kind.word).or_default();
    *n += 1;
    let id = match (&raw.id, *n) {
        (Some(at), _) => named_well(ctx, at)?,
        (None, 1) => kind.word.to_owned(),
        (None, n) => format!("{}-{n}", kind.word),
    };
    let mine = no_others_keys(ctx, kind, raw) & right_store(ctx, of, kind, &health.span);
    let (lag, stale_after) = ages(ctx, kind, raw);
    let source = (kind.resolve)(ctx, of, health)?;
    let default = kind.required;
    mine.then_some(HealthConfig {
        id: SourceId(PlainText::new(&id)),
        required: raw.required.as_ref().map_or(default, |at| at.value),
        lag,
        stale_after,
        source,
    })
}

fn named_well(ctx: &mut Ctx<'_>, at: &At<String>) -> Option<String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let well = !at.value.is_empty() && at.value.len() <= 40 && at.value.chars().all(fine);
    if !well {
        let what = format!("id = {:?} is not a name for a source", at.value);
        let help = "a-z, 0-9, '-', '_' and '.', 40 at most, such as \"play-vitals\"";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
    well.then(|| at.value.clone())
}

fn no_others_keys(ctx: &mut Ctx<'_>, kind: &Kind, raw: &RawHealth) -> bool {
    let mut fine = true;
    for (key, span) in raw.of_some_kinds() {
        if !kind.keys.contains(&key) {
            fine = false;
            let what = format!("kind = \"{}\" has no \"{key}\"", kind.word);
            let whose = KINDS.iter().filter(|other| other.keys.contains(&key));
            let whose: Vec<&str> = whose.map(|other| other.word).collect();
            let help = format!(
                "it belongs to {}: remove it, or change the kind",
                whose.join(", ")
            );
            ctx.push(Problem::error(span, what).help(help));
        }
    }
    fine
}

fn right_store(ctx: &mut Ctx<'_>, of: Of<'_>, kind: &Kind, table: &Range<usize>) -> bool {
    match (kind.store, of.kind) {
        (Some(wanted), Some(found)) if wanted != found => {
            let what = format!(
                "kind = \"{}\" knows apps of {} only",
                kind.word,
                wanted.name()
            );
            ctx.push(Problem::error(table.clone(), what).help("remove this [[app.health]]"));
            false
        }
        _ => true,
    }
}

/// `lag` and `stale_after`.
fn ages(ctx: &mut Ctx<'_>, kind: &Kind, raw: &RawHealth) -> (TimeDelta, TimeDelta) {
    let stale_after = ctx.positive("stale_after", raw.stale_after.as_ref(), kind.stale_after);
    if let (Some(at), Some(poll)) = (&raw.stale_after, ctx.longest_poll)
        && stale_after < poll * 2
    {
        let what =
            "stale_after is shorter than two polls: one lost answer makes the health unknown";
        ctx.push(Problem::warning(at.span.clone(), what));
    }
    let lag = raw.lag.as_ref().map_or(kind.lag, |at| at.value.0);
    if let Some(at) = raw.lag.as_ref().filter(|_| lag >= stale_after) {
        let what = "lag is not shorter than stale_after: data are stale before they are late";
        ctx.push(Problem::warning(at.span.clone(), what));
    }
    (lag, stale_after)
}
