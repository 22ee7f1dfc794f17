//! What a contender's outcomes amount to: how often it stopped healthy versions, and how soon it found bad ones.

use serde::Serialize;
use statrs::distribution::{Beta, ContinuousCDF};

use super::{Moment, Outcome};
use crate::domain::Exposure;

/// Over all rollouts of one contender.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub rollouts: u64,
    /// With an onset.
    pub bad: u64,
    /// Polls looked at, and those of them with the verdict *unknown*.
    pub polls: u64,
    pub unknown: u64,
    /// Stops that were asked for and could not be done.
    pub withheld: u64,
    /// The first notice, the first stop of either kind, and the first halt.
    pub notice: Score,
    pub pause: Score,
    pub halt: Score,
}

/// How one kind of decision fared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Acts without an onset or before it, of the rollouts without onset and those acted on before it.
    pub false_acts: Rate,
    /// Acts before the onset, of the rollouts with one.
    pub before_onset: Rate,
    /// Rollouts with an onset and no act by the end, of the rollouts with one that were not acted on before it.
    pub missed: Rate,
    /// Acts on a bad version that came only when it was offered to everybody.
    pub late: u64,
    /// From the onset, or the first trial where that is later, to the act; `None` where nothing was caught.
    pub delay: Option<Delay>,
}

/// How long it took to act on bad versions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Delay {
    pub caught: u64,
    /// Trials of the new version.
    pub trials: Spread,
    pub hours: Spread,
    /// Share of the users on the version at the act, 0..=1; what is missed counts with 1.
    pub exposed: Spread,
    /// Failures that the act could have spared at most, a rollout.
    pub avoidable: Spread,
}

/// A distribution in four numbers. The first three are over what was caught; the restricted mean counts what was missed with
/// all it had until the end, so that a contender does not look fast by missing what is slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    pub mean: f64,
    pub median: f64,
    pub p90: f64,
    pub restricted_mean: f64,
}

/// So many of so many, with the exact 95 % bounds of Clopper and Pearson (1934).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    pub hits: u64,
    pub of: u64,
    /// 0..=1, as the bounds; `None` of nothing.
    pub share: Option<f64>,
    pub low: f64,
    pub high: f64,
}

/// Sums up.
pub fn summarize(outcomes: &[Outcome]) -> Summary {
    let count =
        |of: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| of(outcome)).count() as u64;
    let sum = |of: fn(&Outcome) -> u32| outcomes.iter().map(|outcome| u64::from(of(outcome))).sum();
    Summary {
        rollouts: outcomes.len() as u64,
        bad: count(|outcome| outcome.onset.is_some()),
        polls: sum(|outcome| outcome.polls),
        unknown: sum(|outcome| outcome.unknown),
        withheld: count(|outcome| outcome.withheld.is_some()),
        notice: Score::of(outcomes, |outcome| outcome.notice.as_ref()),
        pause: Score::of(outcomes, Outcome::stopped),
        halt: Score::of(outcomes, |outcome| outcome.halt.as_ref()),
    }
}

impl Score {
    fn of(outcomes: &[Outcome], act: impl Fn(&Outcome) -> Option<&Moment>) -> Self {
        let (mut healthy, mut bad, mut before, mut false_acts, mut late) = (0, 0, 0, 0, 0);
        let (mut caught, mut missed) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            let act = act(outcome);
            let Some(since) = outcome.bad_since() else {
                healthy += 1;
                false_acts += u64::from(act.is_some());
                continue;
            };
            bad += 1;
            match act {
                Some(act) if act.at <= since => before += 1,
                Some(act) => {
                    late += u64::from(act.exposure == Some(Exposure::FULL));
                    caught.push(Wait {
                        trials: act.trials.saturating_sub(outcome.trials_at_onset) as f64,
                        hours: (act.at - since).as_seconds_f64() / 3_600.0,
                        exposed: act.exposed,
                        avoidable: act.avoidable,
                    });
                }
                None => missed.push(Wait {
                    trials: outcome.trials.saturating_sub(outcome.trials_at_onset) as f64,
                    hours: outcome
                        .ended
                        .map_or(0.0, |end| (end - since).as_seconds_f64() / 3_600.0),
                    exposed: 1.0,
                    avoidable: 0.0,
                }),
            }
        }
        Self {
            false_acts: Rate::of(false_acts + before, healthy + before),
            before_onset: Rate::of(before, bad),
            missed: Rate::of(missed.len() as u64, bad - before),
            late,
            delay: Delay::of(&caught, &missed),
        }
    }
}

/// What came between a bad version and the act on it, or the end.
struct Wait {
    trials: f64,
    hours: f64,
    exposed: f64,
    avoidable: f64,
}

impl Delay {
    fn of(caught: &[Wait], missed: &[Wait]) -> Option<Self> {
        let spread = |of: fn(&Wait) -> f64| {
            Spread::of(caught.iter().map(of).collect(), missed.iter().map(of))
        };
        Some(Self {
            caught: caught.len() as u64,
            trials: spread(|wait| wait.trials)?,
            hours: spread(|wait| wait.hours)?,
            exposed: spread(|wait| wait.exposed)?,
            avoidable: spread(|wait| wait.avoidable)?,
        })
    }
}

impl Spread {
    /// `None` where nothing was caught.
    fn of(mut caught: Vec<f64>, missed: impl ExactSizeIterator<Item = f64>) -> Option<Self> {
        caught.sort_by(f64::total_cmp);
        let many = caught.len() as f64;
        let sum: f64 = caught.iter().sum();
        // Nearest rank: the smallest value that so many are not above.
        let at = |share: f64| {
            let rank = (share * many).ceil() as usize;
            caught.get(rank.saturating_sub(1)).copied()
        };
        let all = many + missed.len() as f64;
        Some(Self {
            mean: sum / many,
            median: at(0.5)?,
            p90: at(0.9)?,
            restricted_mean: (sum + missed.sum::<f64>()) / all,
        })
    }
}

impl Rate {
    /// `hits` of `of`. The bounds are quantiles of Beta(x, n − x + 1) and Beta(x + 1, n − x), 0 and 1 where those do not exist.
    pub fn of(hits: u64, of: u64) -> Self {
        let (x, n) = (hits as f64, of as f64);
        let quantile = |a: f64, b: f64, p: f64| Some(Beta::new(a, b).ok()?.inverse_cdf(p));
        Self {
            hits,
            of,
            share: (of > 0).then(|| x / n),
            low: quantile(x, n - x + 1.0, 0.025).unwrap_or(0.0),
            high: quantile(x + 1.0, n - x, 0.975).unwrap_or(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::{Timestamp, Verb};

    #[test]
    fn bounds_are_those_of_clopper_and_pearson() {
        // 1 − (α/2)^(1/n) for none of n, and the textbook's 4 of 20.
        let none = Rate::of(0, 2_000);
        assert_eq!((none.share, none.low), (Some(0.0), 0.0));
        assert!(
            (none.high - (1.0 - 0.025f64.powf(1.0 / 2_000.0))).abs() < 1e-9,
            "{}",
            none.high
        );
        let some = Rate::of(4, 20);
        assert!(
            (some.low - 0.057_334).abs() < 1e-5 && (some.high - 0.436_614).abs() < 1e-5,
            "{some:?}"
        );
        let all = Rate::of(5, 5);
        assert!((all.high - 1.0).abs() < 1e-12);
        assert_eq!(
            Rate::of(0, 0),
            Rate {
                hits: 0,
                of: 0,
                share: None,
                low: 0.0,
                high: 1.0
            }
        );
    }

    /// A rollout from hour 0 to hour 100, paused at an hour, with 10 trials an hour.
    fn outcome(onset: Option<i64>, paused: Option<i64>) -> Outcome {
        let at = |hour: i64| Timestamp::UNIX_EPOCH + TimeDelta::hours(hour);
        let pause = |hour: i64| Moment {
            at: at(hour),
            verb: Some(Verb::Pause),
            rule: Some("rule".into()),
            sentence: "why".into(),
            ln_evidence: None,
            trials: hour as u64 * 10,
            failures: 1,
            hours: hour as f64,
            exposed: 0.5,
            exposure: Some(Exposure::from_percent(if hour < 50 { 10 } else { 100 })),
            avoidable: 3.0,
        };
        Outcome {
            app: "Shop".into(),
            version: "new".into(),
            began: Some(at(0)),
            ended: Some(at(100)),
            onset: onset.map(at),
            polls: 10,
            unknown: 1,
            notice: None,
            pause: paused.map(pause),
            halt: None,
            withheld: None,
            trials_at_onset: onset.map_or(0, |hour| hour.max(0) as u64 * 10),
            trials: 1_000,
            trail: Vec::new(),
        }
    }

    #[test]
    fn an_act_is_false_early_on_time_or_missed() {
        let outcomes = [
            outcome(None, None),
            outcome(None, Some(7)),
            outcome(Some(20), Some(20)),
            outcome(Some(20), Some(24)),
            outcome(Some(-5), Some(60)),
            outcome(Some(40), None),
        ];
        let summary = summarize(&outcomes);
        assert_eq!(
            (
                summary.rollouts,
                summary.bad,
                summary.polls,
                summary.unknown
            ),
            (6, 4, 60, 6)
        );
        let Score {
            false_acts,
            before_onset,
            missed,
            late,
            delay,
        } = summary.pause;
        let counts = |rate: Rate| (rate.hits, rate.of);
        // What was stopped before its onset was well until then.
        assert_eq!((counts(false_acts), counts(before_onset)), ((2, 3), (1, 4)));
        assert_eq!((counts(missed), late), ((1, 3), 1));
        let delay = delay.unwrap();
        assert_eq!(
            (delay.hours.mean, delay.hours.median, delay.hours.p90),
            (32.0, 4.0, 60.0)
        );
        assert_eq!(
            (delay.trials.mean, delay.trials.restricted_mean),
            (320.0, 1_240.0 / 3.0)
        );
        assert_eq!(
            (delay.exposed.mean, delay.exposed.restricted_mean),
            (0.5, 2.0 / 3.0)
        );
        assert_eq!(
            (counts(summary.halt.missed), summary.halt.delay),
            ((4, 4), None)
        );
    }

    #[test]
    fn what_is_missed_weighs_in_the_restricted_mean_alone() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0, 10.0], [100.0].into_iter()).unwrap();
        assert_eq!((spread.mean, spread.median, spread.p90), (4.0, 2.0, 10.0));
        assert!((spread.restricted_mean - 23.2).abs() < 1e-12);
        assert_eq!(Spread::of(Vec::new(), [1.0].into_iter()), None);
    }
}
