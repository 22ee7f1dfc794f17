//! `GET …/sessions/`: release health as a time series, grouped.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value, json};

use super::Sentry;
use super::params::{Params, Term, period, search};
use super::reply::{Page, Refusal};
use crate::domain::{StoreKind, Timestamp};
use crate::simulator::traffic::{self, Cell};

/// Points in time of one answer.
const MAX_POINTS: i64 = 1000;
/// Points of one answer, over all groups.
const MAX_DATA: usize = 10_000;
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
struct Question<'a> {
    fields: Vec<&'a str>,
    by: Vec<&'a str>,
    start: Timestamp,
    end: Timestamp,
    interval: TimeDelta,
    search: Vec<Term>,
}

/// Sessions of a group in a range.
#[derive(Clone, Copy, Default)]
struct Sum {
    all: u64,
    errored: u64,
    crashed: u64,
    abnormal: u64,
    /// Abnormal for an ANR: Android only.
    anr: u64,
}

impl Sum {
    fn add(&mut self, more: Self) {
        self.all += more.all;
        self.errored += more.errored;
        self.crashed += more.crashed;
        self.abnormal += more.abnormal;
        self.anr += more.anr;
    }

    fn of(&self, status: &str) -> u64 {
        match status {
            "healthy" => self.all - self.errored - self.crashed - self.abnormal,
            "errored" => self.errored,
            "crashed" => self.crashed,
            "abnormal" => self.abnormal,
            _ => 0,
        }
    }

    /// The value of a field over a range of this length; for some of the statuses only where those are given.
    fn value(&self, field: &str, length: TimeDelta, statuses: Option<&[&str]>) -> Value {
        let users = traffic::users(self.all, length);
        let rate = |bad: u64, all: u64| {
            // Without sessions there is no rate.
            (all > 0).then(|| bad as f64 / all as f64)
        };
        let met = |bad: u64| traffic::affected(bad, users);
        let rated = match field {
            "sum(session)" => {
                let sum = match statuses {
                    Some(statuses) => statuses.iter().map(|s| self.of(s)).sum(),
                    None => self.all,
                };
                return json!(sum);
            }
            "count_unique(user)" => {
                let bad = met(self.all - self.of("healthy"));
                return match statuses {
                    Some(["healthy"]) => json!(users - bad),
                    Some(statuses) => json!(statuses.iter().map(|s| met(self.of(s))).sum::<u64>()),
                    None => json!(users),
                };
            }
            "crash_rate(session)" => rate(self.crashed, self.all),
            "crash_free_rate(session)" => rate(self.all - self.crashed, self.all),
            "crash_rate(user)" => rate(met(self.crashed), users),
            "crash_free_rate(user)" => rate(users - met(self.crashed), users),
            "anr_rate()" | "foreground_anr_rate()" => rate(met(self.anr), users),
            "unhandled_rate(session)" => rate(0, self.all),
            "unhandled_rate(user)" => rate(0, users),
            "errored_rate(session)" => rate(self.errored, self.all),
            "errored_rate(user)" => rate(met(self.errored), users),
            "abnormal_rate(session)" => rate(self.abnormal, self.all),
            "abnormal_rate(user)" => rate(met(self.abnormal), users),
            "unhealthy_rate(session)" => rate(self.all - self.of("healthy"), self.all),
            // Durations are no longer recorded.
            _ => None,
        };
        json!(rated)
    }
}

pub(super) fn answer(sentry: &Sentry, params: &Params) -> Result<Page, Refusal> {
    let question = ask(sentry, params)?;
    let order = order(params, &question)?;
    let statuses = statuses(sentry, &question)?;
    let now = sentry.now();
    let intervals: Vec<Timestamp> = std::iter::successors(Some(question.start), |t| {
        Some(*t + question.interval).filter(|t| *t < question.end)
    })
    .collect();

    let mut groups: Vec<(Map<String, Value>, Vec<Sum>, Sum)> = Vec::new();
    for (by, sums) in collect(sentry, params, &question, intervals.len())? {
        let mut total = Sum::default();
        sums.iter().for_each(|sum| total.add(*sum));
        groups.push((by, sums, total));
    }
    let length = |start: Timestamp| (start + question.interval).min(now) - start;
    let whole = question.end.min(now) - question.start;
    let only = statuses.only.as_deref();
    // Most first, as the field in question is large.
    groups.sort_by_key(|(by, _, total)| {
        let value = total.value(order.0, whole, only).as_f64().unwrap_or(-1.0);
        let rank = if order.1 { -value } else { value };
        ((rank * 1e6) as i64, Value::from(by.clone()).to_string())
    });

    let offset = params.offset()?;
    let most = (MAX_DATA / (intervals.len() + 1)).max(1);
    let per_page = params
        .number("per_page")?
        .unwrap_or(most)
        .clamp(1, most.min(sentry.server.page));
    let more = groups.len() > offset.saturating_add(per_page);
    let series = params.one("includeSeries") != Some("0");
    let totals = params.one("includeTotals") != Some("0");
    if !series && !totals {
        return Err(Refusal::bad("Cannot omit both series and totals"));
    }
    let mut out = Vec::new();
    for (by, sums, total) in groups.into_iter().skip(offset).take(per_page) {
        for status in &statuses.groups {
            let one = status.map(|status| [status]);
            let only = one.as_ref().map(<[&str; 1]>::as_slice).or(only);
            let mut by = by.clone();
            by.extend(status.map(|status| ("session.status".to_owned(), json!(status))));
            let mut group = json!({ "by": by });
            if totals {
                let values = question
                    .fields
                    .iter()
                    .map(|f| ((*f).to_owned(), total.value(f, whole, only)));
                group["totals"] = Value::Object(values.collect());
            }
            if series {
                let values = question.fields.iter().map(|f| {
                    let values = intervals.iter().zip(&sums);
                    let values = values.map(|(t, sum)| sum.value(f, length(*t), only));
                    ((*f).to_owned(), Value::Array(values.collect()))
                });
                group["series"] = Value::Object(values.collect());
            }
            out.push(group);
        }
    }
    let wire = |t: Timestamp| t.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    Ok(Page {
        body: json!({
            "start": wire(question.start),
            "end": wire(question.end),
            "query": params.one("query").unwrap_or_default(),
            "intervals": intervals.into_iter().map(wire).collect::<Vec<_>>(),
            "groups": out,
        }),
        question: params.question(),
        offset,
        per_page,
        more,
        hits: None,
    })
}

fn ask<'a>(sentry: &Sentry, params: &'a Params) -> Result<Question<'a>, Refusal> {
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
    Ok(Question {
        fields,
        by,
        start,
        end,
        interval,
        search,
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
    let (start, end) = params.range(now, TimeDelta::days(90))?;
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
fn order<'a>(params: &'a Params, question: &Question<'a>) -> Result<(&'a str, bool), Refusal> {
    let mut asked = params.all("orderBy");
    let Some(first) = asked.next() else {
        let sum = question
            .fields
            .iter()
            .find(|field| **field == "sum(session)");
        let primary = sum.or(question.fields.first()).copied();
        return Ok((primary.unwrap_or_default(), true));
    };
    if asked.next().is_some() {
        return Err(Refusal::bad("Cannot order by multiple fields"));
    }
    if question.by.contains(&"session.status") {
        return Err(Refusal::bad(
            "Cannot use 'orderBy' when grouping by sessions.status",
        ));
    }
    let field = first.strip_prefix('-').unwrap_or(first);
    if !question.fields.contains(&field) {
        return Err(Refusal::bad(
            "'orderBy' must be one of the provided 'fields'",
        ));
    }
    Ok((field, first.starts_with('-')))
}

/// The groups that each group of sessions falls into, and the statuses that are counted.
struct Statuses<'a> {
    groups: Vec<Option<&'a str>>,
    only: Option<Vec<&'a str>>,
}

fn statuses(sentry: &Sentry, question: &Question<'_>) -> Result<Statuses<'static>, Refusal> {
    let terms: Vec<&Term> = question
        .search
        .iter()
        .filter(|term| term.key == "session.status")
        .collect();
    let admitted = |status: &&str| terms.iter().all(|term| term.admits(status));
    let known = STATUSES
        .into_iter()
        .filter(|status| !(sentry.server.older && *status == "unhandled"));
    let kept: Vec<&'static str> = known.filter(admitted).collect();
    let grouped = question.by.contains(&"session.status");
    if !terms.is_empty() {
        for field in &question.fields {
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

type Found = BTreeMap<String, (Map<String, Value>, Vec<Sum>)>;

/// The sums of each group, by interval. A release without sessions in the range is no group.
fn collect(
    sentry: &Sentry,
    params: &Params,
    question: &Question<'_>,
    intervals: usize,
) -> Result<Vec<(Map<String, Value>, Vec<Sum>)>, Refusal> {
    let mut found = Found::new();
    let grouped = question.by.iter().any(|by| *by != "session.status");
    if !grouped {
        found.insert(String::new(), (Map::new(), vec![Sum::default(); intervals]));
    }
    for (number, app) in params.projects(sentry)? {
        if !params.is_production() {
            continue;
        }
        for (version, _) in sentry.world.versions(&app.id) {
            let release = super::issues::release(app, &version);
            let mut asked = question.search.iter().filter(|term| term.key == "release");
            if !asked.all(|term| term.admits(&release)) {
                continue;
            }
            let (from, to) = (question.start, question.end);
            let cells = sentry.world.cells(&app.id, &version.build, from, to);
            let sums = bucket(sentry, question, &cells, intervals, app.store);
            if sums.iter().all(|sum| sum.all == 0) {
                continue;
            }
            let mut by = Map::new();
            for group in &question.by {
                match *group {
                    "project" => drop(by.insert("project".into(), json!(number))),
                    "release" => drop(by.insert("release".into(), json!(release))),
                    "environment" => drop(by.insert("environment".into(), json!("production"))),
                    _ => {}
                }
            }
            let key = Value::from(by.clone()).to_string();
            let (_, all) = found
                .entry(if grouped { key } else { String::new() })
                .or_insert_with(|| (by, vec![Sum::default(); intervals]));
            all.iter_mut().zip(sums).for_each(|(all, sum)| all.add(sum));
        }
    }
    Ok(found.into_values().collect())
}

fn bucket(
    sentry: &Sentry,
    question: &Question<'_>,
    cells: &[Cell],
    intervals: usize,
    store: StoreKind,
) -> Vec<Sum> {
    let arrived = sentry.world.now() - sentry.server.late_crashes;
    let mut sums = vec![Sum::default(); intervals];
    for cell in cells {
        let at =
            (cell.start - question.start).num_seconds() / question.interval.num_seconds().max(1);
        let crashed = cell.crashed.total();
        let missing = if cell.end() > arrived { crashed } else { 0 };
        let abnormal = cell.abnormal.total();
        if let Some(sum) = usize::try_from(at).ok().and_then(|at| sums.get_mut(at)) {
            sum.add(Sum {
                all: cell.sessions - missing,
                errored: cell.errored.total(),
                crashed: crashed - missing,
                abnormal,
                anr: if store == StoreKind::GooglePlay {
                    abnormal
                } else {
                    0
                },
            });
        }
    }
    sums
}
