//! `[[freeze]]`: from days to instants.

use std::collections::BTreeSet;

use chrono::TimeZone as _;
use chrono_tz::Tz;

use crate::config::file::RawFreeze;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::domain::{PlainText, Timestamp};
use crate::policy::calendar::{self, Freeze};
use crate::policy::units::Moment;

pub(super) fn resolve_all(ctx: &mut Ctx<'_>, raw: &[At<RawFreeze>]) -> Vec<Freeze> {
    let mut names = BTreeSet::new();
    let mut freezes = Vec::new();
    for at in raw {
        if let Some(name) = &at.value.name
            && !names.insert(name.value.as_str())
        {
            let what = format!("two freezes are called {:?}", name.value);
            let help = "what it holds is told by its name: give each its own";
            ctx.push(Problem::error(name.span.clone(), what).help(help));
        }
        freezes.extend(resolve(ctx, at));
    }
    freezes
}

fn resolve(ctx: &mut Ctx<'_>, at: &At<RawFreeze>) -> Option<Freeze> {
    let raw = &at.value;
    let help = "write name = \"year end\": what is told while it holds";
    let name = ctx.required(&at.span, "name", raw.name.as_ref(), help);
    let help = "write from = 2026-12-20: the day on which it begins";
    let from = day_of(ctx, at, "from", raw.from.as_ref(), help);
    let help = "write until = 2027-01-03: its last day";
    let until = day_of(ctx, at, "until", raw.until.as_ref(), help);
    let (from, until) = (from?, until?);
    let zone = raw.zone.as_ref().map_or(Tz::UTC, |at| at.value.0);
    let begins = first_of(&from.value, zone, false)?;
    let ends = first_of(&until.value, zone, true)?;
    if ends <= begins {
        let what = "this freeze ends before it begins";
        let help =
            "until is the last day of it, or the time at which it ends: write one after from";
        ctx.push(Problem::error(until.span.clone(), what).help(help));
        return None;
    }
    Some(Freeze {
        name: PlainText::from(name?.value.as_str()),
        from: begins,
        until: ends,
    })
}

fn day_of<'r>(
    ctx: &mut Ctx<'_>,
    table: &At<RawFreeze>,
    key: &str,
    at: Option<&'r At<Moment>>,
    help: &str,
) -> Option<&'r At<Moment>> {
    if at.is_none() {
        ctx.missing(&table.span, key, help);
    }
    at
}

/// The instant; of a whole day its first one, or where it is the `end` the first one after it.
fn first_of(moment: &Moment, zone: Tz, end: bool) -> Option<Timestamp> {
    let local = moment.local(end)?;
    match moment.offset {
        Some(offset) => Some(offset.from_local_datetime(&local).single()?.to_utc()),
        None => calendar::instant(zone, local),
    }
}
