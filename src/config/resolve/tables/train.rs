//! `[train.NAME]`, and who rides it.

use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;

use super::{Known, named, unknown};
use crate::config::file::RawTrain;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::domain::PlainText;
use crate::policy::train::{Milestone, Runs, Train, What};
use crate::policy::units::{Moment, WeekTime};

pub(super) fn resolve(ctx: &mut Ctx<'_>, name: &str, at: &At<RawTrain>) -> Option<Train> {
    let raw = &at.value;
    named(ctx, "train", name, &at.span);
    let runs = runs(ctx, at);
    let due = due(ctx, raw);
    let owners = owners(ctx, &raw.owners);
    let hand_over = raw.hand_over.as_ref().map(|at| at.value);
    let first_week = raw.first_week.as_ref().map(|at| day(ctx, "first_week", at));
    let runs = runs?;
    let first_run = match &runs {
        Runs::Every { first, .. } => Some(*first),
        Runs::On(dates) => dates.first().copied(),
    };
    let WeekTime(weekday, time) =
        hand_over.unwrap_or(WeekTime(Weekday::Mon, NaiveTime::from_hms_opt(9, 0, 0)?));
    Some(Train {
        name: name.into(),
        zone: raw.zone.as_ref().map_or(Tz::UTC, |at| at.value.0),
        runs,
        due: due?,
        owners,
        hand_over: (weekday, time),
        first_week: first_week.unwrap_or(first_run)?,
    })
}

/// Those who take turns.
pub(in crate::config::resolve) fn owners(ctx: &mut Ctx<'_>, raw: &[At<String>]) -> Vec<PlainText> {
    let mut owners = Vec::new();
    for owner in raw {
        let name = PlainText::from(owner.value.as_str());
        if name.is_empty() {
            let help = "write the name that the person logs in with";
            ctx.push(Problem::error(owner.span.clone(), "an owner's name is empty").help(help));
        }
        owners.push(name);
    }
    owners
}

const RUNS: &str = "write every = \"1w\" and first = 2026-03-02, or dates = [2026-03-02, …]";

/// A cadence or dates, and not both.
fn runs(ctx: &mut Ctx<'_>, at: &At<RawTrain>) -> Option<Runs> {
    let raw = &at.value;
    match (&raw.every, &raw.first, &raw.dates) {
        (None, None, None) => {
            let gone = ["every", "first", "dates"];
            let told = ctx
                .gone
                .iter()
                .any(|(span, key)| *span == at.span && gone.contains(&key.as_str()));
            if !told {
                let what = "this train never leaves: it has neither a cadence nor dates";
                ctx.push(Problem::error(at.span.clone(), what).help(RUNS));
            }
            None
        }
        (None, None, Some(dates)) => on(ctx, dates),
        (Some(every), Some(first), None) => {
            let first = day(ctx, "first", first);
            let days = every.value.0.num_days();
            if days < 1 || TimeDelta::days(days) != every.value.0 {
                let what = "a train leaves every so many whole days";
                let help = "write every = \"1w\", \"2w\" or \"10d\"";
                ctx.push(Problem::error(every.span.clone(), what).help(help));
                return None;
            }
            let days = u32::try_from(days).ok()?;
            Some(Runs::Every {
                first: first?,
                days,
            })
        }
        (Some(_), None, None) => {
            let help = "write first = 2026-03-02: the day on which one of its runs began";
            ctx.missing(&at.span, "first", help);
            None
        }
        (None, Some(_), None) => {
            ctx.missing(&at.span, "every", "write every = \"1w\" or \"2w\"");
            None
        }
        (_, _, Some(dates)) => {
            let what = "a train leaves by a cadence or on dates, not both";
            let problem = Problem::error(dates.span.clone(), what);
            ctx.push(problem.help("leave out dates, or every and first"));
            None
        }
    }
}

fn on(ctx: &mut Ctx<'_>, dates: &At<Vec<At<Moment>>>) -> Option<Runs> {
    if dates.value.is_empty() {
        let what = "this train never leaves: dates is empty";
        let help = "write dates = [2026-03-02, …], or every and first";
        ctx.push(Problem::error(dates.span.clone(), what).help(help));
        return None;
    }
    let mut days: Vec<NaiveDate> = Vec::new();
    let mut fine = true;
    for at in &dates.value {
        let Some(day) = day(ctx, "dates", at) else {
            fine = false;
            continue;
        };
        if let Some(before) = days.last().filter(|before| **before >= day) {
            let what = format!("dates must rise: {day} comes after {before}");
            ctx.push(Problem::error(at.span.clone(), what));
            fine = false;
        }
        days.push(day);
    }
    fine.then_some(Runs::On(days))
}

/// A whole day: runs begin at midnight of the train's zone.
pub(in crate::config::resolve) fn day(
    ctx: &mut Ctx<'_>,
    key: &str,
    at: &At<Moment>,
) -> Option<NaiveDate> {
    if at.value.time.is_some() {
        let what = format!("{key} takes a day, without a time");
        let help = format!("write {}", at.value.day);
        ctx.push(Problem::error(at.span.clone(), what).help(help));
        return None;
    }
    Some(at.value.day)
}

/// In their order, which their times must keep.
fn due(ctx: &mut Ctx<'_>, raw: &RawTrain) -> Option<Vec<Milestone>> {
    let written = [
        (What::CutOff, "cut_off", &raw.cut_off),
        (What::Stabilisation, "stabilisation", &raw.stabilisation),
        (What::Submission, "submission", &raw.submission),
        (What::Rollout, "rollout", &raw.rollout),
        (What::Expansion, "expansion", &raw.expansion),
    ];
    let mut due: Vec<Milestone> = Vec::new();
    let mut fine = true;
    for (what, key, at) in written {
        let Some(at) = at else { continue };
        let after = at.value.0;
        if let Some(before) = due.last().filter(|before| before.after > after) {
            let before = before.what.name();
            let problem = Problem::error(at.span.clone(), format!("{key} comes before {before}"));
            let help = "each is counted from the beginning of the run: cut_off, stabilisation, submission, rollout, expansion";
            ctx.push(problem.help(help));
            fine = false;
        }
        due.push(Milestone { what, after });
    }
    fine.then_some(due)
}

/// The trains that apps name are there, and policies that ask for one have one.
pub(super) fn ridden(ctx: &mut Ctx<'_>, apps: &[Known<'_>], known: &[&str]) {
    for app in apps {
        let train = app.raw.value.train.as_ref();
        if let Some(at) = train.filter(|at| !known.contains(&at.value.as_str())) {
            let none = "add a [train.NAME] with every and first, or leave \"train\" out";
            unknown(ctx, "train", at, known, none);
        }
        let Some(policy) = app.policy.as_ref().filter(|_| train.is_none()) else {
            continue;
        };
        if let Some(tier) = policy.tiers.iter().find(|tier| tier.next_train.is_some()) {
            let named = app.raw.value.policy.as_ref().map(|at| &at.span);
            let what = format!(
                "the tier {:?} of the policy {} asks when the next train leaves, and {} rides none",
                tier.name.as_str(),
                policy.name,
                app.id
            );
            let problem = Problem::error(named.unwrap_or(&app.raw.span).clone(), what);
            let help = "write train = \"NAME\" in its [[app]], or leave next_train out of the tier";
            ctx.push(problem.help(help));
        }
    }
}
