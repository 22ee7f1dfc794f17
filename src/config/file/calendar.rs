//! The raw shape of what is in the calendar: trains and freezes.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::tree::At;
use crate::policy::units::{Duration, Moment, WeekTime, Zone};

/// A time in which nothing is raised.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [[freeze]]"
)]
pub struct RawFreeze {
    /// What it is called where it holds something.
    pub name: Option<At<String>>,
    /// The day on which it begins, or the time.
    pub from: Option<At<Moment>>,
    /// The last day of it, whole, or the time at which it ends.
    pub until: Option<At<Moment>>,
    /// The zone of days and times without one of their own. Default "UTC".
    pub zone: Option<At<Zone>>,
}

/// A release train: when its runs begin, what is due in each, who is on watch.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [train.NAME]"
)]
pub struct RawTrain {
    /// The zone of its days and hours. Default "UTC".
    pub zone: Option<At<Zone>>,
    /// A run begins every so many days or weeks, from `first` on.
    pub every: Option<At<Duration>>,
    /// The day on which the first run began.
    pub first: Option<At<Moment>>,
    /// Instead of `every`: the days on which runs begin, ascending.
    pub dates: Option<At<Vec<At<Moment>>>>,
    /// Due so long after the beginning of a run: what is not in by then rides the next one.
    pub cut_off: Option<At<Duration>>,
    /// Due so long after the beginning of a run: the end of stabilising.
    pub stabilisation: Option<At<Duration>>,
    /// Due so long after the beginning of a run: the submission to the stores.
    pub submission: Option<At<Duration>>,
    /// Due so long after the beginning of a run: the rollout begins.
    pub rollout: Option<At<Duration>>,
    /// Due so long after the beginning of a run: the rollout goes to everyone.
    pub expansion: Option<At<Duration>>,
    /// Who is on watch, week by week in turn.
    pub owners: Vec<At<String>>,
    /// When the watch is handed over. Default "mon 09:00".
    pub hand_over: Option<At<WeekTime>>,
    /// A day of the first owner's week. Default: the day of the first run.
    pub first_week: Option<At<Moment>>,
}
