//! Short phrases that stand alone: limits, what would change a rule, what would have been seen.

use super::words::acts;
use super::{Visible, good_or_bad, plain_points};
use crate::domain::{Metric, PlainText, Reach, SourceId};
use crate::policy::figures::{
    asked, count, factor, figure, hours, percent, strength, times, times_up,
};
use crate::policy::ledger::{Clustering, Driver};
use crate::policy::rule::{Action, Limit};
use crate::policy::tier::{Tier, When};

/// Below this, clusters change no verdict that anybody would notice.
const CLUSTERED: f64 = 1.5;

/// The limit of a rule as people write it: `≥ 99.85%`, `≤ 5%`, `≤ 2× baseline`, `≤ 2 pt worse`.
pub fn limit(metric: &Metric, limit: Limit) -> String {
    match limit {
        Limit::Failures { at_most } if metric.is_good_share() => {
            format!("≥ {}", good_or_bad(metric, at_most))
        }
        Limit::Failures { at_most } => format!("≤ {}", good_or_bad(metric, at_most)),
        // What counts successes is held from below.
        Limit::TimesBaseline { ratio } if metric.counts_successes() => {
            format!("≥ {} baseline", times(1.0 / ratio))
        }
        Limit::TimesBaseline { ratio } => format!("≤ {} baseline", times(ratio)),
        Limit::WorseByPoints { points } => format!("≤ {} worse", plain_points(points)),
        Limit::LevelAtMost { value, unit } => format!("≤ {}", figure(value, unit)),
        Limit::LevelAtLeast { value, unit } => format!("≥ {}", figure(value, unit)),
    }
}

/// What a tier does that is no rule: `notifies while crash-free sessions are worse than before, and not below 99.8%`.
pub fn tier(tier: &Tier) -> String {
    let does = acts(tier.respond);
    let mut text = match &tier.when {
        When::Metric(condition) => format!(
            "{does} while {} are worse than before, and not {} {}",
            condition.metric.label(),
            if condition.above { "below" } else { "above" },
            percent(condition.share)
        ),
        When::CriticalFlow { fix } => {
            let fix = fix.map_or_else(String::new, |fix| format!(", fix {}", fix.word()));
            format!("{does} once a critical flow is declared broken{fix}")
        }
    };
    if let Some(within) = tier.next_train {
        let within = hours(within.num_seconds() as f64 / 3600.0);
        let stronger = acts(tier.respond.stronger());
        text = format!("{text}; {stronger} unless a train leaves within {within}");
    }
    text
}

/// Why a halt may only pause.
pub const CAPPED: &str = "pauses only: no baseline week tells how failures cluster";

/// The most that a rule may do by the data of this source, and why.
pub fn reach(source: &SourceId, reach: Reach) -> (Action, PlainText) {
    match reach {
        Reach::Halt => (Action::Halt, PlainText::default()),
        Reach::HaltAfterHours(hours) => (
            Action::Pause,
            format!("pauses only: {source} is late, and carries a halt once the version has been out for {hours} h").into(),
        ),
        Reach::Pause => (
            Action::Pause,
            format!("pauses only: {source} gives nothing that a halt could rest on").into(),
        ),
        Reach::Context => (
            Action::Notify,
            format!("tells only: {source} is there for context").into(),
        ),
    }
}

/// What would change a rule's state: `pauses at 1 in 300, now 1 in 40`. Both are natural logarithms; `few`: fewer users are
/// affected than an act asks for.
pub fn change(action: Action, (evidence, threshold): (f64, f64), few: bool) -> PlainText {
    let users = if few { " and four affected users" } else { "" };
    format!(
        "{} at {}{users}, now {}{}",
        acts(action),
        asked(threshold),
        strength(evidence),
        if few { " and fewer" } else { "" }
    )
    .into()
}

/// Where most of it comes from: `os=15: 41 of the 52 that crashed`.
pub fn mostly(metric: &Metric, driver: &Driver) -> String {
    // A source may name a part of the users as it likes.
    let part = PlainText::new(&driver.stratum);
    format!(
        "{part}: {} of the {} that {}",
        count(driver.new.failures),
        count(driver.failures),
        metric.failure_word()
    )
}

/// How failures cluster, where it matters: `clusters of about 3`.
pub fn clusters(clustering: Clustering) -> Option<String> {
    match clustering {
        Clustering::Measured { phi } if phi >= CLUSTERED => {
            Some(format!("clusters of about {}", factor(phi)))
        }
        _ => None,
    }
}

/// What would have been seen by now: `a version 7.7× as bad would have been seen`.
pub fn visible(metric: &Metric, visible: Visible) -> String {
    match visible {
        Visible::Nothing => format!(
            "there are too few {} to see any regression",
            metric.trial_word()
        ),
        Visible::From {
            ratio: Some(ratio), ..
        } if !metric.counts_successes() => {
            format!("a version {} as bad would have been seen", times_up(ratio))
        }
        Visible::From { share, .. } => {
            let side = if metric.is_good_share() {
                "below"
            } else {
                "above"
            };
            format!(
                "a version {side} {} would have been seen",
                good_or_bad(metric, share)
            )
        }
    }
}
