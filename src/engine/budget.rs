//! How much the machine may do alone (invariant 10), counted from the journal.

use chrono::TimeDelta;

use super::guard::Guard;
use super::plan::Plan;
use super::state::State;
use crate::domain::event::Withheld;
use crate::domain::{AppId, Timestamp};

/// Breaches of several apps within this time count as at once.
const AT_ONCE: TimeDelta = TimeDelta::minutes(10);

/// Why one more automatic act on this app would be too much, if it would.
pub(super) fn exceeded(plan: &Plan, state: &State, id: &AppId, now: Timestamp) -> Option<Withheld> {
    if !plan.keeps(Guard::Budget) {
        return None;
    }
    let breaching = state
        .apps
        .iter()
        .filter(|(other, app)| {
            *other == id || app.fired.values().any(|fired| now - *fired <= AT_ONCE)
        })
        .count();
    if breaching >= 3 && breaching * 3 > plan.apps.len() {
        return Some(Withheld::Storm {
            apps: breaching as u32,
        });
    }
    let today = used_today(state, id, now);
    if today >= plan.budgets.per_app_day {
        return Some(Withheld::Budget {
            used: today,
            limit: plan.budgets.per_app_day,
            per: "an app a day".into(),
        });
    }
    let hour = state
        .acts
        .iter()
        .filter(|(at, _)| now - *at < TimeDelta::hours(1))
        .count() as u32;
    (hour >= plan.budgets.per_hour).then(|| Withheld::Budget {
        used: hour,
        limit: plan.budgets.per_hour,
        per: "an hour over all apps".into(),
    })
}

/// Automatic acts on this app within the last day.
pub fn used_today(state: &State, id: &AppId, now: Timestamp) -> u32 {
    state
        .acts
        .iter()
        .filter(|(at, app)| app == id && now - *at < TimeDelta::days(1))
        .count() as u32
}
