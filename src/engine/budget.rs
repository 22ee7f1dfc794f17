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
            *other == id || app.fired.values().any(|fired| now - fired.at <= AT_ONCE)
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

/// Why one more raise through a gate would be too much, if it would. Gates have a budget of their own, which uses up no act that lowers.
pub(super) fn gates_exceeded(
    plan: &Plan,
    state: &State,
    id: &AppId,
    now: Timestamp,
) -> Option<Withheld> {
    let within = |at: Timestamp| now - at < TimeDelta::days(1);
    let acts = state.gate_acts.iter();
    let used = acts.filter(|(at, app)| app == id && within(*at)).count() as u32;
    let limit = plan.budgets.gates_per_app_day;
    (used >= limit && plan.keeps(Guard::Budget)).then(|| Withheld::Budget {
        used,
        limit,
        per: "of gates an app a day".into(),
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
