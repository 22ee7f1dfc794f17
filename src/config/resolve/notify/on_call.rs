//! `[oncall]`: who is on call, from schedules or from a rotation of one's own.

use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;

use super::secrets::{self, Had};
use super::{no_others_keys, posted};
use crate::config::OnCallConfig;
use crate::config::file::{RawFile, RawOnCall};
use crate::config::problem::Problem;
use crate::config::resolve::{Ctx, tables};
use crate::config::tree::At;
use crate::domain::PlainText;
use crate::policy::train::{Runs, Train};
use crate::policy::units::WeekTime;

const PAGERDUTY: &str = "https://api.pagerduty.com";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    PagerDuty,
    Rotation,
}

impl Kind {
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::PagerDuty => &["schedules", "token", "base_url"],
            Self::Rotation => &["train", "owners", "zone", "hand_over", "first_week"],
        }
    }
}

const KINDS: [(&str, Kind); 2] = [("pagerduty", Kind::PagerDuty), ("rotation", Kind::Rotation)];

pub(super) fn resolve(ctx: &mut Ctx<'_>, raw: &RawFile, trains: &[Train]) -> Option<OnCallConfig> {
    let at = raw.oncall.as_ref()?;
    let help = "write kind = \"pagerduty\" or kind = \"rotation\"";
    let word = ctx.required(&at.span, "kind", at.value.kind.as_ref(), help)?;
    let kind = ctx.one_of("kind", word, &KINDS)?;
    let whose = |key: &str| -> Vec<&'static str> {
        let whose = KINDS.iter().filter(|(_, kind)| kind.keys().contains(&key));
        whose.map(|(word, _)| *word).collect()
    };
    let written = at.value.of_some_kinds();
    let mine = no_others_keys(ctx, &word.value, kind.keys(), written, &whose);
    let made = match kind {
        Kind::PagerDuty => match pagerduty(ctx, at)? {
            Ok(made) => made,
            Err(why) => OnCallConfig::Unusable { why },
        },
        Kind::Rotation => OnCallConfig::Rotation(rotation(ctx, at, raw, trains)?),
    };
    mine.then_some(made)
}

fn pagerduty(ctx: &mut Ctx<'_>, at: &At<RawOnCall>) -> Had<OnCallConfig> {
    let raw = &at.value;
    let base_url = posted::base(ctx, raw.base_url.as_ref(), PAGERDUTY);
    let help = "write schedules = [\"PABC123\"]: what stands at the end of a schedule's address";
    let id = |at: &&At<String>| {
        !at.value.is_empty() && at.value.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let schedules = match &raw.schedules {
        None => {
            ctx.missing(&at.span, "schedules", help);
            None
        }
        Some(list) if list.value.is_empty() => {
            ctx.push(Problem::error(list.span.clone(), "no schedule is named").help(help));
            None
        }
        Some(list) => match list.value.iter().find(|at| !id(at)) {
            Some(odd) => {
                let what = format!("{:?} is not the id of a schedule", odd.value);
                ctx.push(Problem::error(odd.span.clone(), what).help(help));
                None
            }
            None => Some(list.value.iter().map(|at| at.value.clone()).collect()),
        },
    };
    let help = "write token = \"env:PAGERDUTY_TOKEN\": a read-only REST API key";
    let token = ctx.required(&at.span, "token", raw.token.as_ref(), help)?;
    let token = secrets::by_reference(ctx, token, "oncall", secrets::word)?;
    let (base_url, schedules) = (base_url?, schedules?);
    Some(token.map(|token| OnCallConfig::PagerDuty {
        schedules,
        token,
        base_url,
    }))
}

/// A train of which only the watch matters: that of the file, or one that never leaves.
fn rotation(
    ctx: &mut Ctx<'_>,
    at: &At<RawOnCall>,
    file: &RawFile,
    trains: &[Train],
) -> Option<Train> {
    let raw = &at.value;
    let help = "write owners = [\"alice\", \"bob\"], who take turns; or train = \"NAME\" for those of a [train.NAME]";
    match (&raw.train, &raw.owners) {
        (Some(train), None) => {
            for (key, span) in raw.of_some_kinds() {
                if matches!(key, "zone" | "hand_over" | "first_week") {
                    let what = format!("\"{key}\" is the train's");
                    ctx.push(Problem::error(span, what).help("leave it out, or train"));
                }
            }
            of_train(ctx, train, file, trains)
        }
        (None, Some(list)) if list.value.is_empty() => {
            ctx.push(Problem::error(list.span.clone(), "nobody is on call").help(help));
            None
        }
        (None, Some(list)) => {
            let owners = tables::owners(ctx, &list.value);
            let default = NaiveTime::from_hms_opt(9, 0, 0).map(|nine| WeekTime(Weekday::Mon, nine));
            let WeekTime(weekday, time) = match &raw.hand_over {
                Some(at) => at.value,
                None => default?,
            };
            let first_week = if let Some(at) = &raw.first_week {
                tables::day(ctx, "first_week", at)?
            } else {
                let help = "write first_week = 2026-03-02: a day of the first owner's week";
                ctx.missing(&at.span, "first_week", help);
                return None;
            };
            Some(Train {
                name: PlainText::new("oncall"),
                zone: raw.zone.as_ref().map_or(Tz::UTC, |at| at.value.0),
                runs: Runs::On(Vec::new()),
                due: Vec::new(),
                owners,
                hand_over: (weekday, time),
                first_week,
            })
        }
        (Some(train), Some(_)) => {
            let what = "a rotation has owners of its own or those of a train, not both";
            ctx.push(Problem::error(train.span.clone(), what).help("leave out train or owners"));
            None
        }
        (None, None) => {
            ctx.missing(&at.span, "owners", help);
            None
        }
    }
}

fn of_train(ctx: &mut Ctx<'_>, at: &At<String>, file: &RawFile, trains: &[Train]) -> Option<Train> {
    if !file.train.contains_key(&at.value) {
        let known: Vec<&str> = file.train.keys().map(String::as_str).collect();
        tables::unknown(ctx, "train", at, &known, "add a [train.NAME] with owners");
        return None;
    }
    // Where the train itself is wrong, that has been told.
    let train = trains
        .iter()
        .find(|train| train.name.as_str() == at.value)?;
    if train.owners.is_empty() && ctx.gone.is_empty() {
        let what = format!("the train {:?} has no owners: nobody is on call", at.value);
        let help = "write owners = [\"alice\", \"bob\"] in its table";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
        return None;
    }
    Some(train.clone())
}
