//! The tables beside the apps: access, freezes, trains, plans; and whether what the apps and policies ask of them is there.
//!
//! Needs no credential, so that `policy check` tells of them too.

mod access;
mod cycle;
mod freeze;
mod plan;
mod train;

pub(super) use train::{day, owners};

use std::ops::Range;
use std::sync::Arc;

use super::Ctx;
use super::policy::Policies;
use crate::config::file::{RawApp, RawFile};
use crate::config::problem::Problem;
use crate::config::tree::At;
use crate::domain::{AppId, PlainText, suggest};
use crate::policy::calendar::Freeze;
use crate::policy::train::Train;
use crate::policy::{Access, CrossPlan, Policy};

/// What came of them; complete only where no problem is an error.
#[derive(Default)]
pub(in crate::config) struct Tables {
    pub(in crate::config) plans: Vec<CrossPlan>,
    pub(in crate::config) freezes: Vec<Freeze>,
    pub(in crate::config) access: Access,
    pub(in crate::config) trains: Vec<Train>,
}

/// An app, as far as the tables need to know it.
struct Known<'r> {
    id: AppId,
    /// `None` where it is wrong or there is none, which is told elsewhere.
    policy: Option<Arc<Policy>>,
    raw: &'r At<RawApp>,
}

pub(in crate::config) fn resolve(ctx: &mut Ctx<'_>, raw: &RawFile, policies: &Policies) -> Tables {
    let apps: Vec<Known<'_>> = raw
        .app
        .iter()
        .filter_map(|app| {
            let id = AppId::try_from(app.value.id.as_ref()?.value.clone()).ok()?;
            let policy = policies.get(&app.value);
            Some(Known {
                id,
                policy,
                raw: app,
            })
        })
        .collect();
    let access = access::resolve(ctx, raw.access.as_ref());
    access::enough_approvers(ctx, &access, &apps, raw);
    let freezes = freeze::resolve_all(ctx, &raw.freeze);
    let trains = raw
        .train
        .iter()
        .filter_map(|(name, at)| train::resolve(ctx, name, at));
    let trains: Vec<Train> = trains.collect();
    let known: Vec<&str> = raw.train.keys().map(String::as_str).collect();
    train::ridden(ctx, &apps, &known);
    let plans = plan::resolve_all(ctx, &raw.plan, &apps);
    Tables {
        plans,
        freezes,
        access,
        trains,
    }
}

/// What tables and commands are called: no name may need quotes.
pub(super) fn named(ctx: &mut Ctx<'_>, kind: &str, name: &str, span: &Range<usize>) {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fine) {
        let what = format!(
            "the name of a {kind} is 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.'; found {:?}",
            PlainText::from(name).as_str()
        );
        ctx.push(Problem::error(span.clone(), what));
    }
}

/// A name that is not among those known; silent where some of those could not be read, which has been told.
pub(super) fn unknown(ctx: &mut Ctx<'_>, kind: &str, at: &At<String>, known: &[&str], none: &str) {
    if !ctx.gone.is_empty() {
        return;
    }
    let what = format!("there is no {kind} {:?}", at.value);
    let help = if known.is_empty() {
        none.to_owned()
    } else {
        suggest::did_you_mean(&at.value, known)
    };
    ctx.push(Problem::error(at.span.clone(), what).help(help));
}
