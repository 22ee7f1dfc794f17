//! `kind = "new-relic"`

use super::{Of, figures, secrets};
use crate::config::SourceConfig;
use crate::config::file::RawHealth;
use crate::config::resolve::Ctx;
use crate::config::tree::At;

const NEW_RELIC: &str = "https://api.newrelic.com";
const STRATA: [&str; 3] = ["country", "device", "os"];
const KEY: &str = "NEW_RELIC_API_KEY";

pub(super) fn resolve(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let raw = &health.value;
    let table = &health.span;
    let account = raw.account.as_ref().map(|at| at.value);
    if account.is_none() {
        ctx.missing(
            table,
            "account",
            "write account = 1234567: the account's number",
        );
    }
    let help = "write application = \"Shop Android\": the name of the mobile application";
    let application = ctx.required(table, "application", raw.application.as_ref(), help);
    let (base_url, loopback) = ctx.base_url(raw.base_url.as_ref(), NEW_RELIC);
    let (key, what) = (("token", raw.token.as_ref()), ("new relic", Some(KEY)));
    let token = secrets::token(ctx, of, health, key, what, loopback);
    let strata = figures::strata(ctx, raw, &STRATA);
    let (_cold_starts, slow_request) = figures::slow(ctx, raw);
    let journeys = figures::journeys(ctx, &raw.journey);
    let (account, application, strata, journeys) = (account?, application?, strata?, journeys?);
    let token = match token? {
        Ok(token) => token,
        Err(why) => return Some(SourceConfig::Unusable { why }),
    };
    Some(SourceConfig::NewRelic {
        account,
        application: application.value.clone(),
        token,
        base_url,
        strata,
        slow_request,
        journeys,
    })
}
