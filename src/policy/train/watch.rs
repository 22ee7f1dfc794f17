//! Who is on watch: the owners take turns, week by week.

use chrono::{Datelike as _, NaiveDate, TimeDelta};

use super::Train;
use crate::domain::{PlainText, Timestamp};
use crate::policy::calendar::instant;

/// Who is on watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    pub owner: PlainText,
    /// When it goes to whom; `None` where one person has it always.
    pub next: Option<(Timestamp, PlainText)>,
}

impl Train {
    /// Who is on watch at `now`; nobody where no owners are named.
    pub fn on_watch(&self, now: Timestamp) -> Option<Watch> {
        let week = self.week(now)?;
        let owner = self.owner(week)?;
        // An owner who is named twice in a row stays for two weeks.
        let turns = i64::try_from(self.owners.len()).ok()?;
        let next = (1..turns).find_map(|ahead| {
            let after = self.owner(week + ahead)?;
            (after != owner).then_some((self.week_begins(week + ahead)?, after.clone()))
        });
        Some(Watch {
            owner: owner.clone(),
            next,
        })
    }

    fn owner(&self, week: i64) -> Option<&PlainText> {
        let turns = i64::try_from(self.owners.len()).ok()?;
        let turn = week.checked_rem_euclid(turns)?;
        self.owners.get(usize::try_from(turn).ok()?)
    }

    /// The week that `now` is in; the first owner's first one is 0.
    fn week(&self, now: Timestamp) -> Option<i64> {
        let today = now.with_timezone(&self.zone).date_naive();
        let by_date = (today - self.first_hand_over()?).num_days().div_euclid(7);
        // On the day of the hand-over the hour decides.
        [by_date + 1, by_date, by_date - 1]
            .into_iter()
            .find(|week| self.week_begins(*week).is_some_and(|begin| begin <= now))
    }

    fn week_begins(&self, week: i64) -> Option<Timestamp> {
        let days = TimeDelta::try_days(week.checked_mul(7)?)?;
        let day = self.first_hand_over()?.checked_add_signed(days)?;
        instant(self.zone, day.and_time(self.hand_over.1))
    }

    /// The day on which the first owner's first week begins.
    fn first_hand_over(&self) -> Option<NaiveDate> {
        let since = self.first_week.weekday().days_since(self.hand_over.0);
        let since = TimeDelta::days(i64::from(since));
        self.first_week.checked_sub_signed(since)
    }
}
