//! Second opinions: whether two sources that carry the same metric agree on how the versions compare.
//!
//! Rates of different vendors are never held against each other, since each has its own idea of a session and of a crash; how
//! many times worse the new version is should be the same. Owns that comparison. It decides nothing: the first source does.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::assessment::{Disagreement, Opinion};
use super::explain;
use super::ledger::{Book, Ledger};
use super::observation::{Baseline, DataState, MetricSeries, Observation, Paired};
use crate::domain::{Counts, Metric, SourceId, Timestamp};
use crate::evidence::bound;

/// Half the width of an interval, in standard errors: one in a thousand is wrong.
const Z: f64 = 3.29;

/// So far apart intervals have to be: what two vendors count is alike, not the same. Once told they agree again as soon as the
/// intervals touch.
const APART: f64 = 1.25;

/// The shortest time over which two sources are held side by side: their windows need not be alike.
const BUCKET: u32 = 3_600;

/// Counts of the new version and of the baseline.
type Both = (Counts, Counts);

/// All second opinions that are another one than the first, by metric and precedence.
pub fn disagreements(ledger: &Ledger, observation: &Observation) -> Vec<Disagreement> {
    if observation.baseline() != Baseline::Read {
        return Vec::new();
    }
    let seconds = observation.beside.seconds.iter();
    seconds
        .filter_map(|second| compared(ledger.book(&second.metric)?, second, ledger, observation))
        .collect()
}

fn compared(
    book: &Book,
    second: &MetricSeries,
    ledger: &Ledger,
    observation: &Observation,
) -> Option<Disagreement> {
    let believed = |id: &SourceId| {
        let state = observation.sources.iter().find(|source| source.id == *id);
        state.is_some_and(|source| {
            !matches!(source.state, DataState::Anomalous | DataState::Missing)
        })
    };
    if book.source() == &second.source || !believed(book.source()) || !believed(&second.source) {
        return None;
    }
    let first = book.first()?;
    let since = ledger.terms().from.map_or(first, |from| from.max(first));
    let shared = shared(book.metric(), book.windows(), &second.windows, since)?;
    let divisor = book.past().clustering.divisor();
    let opinion = |source: &SourceId, of: fn(&(Both, Both)) -> Both| {
        let counts: Vec<Both> = shared.buckets.iter().map(of).collect();
        opinion(source, book.metric(), &counts, divisor)
    };
    let first = opinion(book.source(), |(first, _)| *first)?;
    let other = opinion(&second.source, |(_, second)| *second)?;
    let known = (second.metric.clone(), second.source.clone());
    let apart = if observation.beside.disagreed.contains(&known) {
        1.0
    } else {
        APART
    };
    if first.low <= apart * other.high && other.low <= apart * first.high {
        return None;
    }
    let names = (
        observation.new_name.as_str(),
        observation.old_name.as_ref()?.as_str(),
    );
    let sentence = explain::disagreement(book.metric(), names, (&first, &other), shared.from);
    Some(Disagreement {
        metric: second.metric.clone(),
        first,
        second: other,
        from: shared.from,
        through: shared.through,
        sentence,
    })
}

/// What both sources counted in the same stretches of time.
struct Shared {
    from: Timestamp,
    through: Timestamp,
    buckets: Vec<(Both, Both)>,
}

/// Both series by the hour, or by the longest window of either; only where both counted both versions. Of users, whose days
/// overlap, the last one alone.
fn shared(
    metric: &Metric,
    first: &[Paired],
    second: &[Paired],
    since: Timestamp,
) -> Option<Shared> {
    let own = |windows| started(windows, since);
    let until = own(first).map(Paired::end).max()?;
    let until = until.min(own(second).map(Paired::end).max()?);
    let both = || own(first).chain(own(second));
    let length = both().map(|window| window.seconds).max()?.max(BUCKET);
    // Longer windows have edges of their own.
    let edge = both().find(|window| window.seconds == length);
    let origin = edge.map_or(Timestamp::UNIX_EPOCH, |window| window.start);
    let place = |window: &Paired| {
        let seconds = (window.start - origin).num_seconds();
        seconds.div_euclid(i64::from(length))
    };
    let mut buckets = BTreeMap::<i64, (Both, Both)>::new();
    let told = own(first).map(|window| (true, window));
    for (is_first, window) in told.chain(own(second).map(|window| (false, window))) {
        let (one, other) = buckets.entry(place(window)).or_default();
        let sums = if is_first { one } else { other };
        (sums.0, sums.1) = (sums.0 + window.new, sums.1 + window.old);
    }
    let span = TimeDelta::seconds(length.into());
    let start = |place: i64| {
        let after = i32::try_from(place).ok()?;
        origin.checked_add_signed(span.checked_mul(after)?)
    };
    buckets.retain(|place, (one, other)| {
        let whole = start(*place).is_some_and(|start| start >= since && start + span <= until);
        let counted = |both: &Both| both.0.trials > 0 && both.1.trials > 0;
        whole && counted(one) && counted(other)
    });
    if metric.counts_users() {
        let last = *buckets.last_key_value()?.0;
        buckets = buckets.split_off(&last);
    }
    let (from, last) = (*buckets.first_key_value()?.0, *buckets.last_key_value()?.0);
    Some(Shared {
        from: start(from)?,
        through: start(last)? + span,
        buckets: buckets.into_values().collect(),
    })
}

fn started(windows: &[Paired], since: Timestamp) -> impl Iterator<Item = &Paired> {
    windows.iter().filter(move |window| window.start >= since)
}

/// The ratio by Mantel and Haenszel, and its interval on the logarithm, as wide as clustered failures make it.
fn opinion(source: &SourceId, metric: &Metric, counts: &[Both], divisor: f64) -> Option<Opinion> {
    let counted = |counts: Counts| {
        if metric.counts_successes() {
            let failures = counts.trials.saturating_sub(counts.failures);
            Counts { failures, ..counts }
        } else {
            counts
        }
    };
    let pairs: Vec<Both> = counts
        .iter()
        .map(|(new, old)| (counted(*new), counted(*old)))
        .collect();
    let (x1, x0): Both = pairs.iter().fold(Both::default(), |sum, both| {
        (sum.0 + both.0, sum.1 + both.1)
    });
    // Half a failure more in each, so that none is a number too.
    let some = |counts: Counts| (counts.failures as f64 + 0.5, counts.trials as f64 + 1.0);
    let ((a, n1), (b, n0)) = (some(x1), some(x0));
    let plain = (a / n1) / (b / n0);
    let ratio = bound::ratio(&pairs)
        .filter(|ratio| *ratio > 0.0)
        .unwrap_or(plain);
    let variance = (1.0 / a - 1.0 / n1 + 1.0 / b - 1.0 / n0).max(0.0) * divisor;
    let width = Z * variance.sqrt();
    let (new, old) = counts.iter().fold(Both::default(), |sum, both| {
        (sum.0 + both.0, sum.1 + both.1)
    });
    (x1.trials > 0 && x0.trials > 0).then(|| Opinion {
        source: source.clone(),
        new,
        old,
        ratio,
        low: ratio * (-width).exp(),
        high: ratio * width.exp(),
    })
}

#[cfg(test)]
mod tests;
