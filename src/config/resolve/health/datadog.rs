//! `kind = "datadog"`

use super::{Of, figures, secrets, sentry};
use crate::config::file::RawHealth;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::config::{SourceConfig, base_url};
use crate::domain::StoreKind;

const DATADOG: &str = "https://api.datadoghq.com";
const STRATA: [&str; 3] = ["country", "device", "os"];
/// Datadog's own name first.
const API_KEY: [&str; 2] = ["DD_API_KEY", "DATADOG_API_KEY"];
const APP_KEY: [&str; 3] = ["DD_APP_KEY", "DATADOG_APP_KEY", "DD_APPLICATION_KEY"];

pub(super) fn resolve(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let raw = &health.value;
    let help = "write application = \"…\": the id of the RUM application, as its settings show it";
    let application = ctx.required(&health.span, "application", raw.application.as_ref(), help);
    let release = release(ctx, of, health);
    let (base_url, loopback) = address(ctx, health)?;
    let key = |ctx: &mut Ctx<'_>, name, at: Option<&At<String>>, for_what, known: &[&str]| {
        let set = known.iter().find(|name| ctx.around.var(name).is_some());
        let convention = set.or(known.first()).copied();
        secrets::token(
            ctx,
            of,
            health,
            (name, at),
            (for_what, convention),
            loopback,
        )
    };
    let api_key = key(ctx, "token", raw.token.as_ref(), "datadog", &API_KEY);
    let app_key = key(
        ctx,
        "app_key",
        raw.app_key.as_ref(),
        "datadog app key",
        &APP_KEY,
    );
    let strata = figures::strata(ctx, raw, &STRATA);
    let (slow_cold_start, slow_request) = figures::slow(ctx, raw);
    let journeys = figures::journeys(ctx, &raw.journey);
    let (application, release, strata, journeys) = (application?, release?, strata?, journeys?);
    let (api_key, app_key) = match (api_key?, app_key?) {
        (Ok(api_key), Ok(app_key)) => (api_key, app_key),
        (Err(why), _) | (_, Err(why)) => return Some(SourceConfig::Unusable { why }),
    };
    Some(SourceConfig::Datadog {
        application: application.value.clone(),
        environment: raw.environment.as_ref().map(|at| at.value.clone()),
        api_key,
        app_key,
        base_url,
        release,
        package: of.package.to_owned(),
        strata,
        slow_cold_start,
        slow_request,
        journeys,
    })
}

/// The facet `version` is whatever the app tells the SDK, by default the version name. Play knows a build by its code alone.
fn release(ctx: &mut Ctx<'_>, of: Of<'_>, health: &At<RawHealth>) -> Option<String> {
    match &health.value.release {
        None if of.kind == Some(StoreKind::GooglePlay) => {
            let help = "Google Play knows a release by its version code alone: let the app set its Datadog version to \
                        \"8.43.0+84300\", say, and write release = \"{version}+{build}\"";
            ctx.missing(&health.span, "release", help);
            None
        }
        None => Some("{version}".to_owned()),
        at => sentry::release(ctx, at.as_ref(), of.kind),
    }
}

/// `base_url`, else the API of `DD_SITE`.
fn address(ctx: &mut Ctx<'_>, health: &At<RawHealth>) -> Option<(String, bool)> {
    let raw = health.value.base_url.as_ref();
    let site = ctx.around.var("DD_SITE").filter(|_| raw.is_none());
    let Some(site) = site else {
        return Some(ctx.base_url(raw, DATADOG));
    };
    let url = format!("https://api.{}", site.trim());
    match base_url::check(&url) {
        Ok(_) => {
            ctx.all_loopback = false;
            Some((url, false))
        }
        Err(why) => {
            let what = format!("the environment variable DD_SITE: {why}");
            let help = "set it to a site such as datadoghq.eu, or write base_url here";
            ctx.push(Problem::error(health.span.clone(), what).help(help));
            None
        }
    }
}
