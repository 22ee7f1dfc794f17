//! Time. The only file that may ask the machine what time it is.
//!
//! Three clocks: the wall, the wall on a scale, and the discrete time of a simulation, which stands still while anybody
//! works and jumps to the next wake-up when the watcher has nothing left to do.

use std::sync::Mutex;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::domain::Timestamp;

/// Where everything but HTTP time limits takes its time from.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Waits until `t`, not at all where it is past. On a discrete clock this is what moves time, so there may be one
    /// sleeper only, and it may sleep only when no request is in flight.
    fn sleep_until(&self, t: Timestamp) -> BoxFuture<'_, ()>;

    /// True where time moves by [`Clock::sleep_until`] alone: the watcher then does one thing after the other.
    fn is_discrete(&self) -> bool;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        Utc::now()
    }

    fn sleep_until(&self, t: Timestamp) -> BoxFuture<'_, ()> {
        let wait = (t - self.now()).to_std().unwrap_or_default();
        Box::pin(tokio::time::sleep(wait))
    }

    fn is_discrete(&self) -> bool {
        false
    }
}

/// Measures how long something took on the machine, whatever clock it went by: for figures, never for a decision.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Simulated time, shared by watcher and simulator in one process.
///
/// Unpaced it jumps at once; paced at `speed` simulated seconds a wall second it sleeps between the jumps, so that a person
/// can watch; held it stands still. Time never goes back.
#[derive(Debug)]
pub struct SimClock {
    now: Mutex<Timestamp>,
    pace: Pace,
}

#[derive(Debug)]
enum Pace {
    Free,
    Held,
    Timed {
        speed: f64,
        wall_start: Instant,
        sim_start: Timestamp,
    },
}

impl SimClock {
    /// Unpaced: it jumps at once.
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            now: Mutex::new(start),
            pace: Pace::Free,
        }
    }

    /// Paced; must be made inside a tokio runtime. A speed that is not above zero holds it.
    pub fn paced(start: Timestamp, speed: f64) -> Self {
        let pace = if speed > 0.0 {
            Pace::Timed {
                speed,
                wall_start: Instant::now(),
                sim_start: start,
            }
        } else {
            Pace::Held
        };
        Self {
            now: Mutex::new(start),
            pace,
        }
    }

    /// Moves time forward to `t`; does nothing where it is past.
    pub fn advance_to(&self, t: Timestamp) {
        let mut now = self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = (*now).max(t);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        *self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn sleep_until(&self, t: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match &self.pace {
                // Jumps without end would leave nobody else a turn: neither who asks the watcher, nor who stops it.
                Pace::Free => tokio::task::yield_now().await,
                Pace::Held if t <= self.now() => {}
                Pace::Held => std::future::pending().await,
                Pace::Timed {
                    speed,
                    wall_start,
                    sim_start,
                } => {
                    let ahead = (t - *sim_start).max(TimeDelta::zero());
                    let seconds = ahead.num_milliseconds() as f64 / 1000.0 / speed;
                    tokio::time::sleep_until(*wall_start + Duration::from_secs_f64(seconds)).await;
                }
            }
            self.advance_to(t);
        })
    }

    fn is_discrete(&self) -> bool {
        true
    }
}

/// The machine's clock on a scale: `speed` simulated seconds a wall second, from any origin. For a simulator that a person
/// watches or that another process uses; both sides make one from what the simulator's `GET /_sim/clock` says.
#[derive(Debug)]
pub struct ScaledClock {
    speed: f64,
    origin: Mutex<(Instant, Timestamp)>,
}

impl ScaledClock {
    /// It is `now`; a speed that is not above zero counts as 1.
    pub fn starting_at(now: Timestamp, speed: f64) -> Self {
        Self {
            speed: if speed > 0.0 { speed } else { 1.0 },
            origin: Mutex::new((Instant::now(), now)),
        }
    }

    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// From now on it is `t`, unless it is later already: time never goes back.
    pub fn advance_to(&self, t: Timestamp) {
        let now = self.now();
        *self.origin() = (Instant::now(), now.max(t));
    }

    fn origin(&self) -> std::sync::MutexGuard<'_, (Instant, Timestamp)> {
        self.origin
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        let (wall, sim) = *self.origin();
        let passed = wall.elapsed().as_secs_f64() * self.speed;
        sim + TimeDelta::microseconds((passed * 1e6) as i64)
    }

    fn sleep_until(&self, t: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let ahead = (t - self.now()).as_seconds_f64() / self.speed;
                if ahead <= 0.0 {
                    return;
                }
                // In short naps: somebody may move time forward meanwhile.
                tokio::time::sleep(Duration::from_secs_f64(ahead.min(0.25))).await;
            }
        })
    }

    fn is_discrete(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn simulated_time_jumps_and_never_goes_back() {
        let start = chrono::DateTime::from_timestamp(1_000_000, 0).unwrap();
        let clock = SimClock::starting_at(start);
        clock.sleep_until(start + TimeDelta::hours(5)).await;
        assert_eq!(clock.now(), start + TimeDelta::hours(5));
        clock.sleep_until(start).await;
        assert_eq!(clock.now(), start + TimeDelta::hours(5));
    }

    #[tokio::test]
    async fn held_time_stands_still() {
        let start = chrono::DateTime::from_timestamp(1_000_000, 0).unwrap();
        let clock = SimClock::paced(start, 0.0);
        clock.sleep_until(start).await;
        let later = clock.sleep_until(start + TimeDelta::milliseconds(1));
        assert!(futures_util::FutureExt::now_or_never(later).is_none());
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn scaled_time_goes_on_from_where_it_is_put() {
        let start = chrono::DateTime::from_timestamp(1_000_000, 0).unwrap();
        let clock = ScaledClock::starting_at(start, 60.0);
        assert!(clock.now() >= start);
        clock.advance_to(start + TimeDelta::days(9));
        clock.advance_to(start);
        assert!(clock.now() >= start + TimeDelta::days(9));
    }
}
