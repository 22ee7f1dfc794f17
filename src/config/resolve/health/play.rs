//! What Play itself tells of an app: `kind = "play-vitals"` and `kind = "play-reviews"`.

use super::{Of, figures, secrets};
use crate::config::SourceConfig;
use crate::config::file::RawHealth;
use crate::config::resolve::Ctx;
use crate::config::resolve::store::GOOGLE_PLAY;
use crate::config::tree::At;
use crate::domain::StoreKind;

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
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    // The same API as the store's: where that one is, this one is too.
    let store = of.store.filter(|_| of.kind == Some(StoreKind::GooglePlay));
    let of_store = store.and_then(|store| store.value.base_url.as_ref());
    let base_url = health.value.base_url.as_ref().or(of_store);
    let (base_url, loopback) = ctx.base_url(base_url, GOOGLE_PLAY);
    Some(
        match secrets::google(ctx, of, health, "play-reviews", loopback)? {
            Ok(key) => SourceConfig::PlayReviews {
                package: of.package.to_owned(),
                key,
                base_url,
            },
            Err(why) => SourceConfig::Unusable { why },
        },
    )
}
