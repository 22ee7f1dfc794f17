//! Sessions of a group, and what each field makes of them.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::super::Sentry;
use super::super::issues::release;
use super::super::params::Params;
use super::super::reply::Refusal;
use super::question::Question;
use crate::domain::StoreKind;
use crate::simulator::traffic::{self, Cell};

/// Sessions of a group in a range.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
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
    pub(super) fn value(&self, field: &str, length: TimeDelta, statuses: Option<&[&str]>) -> Value {
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

/// A group before it is told apart by status.
pub(super) struct Group {
    /// Its `by` as text: makes the order certain.
    pub(super) name: String,
    pub(super) by: Map<String, Value>,
    /// One for each interval.
    pub(super) sums: Vec<Sum>,
    pub(super) total: Sum,
}

impl Group {
    fn new(by: Map<String, Value>, intervals: usize) -> Self {
        Self {
            name: Value::from(by.clone()).to_string(),
            by,
            sums: vec![Sum::default(); intervals],
            total: Sum::default(),
        }
    }

    fn add(&mut self, sums: &[Sum]) {
        for (all, sum) in self.sums.iter_mut().zip(sums) {
            all.add(*sum);
            self.total.add(*sum);
        }
    }
}

/// The groups that have a session in the range: a release without one is no group. Where nothing but the status tells
/// them apart, there is one group in any case.
pub(super) fn collect(
    sentry: &Sentry,
    params: &Params,
    question: &Question<'_>,
    intervals: usize,
) -> Result<Vec<Group>, Refusal> {
    let mut found = BTreeMap::<String, Group>::new();
    let mut add = |by: Map<String, Value>, sums: &[Sum]| {
        let group = Group::new(by, intervals);
        let group = found.entry(group.name.clone()).or_insert(group);
        group.add(sums);
    };
    if question.by.iter().all(|by| *by == "session.status") {
        add(Map::new(), &[]);
    }
    for (number, app) in params.projects(sentry)? {
        for (version, _) in sentry.world.versions(&app.id) {
            let release = release(app, &version);
            let mut asked = question.search.iter().filter(|term| term.key == "release");
            if !params.is_production() || !asked.all(|term| term.admits(&release)) {
                continue;
            }
            let (from, to) = (question.start, question.end);
            let cells = sentry.world.cells(&app.id, &version.build, from, to);
            let sums = bucket(sentry, question, &cells, intervals, app.store);
            if sums.iter().all(|sum| sum.all == 0) {
                continue;
            }
            let by = question.by.iter().filter_map(|group| {
                let value = match *group {
                    "project" => json!(number),
                    "release" => json!(release),
                    "environment" => json!("production"),
                    _ => return None,
                };
                Some(((*group).to_owned(), value))
            });
            add(by.collect(), &sums);
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
