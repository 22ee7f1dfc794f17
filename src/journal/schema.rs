//! The database's schema: migrations, applied in order, and the check that it still is what they made.

use std::collections::BTreeMap;

use rusqlite::{Connection, TransactionBehavior};

use super::error::Fault;

/// One script a version; `user_version` counts those applied. A script once released never changes.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql"), include_str!("schema_2.sql")];

/// The version this haltline writes.
pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

pub(super) fn version(conn: &Connection) -> Result<i64, Fault> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Brings the schema to [`known`], each step in one transaction.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), Fault> {
    for (done, script) in (0..).zip(MIGRATIONS) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if version(&tx)? == done {
            tx.execute_batch(script)?;
            tx.pragma_update(None, "user_version", done + 1)?;
            tx.commit()?;
        }
    }
    Ok(())
}

/// Refuses a database whose tables or triggers are not those of the migrations: a dropped trigger would let records vanish.
pub(super) fn check(conn: &Connection) -> Result<(), Fault> {
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh)?;
    let (wanted, found) = (objects(&fresh)?, objects(conn)?);
    let missing = wanted
        .iter()
        .find(|(name, sql)| found.get(*name) != Some(*sql));
    let surplus = found.keys().find(|name| !wanted.contains_key(*name));
    match missing.map(|(name, _)| name).or(surplus) {
        Some(name) => Err(Fault::Broken(format!(
            "its schema was changed by something else than haltline (see {name})"
        ))),
        None => Ok(()),
    }
}

fn objects(conn: &Connection) -> Result<BTreeMap<String, Option<String>>, Fault> {
    let mut statement = conn.prepare(
        "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'",
    )?;
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
