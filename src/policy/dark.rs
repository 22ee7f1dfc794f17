//! The dark launch: the store offers a version, and hardly anybody is seen to run it. It may crash before its first session is
//! counted, the one failure that looks like silence.
//!
//! Owns what number of sessions was to be expected at least. Pure.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::explain::count;
use super::ledger::Book;
use super::observation::{DataState, Observation, Paired};
use crate::domain::reading::VersionShare;
use crate::domain::{Counts, Exposure, PlainText, Timestamp};

/// Nobody is alarmed before a version has been offered for so long.
const PATIENCE: TimeDelta = TimeDelta::hours(6);
/// Nor while fewer sessions than these were to be expected: none instead of 20 is one chance in half a billion.
pub const LEAST_EXPECTED: f64 = 20.0;
/// Fewer than this share of the expected sessions is a dark launch.
const DARK: f64 = 0.25;
/// Users follow an offer at least so fast: `1 − e^(−t/24 h)` of them have the version after `t`. Stores install by
/// themselves within a day or two; simulated rollouts follow within 6 h, and a rollout that meets half the bound is not dark.
const SLOW: TimeDelta = TimeDelta::hours(24);
/// How far back is looked, so that a long rollout costs no more than a short one.
const REACH: TimeDelta = TimeDelta::hours(24);
/// What is seen now, and the fewest sessions that tell. A few windows, so that sessions that have come go on being seen.
const NOW: TimeDelta = TimeDelta::minutes(20);
const ENOUGH: u64 = 5;
/// In part of a day there is at least this share of what the day's mean would give: rollouts may begin at night.
const QUIET: f64 = 0.25;

/// How many sessions of a version were seen since it is offered, and how many were to be expected at least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expectation {
    pub seen: u64,
    pub least: f64,
}

/// The share model's lower bound, over at most the last day: `exposure × (1 − e^(−t/24 h)) × sessions of all`, window by
/// window where both versions have windows, and by a quarter of the mean of `a_day` sessions in the time before the first
/// window (a source that knows no session of a version gives none of its baseline either).
///
/// It is a bound because sessions of both versions are not more than those of all, and because who had the version before the
/// present exposure began is left out.
pub fn expectation(
    windows: &[Paired],
    a_day: u64,
    exposure: Exposure,
    since: Timestamp,
    through: Timestamp,
) -> Expectation {
    let from = since.max(through - REACH);
    let offered = exposure.fraction();
    let slow = SLOW.as_seconds_f64();
    let adopted = |at: Timestamp| -(-(at - since).as_seconds_f64().max(0.0) / slow).exp_m1();
    let (mut seen, mut all, mut first) = (0_u64, 0.0, through);
    let windows = windows.iter().rev();
    for window in windows.take_while(|window| window.end() > from) {
        seen = seen.saturating_add(window.new.trials);
        if window.start >= from && window.start < through {
            let middle = window.start + (window.end() - window.start) / 2;
            let trials = window.new.trials as f64 + window.old.trials as f64;
            all += trials * adopted(middle);
            first = first.min(window.start);
        }
    }
    let unseen = first - from;
    let whole = if unseen >= REACH { 1.0 } else { QUIET };
    let mean = a_day as f64 * unseen.as_seconds_f64() / 86_400.0 * whole;
    let least = offered * (all + mean * adopted(from + unseen / 2));
    Expectation { seen, least }
}

/// Whether so many run it now that nobody need count the day: a quarter of everybody to whom it is offered.
fn is_seen(book: &Book, exposure: Exposure, through: Timestamp) -> bool {
    let windows = book.windows().iter().rev();
    let now = windows.take_while(|window| window.start >= through - NOW);
    let (new, old) = now.fold(
        (Counts::default(), Counts::default()),
        |(new, old), window| (new + window.new, old + window.old),
    );
    let all = new.trials as f64 + old.trials as f64;
    new.trials >= ENOUGH && new.trials as f64 >= DARK * exposure.fraction() * all
}

/// Sessions a day of all versions: one release has one label, whichever source counts it.
pub fn a_day(shares: &[VersionShare]) -> u64 {
    let mut by_label: BTreeMap<&str, u64> = BTreeMap::new();
    for share in shares {
        let known = by_label.entry(share.label.as_str()).or_default();
        *known = share.sessions.max(*known);
    }
    by_label.values().fold(0, |sum, it| sum.saturating_add(*it))
}

/// Why the version watched may be crashing before it is counted, in words. What was found before stands until sessions come.
pub fn dark(observation: &Observation) -> Option<PlainText> {
    let untold = || observation.dark.clone();
    let (Some(exposure), Some(since)) = (observation.exposure, observation.exposed_since) else {
        return untold();
    };
    let mut books = observation.ledger.books().iter();
    let book = books.find(|book| book.metric().trial_word() == "sessions");
    // Who was read and had nothing of the version says so; who was not read says nothing.
    let through = observation
        .sources
        .iter()
        .filter(|source| book.is_none_or(|book| *book.source() == source.id))
        .filter(|source| matches!(source.state, DataState::Fresh | DataState::Missing))
        .filter_map(|source| source.read_through)
        .max();
    let Some(through) = through.filter(|through| *through - since >= PATIENCE) else {
        return untold();
    };
    if book.is_some_and(|book| is_seen(book, exposure, through)) {
        return None;
    }
    let a_day = a_day(&observation.shares);
    let windows = book.map_or(&[] as &[Paired], Book::windows);
    let Expectation { seen, least } = expectation(windows, a_day, exposure, since, through);
    if least < LEAST_EXPECTED {
        return untold();
    }
    ((seen as f64) < DARK * least).then(|| {
        let (name, hours) = (&observation.new_name, (through - since).min(REACH).num_hours());
        let (seen, least) = (count(seen), count(least.floor() as u64));
        format!(
            "the store offers {name} to {exposure}, but it has had {seen} sessions in {hours} h where at least {least} were to be \
             expected: it may crash before its first session is counted"
        )
        .into()
    })
}

#[cfg(test)]
mod tests;
