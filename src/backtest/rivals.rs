//! The rules that others use, as contenders: what they would have done with the same counts.
//!
//! They stop a rollout at most once, by a pause, and look at its principal metric alone. Nothing of ours is decided by them.

use super::meter::Meter;
use super::run::Options;
use super::{Mark, Outcome, Rollout};
use crate::domain::{Counts, Health, PlainText, Verb};
use crate::evidence::rivals::{above_threshold, z};

/// Failures that a crash-free share of 99.85 % allows, the industry's usual floor.
const MOST: f64 = 0.0015;

/// Below so many sessions the plain threshold waits: what most dashboards and haltline's own `evidence = "observed"` begin with.
const LEAST: u64 = 1_000;

/// Failed checks that Argo's example forgives, counted over the whole rollout.
const FAILURE_LIMIT: u32 = 3;

/// The one-sided 1 % quantile of the normal law, Φ⁻¹(0.99).
const Z_1_PERCENT: f64 = 2.326_347_874_040_841;

/// A rule that others use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rival {
    /// Stops once fewer than 99.85 % of all sessions so far are crash-free, from the thousandth session on: the threshold alert
    /// of a dashboard.
    Naive,
    /// Argo Rollouts' analysis: every poll measures what came since the one before; one below 99.85 % is a failed check, and the
    /// fourth failed check of the rollout ends it (`failureLimit: 3`; failures never expire: `analysis/analysis.go`,
    /// `assessMetricFailureInconclusiveOrError`). A check without sessions is inconclusive, counts for nothing, and is shown as
    /// unknown; Argo's default would pause at the first one.
    Argo,
    /// The two-sample z test with pooled variance at a nominal 1 %, one-sided, over all sessions so far, looked at with every
    /// poll: right for one look, and wrong for so many.
    ZTest,
}

impl Rival {
    pub const ALL: [Self; 3] = [Self::Naive, Self::Argo, Self::ZTest];

    /// As people ask for it: `naive-99.85`, `argo`, `z-test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive-99.85",
            Self::Argo => "argo",
            Self::ZTest => "z-test",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rival| rival.name() == name)
    }

    /// The rule in a few words.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Naive => "crash-free sessions below 99.85 % so far, from 1,000 sessions on",
            Self::Argo => "more than 3 polls whose own sessions were below 99.85 % crash-free",
            Self::ZTest => "z test against the baseline at 1 %, with every poll",
        }
    }

    pub(super) fn replay(self, rollout: &Rollout, options: &Options) -> Outcome {
        let (Some(mut meter), Some(end)) = (Meter::new(rollout), rollout.ended()) else {
            return Outcome::nothing(rollout);
        };
        let mut outcome = meter.outcome();
        let (mut failed, mut before, mut now) = (0, Counts::default(), meter.began());
        let (mut last, mut hour) = (None, None);
        while now < end && (outcome.pause.is_none() || options.trail) {
            now += options.step();
            meter.reach(now);
            let (new, old) = meter.totals();
            let since = Counts {
                trials: new.trials.saturating_sub(before.trials),
                failures: new.failures.saturating_sub(before.failures),
            };
            before = new;
            let failing = match self {
                Self::Naive => above_threshold(new, MOST, LEAST),
                Self::Argo => {
                    failed += u32::from(above_threshold(since, MOST, 1));
                    failed > FAILURE_LIMIT
                }
                Self::ZTest => z(new, old).is_some_and(|z| z > Z_1_PERCENT),
            };
            let blind = match self {
                Self::Naive => new.trials < LEAST,
                Self::Argo => since.trials == 0,
                Self::ZTest => new.trials == 0 || old.trials == 0,
            };
            outcome.polls += 1;
            outcome.unknown += u32::from(blind);
            if failing && outcome.pause.is_none() {
                let sentence = format!(
                    "{} of {} sessions crashed: {}",
                    new.failures,
                    new.trials,
                    self.rule()
                );
                let rule = Some(PlainText::from(self.name()));
                let moment = meter.moment(now, Some(Verb::Pause), rule, sentence.into(), None);
                outcome.notice = Some(moment.clone());
                outcome.pause = Some(moment);
            }
            if options.trail {
                let health = match (failing || outcome.pause.is_some(), blind) {
                    (true, _) => Health::Breached,
                    (false, true) => Health::Unknown,
                    (false, false) => Health::Healthy,
                };
                let this_hour = Some((now - meter.began()).num_hours());
                if last != Some(health) || hour != this_hour {
                    (last, hour) = (Some(health), this_hour);
                    outcome.trail.push(Mark {
                        at: now,
                        health,
                        exposed: meter.exposed(now),
                        exposure: rollout.exposure_at(now).map(|(_, exposure)| exposure),
                    });
                }
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::backtest::{Contender, Simulated, World, run};

    /// What share of forty rollouts of a day and a half each rival stops.
    fn stopped(regression: f64) -> [f64; 3] {
        let world = World {
            regression,
            length: TimeDelta::hours(36),
            past: TimeDelta::zero(),
            ..World::default()
        };
        let report = run(
            &Simulated::new(world, 40),
            &Rival::ALL.map(Contender::Rival),
            &Options::default(),
            &(),
        );
        let mut shares = report.contenders.iter().map(|contender| {
            let stopped = contender
                .outcomes
                .iter()
                .filter(|outcome| outcome.pause.is_some())
                .count();
            stopped as f64 / 40.0
        });
        std::array::from_fn(|_| shares.next().unwrap())
    }

    #[test]
    fn rivals_find_what_is_bad_and_stop_what_is_well() {
        assert!(stopped(58.0).iter().all(|share| *share > 0.99));
        let [naive, argo, z] = stopped(1.0);
        // In the published simulation 17 %, 100 % and 31.5 % over the whole rollout.
        assert!(naive > 0.0 && argo > 0.9 && z > 0.05, "{naive} {argo} {z}");
    }

    #[test]
    fn names_lead_back() {
        assert!(
            Rival::ALL
                .into_iter()
                .all(|rival| Rival::named(rival.name()) == Some(rival))
        );
        assert_eq!(Rival::named("naive"), None);
    }
}
