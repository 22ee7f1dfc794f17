//! `kind = "http-json"`

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Of, figures, secrets};
use crate::config::file::RawHealth;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::config::{Figures, SourceConfig};
use crate::domain::{StoreKind, address};

const WINDOW: TimeDelta = TimeDelta::minutes(5);
const HOLES: [&str; 7] = [
    "{package}",
    "{version}",
    "{build}",
    "{baseline}",
    "{start}",
    "{end}",
    "{window}",
];

pub(super) fn resolve(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let raw = &health.value;
    let help = "write url = \"https://health.example.com/{build}?start={start}&end={end}\"";
    let url = ctx.required(&health.span, "url", raw.url.as_ref(), help);
    let documents = raw.metric.is_empty();
    let url = url.filter(|at| address_well(ctx, of, at, documents));
    let window = window(ctx, raw);
    let figures = if documents {
        // The answer is a document of windows: there is nothing to look for.
        Some(BTreeMap::new())
    } else {
        figures::figures(ctx, health).filter(|figures| pointers_well(ctx, health, figures))
    };
    let named = headers_well(ctx, &raw.headers);
    let headers = secrets::values(ctx, Some(of.app), &raw.headers, "http-json");
    let (url, window, figures) = (url?, window?, figures?);
    let headers = match headers.filter(|_| named)? {
        Ok(headers) => headers,
        Err(why) => return Some(SourceConfig::Unusable { why }),
    };
    Some(SourceConfig::HttpJson {
        url: url.value.clone(),
        headers,
        figures,
        window,
        package: of.package.to_owned(),
    })
}

/// An address that may be called once its holes are filled, in a form that means one thing.
fn address_well(ctx: &mut Ctx<'_>, of: Of<'_>, at: &At<String>, documents: bool) -> bool {
    let url = &at.value;
    let bare = HOLES
        .iter()
        .fold(url.clone(), |url, hole| url.replace(hole, "x"));
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let has = |hole: &str| url.contains(hole);
    let help = match address::check(&bare) {
        Err(why) => {
            ctx.push(Problem::error(at.span.clone(), why));
            return false;
        }
        Ok(checked) => {
            ctx.all_loopback &= checked.loopback;
            format!("placeholders are {}", HOLES.join(", "))
        }
    };
    let what = if host.contains(['{', '}']) {
        "the host of url is one and the same: no placeholder belongs there"
    } else if bare.contains(['{', '}']) {
        "url has an unknown placeholder"
    } else if has("{start}") != has("{end}") {
        "url needs both {start} and {end}, or neither: with them it is asked window by window, without them it tells sums"
    } else if !documents && !has("{build}") && !has("{version}") {
        "url needs {build} or {version}: the figures of both versions would be the same"
    } else if has("{version}") && !has("{build}") && of.kind == Some(StoreKind::GooglePlay) {
        "url needs {build}: Google Play knows a release by its version code alone"
    } else {
        return true;
    };
    ctx.push(Problem::error(at.span.clone(), what).help(help));
    false
}

/// Whole minutes that divide a day, so that windows of every poll are the same.
fn window(ctx: &mut Ctx<'_>, raw: &RawHealth) -> Option<TimeDelta> {
    let window = ctx.positive("window", raw.window.as_ref(), WINDOW);
    let day = TimeDelta::days(1).num_seconds();
    let seconds = window.num_seconds();
    let fine = window >= TimeDelta::minutes(1) && seconds % 60 == 0 && day % seconds.max(1) == 0;
    if let Some(at) = raw.window.as_ref().filter(|_| !fine) {
        let what = "window must be whole minutes that divide a day";
        let help = "such as \"5m\", \"15m\", \"1h\" or \"1d\"";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
        return None;
    }
    Some(window)
}

fn pointers_well(
    ctx: &mut Ctx<'_>,
    health: &At<RawHealth>,
    figures: &BTreeMap<crate::domain::Metric, Figures>,
) -> bool {
    let mut fine = true;
    for (metric, figures) in figures {
        let pointers = match figures {
            Figures::Counts { failures, trials } => vec![failures, trials],
            Figures::Value { value, .. } => vec![value],
        };
        for pointer in pointers.into_iter().filter(|pointer| !is_pointer(pointer)) {
            fine = false;
            let at = health.value.metric.get(&metric.to_string());
            let span = at.map_or(&health.span, |at| &at.span).clone();
            let what = format!("{pointer:?} is not a JSON Pointer");
            let help = "it begins with a slash, as in \"/data/0/crashed\"; ~1 stands for a slash and ~0 for a tilde in a name";
            ctx.push(Problem::error(span, what).help(help));
        }
    }
    fine
}

/// RFC 6901, but for the empty one, which is the whole answer and no number.
fn is_pointer(raw: &str) -> bool {
    let escapes = raw.split('~').skip(1);
    raw.starts_with('/') && escapes.into_iter().all(|rest| rest.starts_with(['0', '1']))
}

pub(in crate::config::resolve) fn headers_well(
    ctx: &mut Ctx<'_>,
    headers: &BTreeMap<String, At<String>>,
) -> bool {
    let mut fine = true;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    for (name, at) in headers {
        let visible = |c: char| c == ' ' || c.is_ascii_graphic();
        let what = if name.is_empty() || !name.chars().all(token) {
            format!("{name:?} is not a name of a header")
        } else if !at.value.chars().all(visible) {
            format!("the value of the header {name} is not visible ASCII")
        } else {
            continue;
        };
        fine = false;
        ctx.push(Problem::error(at.span.clone(), what));
    }
    fine
}
