//! What is due when: the dates of a train's runs.

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::{Runs, Train, What};
use crate::domain::Timestamp;
use crate::policy::calendar::instant;

impl Train {
    /// When the next run that has not left yet begins its rollout: the first rollout date after `now`. A train without a
    /// rollout date leaves at the beginning of its run. `None` after its last run.
    pub fn next_departure(&self, now: Timestamp) -> Option<Timestamp> {
        self.departures(now).next()
    }

    /// All departures after `now`, the next one first: with a cadence there is no last one.
    pub fn departures(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        let rollout = self.due.iter().find(|due| due.what == What::Rollout);
        let after = rollout.map_or_else(TimeDelta::zero, |due| due.after);
        self.runs_from(now - after - SLACK)
            .filter_map(move |run| self.moment(run, after))
            .filter(move |at| *at > now)
    }

    /// The next date after `now`, and what it is.
    pub fn due(&self, now: Timestamp) -> Option<(What, Timestamp)> {
        let next = |due: &super::Milestone| {
            let mut dates = self.runs_from(now - due.after - SLACK);
            let at = dates.find_map(|run| self.moment(run, due.after).filter(|at| *at > now))?;
            Some((due.what, at))
        };
        // The first of those at one time, in the order of the train.
        self.due.iter().filter_map(next).min_by_key(|(_, at)| *at)
    }

    /// The dates after `since` and up to `now`, oldest first.
    pub fn passed(&self, since: Timestamp, now: Timestamp) -> Vec<(What, Timestamp)> {
        let dates = |due: &super::Milestone| -> Vec<(What, Timestamp)> {
            self.runs_from(since - due.after - SLACK)
                .filter_map(|run| self.moment(run, due.after))
                .take_while(|at| *at <= now)
                .filter(|at| *at > since)
                .map(|at| (due.what, at))
                .collect()
        };
        let mut passed: Vec<(What, Timestamp)> = self.due.iter().flat_map(dates).collect();
        passed.sort_by_key(|(_, at)| *at);
        passed
    }

    /// The days on which runs begin, from the one of this moment on, ascending.
    fn runs_from(&self, at: Timestamp) -> Box<dyn Iterator<Item = NaiveDate> + '_> {
        let day = at.with_timezone(&self.zone).date_naive();
        match &self.runs {
            Runs::Every { first, days } => {
                let step = i64::from(*days).max(1);
                let gone = (day - *first).num_days().max(0);
                let from = gone.div_euclid(step) * step;
                let begin = first.checked_add_signed(TimeDelta::days(from));
                let next = move |run: &NaiveDate| run.checked_add_signed(TimeDelta::days(step));
                let runs = std::iter::successors(begin, next);
                Box::new(runs.skip_while(move |run| *run < day))
            }
            Runs::On(days) => Box::new(days.iter().copied().filter(move |run| *run >= day)),
        }
    }

    /// When the clock on the wall is so far past the midnight at which the run began.
    fn moment(&self, run: NaiveDate, after: TimeDelta) -> Option<Timestamp> {
        let local = run.and_time(NaiveTime::MIN).checked_add_signed(after)?;
        instant(self.zone, local)
    }
}

/// More than clocks on walls ever differ from the time that has gone by.
const SLACK: TimeDelta = TimeDelta::days(3);
