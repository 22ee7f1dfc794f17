//! BigQuery's answers as they are on the wire: cells by position, everything a text or null.
//!
//! Owns the serde types and the reading of cells by the name of their column. Must not know what the columns mean.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde::Deserialize;

use crate::domain::Timestamp;

use super::error::BigQueryError;

/// `POST …/queries` and `GET …/queries/{job}`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Response {
    pub(super) job_complete: bool,
    pub(super) job_reference: JobReference,
    pub(super) schema: Option<Schema>,
    pub(super) rows: Vec<Row>,
    /// Of all pages, as text.
    pub(super) total_rows: Option<String>,
    pub(super) page_token: Option<String>,
    /// Soft ones: warnings where there is a result, the reason where there is none.
    pub(super) errors: Vec<SoftError>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct JobReference {
    pub(super) job_id: String,
    pub(super) location: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Schema {
    pub(super) fields: Vec<Field>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Field {
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    f: Vec<Cell>,
}

/// A scalar: nested values are not asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cell {
    v: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SoftError {
    pub(super) reason: String,
    pub(super) message: String,
}

/// A complete result.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: BTreeMap<String, usize>,
    rows: Vec<Row>,
}

impl Table {
    pub(super) fn of(schema: &Schema) -> Self {
        let names = schema.fields.iter().map(|field| field.name.clone());
        Self {
            columns: names.zip(0..).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds the rows of a page, each as wide as the schema.
    pub(super) fn extend(&mut self, rows: Vec<Row>) -> Result<(), BigQueryError> {
        if rows.iter().any(|row| row.f.len() != self.columns.len()) {
            return Err(BigQueryError::Nonsense(
                "a row is not as wide as its schema",
            ));
        }
        self.rows.extend(rows);
        Ok(())
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Cells<'_>> {
        self.rows.iter().map(|row| Cells { table: self, row })
    }
}

/// One row, by the names of its columns.
pub(super) struct Cells<'a> {
    table: &'a Table,
    row: &'a Row,
}

impl<'a> Cells<'a> {
    /// `None` for null, and for a column that is not there.
    pub(super) fn text(&self, column: &str) -> Option<&'a str> {
        let at = *self.table.columns.get(column)?;
        self.row.f.get(at)?.v.as_deref()
    }

    /// A count; it must be there.
    pub(super) fn count(&self, column: &str) -> Result<u64, BigQueryError> {
        let text = self.text(column).unwrap_or_default();
        text.parse()
            .map_err(|_no_number| BigQueryError::Nonsense("a count is not one"))
    }

    /// A TIMESTAMP: whole microseconds as they are asked for, or seconds with a point or an exponent. `None` for null.
    pub(super) fn time(&self, column: &str) -> Result<Option<Timestamp>, BigQueryError> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        let micros = match text.parse::<i64>() {
            Ok(micros) => Some(micros),
            Err(_) => {
                let seconds: Option<f64> = text.parse().ok();
                let seconds = seconds.filter(|s| s.is_finite() && s.abs() < 1e11);
                seconds.map(|seconds| (seconds * 1e6).round() as i64)
            }
        };
        let time = micros.and_then(DateTime::from_timestamp_micros);
        time.map(Some)
            .ok_or(BigQueryError::Nonsense("a time is not one"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_by_name_whatever_their_place() {
        let response: Response = serde_json::from_str(
            r#"{"jobComplete":true,"schema":{"fields":[{"name":"v","type":"STRING"},{"name":"t","type":"TIMESTAMP"},{"name":"n"}]},
                "rows":[{"f":[{"v":"8.43.0"},{"v":"1.7951652E9"},{"v":"18231"}]},
                        {"f":[{"v":null},{"v":"1795165200000000"},{"v":null}]}],"totalRows":"2"}"#,
        )
        .unwrap();
        let mut table = Table::of(&response.schema.unwrap());
        table.extend(response.rows).unwrap();
        let rows: Vec<_> = table.rows().collect();
        assert_eq!(rows[0].text("v"), Some("8.43.0"));
        assert_eq!(rows[0].count("n").unwrap(), 18_231);
        assert_eq!(rows[0].time("t").unwrap(), rows[1].time("t").unwrap());
        assert_eq!(
            rows[0].time("t").unwrap().unwrap().timestamp(),
            1_795_165_200
        );
        assert_eq!((rows[1].text("v"), rows[1].text("x")), (None, None));
        assert!(rows[1].count("n").is_err(), "null is no count");
        assert!(rows[0].time("v").is_err());
        assert!(table.extend(vec![Row::default()]).is_err());
    }
}
