//! What Play itself tells of an app: `kind = "play-vitals"` and `kind = "play-reviews"`.

use super::{Of, figures, not_built, secrets};
use crate::config::SourceConfig;
use crate::config::file::RawHealth;
use crate::config::resolve::Ctx;
use crate::config::tree::At;

const REPORTING: &str = "https://playdeveloperreporting.googleapis.com";

pub(super) fn vitals(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let strata = figures::strata(ctx, &health.value, &["os", "device", "country"]);
    let (base_url, loopback) = ctx.base_url(health.value.base_url.as_ref(), REPORTING);
    let key = secrets::google(ctx, of, health, "play-vitals", loopback)?;
    Some(match key {
        Ok(key) => SourceConfig::PlayVitals {
            package: of.package.to_owned(),
            key,
            base_url,
            strata: strata?,
        },
        Err(why) => SourceConfig::Unusable { why },
    })
}

pub(super) fn reviews(
    ctx: &mut Ctx<'_>,
    _of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    not_built(ctx, health)
}
