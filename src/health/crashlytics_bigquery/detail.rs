//! What is known of one issue beyond its counts: where it is blamed, devices, systems. Asked when somebody looks at it, for
//! three queries.

use crate::domain::{IssueDetail, PlainText, Version};
use crate::ports::IssueQuery;

use super::BigQuery;
use super::error::BigQueryError;
use super::issues::titled;
use super::poll::LOOK_BACK;
use super::sql::Scope;
use super::wire::Table;

impl BigQuery {
    /// The export has the frame that Crashlytics blames as a column; the whole stack is in nested ones, which are dear to
    /// read. So the stack is the blamed frames, the most frequent first.
    pub(super) async fn detail(&self, query: &IssueQuery) -> Result<IssueDetail, BigQueryError> {
        let own: Vec<&Version> = [&query.version].into_iter().chain(&query.also).collect();
        let scope = Scope::of(own, (query.now - LOOK_BACK, query.now));
        let id = query.id.as_str();
        let frames = self.api.ask(&self.tables.frames(&scope, id)).await?;
        let devices = self.api.ask(&self.tables.devices(&scope, id)).await?;
        let systems = self.api.ask(&self.tables.systems(&scope, id)).await?;
        let mut detail = IssueDetail::default();
        for row in frames.rows() {
            let (title, _place) = titled(row.text("title"), row.text("subtitle"));
            detail.title = title;
            detail.last_seen = detail.last_seen.max(row.time("newest")?);
        }
        let frame = |x: &str, y: &str| match (x, y) {
            ("", y) => y.to_owned(),
            (x, "") => x.to_owned(),
            (x, y) => format!("{x} ({y})"),
        };
        let stack = rows(&frames, frame)?.into_iter().map(|(frame, _)| frame);
        detail.stack = stack.take(IssueDetail::MOST_FRAMES).collect();
        let joined = |x: &str, y: &str| format!("{x} {y}").trim().to_owned();
        detail.devices = rows(&devices, joined)?;
        detail.os_versions = rows(&systems, joined)?;
        Ok(detail)
    }
}

fn rows(
    table: &Table,
    words: impl Fn(&str, &str) -> String,
) -> Result<Vec<(PlainText, u64)>, BigQueryError> {
    let mut rows = Vec::new();
    for row in table.rows() {
        let name = words(
            row.text("x").unwrap_or_default(),
            row.text("y").unwrap_or_default(),
        );
        if !name.is_empty() {
            rows.push((name.into(), row.count("events")?));
        }
    }
    rows.truncate(IssueDetail::MOST_ROWS);
    Ok(rows)
}
