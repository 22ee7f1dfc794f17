//! Evidence of health.

use super::{LN_ENOUGH, settled, want};
use crate::domain::{Metric, PlainText};
use crate::evidence::{LimitTest, plan};
use crate::policy::assess::Watched;
use crate::policy::assessment::{Want, WantKind};
use crate::policy::explain::{count, percent};
use crate::policy::figures::evidence;

/// Evidence that the true share of failures is below the limit, from all stages so far: a version that was healthy at 1 % has
/// shown something about 5 % too.
pub(super) fn want_of(metric: &Metric, share: f64, watched: Option<&Watched<'_>>) -> Want {
    let what = format!("{} ≥ {}", metric.label(), percent(share));
    let missing = |why: PlainText| want(WantKind::Health, what.clone(), None, why);
    let Some(watched) = watched else {
        return missing(format!("no source gives {}", metric.label()).into());
    };
    if let Some(why) = watched.stale() {
        return missing(why);
    }
    let test = test(share, watched.book.past().clustering.divisor());
    let settled = settled(watched).and_then(|by| watched.book.until(by));
    let (counts, cost) = settled.unwrap_or_default();
    let shown = test.ln_evidence(counts) - cost;
    if shown >= LN_ENOUGH {
        let failures = format!(
            "{} of {} {} {}",
            count(counts.failures),
            count(counts.trials),
            metric.trial_word(),
            metric.failure_word()
        );
        return want(WantKind::Health, what, Some(true), failures);
    }
    let more = plan::more_clean(&test, counts, LN_ENOUGH + cost).map_or_else(
        || "not in sight".to_owned(),
        |more| format!("{} more clean {}", count(more), metric.trial_word()),
    );
    let now = format!("{more}, evidence {} of 20", evidence(shown));
    want(WantKind::Health, what, Some(false), now)
}

/// Speaks against "no better than this share of the good".
pub(super) fn test(share: f64, divisor: f64) -> LimitTest<4> {
    LimitTest::health(1.0 - share).with_dispersion(divisor)
}
