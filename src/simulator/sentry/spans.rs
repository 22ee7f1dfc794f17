//! Spans: `GET …/events-timeseries/` and `GET …/events/` of the dataset `spans`, as far as cold starts, requests and
//! journeys go.
//!
//! Only a sample of them is stored. Counts are scaled up to what there was unless `disableAggregateExtrapolation=1`.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::Sentry;
use super::issues::release;
use super::params::{Params, Term, period, search};
use super::reply::Refusal;
use crate::domain::Timestamp;
use crate::simulator::scenario::{AppPlan, VersionPlan};

/// Series of one answer, by what they are grouped by.
const MAX_TOP_EVENTS: usize = 10;
/// Points of one series.
const MAX_POINTS: i64 = 10_000;
/// An open bucket is told as such until so long after its end.
const INGESTION_DELAY: TimeDelta = TimeDelta::seconds(90);
/// What there can be searched by.
const KNOWN: [&str; 5] = [
    "release",
    "span.op",
    "span.description",
    "span.status",
    "span.duration",
];
const COLD_START: (&str, &str) = ("app.start.cold", "Cold Start");
const REQUEST: (&str, &str) = ("http.client", "GET https://api.example.com/");
/// Spans of the app's own.
const JOURNEY: &str = "journey";

struct Question<'a> {
    apps: Vec<&'a AppPlan>,
    terms: Vec<Term>,
    start: Timestamp,
    end: Timestamp,
    extrapolated: bool,
}

impl<'a> Question<'a> {
    fn ask(sentry: &'a Sentry, params: &Params) -> Result<Self, Refusal> {
        if params.one("dataset") != Some("spans") || sentry.server.sampled <= 0.0 {
            return Err(Refusal::bad(format!(
                "dataset must be one of: errors, logs; not {}",
                params.one("dataset").unwrap_or_default()
            )));
        }
        let (start, end) = params.range(sentry.now(), TimeDelta::days(14))?;
        let terms = search(params.one("query").unwrap_or_default())?;
        if let Some(term) = terms.iter().find(|t| !KNOWN.contains(&t.key.as_str())) {
            return Err(Refusal::bad(format!("Invalid search filter: {}", term.key)));
        }
        if let Some(term) = terms.iter().find(|t| t.key == "span.duration") {
            longer_than(term)?;
        }
        let apps = params.projects(sentry)?.into_iter().map(|(_, app)| app);
        Ok(Self {
            apps: if params.is_production() {
                apps.collect()
            } else {
                Vec::new()
            },
            terms,
            start,
            end,
            extrapolated: params.one("disableAggregateExtrapolation") != Some("1"),
        })
    }

    fn admits(&self, key: &str, value: &str) -> bool {
        let mut of_key = self.terms.iter().filter(|term| term.key == key);
        of_key.all(|term| term.admits(value))
    }

    /// The releases that are asked for, and whose version each is.
    fn releases(&self, sentry: &Sentry) -> Vec<(String, &'a AppPlan, VersionPlan)> {
        let mut found = Vec::new();
        for app in &self.apps {
            for (version, _) in sentry.world.versions(&app.id) {
                let name = release(app, &version);
                if self.admits("release", &name) {
                    found.push((name, *app, version));
                }
            }
        }
        found
    }

    /// Stored spans of a version that fit, by when they began.
    fn stored(
        &self,
        sentry: &Sentry,
        app: &AppPlan,
        version: &VersionPlan,
    ) -> Vec<(Timestamp, u64)> {
        let world = &sentry.world;
        let range = (self.start, self.end);
        let longer = self.terms.iter().find(|t| t.key == "span.duration");
        let longer = longer.and_then(|term| longer_than(term).ok());
        let asks = |(op, description): (&str, &str)| {
            self.admits("span.op", op) && self.admits("span.description", description)
        };
        let mut found = Vec::new();
        let ok = self.admits("span.status", "ok");
        for (what, cold) in [(COLD_START, true), (REQUEST, false)] {
            if !asks(what) || !ok {
                continue;
            }
            let bound = longer.unwrap_or_default();
            let timed = if cold {
                world.cold_starts(&app.id, &version.build, range, bound)
            } else {
                world.requests(&app.id, &version.build, range, bound)
            };
            let fits = |t: &crate::simulator::world::Timed| longer.map_or(t.count, |_| t.slow);
            found.extend(timed.iter().map(|t| (t.start, fits(t))));
        }
        for name in version.journeys.keys().filter(|name| asks((JOURNEY, name))) {
            let failed = self.admits("span.status", "internal_error");
            for journey in world.journeys(&app.id, &version.build, range, name) {
                let completed = if ok { journey.completed } else { 0 };
                let failed = if failed {
                    journey.started - journey.completed
                } else {
                    0
                };
                found.push((journey.start, completed + failed));
            }
        }
        let share = sentry.server.sampled;
        for (_, count) in &mut found {
            *count = (*count as f64 * share) as u64;
        }
        found
    }

    fn shown(&self, sentry: &Sentry, stored: u64) -> Value {
        if self.extrapolated {
            json!((stored as f64 / sentry.server.sampled).round())
        } else {
            json!(stored)
        }
    }
}

/// `>5000` (milliseconds), `>5s`, `>250ms`
fn longer_than(term: &Term) -> Result<TimeDelta, Refusal> {
    let bad = || Refusal::bad("Error parsing search query: span.duration wants >5s or >5000");
    let [value] = term.values.as_slice() else {
        return Err(bad());
    };
    let raw = value.strip_prefix('>').ok_or_else(bad)?;
    let millis = raw.strip_suffix("ms").unwrap_or(raw);
    let bound = millis
        .parse::<i64>()
        .ok()
        .and_then(TimeDelta::try_milliseconds);
    bound.or_else(|| period(raw)).ok_or_else(bad)
}

/// `events-timeseries/`: a series a release, or one of all.
pub(super) fn series(sentry: &Sentry, params: &Params) -> Result<Value, Refusal> {
    let question = Question::ask(sentry, params)?;
    let axes: Vec<&str> = params.all("yAxis").collect();
    if let Some(axis) = axes.iter().find(|axis| !is_count(axis)) {
        return Err(Refusal::bad(format!(
            "{axis} is no function of this server"
        )));
    }
    let interval = period(params.one("interval").unwrap_or("1h"))
        .filter(|interval| *interval > TimeDelta::zero())
        .ok_or_else(|| Refusal::bad("Invalid interval"))?;
    let seconds = interval.num_seconds();
    let floor = |t: Timestamp| {
        let at = t.timestamp().div_euclid(seconds) * seconds;
        Timestamp::from_timestamp(at, 0).unwrap_or(t)
    };
    let question = Question {
        start: floor(question.start),
        ..question
    };
    if (question.end - question.start).num_seconds() / seconds > MAX_POINTS {
        return Err(Refusal::bad(
            "Your interval and date range would create too many results. Use a larger interval, or a smaller date range.",
        ));
    }
    let starts: Vec<Timestamp> = std::iter::successors(Some(question.start), |t| {
        Some(*t + interval).filter(|t| *t < question.end)
    })
    .collect();
    let top = params.number("topEvents")?;
    let by_release = match (top, params.all("groupBy").collect::<Vec<_>>().as_slice()) {
        (None, _) => false,
        (Some(top), _) if top > MAX_TOP_EVENTS => {
            return Err(Refusal::bad(format!(
                "Can only get up to {MAX_TOP_EVENTS} top events"
            )));
        }
        (Some(_), ["release"]) => true,
        (Some(_), _) => {
            return Err(Refusal::bad(
                "groupBy is a required parameter when doing topEvents",
            ));
        }
    };
    let mut groups: Vec<(Option<String>, Vec<u64>)> = Vec::new();
    for (name, app, version) in question.releases(sentry) {
        let mut sums = vec![0; starts.len()];
        for (at, count) in question.stored(sentry, app, &version) {
            let place = (at - question.start).num_seconds() / seconds;
            if let Some(sum) = usize::try_from(place).ok().and_then(|p| sums.get_mut(p)) {
                *sum += count;
            }
        }
        match groups.first_mut().filter(|_| !by_release) {
            Some((_, all)) => all.iter_mut().zip(sums).for_each(|(all, n)| *all += n),
            None => groups.push((by_release.then_some(name), sums)),
        }
    }
    groups.retain(|(_, sums)| !by_release || sums.iter().any(|n| *n > 0));
    groups.sort_by_key(|(name, sums)| (std::cmp::Reverse(sums.iter().sum::<u64>()), name.clone()));
    groups.truncate(top.unwrap_or(1));
    let mut shown = Vec::new();
    for (order, (name, sums)) in groups.iter().enumerate() {
        for axis in &axes {
            let values = starts.iter().zip(sums).map(|(start, stored)| {
                let mut row = Map::new();
                row.insert("timestamp".into(), json!(millis(*start)));
                row.insert("value".into(), question.shown(sentry, *stored));
                let open = *start + interval + INGESTION_DELAY > sentry.now();
                row.insert("incomplete".into(), open.into());
                if open {
                    row.insert("incompleteReason".into(), "INCOMPLETE_BUCKET".into());
                }
                row.insert("sampleCount".into(), (*stored).into());
                Value::Object(row)
            });
            let mut series = json!({
                "yAxis": axis,
                "values": values.collect::<Vec<_>>(),
                "meta": {
                    "valueType": "integer", "valueUnit": null, "interval": seconds * 1000, "dataScanned": "full",
                },
            });
            if let (Some(name), Some(object)) = (name, series.as_object_mut()) {
                object.insert("groupBy".into(), json!([{"key": "release", "value": name}]));
                if let Some(meta) = object.get_mut("meta").and_then(Value::as_object_mut) {
                    meta.insert("order".into(), order.into());
                    meta.insert("isOther".into(), false.into());
                }
            }
            shown.push(series);
        }
    }
    Ok(json!({
        "timeSeries": shown,
        "meta": {"dataset": "spans", "start": millis(question.start), "end": millis(question.end)},
    }))
}

/// `events/`: a row a release.
pub(super) fn table(sentry: &Sentry, params: &Params) -> Result<Value, Refusal> {
    let question = Question::ask(sentry, params)?;
    let fields: Vec<&str> = params.all("field").collect();
    if fields.is_empty() || fields.len() > 20 {
        return Err(Refusal::bad("You can view up to 20 fields at a time."));
    }
    let mut rows = Vec::new();
    for (name, app, version) in question.releases(sentry) {
        let stored: u64 = question
            .stored(sentry, app, &version)
            .iter()
            .map(|s| s.1)
            .sum();
        if stored == 0 {
            continue;
        }
        let mut row = Map::new();
        for field in &fields {
            let value = match *field {
                "release" => name.clone().into(),
                count if is_count(count) => question.shown(sentry, stored),
                other => question.percentile(sentry, other, app, &version)?,
            };
            row.insert((*field).to_owned(), value);
        }
        rows.push(Value::Object(row));
    }
    let types = fields.iter().map(|field| {
        let kind = match *field {
            "release" => "string",
            count if is_count(count) => "integer",
            _ => "duration",
        };
        ((*field).to_owned(), kind.into())
    });
    Ok(json!({
        "data": rows,
        "meta": {"fields": types.collect::<Map<_, _>>(), "dataset": "spans", "dataScanned": "full"},
    }))
}

impl Question<'_> {
    /// `p99(span.duration)`, in milliseconds.
    fn percentile(
        &self,
        sentry: &Sentry,
        field: &str,
        app: &AppPlan,
        version: &VersionPlan,
    ) -> Result<Value, Refusal> {
        let share = field
            .strip_suffix("(span.duration)")
            .and_then(|function| match function {
                "p50" => Some(0.5),
                "p75" => Some(0.75),
                "p90" => Some(0.9),
                "p95" => Some(0.95),
                "p99" => Some(0.99),
                _ => None,
            });
        let share = share.ok_or_else(|| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                &format!("The field {field} is not supported for this query."),
            )
        })?;
        let cold = self.admits("span.op", COLD_START.0);
        let range = (self.start, self.end);
        let seconds = sentry
            .world
            .quantile(&app.id, &version.build, range, share, cold);
        Ok(json!(seconds.map(|seconds| seconds * 1000.0)))
    }
}

fn is_count(function: &str) -> bool {
    matches!(function, "count()" | "count(span.duration)")
}

fn millis(t: Timestamp) -> i64 {
    t.timestamp_millis()
}
