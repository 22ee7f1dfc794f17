//! The sentence of two sources that contradict each other.

use super::words::{fails, moment};
use super::{count, times};
use crate::domain::{Metric, PlainText, Timestamp};
use crate::policy::assessment::Opinion;

/// The first source's opinion and another one, of these versions, since then.
pub fn disagreement(
    metric: &Metric,
    (new, old): (&str, &str),
    (first, second): (&Opinion, &Opinion),
    since: Timestamp,
) -> PlainText {
    let does = if metric.counts_successes() {
        "succeeds"
    } else {
        fails(metric)
    };
    let says = |opinion: &Opinion| {
        format!(
            "{} (between {} and {}: {} of {} {} vs {} of {})",
            times(opinion.ratio),
            times(opinion.low),
            times(opinion.high),
            count(opinion.new.failures),
            count(opinion.new.trials),
            metric.trial_word(),
            count(opinion.old.failures),
            count(opinion.old.trials),
        )
    };
    format!(
        "{} and {} disagree: since {} {new} {does} {} as often as {old} by {}, and {} by {}. {} decides, since it comes first.",
        first.source,
        second.source,
        moment(since, None),
        says(first),
        first.source,
        says(second),
        second.source,
        first.source,
    )
    .into()
}
