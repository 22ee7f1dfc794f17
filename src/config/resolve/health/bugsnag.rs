//! `kind = "bugsnag"`

use super::{Of, secrets};
use crate::config::SourceConfig;
use crate::config::file::RawHealth;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;

const BUGSNAG: &str = "https://api.bugsnag.com";
const STAGE: &str = "production";
/// The variable that the vendor's own tools read.
const VARIABLE: &str = "BUGSNAG_AUTH_TOKEN";

pub(super) fn resolve(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let raw = &health.value;
    let help = "write project = \"515fb9337c1074f6fd000003\": its id, as in the project's settings";
    let project = ctx.required(&health.span, "project", raw.project.as_ref(), help);
    let project = project.filter(|at| {
        let well = at.value.chars().all(|c| c.is_ascii_alphanumeric());
        if !well {
            let what = format!("project = {:?} is not an id", at.value);
            ctx.push(Problem::error(at.span.clone(), what).help(help));
        }
        well
    });
    let stage = match &raw.environment {
        Some(at) => {
            let help = "write environment = \"production\", or leave it out";
            ctx.required(&health.span, "environment", Some(at), help)
                .map(|at| at.value.clone())
        }
        None => Some(STAGE.to_owned()),
    };
    let (base_url, loopback) = ctx.base_url(raw.base_url.as_ref(), BUGSNAG);
    let token = secrets::token(
        ctx,
        of,
        health,
        ("token", raw.token.as_ref()),
        ("bugsnag", Some(VARIABLE)),
        loopback,
    );
    let (project, environment) = (project?, stage?);
    Some(match token? {
        Ok(token) => SourceConfig::Bugsnag {
            project: project.value.clone(),
            environment,
            token,
            base_url,
        },
        Err(why) => SourceConfig::Unusable { why },
    })
}
