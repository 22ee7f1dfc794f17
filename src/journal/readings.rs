//! Readings in the database: one row a segment, what it said before in `restated`, and the latest report of each source.
//!
//! They are outside the chain: a source restates them, and they can be read again.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rusqlite::{Connection, Row, Transaction, params};

use super::error::Fault;
use super::segments::{self, Segment};
use super::{as_of, int, uint};
use crate::domain::{AppId, Counts, Metric, PlainText, Reading, SourceId, SourceReport, Timestamp};
use crate::ports::{Series, Window};

/// Metric, version and stratum: with app and source, the key of a series. Ordered as the readings are given out.
pub(super) type SeriesKey = (Metric, String, String);

/// What a report says of each series, as segments; `known` are the strata that the source has told of a metric of a version.
/// A stratum that is not among the readings has nothing in the time that the others cover.
pub(super) fn laid_out<E>(
    report: &SourceReport,
    observed: i64,
    known: impl Fn(&Metric, &str) -> Result<Vec<String>, E>,
) -> Result<Vec<(SeriesKey, Vec<Segment>)>, E> {
    let mut whole: BTreeMap<(Metric, String), BTreeMap<String, Vec<Segment>>> = BTreeMap::new();
    for ((metric, version, stratum), readings) in by_series(report) {
        let laid = segments::lay_out(readings, observed);
        if !laid.is_empty() {
            let strata = whole.entry((metric, version)).or_default();
            strata.insert(stratum, laid);
        }
    }
    let mut all = Vec::new();
    for ((metric, version), mut strata) in whole {
        let starts = strata.values().flatten().map(|segment| segment.start);
        let ends = strata.values().flatten().map(|segment| segment.end);
        let Some(cover) = starts.min().zip(ends.max()) else {
            continue;
        };
        for stratum in known(&metric, &version)? {
            strata.entry(stratum).or_default();
        }
        for (stratum, laid) in strata {
            let laid = segments::stretch(laid, cover, observed);
            all.push(((metric.clone(), version.clone(), stratum), laid));
        }
    }
    Ok(all)
}

/// The readings of a report by series.
fn by_series(report: &SourceReport) -> BTreeMap<SeriesKey, Vec<&Reading>> {
    let mut series: BTreeMap<SeriesKey, Vec<&Reading>> = BTreeMap::new();
    for reading in &report.readings {
        let key = (
            reading.metric.clone(),
            reading.version.clone(),
            reading.stratum.clone(),
        );
        series.entry(key).or_default().push(reading);
    }
    series
}

pub(super) fn save(
    tx: &Transaction<'_>,
    app: &AppId,
    source: &SourceId,
    observed_at: Timestamp,
    report: &SourceReport,
) -> Result<(), Fault> {
    let observed = observed_at.timestamp_millis();
    let known = |metric: &Metric, version: &str| strata_of(tx, app, source, metric, version);
    for (key, laid) in laid_out(report, observed, known)? {
        let id = series_id(tx, app, source, &key)?;
        save_series(tx, id, &laid, observed)?;
    }
    let rest = SourceReport {
        readings: Vec::new(),
        ..report.clone()
    };
    let body = serde_json::to_string(&rest)
        .map_err(|error| Fault::Refused(format!("a report has no JSON form: {error}")))?;
    tx.prepare_cached(
        "INSERT INTO reports (app, source, observed, body) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (app, source) DO UPDATE SET observed = excluded.observed, body = excluded.body \
         WHERE excluded.observed >= observed",
    )?
    .execute(params![app.as_str(), source.0.as_str(), observed, body])?;
    Ok(())
}

/// The strata that a source has told of.
fn strata_of(
    tx: &Transaction<'_>,
    app: &AppId,
    source: &SourceId,
    metric: &Metric,
    version: &str,
) -> Result<Vec<String>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT stratum FROM series WHERE app = ?1 AND source = ?2 AND metric = ?3 AND version = ?4",
    )?;
    let metric = metric.to_string();
    let rows = statement.query_map(
        params![app.as_str(), source.0.as_str(), metric, version],
        |row| row.get(0),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn series_id(
    tx: &Transaction<'_>,
    app: &AppId,
    source: &SourceId,
    (metric, version, stratum): &SeriesKey,
) -> Result<i64, Fault> {
    let key = params![
        app.as_str(),
        source.0.as_str(),
        metric.to_string(),
        version,
        stratum
    ];
    tx.prepare_cached(
        "INSERT INTO series (app, source, metric, version, stratum) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT DO NOTHING",
    )?
    .execute(key)?;
    let id = tx
        .prepare_cached(
            "SELECT id FROM series \
             WHERE app = ?1 AND source = ?2 AND metric = ?3 AND version = ?4 AND stratum = ?5",
        )?
        .query_row(key, |row| row.get(0))?;
    Ok(id)
}

fn save_series(
    tx: &Transaction<'_>,
    id: i64,
    report: &[Segment],
    observed: i64,
) -> Result<(), Fault> {
    let (Some(first), Some(last)) = (report.first(), report.last()) else {
        return Ok(());
    };
    let stored = overlapping(tx, id, first.start, last.end)?;
    let merged = segments::merge(&stored, report, observed);

    let after: BTreeMap<i64, &Segment> = merged.iter().map(|new| (new.start, new)).collect();
    let mut keep = tx.prepare_cached(
        "INSERT INTO restated (series, start, \"end\", trials, failures, first_seen, replaced) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut delete = tx.prepare_cached("DELETE FROM readings WHERE series = ?1 AND start = ?2")?;
    for old in &stored {
        let new = after.get(&old.start);
        if let Some(counts) = old.counts
            && !new.is_some_and(|new| new.agrees_with(old))
        {
            let (trials, failures) = (int(counts.trials), int(counts.failures));
            keep.execute(params![
                id,
                old.start,
                old.end,
                trials,
                failures,
                old.first_seen,
                observed
            ])?;
        }
        if new.is_none() {
            delete.execute(params![id, old.start])?;
        }
    }

    let before: BTreeMap<i64, &Segment> = stored.iter().map(|old| (old.start, old)).collect();
    let mut upsert = tx.prepare_cached(
        "INSERT INTO readings (series, start, \"end\", trials, failures, first_seen, seen) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT (series, start) DO UPDATE SET \"end\" = excluded.\"end\", trials = excluded.trials, \
         failures = excluded.failures, first_seen = excluded.first_seen, seen = excluded.seen",
    )?;
    for new in &merged {
        if before.get(&new.start) == Some(&new) {
            continue;
        }
        upsert.execute(params![
            id,
            new.start,
            new.end,
            new.counts.map(|counts| int(counts.trials)),
            new.counts.map(|counts| int(counts.failures)),
            new.first_seen,
            new.seen
        ])?;
    }
    Ok(())
}

/// The segments that overlap this time. They never overlap each other, so only the last that starts before can reach in.
fn overlapping(conn: &Connection, id: i64, from: i64, to: i64) -> Result<Vec<Segment>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT start, \"end\", trials, failures, first_seen, seen FROM readings \
         WHERE series = ?1 AND \"end\" > ?2 AND start < ?3 AND start >= coalesce( \
             (SELECT max(start) FROM readings WHERE series = ?1 AND start <= ?2), ?2) \
         ORDER BY start",
    )?;
    let rows = statement.query_map(params![id, from, to], segment)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn segment(row: &Row<'_>) -> rusqlite::Result<Segment> {
    let trials: Option<i64> = row.get(2)?;
    let failures: Option<i64> = row.get(3)?;
    Ok(Segment {
        start: row.get(0)?,
        end: row.get(1)?,
        counts: trials.zip(failures).map(|(trials, failures)| Counts {
            trials: uint(trials),
            failures: uint(failures),
        }),
        first_seen: row.get(4)?,
        seen: row.get(5)?,
    })
}

pub(super) fn load(
    conn: &Connection,
    app: &AppId,
    versions: &[String],
    metrics: Option<&[Metric]>,
    since: Timestamp,
    by: Option<Timestamp>,
) -> Result<Vec<Series>, Fault> {
    let mut series = conn
        .prepare_cached("SELECT id, source, metric, version, stratum FROM series WHERE app = ?1")?;
    let mut rows = series.query([app.as_str()])?;
    let mut found = Vec::new();
    let mut restated = by.map_or_else(
        || Ok(BTreeMap::new()),
        |then| as_of::restated(conn, app, then),
    )?;
    while let Some(row) = rows.next()? {
        let version: String = row.get(3)?;
        if !versions.contains(&version) {
            continue;
        }
        let metric: String = row.get(2)?;
        let broken = |error| Fault::Broken(format!("a reading cannot be read: {error}"));
        let metric = metric.parse().map_err(broken)?;
        if metrics.is_some_and(|metrics| !metrics.contains(&metric)) {
            continue;
        }
        let id = row.get(0)?;
        let windows = match by {
            None => windows(conn, id, since)?,
            Some(then) => {
                let restated = restated.remove(&id).unwrap_or_default();
                as_of::windows(conn, id, restated, since, then)?
            }
        };
        if windows.is_empty() {
            continue;
        }
        found.push(Series {
            source: SourceId(PlainText::new(&row.get::<_, String>(1)?)),
            metric,
            version,
            stratum: row.get(4)?,
            windows,
        });
    }
    found.sort_by(in_order);
    Ok(found)
}

pub(super) fn versions(conn: &Connection, app: &AppId) -> Result<Vec<String>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT DISTINCT version FROM series WHERE app = ?1 ORDER BY version")?;
    let versions = statement.query_map([app.as_str()], |row| row.get(0))?;
    Ok(versions.collect::<Result<_, _>>()?)
}

fn windows(conn: &Connection, id: i64, since: Timestamp) -> Result<Vec<Window>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT start, \"end\", trials, failures, first_seen, seen FROM readings \
         WHERE series = ?1 AND start >= ?2 ORDER BY start",
    )?;
    let segments = statement.query_map(params![id, since.timestamp_millis()], segment)?;
    let windows = segments.filter_map(|segment| segment.map(|s| segments::window(&s)).transpose());
    Ok(windows.collect::<Result<_, _>>()?)
}

/// The order that the port promises.
pub(super) fn in_order(a: &Series, b: &Series) -> Ordering {
    (&a.metric, &a.version, &a.source, &a.stratum)
        .cmp(&(&b.metric, &b.version, &b.source, &b.stratum))
}

pub(super) fn latest(
    conn: &Connection,
    app: &AppId,
) -> Result<Vec<(SourceId, Timestamp, SourceReport)>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT source, observed, body FROM reports WHERE app = ?1 ORDER BY source",
    )?;
    let mut rows = statement.query([app.as_str()])?;
    let mut latest = Vec::new();
    while let Some(row) = rows.next()? {
        let source = SourceId(PlainText::new(&row.get::<_, String>(0)?));
        let broken = |why: &dyn std::fmt::Display| {
            Fault::Broken(format!("the report of {source} cannot be read: {why}"))
        };
        let observed = Timestamp::from_timestamp_millis(row.get(1)?)
            .ok_or_else(|| broken(&"its time is out of range"))?;
        let report =
            serde_json::from_str(&row.get::<_, String>(2)?).map_err(|error| broken(&error))?;
        latest.push((source, observed, report));
    }
    Ok(latest)
}

/// The sum of when each source's report was observed: it grows with every one. Never touches the reports themselves.
pub(super) fn reported(conn: &Connection) -> Result<BTreeMap<AppId, i64>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT app, sum(observed) FROM reports GROUP BY app")?;
    let mut rows = statement.query(())?;
    let mut marks = BTreeMap::new();
    while let Some(row) = rows.next()? {
        // Who is not an app of ours is nobody's business.
        if let Ok(app) = AppId::try_from(row.get::<_, String>(0)?) {
            marks.insert(app, row.get(1)?);
        }
    }
    Ok(marks)
}
