//! Rows that have just come: marked for two seconds, once, and never animated.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::lists::Row;
use super::model::Model;
use crate::api::Snapshot;
use crate::domain::Timestamp;

/// How long a row is new, by the time of the person in front of it.
const NEW_FOR: TimeDelta = TimeDelta::seconds(2);

/// More than that has not just come.
const MOST: usize = 20;

/// See the module: what is new, and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct News(BTreeMap<Row, Timestamp>);

impl News {
    pub(crate) fn has(&self, row: &Row) -> bool {
        !self.0.is_empty() && self.0.contains_key(row)
    }

    /// When the picture changes because something is new no more.
    pub(crate) fn ends(&self) -> Option<Timestamp> {
        self.0.values().min().copied()
    }

    pub(crate) fn grow_old(&mut self, now: Timestamp) {
        // A clock that was set back must not keep anything new.
        self.0
            .retain(|_, until| *until > now && *until <= now + NEW_FOR);
    }
}

/// Marks what the picture has and the one before had not: crashes and versions of the app shown, events of all.
pub(crate) fn mark(model: &mut Model, before: &Snapshot) {
    let until = model.now.wall + NEW_FOR;
    let mut found = Vec::new();
    let after = model.snapshot.events.iter();
    // A picture without events says nothing of what is new in the next one.
    if before.seq > 0 {
        let new = after.filter(|record| record.seq > before.seq);
        found.extend(new.map(|record| Row::Event(record.seq)));
    }
    if let Some(app) = model.shown()
        && let Some(was) = before.apps.iter().find(|was| was.id == app.id)
    {
        let known = |id| was.issues.iter().any(|issue| issue.id == id);
        let issues = app.issues.iter().map(|issue| issue.id.clone());
        if !was.issues.is_empty() {
            found.extend(issues.filter(|id| !known(id.clone())).map(Row::Crash));
        }
        let known = |label| was.shares.iter().any(|share| share.label == label);
        let labels = app.shares.iter().map(|share| share.label.clone());
        if !was.shares.is_empty() {
            found.extend(labels.filter(|it| !known(it.clone())).map(Row::Version));
        }
    }
    // A picture that catches up with a night has no row that is new.
    if found.len() <= MOST {
        let rows = found.into_iter().map(|row| (row, until));
        model.lists.news.0.extend(rows);
    }
}
