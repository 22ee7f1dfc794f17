//! Firebase Crashlytics: `kind = "crashlytics"` (its API) and `kind = "crashlytics-bigquery"` (its export).

use super::{Of, not_built};
use crate::config::SourceConfig;
use crate::config::file::RawHealth;
use crate::config::resolve::Ctx;
use crate::config::tree::At;

pub(super) fn api(ctx: &mut Ctx<'_>, _of: Of<'_>, health: &At<RawHealth>) -> Option<SourceConfig> {
    not_built(ctx, health)
}

pub(super) fn big_query(
    ctx: &mut Ctx<'_>,
    _of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    not_built(ctx, health)
}
