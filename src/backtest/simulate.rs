//! Rollouts made up: the world in which the published figures of the policy were measured, with its dials in the open.
//!
//! Counts are drawn as they come about: each session is of the new version with the adopted share as its chance, and each fails
//! by itself. A rollout is a function of (world, index) alone.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution};

use super::{Rollout, Source};
use crate::domain::{Counts, Exposure, Metric, SourceId, StoreKind, Timestamp};
use crate::policy::observation::Baseline;
use crate::policy::{MetricSeries, Paired, Terms};

/// Midnight of a Monday: every rollout begins then.
const START: i64 = 1_893_974_400;

/// The hour of the day at which most sessions begin, less a quarter of a day: few before dawn, most in the afternoon.
const MEAN_HOUR: f64 = 9.0;

/// One window of the baseline's past.
const PAST_WINDOW: TimeDelta = TimeDelta::hours(1);

/// The dials.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Share of the baseline's sessions that crash, 0..1.
    pub baseline_rate: f64,
    /// Of both versions together.
    pub sessions_per_day: f64,
    /// How much the hours differ: 0.5 is ±50 % around the mean, least at 03:00.
    pub swing: f64,
    /// What the store offers from when on, since the beginning; ascending.
    pub ramp: Vec<(TimeDelta, Exposure)>,
    /// Time constant with which users take up what they are offered.
    pub lag: TimeDelta,
    pub length: TimeDelta,
    pub window: TimeDelta,
    /// How much of the baseline is known from before.
    pub past: TimeDelta,
    /// How many times as often the new version crashes; 1 is a healthy one.
    pub regression: f64,
    /// Since when it does; `None`: from the beginning.
    pub onset: Option<TimeDelta>,
    /// A time when both versions crash more.
    pub outage: Option<Outage>,
    pub seed: u64,
}

/// Not the version's fault: a backend that is down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outage {
    pub from: TimeDelta,
    pub lasts: TimeDelta,
    /// How many times as often both versions crash.
    pub times: f64,
}

impl Default for World {
    /// A million sessions a day, 1 → 5 → 20 → 50 → 100 % within four days and watched for six, 99.95 % crash-free.
    fn default() -> Self {
        let stage = |(hour, percent)| (TimeDelta::hours(hour), Exposure::from_percent(percent));
        let ramp = [(0, 1), (24, 5), (48, 20), (72, 50), (96, 100)];
        Self {
            baseline_rate: 0.0005,
            sessions_per_day: 1e6,
            swing: 0.5,
            ramp: ramp.map(stage).to_vec(),
            lag: TimeDelta::hours(6),
            length: TimeDelta::hours(144),
            window: TimeDelta::minutes(5),
            past: TimeDelta::days(14),
            regression: 1.0,
            onset: None,
            outage: None,
            seed: 1,
        }
    }
}

/// So many rollouts of one world, each made when it is asked for.
#[derive(Clone, Debug)]
pub struct Simulated {
    world: World,
    rollouts: usize,
    past: Vec<Expected>,
    during: Vec<Expected>,
}

/// What a window is drawn from.
#[derive(Clone, Copy, Debug)]
struct Expected {
    start: Timestamp,
    seconds: u32,
    trials: u64,
    /// Share of the trials that are the new version's.
    adopted: f64,
    new_rate: f64,
    old_rate: f64,
}

impl Simulated {
    pub fn new(world: World, rollouts: usize) -> Self {
        let start = began();
        let past = windows(start - world.past, start, PAST_WINDOW)
            .map(|(at, seconds)| world.expect(at, seconds, 0.0))
            .collect();
        let during = world
            .adoption()
            .map(|(at, seconds, adopted)| world.expect(at, seconds, adopted))
            .collect();
        Self {
            world,
            rollouts,
            past,
            during,
        }
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    fn make(&self, index: usize) -> Rollout {
        let seed = self
            .world
            .seed
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(index as u64);
        let mut rng = StdRng::seed_from_u64(seed);
        let windows = self.past.iter().chain(&self.during);
        let series = MetricSeries {
            metric: Metric::CrashFreeSessions,
            source: SourceId("simulated".into()),
            windows: windows.map(|expected| expected.draw(&mut rng)).collect(),
        };
        let bad = self.world.regression > 1.0;
        Rollout {
            app: format!("rollout {}", index + 1).into(),
            version: "new".into(),
            baseline: Some("old".into()),
            store: StoreKind::GooglePlay,
            exposures: self
                .world
                .ramp
                .iter()
                .map(|(after, exposure)| (began() + *after, *exposure))
                .collect(),
            metrics: vec![series],
            onset: bad.then(|| began() + self.world.onset.unwrap_or_default()),
            terms: Terms {
                independent: true,
                ..Terms::of(Baseline::Read)
            },
        }
    }
}

impl Source for Simulated {
    fn len(&self) -> usize {
        self.rollouts
    }

    fn rollout(&self, index: usize) -> Option<Cow<'_, Rollout>> {
        (index < self.rollouts).then(|| Cow::Owned(self.make(index)))
    }
}

impl World {
    /// Each window of the rollout with the share of the sessions that are the new version's in its middle. Users take up what
    /// they are offered with the time constant `lag`: da/dt = (offered − a)/lag.
    fn adoption(&self) -> impl Iterator<Item = (Timestamp, u32, f64)> {
        let mut adopted = 0.0;
        windows(began(), began() + self.length, self.window).map(move |(at, seconds)| {
            let age = at - began();
            let offered = self.ramp.iter().rev().find(|(after, _)| *after <= age);
            let offered = offered.map_or(0.0, |(_, exposure)| exposure.fraction());
            let half = (-0.5 * f64::from(seconds) / self.lag.as_seconds_f64().max(1e-9)).exp();
            let middle = offered + (adopted - offered) * half;
            adopted = offered + (middle - offered) * half;
            (at, seconds, middle)
        })
    }

    fn expect(&self, start: Timestamp, seconds: u32, adopted: f64) -> Expected {
        let age = start - began();
        let hour = (age.as_seconds_f64() + f64::from(seconds) / 2.0) / 3_600.0;
        let phase = (hour - MEAN_HOUR) / 24.0 * std::f64::consts::TAU;
        let trials = self.sessions_per_day * f64::from(seconds) / 86_400.0
            * (1.0 + self.swing * phase.sin());
        let outage = self
            .outage
            .filter(|outage| age >= outage.from && age < outage.from + outage.lasts);
        let old_rate = self.baseline_rate * outage.map_or(1.0, |outage| outage.times);
        let bad = age >= self.onset.unwrap_or_default();
        let new_rate = old_rate * if bad { self.regression } else { 1.0 };
        Expected {
            start,
            seconds,
            trials: trials.round() as u64,
            adopted,
            new_rate,
            old_rate,
        }
    }
}

impl Expected {
    fn draw(&self, rng: &mut StdRng) -> Paired {
        let mut draw =
            |n: u64, p: f64| Binomial::new(n, p.clamp(0.0, 1.0)).map_or(0, |law| law.sample(rng));
        let new = draw(self.trials, self.adopted);
        let old = self.trials.saturating_sub(new);
        Paired {
            start: self.start,
            seconds: self.seconds,
            stratum: String::new(),
            new: Counts {
                trials: new,
                failures: draw(new, self.new_rate),
            },
            old: Counts {
                trials: old,
                failures: draw(old, self.old_rate),
            },
        }
    }
}

fn began() -> Timestamp {
    DateTime::from_timestamp(START, 0).unwrap_or_default()
}

/// Start and length in seconds of each window.
fn windows(
    from: Timestamp,
    to: Timestamp,
    each: TimeDelta,
) -> impl Iterator<Item = (Timestamp, u32)> {
    let seconds = each.num_seconds().clamp(1, 86_400);
    let many = (to - from).num_seconds() / seconds;
    (0..many).map(move |k| (from + TimeDelta::seconds(k * seconds), seconds as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(world: World) -> Rollout {
        Simulated::new(world, 1).rollout(0).unwrap().into_owned()
    }

    fn between(rollout: &Rollout, hours: (i64, i64)) -> (Counts, Counts) {
        let (from, to) = (
            began() + TimeDelta::hours(hours.0),
            began() + TimeDelta::hours(hours.1),
        );
        let windows = || rollout.metrics.iter().flat_map(|series| &series.windows);
        let inside = || windows().filter(|window| window.start >= from && window.start < to);
        (
            inside().map(|window| window.new).sum(),
            inside().map(|window| window.old).sum(),
        )
    }

    #[test]
    fn the_world_is_that_of_the_published_figures() {
        let rollout = first(World::default());
        assert_eq!(rollout.metrics[0].windows.len(), 1_728 + 14 * 24);
        let (new, old) = between(&rollout, (0, 144));
        let all = (new.trials + old.trials) as f64;
        assert!((all / 6e6 - 1.0).abs() < 1e-3, "{all}");
        let (past_new, past_old) = between(&rollout, (-14 * 24, 0));
        assert_eq!(past_new.trials, 0);
        assert!((past_old.failure_rate().unwrap() / 0.0005 - 1.0).abs() < 0.05);
        // A rule that waits for 500, 1,000 or 10,000 sessions can act at 6.0, 8.2 and 28 hours there.
        for (trials, hour) in [(500, 6.0), (1_000, 8.2), (10_000, 28.0)] {
            let mut sum = 0;
            let reached = rollout.metrics[0].windows.iter().find(|window| {
                sum += window.new.trials;
                sum >= trials
            });
            let found = (reached.unwrap().end() - began()).as_seconds_f64() / 3_600.0;
            assert!(
                (found - hour).abs() < 0.4,
                "{trials} at {found}, not at {hour}"
            );
        }
        // Users follow with the time constant: 1 − e⁻¹ of what is offered after six hours.
        let (new, old) = between(&rollout, (5, 7));
        let share = new.trials as f64 / (new.trials + old.trials) as f64;
        assert!((share / 0.01 - 0.632).abs() < 0.06, "{share}");
    }

    #[test]
    fn what_goes_wrong_does_so_when_and_where_it_should() {
        let outage = Outage {
            from: TimeDelta::hours(60),
            lasts: TimeDelta::hours(2),
            times: 20.0,
        };
        let rollout = first(World {
            regression: 4.0,
            onset: Some(TimeDelta::hours(72)),
            outage: Some(outage),
            ..World::default()
        });
        let rates = |hours| {
            let (new, old) = between(&rollout, hours);
            (
                new.failure_rate().unwrap() / 0.0005,
                old.failure_rate().unwrap() / 0.0005,
            )
        };
        let near = |(new, old): (f64, f64), expected: (f64, f64)| {
            assert!(
                (new / expected.0 - 1.0).abs() < 0.35 && (old / expected.1 - 1.0).abs() < 0.35,
                "{new} {old}"
            );
        };
        near(rates((48, 60)), (1.0, 1.0));
        near(rates((60, 62)), (20.0, 20.0));
        near(rates((62, 72)), (1.0, 1.0));
        near(rates((72, 100)), (4.0, 1.0));
        assert_eq!(rollout.onset, Some(began() + TimeDelta::hours(72)));
        assert_eq!(first(World::default()).onset, None);
    }

    #[test]
    fn an_index_is_a_rollout_and_no_two_are_alike() {
        let source = Simulated::new(
            World {
                length: TimeDelta::hours(3),
                ..World::default()
            },
            3,
        );
        let windows = |index| {
            source
                .rollout(index)
                .map(|rollout| rollout.metrics[0].windows.clone())
        };
        assert_eq!(windows(1), windows(1));
        assert_ne!(windows(0), windows(1));
        assert_ne!(
            first(World {
                seed: 2,
                ..source.world().clone()
            })
            .metrics[0]
                .windows,
            windows(0).unwrap()
        );
        assert_eq!(windows(3), None);
    }
}
