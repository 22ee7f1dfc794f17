//! How far below the baseline's a good share may be.

use super::{LN_ENOUGH, settled, want};
use crate::domain::{Counts, Metric, PlainText};
use crate::evidence::{NonInferiority, bound};
use crate::policy::assess::Watched;
use crate::policy::assessment::{Want, WantKind};
use crate::policy::explain::{percent, times};
use crate::policy::figures::evidence;
use crate::policy::observation::{Baseline, Observation};

/// Evidence that no more than a part of the baseline's good share is lost, since the evidence starts. What is observed does not open a
/// gate: of two equal versions, small ones look 5 % apart every other day. So the bound counts: at evidence of 20 it is shown with 95 %
/// confidence, valid at any time, that less is lost than may be. Windows are compared one by one, since a share of orders that
/// follows the hour would show a difference where the new version's part of the users grows. Windows young enough to look better than
/// they are do not count, as for evidence of health.
pub(super) fn want_of(
    metric: &Metric,
    loss: f64,
    watched: Option<&Watched<'_>>,
    observation: &Observation,
) -> Want {
    let what = format!(
        "{} at most {} below the baseline",
        metric.label(),
        percent(loss)
    );
    let unknown = |why: PlainText| want(WantKind::Variance, what.clone(), None, why);
    let Some(watched) = watched else {
        return unknown(format!("no source gives {}", metric.label()).into());
    };
    if observation.baseline() == Baseline::None {
        return unknown("there is no baseline".into());
    }
    if let Some(why) = watched.unknown(observation) {
        return unknown(why);
    }
    let divisor = watched.book.past().clustering.divisor();
    let mut test = NonInferiority::new(loss).with_dispersion(divisor);
    let (mut above, mut below) = (0.0, 0.0);
    let windows = settled(watched).map(|by| watched.book.weighed_until(by));
    for window in windows.into_iter().flatten() {
        test.add(&window.stratum, window.new, window.old);
        let (over, under) = bound::mantel_haenszel(good(window.new), good(window.old));
        (above, below) = (above + over, below + under);
    }
    let shown = test.ln_evidence();
    let seen = match above / below {
        ratio if !ratio.is_finite() => "nothing to compare yet".to_owned(),
        ratio if ratio >= 2.0 => format!("{} the baseline", times(ratio)),
        ratio if ratio >= 1.0 => format!("{} above", percent(ratio - 1.0)),
        ratio => format!("{} below", percent(1.0 - ratio)),
    };
    if shown >= LN_ENOUGH {
        return want(WantKind::Variance, what, Some(true), seen);
    }
    let now = format!("{seen}, evidence {} of 20", evidence(shown));
    want(WantKind::Variance, what, Some(false), now)
}

/// Counted by the good ones.
fn good(counts: Counts) -> Counts {
    Counts {
        failures: counts.trials.saturating_sub(counts.failures),
        ..counts
    }
}

#[cfg(test)]
mod tests;
