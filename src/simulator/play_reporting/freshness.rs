//! How late the data are: how far a set has been computed at a time, and since when that is so.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Reporting;
use super::civil::Period;
use super::sets::Set;
use crate::domain::Timestamp;
use crate::simulator::dice;
use crate::simulator::scenario::AppPlan;

/// How long after its end a window appears: a day after 25 to 124 h (half of them within 27 h, nine of ten within 50 h, as
/// measured over 36 days), an hour after two to four (a guess: nobody has measured them). Follows from the window.
fn lag(reporting: &Reporting, app: &AppPlan, period: Period, start: Timestamp) -> TimeDelta {
    let key = dice::key(
        reporting.world.seed(),
        &app.package,
        &start.timestamp().to_string(),
    );
    let draw = (key >> 11) as f64 / (1_u64 << 53) as f64;
    let hours = match period {
        Period::Hourly => 2.0 + 2.0 * draw,
        Period::Daily if draw < 0.5 => 25.0 + 4.0 * draw,
        Period::Daily if draw < 0.9 => 27.0 + (draw - 0.5) / 0.4 * 23.0,
        Period::Daily => 50.0 + (draw - 0.9) / 0.1 * 74.0,
    };
    TimeDelta::seconds((hours * 3_600.0) as i64)
}

/// The end of the last window that has appeared. One that comes late comes with those after it.
pub(super) fn end(reporting: &Reporting, app: &AppPlan, period: Period) -> Timestamp {
    let now = reporting.world.now();
    let mut start = period.before(period.floor(now));
    loop {
        let end = period.next(start);
        if end + lag(reporting, app, period, start) <= now {
            return end;
        }
        start = period.before(start);
    }
}

/// `GET …/{set}`
pub(super) fn of(reporting: &Reporting, app: &AppPlan, set: Set) -> Value {
    let periods = [Period::Daily, Period::Hourly];
    let offered = periods
        .into_iter()
        .filter(|period| offers(reporting, set, *period));
    let freshnesses: Vec<Value> = offered
        .map(|period| {
            json!({
                "aggregationPeriod": period.word(),
                "latestEndTime": period.json(end(reporting, app, period)),
            })
        })
        .collect();
    json!({
        "name": format!("apps/{}/{}", app.package, set.resource()),
        "freshnessInfo": { "freshnesses": freshnesses },
    })
}

pub(super) fn offers(reporting: &Reporting, set: Set, period: Period) -> bool {
    set.has(period) && (period == Period::Daily || reporting.server.hours)
}
