//! How much has been seen: users, sessions, metrics with an answer, parts of the users.

use std::collections::BTreeSet;

use super::want;
use crate::domain::Metric;
use crate::policy::assess::Watched;
use crate::policy::assessment::{Want, WantKind};
use crate::policy::explain::count;
use crate::policy::observation::{Observation, Paired};

/// How many have run the version is known from below only: the most of one range, since those of several overlap.
pub(super) fn users(least: u64, watched: &[Watched<'_>]) -> Want {
    let what = format!("{} users", count(least));
    let counted = watched
        .iter()
        .filter(|watched| watched.metric().counts_users() && watched.stale().is_none());
    match counted
        .filter_map(|watched| watched.book.most_trials())
        .max()
    {
        Some(most) => want(WantKind::Users, what, Some(most >= least), count(most)),
        None => want(WantKind::Users, what, None, "no source counts users"),
    }
}

/// Sessions of the new version, by the metric that counts most of them: a source may see a part of them only.
pub(super) fn sessions(least: u64, watched: &[Watched<'_>]) -> Want {
    let what = format!("{} sessions", count(least));
    let counted = watched
        .iter()
        .filter(|watched| watched.metric().counts_sessions() && watched.stale().is_none());
    match counted.map(|watched| watched.book.totals().0.trials).max() {
        Some(most) => want(WantKind::Sessions, what, Some(most >= least), count(most)),
        None => want(WantKind::Sessions, what, None, "no source counts sessions"),
    }
}

/// An answer from a metric: its source is fresh, and there are trials of both versions (of the new one, without a baseline).
pub(super) fn required(
    metric: &Metric,
    watched: Option<&Watched<'_>>,
    observation: &Observation,
) -> Want {
    let what = format!("data of {}", metric.label());
    let Some(watched) = watched else {
        let why = format!("no source gives {}", metric.label());
        return want(WantKind::Required, what, None, why);
    };
    match watched.unknown(observation) {
        Some(why) => want(WantKind::Required, what, None, why),
        None => {
            let trials = watched.book.totals().0.trials;
            let now = format!("{} {}", count(trials), metric.trial_word());
            want(WantKind::Required, what, Some(true), now)
        }
    }
}

/// Different strata of a kind with a trial of the new version, over all metrics. A source that tells none of this kind apart cannot
/// show them: not known.
pub(super) fn coverage(kind: &str, least: u32, watched: &[Watched<'_>]) -> Want {
    let what = format!("{kind}: {} seen", count(least.into()));
    let enough = usize::try_from(least).unwrap_or(usize::MAX);
    let mut told = false;
    let mut seen = BTreeSet::new();
    let fresh = watched.iter().filter(|watched| watched.stale().is_none());
    // The latest windows first, since they mostly have all of them.
    for window in fresh.flat_map(|watched| watched.book.windows().iter().rev()) {
        if seen.len() >= enough {
            break;
        }
        let Some(stratum) = part(window, kind) else {
            continue;
        };
        told = true;
        if window.new.trials > 0 {
            seen.insert(stratum);
        }
    }
    let many = u64::try_from(seen.len()).unwrap_or(u64::MAX);
    if !told {
        let why = format!("no source tells {kind} apart");
        return want(WantKind::Coverage, what, None, why);
    }
    if seen.len() >= enough {
        return want(WantKind::Coverage, what, Some(true), "seen");
    }
    want(
        WantKind::Coverage,
        what,
        Some(false),
        format!("{} so far", count(many)),
    )
}

/// `DE` of a stratum `country=DE`, or `country=DE,device=low`.
fn part<'a>(window: &'a Paired, kind: &str) -> Option<&'a str> {
    let mut parts = window
        .stratum
        .split(',')
        .filter_map(|part| part.split_once('='));
    parts.find_map(|(of, name)| (of == kind && !name.is_empty()).then_some(name))
}

#[cfg(test)]
mod tests;
