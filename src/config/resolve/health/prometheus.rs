//! `kind = "prometheus"`, and `kind = "embrace"`, which speaks its language.
//!
//! A query is checked for its holes only: whether it is PromQL, the server says when `haltline doctor` tries it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use secrecy::SecretString;

use super::{Of, figures, secrets};
use crate::config::file::{RawFigures, RawHealth};
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::config::{Figures, SourceConfig};
use crate::domain::suggest::did_you_mean;
use crate::domain::{Metric, Reach, StoreKind};

const WINDOW: TimeDelta = TimeDelta::minutes(5);
const HOUR: TimeDelta = TimeDelta::hours(1);
/// Shorter than two scrapes a window holds nothing that could be counted.
const SHORTEST_WINDOW: TimeDelta = TimeDelta::minutes(1);

const HOLES: [&str; 5] = ["version", "build", "release", "package", "window"];

const EMBRACE: &str = "https://api.embrace.io/metrics";

pub(super) fn resolve(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let raw = &health.value;
    let help = "write base_url = \"https://prometheus.example.com\": what comes before /api/v1, as in \
        https://mimir.example.com/prometheus";
    let base_url = ctx.required(&health.span, "base_url", raw.base_url.as_ref(), help);
    let base_url = base_url.map(|at| ctx.base_url(Some(at), ""));
    let loopback = base_url.as_ref().is_some_and(|(_, loopback)| *loopback);
    let token = raw.token.as_ref().map(|at| {
        let named = ("token", Some(at));
        secrets::token(ctx, of, health, named, ("prometheus", None), loopback)
    });
    if let Some(user) = raw.user.as_ref().filter(|_| raw.token.is_none()) {
        let what = "user has no password";
        let help = "write token = \"env:NAME\" or \"file:PATH\" beside it";
        ctx.push(Problem::error(user.span.clone(), what).help(help));
        return None;
    }
    let window = window(ctx, raw.window.as_ref());
    let release = release(ctx, raw.release.as_ref(), of.kind);
    let strata = labels(ctx, raw);
    let figures = figures::figures(ctx, health);
    let (release, strata) = (release?, strata?);
    let fine = queries(ctx, &raw.metric, of.kind, &release) & parted(ctx, raw);
    let (figures, (base_url, _), window) = (figures?, base_url?, window?);
    if !fine {
        return None;
    }
    let token = match token {
        Some(had) => match had? {
            Ok(token) => Some(token),
            Err(why) => return Some(SourceConfig::Unusable { why }),
        },
        None => None,
    };
    Some(SourceConfig::Prometheus {
        base_url,
        user: raw.user.as_ref().map(|at| at.value.clone()),
        token,
        tenant: raw.tenant.as_ref().map(|at| at.value.clone()),
        figures,
        window,
        strata,
        release,
        package: of.package.to_owned(),
        reach: Reach::Halt,
    })
}

/// The past of the baseline is read in hours, which the windows have to meet.
fn window(ctx: &mut Ctx<'_>, at: Option<&At<crate::policy::units::Duration>>) -> Option<TimeDelta> {
    let window = ctx.positive("window", at, WINDOW);
    let seconds = window.num_seconds().max(1);
    let whole = TimeDelta::seconds(seconds) == window && HOUR.num_seconds() % seconds == 0;
    if whole && window >= SHORTEST_WINDOW {
        return Some(window);
    }
    if let Some(at) = at {
        let what = "window has to part an hour evenly";
        let help = "write \"1m\", \"5m\", \"10m\", \"15m\", \"30m\" or \"1h\"; it should hold four scrapes or more";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
    None
}

/// How `{release}` is made. Default: what the store tells of a version.
fn release(
    ctx: &mut Ctx<'_>,
    raw: Option<&At<String>>,
    store: Option<StoreKind>,
) -> Option<String> {
    let Some(at) = raw else {
        let play = store == Some(StoreKind::GooglePlay);
        return Some(if play { "{build}" } else { "{version}" }.to_owned());
    };
    let once = ["{package}", "{version}", "{build}"];
    let bare = once
        .iter()
        .fold(at.value.clone(), |text, hole| text.replacen(hole, "", 1));
    let (version, build) = (at.value.contains("{version}"), at.value.contains("{build}"));
    let what = if bare.contains(['{', '}']) {
        "release has an unknown placeholder, or one twice"
    } else if !build && store == Some(StoreKind::GooglePlay) {
        "release must contain {build}: Google Play knows a release by its version code alone"
    } else if !build && !version {
        "release must contain {version} or {build}: they tell one release from the next"
    } else {
        return Some(at.value.clone());
    };
    let help = "it is what a label holds, as in \"{version}+{build}\"; placeholders are {package}, {version} and {build}";
    ctx.push(Problem::error(at.span.clone(), what).help(help));
    None
}

/// `strata`: names of labels.
fn labels(ctx: &mut Ctx<'_>, raw: &RawHealth) -> Option<Vec<String>> {
    let mut fine = true;
    for at in raw.strata.iter().flatten() {
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins_well = at
            .value
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins_well || !at.value.chars().all(letter) {
            let what = format!("strata = {:?} is not the name of a label", at.value);
            ctx.push(Problem::error(at.span.clone(), what).help("write strata = [\"os\"]"));
            fine = false;
        }
    }
    let strata = figures::strata(ctx, raw, &[])?;
    fine.then_some(strata)
}

/// False where a query could not count one version alone.
fn queries(
    ctx: &mut Ctx<'_>,
    metrics: &BTreeMap<String, At<RawFigures>>,
    store: Option<StoreKind>,
    release: &str,
) -> bool {
    let all = metrics.values().flat_map(|at| {
        let raw = &at.value;
        let counts = [
            (&raw.failures, true),
            (&raw.trials, true),
            (&raw.value, false),
        ];
        counts
            .into_iter()
            .filter_map(|(at, counts)| Some((at.as_ref()?, counts)))
    });
    let all: Vec<(&At<String>, bool)> = all.collect();
    let looked_up = release.contains("{version}")
        && release.contains("{build}")
        && all.iter().any(|(at, _)| at.value.contains("{release}"));
    let nameless = store == Some(StoreKind::GooglePlay) && !looked_up;
    let mut fine = true;
    for (at, counts) in all {
        if let Some((what, help)) = mistake(&at.value, counts, nameless) {
            ctx.push(Problem::error(at.span.clone(), what).help(help));
            fine = false;
        }
    }
    fine
}

/// False where a label of `strata` is kept by no query, or by one half of a metric only.
fn parted(ctx: &mut Ctx<'_>, raw: &RawHealth) -> bool {
    let mut fine = true;
    for label in raw.strata.iter().flatten() {
        let keeps = |at: &At<String>| at.value.contains(&label.value);
        let mut kept = false;
        for at in raw.metric.values() {
            let (Some(failures), Some(trials)) = (&at.value.failures, &at.value.trials) else {
                continue;
            };
            kept |= keeps(trials);
            if keeps(failures) != keeps(trials) {
                let what = format!(
                    "failures and trials do not both keep the label {}",
                    label.value
                );
                let help = format!("write sum by ({}) (…) in both, or in neither", label.value);
                ctx.push(Problem::error(at.span.clone(), what).help(help));
                fine = false;
            }
        }
        if fine && !kept {
            let what = format!(
                "no query keeps the label {}, which strata names",
                label.value
            );
            let help = format!("write sum by ({}) (…)", label.value);
            ctx.push(Problem::error(label.span.clone(), what).help(help));
            fine = false;
        }
    }
    fine
}

/// What is wrong with a query, and what to do.
fn mistake(query: &str, counts: bool, nameless: bool) -> Option<(String, String)> {
    let holes = holes(query);
    if let Some((_, unknown)) = holes.iter().find(|(_, hole)| !HOLES.contains(hole)) {
        let what = format!("the query has an unknown placeholder {{{unknown}}}");
        return Some((what, did_you_mean(unknown, &HOLES)));
    }
    let has = |name| holes.iter().any(|(_, hole)| *hole == name);
    let bare = holes
        .iter()
        .find(|(before, hole)| *hole != "window" && before.trim_end().ends_with(['=', '~', '!']));
    if let Some((_, hole)) = bare {
        let what = format!("{{{hole}}} has to stand in quotes");
        return Some((
            what,
            format!("write app_build=\"{{{hole}}}\", in a text of TOML with '…' around it"),
        ));
    }
    let versions = ["version", "build", "release"];
    if !versions.into_iter().any(has) {
        let what = "the query would count all versions";
        let help = "name one, as in app_sessions_total{app_build=\"{build}\"}, with {version}, {build} or {release}";
        return Some((what.into(), help.into()));
    }
    if counts && !has("window") {
        let what = "the query would count more or less than a window";
        let help = "write the range as {window}, as in increase(app_sessions_total{app_build=\"{build}\"}[{window}])";
        return Some((what.into(), help.into()));
    }
    if nameless && has("version") {
        let what = "{version} is not known: Google Play tells the version code of a release alone";
        let help = "write {build}; or {release}, where release = \"{version}+{build}\" says how a label is made that holds both";
        return Some((what.into(), help.into()));
    }
    None
}

/// Each `{word}`, with what stands before it. Braces of selectors hold more than a word.
fn holes(query: &str) -> Vec<(&str, &str)> {
    let of_word = |c: char| c.is_ascii_lowercase() || c == '_';
    let hole = |(at, _): (usize, &str)| {
        let (before, after) = query.split_at_checked(at)?;
        let (name, _) = after.strip_prefix('{')?.split_once('}')?;
        let word = !name.is_empty() && name.chars().all(of_word);
        word.then_some((before, name))
    };
    query.match_indices('{').filter_map(hole).collect()
}

/// Embrace counts crashes, where others count the sessions that crashed, and names versions by their name alone. Its figures are
/// gauges of whole hours: what it adds up itself is read as it is.
pub(super) fn embrace(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let raw = &health.value;
    if of.kind == Some(StoreKind::GooglePlay) {
        let what =
            "Embrace names versions by their name, and Google Play tells the version code alone";
        let help = "remove this [[app.health]]: nobody could say which version is meant";
        ctx.push(Problem::error(health.span.clone(), what).help(help));
        return None;
    }
    let help = "write application = \"a1b2c\": the app id of Embrace's dashboard";
    let application = ctx.required(&health.span, "application", raw.application.as_ref(), help);
    let (base_url, loopback) = ctx.base_url(raw.base_url.as_ref(), EMBRACE);
    let known = [("os", "os_version"), ("device", "device_model")];
    let strata = figures::strata(ctx, raw, &known.map(|(kind, _)| kind));
    let named = ("token", raw.token.as_ref());
    let convention = ("embrace", Some("EMBRACE_API_TOKEN"));
    let token = secrets::token(ctx, of, health, named, convention, loopback);
    let (application, mut strata, token) = (application?, strata?, token?);
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !application.value.chars().all(fine) {
        let what = format!("application = {:?} is not an app id", application.value);
        ctx.push(Problem::error(application.span.clone(), what).help(help));
        return None;
    }
    let token: SecretString = match token {
        Ok(token) => token,
        Err(why) => return Some(SourceConfig::Unusable { why }),
    };
    strata.sort();
    let of_app = |gauge: &str| {
        let series = format!(
            "{gauge}{{app_id=\"{}\",app_version=\"{{version}}\"}}",
            application.value
        );
        // What the label is called there, by the word that all sources have for it.
        let parted = known
            .iter()
            .filter(|(kind, _)| strata.iter().any(|it| it == kind));
        let labelled = parted.fold(series, |query, (kind, label)| {
            format!("label_replace({query}, \"{kind}\", \"$1\", \"{label}\", \"(.*)\")")
        });
        match strata.as_slice() {
            [] => format!("sum({labelled})"),
            kinds => format!("sum by ({}) ({labelled})", kinds.join(", ")),
        }
    };
    let trials = of_app("hourly_sessions_total");
    let failures = format!("{} or 0 * {trials}", of_app("hourly_crashes_total"));
    let counts = Figures::Counts { failures, trials };
    Some(SourceConfig::Prometheus {
        base_url,
        user: None,
        token: Some(token),
        tenant: None,
        figures: BTreeMap::from([(Metric::CrashFreeSessions, counts)]),
        window: HOUR,
        strata,
        release: "{version}".to_owned(),
        package: of.package.to_owned(),
        reach: Reach::Pause,
    })
}
