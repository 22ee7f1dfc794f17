//! What is asked of the sessions endpoint, and every reason to refuse it.

use chrono::{DateTime, TimeDelta};

use super::super::Sentry;
use super::super::params::{Params, Term, period, search};
use super::super::reply::Refusal;
use crate::domain::Timestamp;

/// Points in time of one answer.
const MAX_POINTS: i64 = 1000;
const STATUSES: [&str; 5] = ["healthy", "errored", "unhandled", "crashed", "abnormal"];
const GROUPS: [&str; 4] = ["project", "release", "environment", "session.status"];
/// Known to every server.
const FIELDS: [&str; 13] = [
    "sum(session)",
    "count_unique(user)",
    "crash_rate(session)",
    "crash_rate(user)",
    "crash_free_rate(session)",
    "crash_free_rate(user)",
    "avg(session.duration)",
    "p50(session.duration)",
    "p75(session.duration)",
    "p90(session.duration)",
    "p95(session.duration)",
    "p99(session.duration)",
    "max(session.duration)",
];
const ANR: [&str; 2] = ["anr_rate()", "foreground_anr_rate()"];
const NEWER: [&str; 7] = [
    "unhandled_rate(session)",
    "unhandled_rate(user)",
    "errored_rate(session)",
    "errored_rate(user)",
    "abnormal_rate(session)",
    "abnormal_rate(user)",
    "unhealthy_rate(session)",
];

/// What is asked, checked.
pub(super) struct Question<'a> {
    pub(super) fields: Vec<&'a str>,
    pub(super) by: Vec<&'a str>,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) interval: TimeDelta,
    pub(super) search: Vec<Term>,
    /// The field to sort by, and whether the largest comes first.
    pub(super) order: (&'a str, bool),
    pub(super) statuses: Statuses,
    pub(super) series: bool,
    pub(super) totals: bool,
}

pub(super) fn ask<'a>(sentry: &Sentry, params: &'a Params) -> Result<Question<'a>, Refusal> {
    let fields: Vec<&str> = params.all("field").collect();
    if fields.is_empty() {
        return Err(Refusal::bad("Request is missing a \"field\""));
    }
    if !sentry.server.anr && fields.iter().any(|field| ANR.contains(field)) {
        return Err(Refusal::bad(
            "This organization does not have the ANR rate feature",
        ));
    }
    let newer = |field: &&str| NEWER.contains(field) || ANR.contains(field);
    let known = |field: &&str| FIELDS.contains(field) || (!sentry.server.older && newer(field));
    if let Some(field) = fields.iter().find(|field| !known(field)) {
        return Err(Refusal::bad(format!("Invalid field: \"{field}\"")));
    }
    let by: Vec<&str> = params.all("groupBy").collect();
    if let Some(group) = by.iter().find(|group| !GROUPS.contains(group)) {
        return Err(Refusal::bad(format!("Invalid groupBy: \"{group}\"")));
    }
    let rate = |field: &&&str| {
        !matches!(**field, "sum(session)" | "count_unique(user)") && !field.contains("duration")
    };
    if by.contains(&"session.status")
        && let Some(field) = fields.iter().find(rate)
    {
        return Err(Refusal::bad(format!(
            "Cannot group field {field} by session.status"
        )));
    }
    let search = search(params.one("query").unwrap_or_default())?;
    if let Some(term) = search
        .iter()
        .find(|term| !matches!(term.key.as_str(), "release" | "session.status"))
    {
        return Err(Refusal::bad(format!("Invalid search filter: {}", term.key)));
    }
    let (start, end, interval) = window(sentry, params)?;
    let series = params.one("includeSeries") != Some("0");
    let totals = params.one("includeTotals") != Some("0");
    if !series && !totals {
        return Err(Refusal::bad("Cannot omit both series and totals"));
    }
    Ok(Question {
        order: order(params, &fields, &by)?,
        statuses: statuses(sentry, &fields, &by, &search)?,
        fields,
        by,
        start,
        end,
        interval,
        search,
        series,
        totals,
    })
}

/// The range and its interval after rounding, and what they may be.
fn window(sentry: &Sentry, params: &Params) -> Result<(Timestamp, Timestamp, TimeDelta), Refusal> {
    let interval = match params.one("interval") {
        Some(raw) => {
            period(raw).ok_or_else(|| Refusal::bad(format!("Invalid interval: {raw:?}")))?
        }
        None => TimeDelta::hours(1),
    };
    let (finest, name) = if sentry.server.older {
        (3600, "one hour")
    } else {
        (10, "ten seconds")
    };
    let width = interval.num_seconds();
    if width < finest || width % finest != 0 {
        return Err(Refusal::bad(format!(
            "The interval has to be a multiple of the minimum interval of {name}."
        )));
    }
    if width > 86_400 {
        return Err(Refusal::bad("The interval has to be less than one day."));
    }
    if 86_400 % width != 0 {
        return Err(Refusal::bad(
            "The interval should divide one day without a remainder.",
        ));
    }
    let now = sentry.now();
    let (start, mut end) = params.range(now, TimeDelta::days(90))?;
    if sentry.server.older {
        // There the end is part of the range.
        end += TimeDelta::seconds(1);
    }
    let round = |t: i64| DateTime::from_timestamp(t * width, 0).unwrap_or(start);
    let end = round((end.timestamp() + width - 1).div_euclid(width));
    // At least an hour.
    let start = start.min(now).min(end - TimeDelta::hours(1));
    let start = round(start.timestamp().div_euclid(width));
    if (end - start).num_seconds() / width > MAX_POINTS {
        return Err(Refusal::bad(
            "Your interval and date range would create too many results. Use a larger interval, or a smaller date range.",
        ));
    }
    Ok((start, end, interval))
}

/// The field to sort by, and whether the largest comes first.
fn order<'a>(
    params: &'a Params,
    fields: &[&'a str],
    by: &[&str],
) -> Result<(&'a str, bool), Refusal> {
    let mut asked = params.all("orderBy");
    let Some(first) = asked.next() else {
        let sum = fields.iter().find(|field| **field == "sum(session)");
        let primary = sum.or(fields.first()).copied();
        return Ok((primary.unwrap_or_default(), true));
    };
    if asked.next().is_some() {
        return Err(Refusal::bad("Cannot order by multiple fields"));
    }
    if by.contains(&"session.status") {
        return Err(Refusal::bad(
            "Cannot use 'orderBy' when grouping by sessions.status",
        ));
    }
    let field = first.strip_prefix('-').unwrap_or(first);
    if !fields.contains(&field) {
        return Err(Refusal::bad(
            "'orderBy' must be one of the provided 'fields'",
        ));
    }
    Ok((field, first.starts_with('-')))
}

/// The groups that each group of sessions falls into, and the statuses that are counted.
pub(super) struct Statuses {
    pub(super) groups: Vec<Option<&'static str>>,
    pub(super) only: Option<Vec<&'static str>>,
}

fn statuses(
    sentry: &Sentry,
    fields: &[&str],
    by: &[&str],
    search: &[Term],
) -> Result<Statuses, Refusal> {
    let terms: Vec<&Term> = search
        .iter()
        .filter(|term| term.key == "session.status")
        .collect();
    let admitted = |status: &&str| terms.iter().all(|term| term.admits(status));
    let known = STATUSES
        .into_iter()
        .filter(|status| !(sentry.server.older && *status == "unhandled"));
    let kept: Vec<&'static str> = known.filter(admitted).collect();
    let grouped = by.contains(&"session.status");
    if !terms.is_empty() {
        for field in fields {
            match *field {
                "sum(session)" => {}
                "count_unique(user)" if kept.len() < 2 || grouped => {}
                "count_unique(user)" => {
                    return Err(Refusal::bad(
                        "Cannot filter count_unique by multiple session.status unless it is in groupBy",
                    ));
                }
                field => {
                    return Err(Refusal::bad(format!(
                        "Cannot filter field {field} by session.status"
                    )));
                }
            }
        }
    }
    Ok(Statuses {
        groups: if grouped {
            kept.iter().map(|status| Some(*status)).collect()
        } else {
            vec![None]
        },
        only: (!terms.is_empty()).then_some(kept),
    })
}
