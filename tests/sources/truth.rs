//! What happened in the world, and what a report says otherwise.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use haltline::domain::{Counts, Metric, Reading, SourceReport, Timestamp};
use haltline::simulator::scenario::Ending;
use haltline::simulator::traffic;

use crate::house::House;
use crate::kinds::{Kind, Of, Rounding};

/// Windows as the journal keeps them: by metric, version, stratum and start.
pub(crate) type Kept = BTreeMap<(Metric, String, String, Timestamp), Reading>;

pub(crate) fn keep(kept: &mut Kept, report: &SourceReport) {
    for reading in &report.readings {
        let key = (
            reading.metric.clone(),
            reading.version.clone(),
            reading.stratum.clone(),
            reading.start,
        );
        kept.insert(key, reading.clone());
    }
}

fn end(reading: &Reading) -> Timestamp {
    reading.start + TimeDelta::seconds(i64::from(reading.seconds))
}

impl House {
    /// Trials and failures of a metric that began in this time.
    pub(crate) fn truth(
        &self,
        metric: &Metric,
        build: &str,
        (from, to): (Timestamp, Timestamp),
    ) -> Counts {
        let (world, app) = (&self.running.world, self.app());
        let sums = |timed: Vec<haltline::simulator::world::Timed>| {
            let sum =
                |of: fn(&haltline::simulator::world::Timed) -> u64| timed.iter().map(of).sum();
            (sum(|t| t.count), sum(|t| t.slow))
        };
        let (trials, failures) = match metric {
            Metric::SlowColdStarts => {
                sums(world.cold_starts(app, build, (from, to), TimeDelta::seconds(5)))
            }
            Metric::SlowRequests => {
                sums(world.requests(app, build, (from, to), TimeDelta::seconds(2)))
            }
            Metric::JourneySuccess(name) => {
                let journeys = world.journeys(app, build, (from, to), name);
                let started: u64 = journeys.iter().map(|j| j.started).sum();
                let completed: u64 = journeys.iter().map(|j| j.completed).sum();
                (started, started - completed)
            }
            Metric::Custom(name) if name == "low_ratings" => {
                let mut said = world.reviews(app, from, to);
                said.retain(|said| said.build == build);
                let low = said.iter().filter(|said| said.stars <= 2).count();
                (said.len() as u64, low as u64)
            }
            metric => {
                let cells = world.cells(app, build, from, to);
                let sum = |of: &dyn Fn(&traffic::Cell) -> u64| cells.iter().map(of).sum::<u64>();
                let sessions = sum(&|c| c.sessions);
                let bad = match metric {
                    Metric::CrashFreeSessions | Metric::CrashFreeUsers => {
                        sum(&|c| c.crashed.total())
                    }
                    Metric::AnrFreeUsers => sum(&|c| c.abnormal.total()),
                    Metric::FrustrationFreeSessions => {
                        sum(&|c| c.crashed.total() + c.abnormal.total())
                    }
                    Metric::ErrorFreeSessions if self.kind.anr_is_error => {
                        sum(&|c| c.sessions - c.healthy())
                    }
                    Metric::ErrorFreeSessions => sum(&|c| c.crashed.total() + c.errored.total()),
                    other => panic!("the contract knows nothing of {other}"),
                };
                if metric.counts_users() {
                    let users = traffic::users(sessions, to - from);
                    (users, traffic::affected(bad, users))
                } else {
                    (sessions, bad)
                }
            }
        };
        Counts { trials, failures }
    }

    /// Where what was read differs from what happened, in words.
    pub(crate) fn differences(&self, report: &SourceReport, kept: &Kept) -> Vec<String> {
        let mut wrong = Vec::new();
        let through = report.read_through.unwrap_or_default();
        let lag = self.now() - through;
        if lag < TimeDelta::zero() || lag > self.kind.lag {
            wrong.push(format!("read through {through}, {lag} ago"));
        }
        let told: BTreeSet<String> = kept.keys().map(|key| key.0.to_string()).collect();
        let stated: BTreeSet<String> = self.kind.carries.iter().map(|c| c.0.to_owned()).collect();
        if told != stated {
            wrong.push(format!("carries {told:?}, and states {stated:?}"));
        }
        for (name, rounding) in self.kind.carries {
            if matches!(rounding, Rounding::Else) {
                continue;
            }
            for build in ["84300", "84200"] {
                let metric: Metric = name.parse().unwrap();
                wrong.extend(self.series(kept, &metric, build, *rounding, through));
            }
        }
        wrong
    }

    /// One metric of one version: window by window, and that none is missing, twice there or empty.
    fn series(
        &self,
        kept: &Kept,
        metric: &Metric,
        build: &str,
        rounding: Rounding,
        through: Timestamp,
    ) -> Vec<String> {
        let key = self.version(build).key();
        let mut windows: BTreeMap<Timestamp, Vec<&Reading>> = BTreeMap::new();
        let of = |r: &&Reading| r.metric == *metric && r.version == key;
        for reading in kept.values().filter(of) {
            windows.entry(reading.start).or_default().push(reading);
        }
        let mut wrong = Vec::new();
        let mut say = |what: String| wrong.push(format!("{metric} of {build}: {what}"));
        if windows.is_empty() {
            say("no window".into());
        }
        let mut covered: Option<Timestamp> = None;
        for (start, parts) in &windows {
            let until = parts.iter().map(|part| end(part)).max().unwrap_or(*start);
            if covered.is_some_and(|covered| covered > *start) {
                say(format!("two windows hold {start}"));
            }
            if let Some(covered) = covered.filter(|_| !metric.counts_users()) {
                let missed = self.truth(metric, build, (covered, *start));
                if !rounding.admits(0, missed.trials) {
                    say(format!(
                        "{} of {covered} to {start} are missing",
                        missed.trials
                    ));
                }
            }
            covered = Some(until);
            if parts.iter().any(|part| part.counts.trials == 0) {
                say(format!("an empty window at {start}"));
            }
            let strata: BTreeSet<&str> = parts.iter().map(|part| part.stratum.as_str()).collect();
            if strata.len() > 1 && strata.contains("") {
                say(format!("a stratum and the whole at {start}"));
            }
            if strata.len() > 1 && metric.counts_users() {
                // Users of strata cannot be added up.
                continue;
            }
            let told: Counts = parts.iter().map(|part| part.counts).sum();
            let happened = self.truth(metric, build, (*start, until.min(through)));
            let open = until + self.kind.settles > self.now() && !self.kind.settles.is_zero();
            let rounding = if open {
                Rounding::Within(0.1, 3)
            } else {
                rounding
            };
            if !rounding.admits(told.trials, happened.trials)
                || !rounding.admits(told.failures, happened.failures)
            {
                say(format!("{told:?} at {start}, and not {happened:?}"));
            }
        }
        if let Some(covered) = covered.filter(|covered| *covered < through) {
            let missed = self.truth(metric, build, (covered, through));
            if !metric.counts_users() && !rounding.admits(0, missed.trials) {
                say(format!("{} since {covered} are missing", missed.trials));
            }
        }
        wrong.truncate(5);
        wrong
    }

    /// Where the kinds of strata are not those of the config.
    pub(crate) fn strata(&self, kept: &Kept) -> Vec<String> {
        let wanted: BTreeSet<&str> = self.kind.strata.iter().copied().collect();
        let told = kept.keys().flat_map(|key| key.2.split(','));
        let kinds: BTreeSet<&str> = told
            .filter_map(|part| Some(part.split_once('=')?.0))
            .collect();
        if kinds == wanted {
            Vec::new()
        } else {
            vec![format!("strata by {kinds:?}, and not {wanted:?}")]
        }
    }

    /// Where the crash groups are not those of the version.
    pub(crate) fn groups(&self, report: &SourceReport) -> Vec<String> {
        let most = report.issues.len() <= Kind::MOST_ISSUES;
        if let Ok(Rounding::Else) = self.kind.issues {
            let some = !report.issues.is_empty() && most;
            return (!some)
                .then(|| "no crash groups, or too many".into())
                .into_iter()
                .collect();
        }
        let Ok(rounding) = self.kind.issues else {
            let none = report.issues.is_empty();
            return (!none)
                .then(|| "crash groups it has not".into())
                .into_iter()
                .collect();
        };
        let (world, app) = (&self.running.world, self.app());
        let through = report.read_through.unwrap_or_default();
        let began = report.first_session.unwrap_or_default();
        let mut wrong = Vec::new();
        if !report
            .issues
            .is_sorted_by_key(|issue| std::cmp::Reverse(issue.users))
        {
            wrong.push("crash groups in no order".into());
        }
        let happened = world.issues(app, "84300", began, through);
        let plans = &world.apps()[0].issues;
        let mut by_users = happened.clone();
        let grouped = |of: Ending| of == Ending::Crash || self.kind.anr_groups;
        by_users.retain(|issue| issue.users > 0 && grouped(plans[issue.index].of));
        by_users.sort_by_key(|issue| std::cmp::Reverse(issue.users));
        if report.issues.len() != by_users.len().min(Kind::MOST_ISSUES) {
            wrong.push(format!(
                "{} of {} groups",
                report.issues.len(),
                by_users.len()
            ));
        }
        for told in &report.issues {
            let of_plan = plans.iter().position(|plan| {
                told.title.as_str().contains(&plan.title)
                    || plan.title.contains(told.title.as_str())
            });
            let Some(of_plan) = of_plan else {
                wrong.push(format!("{} is no group of this world", told.title));
                continue;
            };
            let (events, users) = (happened[of_plan].events, happened[of_plan].users);
            if !rounding.admits(told.events, events) || !rounding.admits(told.users, users) {
                wrong.push(format!(
                    "{}: {} events of {} users, and not {events} of {users}",
                    told.title, told.events, told.users
                ));
            }
        }
        wrong
    }

    /// Where a percentile is not what it should be.
    pub(crate) fn levels(&self, report: &SourceReport) -> Vec<String> {
        let mut wrong = Vec::new();
        let stated: BTreeSet<&str> = self.kind.levels.iter().map(|level| level.0).collect();
        let told: BTreeSet<String> = report.levels.iter().map(|l| l.metric.to_string()).collect();
        if !told.iter().map(String::as_str).eq(stated.iter().copied()) {
            wrong.push(format!("levels {told:?}, and states {stated:?}"));
        }
        for (name, of, off) in self.kind.levels {
            let key = self.version("84300").key();
            let mut all = report.levels.iter();
            let Some(level) = all.find(|l| l.metric.to_string() == *name && l.version == key)
            else {
                wrong.push(format!("no {name} of the version"));
                continue;
            };
            let range = (
                level.start,
                level.start + TimeDelta::seconds(i64::from(level.seconds)),
            );
            let (world, app) = (&self.running.world, self.app());
            let happened = match of {
                Of::ColdStarts(share) => world.quantile(app, "84300", range, *share, true),
                Of::Requests(share) => world.quantile(app, "84300", range, *share, false),
                Of::Else => Some(level.value),
                Of::Rating => world.rating(app).map(|(mean, _)| mean),
                Of::Stars => {
                    let mut said = world.reviews(app, range.0, range.1);
                    said.retain(|said| said.build == "84300");
                    let sum: f64 = said.iter().map(|said| f64::from(said.stars)).sum();
                    Some(sum / said.len() as f64)
                }
            };
            let happened = happened.unwrap_or_default();
            if (level.value / happened - 1.0).abs() > *off {
                wrong.push(format!("{name} is {}, and not {happened}", level.value));
            }
        }
        wrong
    }
}

impl House {
    /// Where the reviews are not the newest of the last week.
    pub(crate) fn reviews(&self, report: &SourceReport) -> Vec<String> {
        let (world, now) = (&self.running.world, self.now());
        let mut said = world.reviews(self.app(), now - TimeDelta::days(7), now);
        said.retain(|said| said.at <= report.read_through.unwrap_or_default());
        said.reverse();
        let wanted = if self.kind.reviews { said } else { Vec::new() };
        let most = wanted.len().min(SourceReport::MOST_REVIEWS);
        let mut wrong = Vec::new();
        if report.reviews.len() != most {
            wrong.push(format!(
                "{} reviews instead of {most}",
                report.reviews.len()
            ));
        }
        for (told, said) in report.reviews.iter().zip(&wanted) {
            let version = self.version(&said.build).key();
            let of_it = told.version.as_ref().is_none_or(|told| *told == version);
            let text = told.text.as_str().contains(said.text.as_str());
            if told.stars != said.stars || !of_it || !text {
                wrong.push(format!("{told:?}, and not {said:?}"));
            }
        }
        wrong
    }
}

impl Kind {
    const MOST_ISSUES: usize = 25;
}
