//! `kind = "sentry"`

use std::ops::Range;

use super::{Of, figures};
use crate::config::file::RawHealth;
use crate::config::problem::Problem;
use crate::config::resolve::store::named;
use crate::config::resolve::{Credential, Ctx};
use crate::config::secret::{self, BadSecret};
use crate::config::tree::At;
use crate::config::{SourceConfig, base_url};
use crate::domain::StoreKind;

const SENTRY: &str = "https://sentry.io";
const DEFAULT_RELEASE: &str = "{package}@{version}+{build}";

pub(super) fn resolve(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let raw = &health.value;
    let table = &health.span;
    let help = "write organization = \"acme\": the slug in the address of your Sentry";
    let organization = ctx.required(table, "organization", raw.organization.as_ref(), help);
    let help = "write project = \"shop-android\": its slug or number";
    let project = ctx.required(table, "project", raw.project.as_ref(), help);
    let mut slugs = true;
    for (key, at) in [("organization", organization), ("project", project)] {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if let Some(at) = at.filter(|at| !at.value.chars().all(fine)) {
            slugs = false;
            let what = format!("{key} = {:?} is not a slug", at.value);
            let help = "the slug is what stands in the address, not the name";
            ctx.push(Problem::error(at.span.clone(), what).help(help));
        }
    }
    let release = release(ctx, raw.release.as_ref(), of.kind);
    let from_env = secret::sentry_url(ctx.around).filter(|_| raw.base_url.is_none());
    let (base_url, loopback) = match from_env {
        Some(url) => match base_url::check(url) {
            Ok(checked) => {
                ctx.all_loopback &= checked.loopback;
                (url.trim_end_matches('/').to_owned(), checked.loopback)
            }
            Err(why) => {
                let what = format!("the environment variable SENTRY_URL: {why}");
                ctx.push(
                    Problem::error(table.clone(), what)
                        .help("set it right, or write base_url here"),
                );
                return None;
            }
        },
        None => ctx.base_url(raw.base_url.as_ref(), SENTRY),
    };
    let by_convention = raw.token.is_none();
    let found = match &raw.token {
        Some(at) => named(ctx, at)?,
        None if loopback => {
            let help = "on loopback no token is looked for: write token = \"file:…\"";
            ctx.missing(table, "token", help);
            return None;
        }
        None => secret::sentry(ctx.base, ctx.around).unwrap_or_else(|| {
            Err(BadSecret {
                what: "no token for Sentry: none in the config, none in the environment".into(),
                help: "write token = \"env:SENTRY_AUTH_TOKEN\" and set it".into(),
            })
        }),
    };
    let found = found.and_then(|found| {
        secret::check_token(&found)?;
        Ok(found)
    });
    let (slow_cold_start, slow_request) = figures::slow(ctx, raw);
    let journeys = figures::journeys(ctx, &raw.journey);
    let (organization, project, release) = (organization?, project?, release?);
    let journeys = journeys?;
    if !slugs {
        return None;
    }
    let found = match found {
        Ok(found) => found,
        Err(bad) => {
            let span: Range<usize> = raw.token.as_ref().map_or(table, |at| &at.span).clone();
            let why = ctx.bad_secret(Some(of.app), span, &bad);
            return Some(SourceConfig::Unusable { why });
        }
    };
    ctx.credentials.push(Credential {
        app: Some(of.app.clone()),
        for_what: "sentry",
        origin: found.origin.into(),
        by_convention,
    });
    Some(SourceConfig::Sentry {
        organization: organization.value.clone(),
        project: project.value.clone(),
        environment: raw.environment.as_ref().map(|at| at.value.clone()),
        release,
        package: of.package.to_owned(),
        token: found.secret,
        base_url,
        slow_cold_start: raw.slow_cold_start.is_some().then_some(slow_cold_start),
        slow_request: raw.slow_request.is_some().then_some(slow_request),
        journeys,
    })
}

/// How releases are named: known placeholders only, and something that tells one version from the next.
pub(super) fn release(
    ctx: &mut Ctx<'_>,
    raw: Option<&At<String>>,
    store: Option<StoreKind>,
) -> Option<String> {
    let Some(at) = raw else {
        return Some(DEFAULT_RELEASE.to_owned());
    };
    let bare = ["{package}", "{version}", "{build}"]
        .iter()
        .fold(at.value.clone(), |text, known| text.replace(known, ""));
    let (version, build) = (at.value.contains("{version}"), at.value.contains("{build}"));
    let what = if bare.contains(['{', '}']) {
        "release has an unknown placeholder"
    } else if at.value.contains("{version}{build}") || at.value.contains("{build}{version}") {
        "release needs something between {version} and {build}"
    } else if !build && store == Some(StoreKind::GooglePlay) {
        "release must contain {build}: Google Play knows a release by its version code alone"
    } else if !build && !version {
        "release must contain {version} or {build}: they tell one release from the next"
    } else {
        return Some(at.value.clone());
    };
    let help = format!(
        "placeholders are {{package}}, {{version}} and {{build}}, as in \"{DEFAULT_RELEASE}\""
    );
    ctx.push(Problem::error(at.span.clone(), what).help(help));
    None
}
