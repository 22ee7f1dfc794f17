//! When a silence is the source's and not the users'.

use chrono::TimeDelta;

/// Sessions that must be missing, by the mean of a day. At night an app may have a tenth of its mean: ten expected and none
/// seen is one chance in 20 000.
const MISSING: f64 = 100.0;
/// What is late is no silence.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);

/// Whether so long without anything, where there are `a_day` things a day, means that the source takes none in.
pub(crate) fn is_silence(a_day: f64, length: TimeDelta) -> bool {
    let missing = a_day * length.as_seconds_f64() / 86_400.0;
    length >= PATIENCE && missing >= MISSING
}
