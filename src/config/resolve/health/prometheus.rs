//! `kind = "prometheus"`, and `kind = "embrace"`, which speaks its language.

use super::{Of, not_built};
use crate::config::SourceConfig;
use crate::config::file::RawHealth;
use crate::config::resolve::Ctx;
use crate::config::tree::At;

pub(super) fn resolve(
    ctx: &mut Ctx<'_>,
    _of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    not_built(ctx, health)
}

pub(super) fn embrace(
    ctx: &mut Ctx<'_>,
    _of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    not_built(ctx, health)
}
