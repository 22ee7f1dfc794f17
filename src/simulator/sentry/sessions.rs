//! `GET …/sessions/`: release health as a time series, grouped.

mod question;
mod sums;

use serde_json::{Map, Value, json};

use super::Sentry;
use super::params::Params;
use super::reply::{Page, Refusal};
use crate::domain::Timestamp;
use question::Question;
use sums::Group;

/// Points of one answer, over all groups.
const MAX_DATA: usize = 10_000;

pub(super) fn answer(sentry: &Sentry, params: &Params) -> Result<Page, Refusal> {
    let question = question::ask(sentry, params)?;
    let now = sentry.now();
    let intervals: Vec<Timestamp> = std::iter::successors(Some(question.start), |t| {
        Some(*t + question.interval).filter(|t| *t < question.end)
    })
    .collect();
    let mut groups = sums::collect(sentry, params, &question, intervals.len())?;
    let only = question.statuses.only.as_deref();
    let whole = question.end.min(now) - question.start;
    let (field, descending) = question.order;
    groups.sort_by_cached_key(|group| {
        let value = group.total.value(field, whole, only);
        let value = value.as_f64().unwrap_or(-1.0) * 1e6;
        let rank = if descending { -value } else { value };
        (rank as i64, group.name.clone())
    });

    let offset = params.offset()?;
    let most = (MAX_DATA / (intervals.len() + 1)).max(1);
    let size = params
        .number("per_page")?
        .unwrap_or(most)
        .clamp(1, most.min(sentry.server.page));
    let more = groups.len() > offset.saturating_add(size);
    let page = groups.iter().skip(offset).take(size);
    let out: Vec<Value> = page
        .flat_map(|group| show(&question, group, &intervals, now))
        .collect();
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
        size,
        more,
        hits: None,
    })
}

/// A group as it is on the wire; several where it is told apart by status.
fn show(
    question: &Question<'_>,
    group: &Group,
    intervals: &[Timestamp],
    now: Timestamp,
) -> Vec<Value> {
    let length = |start: Timestamp| (start + question.interval).min(now) - start;
    let whole = question.end.min(now) - question.start;
    let statuses = question.statuses.groups.iter();
    let shown = statuses.map(|status| {
        let one = status.map(|status| [status]);
        let only = one.as_ref().map(<[&str; 1]>::as_slice);
        let only = only.or(question.statuses.only.as_deref());
        let mut by = group.by.clone();
        by.extend(status.map(|status| ("session.status".to_owned(), json!(status))));
        let mut out = Map::new();
        out.insert("by".into(), Value::Object(by));
        let fields = || question.fields.iter().copied();
        if question.totals {
            let totals = fields().map(|f| (f.to_owned(), group.total.value(f, whole, only)));
            out.insert("totals".into(), Value::Object(totals.collect()));
        }
        if question.series {
            let series = fields().map(|f| {
                let windows = intervals.iter().zip(&group.sums);
                let values = windows.map(|(t, sum)| sum.value(f, length(*t), only));
                (f.to_owned(), Value::Array(values.collect()))
            });
            out.insert("series".into(), Value::Object(series.collect()));
        }
        Value::Object(out)
    });
    shown.collect()
}
