//! What a statement comes to: the rows that pass, grouped, counted, put in order.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::BigQuery;
use super::facts::{Needs, Rows, Which, device};
use super::refusal::Refusal;
use super::sql::{Condition, Expression, Inner, Operand, Operator, Statement, Unit};
use crate::domain::{StoreKind, Timestamp};
use crate::simulator::scenario::{AppPlan, VersionPlan};
use crate::simulator::traffic;
use crate::simulator::world::HISTORY;

/// A value, as it is compared and grouped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Time(Timestamp),
}

/// The named parameters.
#[derive(Clone, Debug)]
pub(super) enum Parameter {
    One(Cell),
    Many(Vec<Cell>),
}

pub(super) type Parameters = BTreeMap<String, Parameter>;

/// A result: the columns with their types, and the rows.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) fields: Vec<(String, &'static str)>,
    pub(super) rows: Vec<Vec<Cell>>,
}

const BOTH: [&str; 6] = [
    "event_timestamp",
    "application.display_version",
    "application.build_version",
    "operating_system.display_version",
    "operating_system.name",
    "device.model",
];
const OF_SESSIONS: [&str; 3] = ["event_type", "session_id", "instance_id"];
const OF_CRASHES: [&str; 10] = [
    "event_id",
    "error_type",
    "issue_id",
    "issue_title",
    "issue_subtitle",
    "installation_uuid",
    "firebase_session_id",
    "blame_frame.symbol",
    "blame_frame.file",
    "device.manufacturer",
];

/// A statement about one table of one app, checked.
struct Query<'a> {
    it: &'a BigQuery,
    app: &'a AppPlan,
    which: Which,
    statement: &'a Statement,
    parameters: &'a Parameters,
    /// Of the events, the end exclusive.
    range: (Timestamp, Timestamp),
}

pub(super) fn run(
    it: &BigQuery,
    statement: &Statement,
    parameters: &Parameters,
) -> Result<Outcome, Refusal> {
    let Some((app, which)) = it.table(&statement.table) else {
        let name = statement.table.replacen('.', ":", 1);
        let location = super::LOCATION;
        return Err(Refusal::not_found(format!(
            "Not found: Table {name} was not found in location {location}"
        )));
    };
    let mut query = Query {
        it,
        app,
        which,
        statement,
        parameters,
        range: (it.world.start() - HISTORY, it.visible(which)),
    };
    query.check()?;
    query.narrow()?;
    query.result()
}

fn unknown(name: &str) -> Refusal {
    Refusal::query(format!("Unrecognized name: {name} at [1:1]"))
}

impl Query<'_> {
    /// The columns that are read.
    fn columns(&self) -> Vec<&str> {
        let of = |expression| match expression {
            &Expression::Column(ref a) | &Expression::Trunc(ref a, _) => vec![a.as_str()],
            Expression::Min(inner) | Expression::Max(inner) | Expression::CountDistinct(inner) => {
                match inner {
                    Inner::Column(a) | Inner::Int64(a) => vec![a.as_str()],
                    Inner::IfNull(a, b) => vec![a.as_str(), b.as_str()],
                }
            }
        };
        let items = self.statement.items.iter();
        let conditions = self.statement.conditions.iter().map(|c| c.column.as_str());
        items
            .flat_map(|item| of(&item.expression))
            .chain(conditions)
            .collect()
    }

    /// Names that there are; every expression either grouped or aggregated; parameters given.
    fn check(&self) -> Result<(), Refusal> {
        let statement = self.statement;
        let own: &[&str] = match self.which {
            Which::Sessions => &OF_SESSIONS,
            Which::Crashes => &OF_CRASHES,
        };
        let known = |name: &str| BOTH.contains(&name) || own.contains(&name);
        if let Some(name) = self.columns().into_iter().find(|name| !known(name)) {
            return Err(unknown(name));
        }
        for item in &statement.items {
            if let Expression::Column(a) | Expression::Trunc(a, _) = &item.expression
                && !statement.group.contains(&item.alias)
            {
                return Err(Refusal::query(format!(
                    "SELECT list expression references column {a} which is neither grouped nor aggregated at [1:8]"
                )));
            }
        }
        let aliases: Vec<&String> = statement.items.iter().map(|item| &item.alias).collect();
        let used = statement
            .group
            .iter()
            .chain(statement.order.iter().map(|(name, _)| name));
        for name in used {
            if !aliases.contains(&name) {
                return Err(unknown(name));
            }
        }
        for condition in &statement.conditions {
            if let Operand::Parameter(name) = &condition.value
                && !self.parameters.contains_key(name)
            {
                return Err(Refusal::query(format!(
                    "Query parameter '{name}' not found at [1:1]"
                )));
            }
        }
        Ok(())
    }

    /// The range of events that the conditions leave.
    fn narrow(&mut self) -> Result<(), Refusal> {
        let smallest = TimeDelta::microseconds(1);
        for condition in &self.statement.conditions {
            if condition.column != "event_timestamp" {
                continue;
            }
            let Cell::Time(at) = self.operand(condition)? else {
                return Err(Refusal::query(
                    "No matching signature for operator >= for argument types: TIMESTAMP, STRING",
                ));
            };
            let (from, to) = &mut self.range;
            match condition.operator {
                Operator::AtLeast => *from = at.max(*from),
                Operator::Above => *from = (at + smallest).max(*from),
                Operator::AtMost => *to = (at + smallest).min(*to),
                Operator::Below => *to = at.min(*to),
                Operator::Equal | Operator::In => {
                    return Err(Refusal::query(
                        "event_timestamp is compared by order alone here",
                    ));
                }
            }
        }
        Ok(())
    }

    fn operand(&self, condition: &Condition) -> Result<Cell, Refusal> {
        match &condition.value {
            Operand::Text(text) => Ok(Cell::Text(text.clone())),
            Operand::Parameter(name) => match self.parameters.get(name) {
                Some(Parameter::One(cell)) => Ok(cell.clone()),
                _ => Err(Refusal::query(
                    "No matching signature for operator = for argument types: STRING, ARRAY<STRING>",
                )),
            },
        }
    }

    fn passes(&self, rows: &Rows) -> Result<bool, Refusal> {
        for condition in &self.statement.conditions {
            if condition.column == "event_timestamp" {
                continue;
            }
            let own = self.column(rows, &condition.column);
            let fine = match (condition.operator, &condition.value) {
                (Operator::In, Operand::Parameter(name)) => match self.parameters.get(name) {
                    Some(Parameter::Many(cells)) => cells.contains(&own),
                    _ => {
                        return Err(Refusal::query(
                            "Values referenced in UNNEST must be arrays. UNNEST contains expression of type STRING",
                        ));
                    }
                },
                (Operator::Equal, _) => self.operand(condition)? == own,
                (Operator::AtLeast, _) => own >= self.operand(condition)?,
                (Operator::Above, _) => own > self.operand(condition)?,
                (Operator::AtMost, _) => own <= self.operand(condition)?,
                (Operator::Below, _) => own < self.operand(condition)?,
                (Operator::In, Operand::Text(_)) => false,
            };
            if !fine {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether rows of a version can pass: those that cannot need not be drawn.
    fn names(&self, version: &VersionPlan) -> bool {
        self.statement.conditions.iter().all(|condition| {
            let own = match condition.column.as_str() {
                "application.build_version" => &version.build,
                "application.display_version" => &version.name,
                _ => return true,
            };
            match (condition.operator, &condition.value) {
                (Operator::In, Operand::Parameter(name)) => match self.parameters.get(name) {
                    Some(Parameter::Many(cells)) => cells.contains(&Cell::Text(own.clone())),
                    _ => true,
                },
                _ => true,
            }
        })
    }

    fn result(&self) -> Result<Outcome, Refusal> {
        let columns = self.columns();
        let starts = |part: &str| columns.iter().any(|name| name.starts_with(part));
        let needs = Needs {
            issues: starts("issue_")
                || starts("blame_frame.")
                || (starts("device.") && self.which == Which::Crashes),
            strata: starts("operating_system.") || starts("device."),
        };
        let wanted = |version: &VersionPlan| self.names(version);
        let all = self
            .it
            .rows(self.app, self.which, self.range, needs, wanted);
        let statement = self.statement;
        let mut groups = BTreeMap::<Vec<Cell>, Vec<&Rows>>::new();
        for rows in &all {
            if !self.passes(rows)? {
                continue;
            }
            let key = statement
                .items
                .iter()
                .filter_map(|item| self.grouped(rows, &item.expression));
            groups.entry(key.collect()).or_default().push(rows);
        }
        groups.retain(|_, group| group.iter().any(|rows| rows.number > 0));
        if statement.group.is_empty() {
            // An aggregation of nothing is one row.
            groups.entry(Vec::new()).or_default();
        }
        let mut rows: Vec<Vec<Cell>> = groups
            .into_iter()
            .map(|(key, group)| self.row(&key, &group))
            .collect();
        for (name, descending) in statement.order.iter().rev() {
            let at = statement.items.iter().position(|item| item.alias == *name);
            let cell = |row: &Vec<Cell>| at.and_then(|at| row.get(at).cloned());
            rows.sort_by(|a, b| {
                let order = cell(a).cmp(&cell(b));
                if *descending { order.reverse() } else { order }
            });
        }
        rows.truncate(statement.limit.unwrap_or(usize::MAX));
        let fields = statement
            .items
            .iter()
            .map(|item| (item.alias.clone(), kind(&item.expression)));
        Ok(Outcome {
            fields: fields.collect(),
            rows,
        })
    }

    /// Of an expression that is grouped by.
    fn grouped(&self, rows: &Rows, expression: &Expression) -> Option<Cell> {
        match expression {
            Expression::Column(name) => Some(self.column(rows, name)),
            Expression::Trunc(_, unit) => Some(Cell::Time(bucket(rows.first, *unit).0)),
            _ => None,
        }
    }

    fn row(&self, key: &[Cell], group: &[&Rows]) -> Vec<Cell> {
        let mut key = key.iter().cloned();
        let unit = self
            .statement
            .items
            .iter()
            .find_map(|item| match &item.expression {
                Expression::Trunc(_, unit) => Some(*unit),
                _ => None,
            });
        let (mut from, mut to) = self.range;
        if let (Some(unit), Some(rows)) = (unit, group.first()) {
            let (start, end) = bucket(rows.first, unit);
            (from, to) = (from.max(start), to.min(end));
        }
        let of = |expression: &Expression| match expression {
            Expression::Column(_) | Expression::Trunc(_, _) => key.next().unwrap_or(Cell::Null),
            Expression::Min(inner) => self.values(group, inner, false).min().unwrap_or(Cell::Null),
            Expression::Max(inner) => self.values(group, inner, true).max().unwrap_or(Cell::Null),
            Expression::CountDistinct(inner) => {
                let count = self.distinct(group, inner, to - from);
                Cell::Int(i64::try_from(count).unwrap_or(i64::MAX))
            }
        };
        let items = self.statement.items.iter();
        items.map(|item| &item.expression).map(of).collect()
    }

    /// Of what a minimum or maximum is taken: never null.
    fn values<'b>(
        &'b self,
        group: &'b [&Rows],
        inner: &'b Inner,
        last: bool,
    ) -> impl Iterator<Item = Cell> + 'b {
        let there = group.iter().filter(|rows| rows.number > 0);
        there.filter_map(move |rows| {
            let cell = match inner {
                Inner::Column(name) if name == "event_timestamp" => {
                    Cell::Time(if last { rows.last } else { rows.first })
                }
                Inner::Column(name) | Inner::IfNull(name, _) => self.column(rows, name),
                Inner::Int64(name) => match self.column(rows, name) {
                    Cell::Text(text) => text.parse().map_or(Cell::Null, Cell::Int),
                    _ => Cell::Null,
                },
            };
            (cell != Cell::Null).then_some(cell)
        })
    }

    /// Every row is a session or an event of its own; how many users are behind them the world says.
    fn distinct(&self, group: &[&Rows], inner: &Inner, span: TimeDelta) -> u64 {
        let number: u64 = group.iter().map(|rows| rows.number).sum();
        let name = match inner {
            Inner::Column(name) | Inner::IfNull(name, _) | Inner::Int64(name) => name.as_str(),
        };
        match name {
            "session_id" | "event_id" | "firebase_session_id" => number,
            "instance_id" => traffic::users(number, span),
            "installation_uuid" => {
                let known: Vec<u64> = group.iter().filter_map(|rows| rows.users).collect();
                if known.len() == group.len() {
                    return known.iter().sum();
                }
                // Rows of several kinds stand in the same sessions.
                let sessions: BTreeMap<_, u64> = group
                    .iter()
                    .map(|rows| {
                        (
                            (&rows.version.build, rows.first, &rows.os, &rows.tier),
                            rows.sessions,
                        )
                    })
                    .collect();
                traffic::affected(number, traffic::users(sessions.values().sum(), span))
            }
            _ => {
                let values: BTreeSet<Cell> = self.values(group, inner, false).collect();
                values.len() as u64
            }
        }
    }

    fn column(&self, rows: &Rows, name: &str) -> Cell {
        let issue = rows
            .issue
            .and_then(|index| Some((index, self.app.issues.get(index)?)));
        let text = |text: &str| Cell::Text(text.to_owned());
        let device = device(self.app.store, &rows.tier);
        match name {
            "event_timestamp" => Cell::Time(rows.first),
            "event_type" => text("SESSION_START"),
            "application.display_version" => text(&rows.version.name),
            "application.build_version" => text(&rows.version.build),
            "operating_system.display_version" => text(&rows.os),
            "operating_system.name" => text(match self.app.store {
                StoreKind::GooglePlay => "Android",
                StoreKind::AppStore => "iOS",
            }),
            "device.manufacturer" => text(device.0),
            "device.model" => text(device.1),
            "error_type" => rows.kind.map_or(Cell::Null, text),
            "issue_id" => issue.map_or(Cell::Null, |(index, _)| Cell::Text(issue_id(index))),
            "issue_title" => issue.map_or(Cell::Null, |(_, plan)| text(&plan.place)),
            "issue_subtitle" => issue.map_or(Cell::Null, |(_, plan)| text(&plan.title)),
            "blame_frame.symbol" => {
                let stack = issue.map(|(index, _)| self.it.world.stack(&self.app.id, index));
                let top = stack.and_then(|stack| stack.into_iter().next());
                top.map_or(Cell::Null, Cell::Text)
            }
            "blame_frame.file" => issue.map_or(Cell::Null, |(_, plan)| {
                let class = plan.place.rsplit('.').nth(1).unwrap_or("Main");
                Cell::Text(format!("{class}.kt"))
            }),
            _ => Cell::Null,
        }
    }
}

/// 32 digits, the same as at Crashlytics itself.
pub(super) fn issue_id(index: usize) -> String {
    format!("{:032x}", 0x5eed_0000_u64 + index as u64)
}

fn bucket(at: Timestamp, unit: Unit) -> (Timestamp, Timestamp) {
    let width = match unit {
        Unit::Hour => 3600,
        Unit::Day => 86_400,
    };
    let start = at.timestamp().div_euclid(width) * width;
    let start = DateTime::<Utc>::from_timestamp(start, 0).unwrap_or(at);
    (start, start + TimeDelta::seconds(width))
}

fn kind(expression: &Expression) -> &'static str {
    match expression {
        Expression::CountDistinct(_)
        | Expression::Min(Inner::Int64(_))
        | Expression::Max(Inner::Int64(_)) => "INTEGER",
        Expression::Trunc(_, _) => "TIMESTAMP",
        Expression::Column(name)
        | Expression::Min(Inner::Column(name))
        | Expression::Max(Inner::Column(name))
            if name == "event_timestamp" =>
        {
            "TIMESTAMP"
        }
        _ => "STRING",
    }
}

impl Outcome {
    pub(super) fn schema(&self) -> Value {
        let field =
            |(name, kind): &(String, &str)| json!({"name": name, "type": kind, "mode": "NULLABLE"});
        json!({"fields": self.fields.iter().map(field).collect::<Vec<_>>()})
    }

    /// Rows as they are on the wire: everything a text. A time is microseconds or, unless that was asked for, seconds in
    /// scientific notation.
    pub(super) fn page(&self, from: usize, size: usize, micros: bool) -> Vec<Value> {
        let cell = |cell: &Cell| {
            let value = match cell {
                Cell::Null => Value::Null,
                Cell::Int(number) => number.to_string().into(),
                Cell::Text(text) => text.as_str().into(),
                Cell::Time(time) if micros => time.timestamp_micros().to_string().into(),
                Cell::Time(time) => format!("{:E}", time.timestamp_micros() as f64 / 1e6).into(),
            };
            json!({ "v": value })
        };
        let rows = self.rows.iter().skip(from).take(size);
        rows.map(|row| json!({"f": row.iter().map(cell).collect::<Vec<_>>()}))
            .collect()
    }
}
