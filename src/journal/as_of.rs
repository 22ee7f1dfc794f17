//! What readings said by some time: those that stood then, restated since or not.
//!
//! A window is known from when its counts were first observed until a report says otherwise.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::error::Fault;
use super::{readings, segments};
use crate::domain::{AppId, PlainText, SourceId, Timestamp};
use crate::ports::{Heard, Window};

/// What windows of an app said at `then` and do not say any more, by series. They are read at once: `restated` has no index,
/// since every poll writes to it and hardly anybody reads it.
pub(super) fn restated(
    conn: &Connection,
    app: &AppId,
    then: Timestamp,
) -> Result<BTreeMap<i64, Vec<Window>>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT start, \"end\", trials, failures, first_seen, replaced, series FROM restated \
         WHERE replaced > ?2 AND first_seen <= ?2 AND series IN (SELECT id FROM series WHERE app = ?1)",
    )?;
    let mut rows = statement.query(params![app.as_str(), then.timestamp_millis()])?;
    let mut windows = BTreeMap::<i64, Vec<Window>>::new();
    while let Some(row) = rows.next()? {
        let window = segments::window(&readings::segment(row)?);
        windows.entry(row.get(6)?).or_default().extend(window);
    }
    Ok(windows)
}

/// The windows of a series as they stood at `then`; `restated` are those of them that do not stand any more.
pub(super) fn windows(
    conn: &Connection,
    id: i64,
    restated: Vec<Window>,
    since: Timestamp,
    then: Timestamp,
) -> Result<Vec<Window>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT start, \"end\", trials, failures, first_seen, seen FROM readings \
         WHERE series = ?1 AND start >= ?2 AND first_seen <= ?3",
    )?;
    let span = params![id, since.timestamp_millis(), then.timestamp_millis()];
    let rows = statement.query_map(span, readings::segment)?;
    let standing = rows.filter_map(|row| row.map(|row| segments::window(&row)).transpose());
    let mut windows = standing.collect::<Result<Vec<_>, _>>()?;
    windows.extend(restated.into_iter().filter(|window| window.start >= since));
    windows.sort_by_key(|window| window.start);
    Ok(windows)
}

/// See [`crate::ports::Journal::heard`].
pub(super) fn heard(conn: &Connection, app: &AppId, by: Timestamp) -> Result<Vec<Heard>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT source, max(first_seen), max(\"end\") FROM series JOIN ( \
             SELECT series, \"end\", first_seen FROM readings WHERE first_seen <= ?2 AND trials IS NOT NULL \
             UNION ALL SELECT series, \"end\", first_seen FROM restated WHERE first_seen <= ?2 \
         ) ON series = id WHERE app = ?1 GROUP BY source ORDER BY source",
    )?;
    let mut rows = statement.query(params![app.as_str(), by.timestamp_millis()])?;
    let mut heard = Vec::new();
    while let Some(row) = rows.next()? {
        let time = |millis| {
            Timestamp::from_timestamp_millis(millis)
                .ok_or_else(|| Fault::Broken("a reading's time is out of range".into()))
        };
        heard.push(Heard {
            source: SourceId(PlainText::new(&row.get::<_, String>(0)?)),
            at: time(row.get(1)?)?,
            through: time(row.get(2)?)?,
        });
    }
    Ok(heard)
}
