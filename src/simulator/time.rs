//! The time that a simulator lives in.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::ports::{Clock, ScaledClock, SimClock, WallClock};

/// Either the wall on a scale, for other processes and people, or discrete, for a watcher in the same process.
#[derive(Clone, Debug)]
pub enum SimTime {
    Scaled(Arc<ScaledClock>),
    Discrete(Arc<SimClock>),
}

impl SimTime {
    /// From the wall's now on, at `speed` simulated seconds a second.
    pub fn from_the_wall(speed: f64) -> Self {
        Self::Scaled(Arc::new(ScaledClock::starting_at(WallClock.now(), speed)))
    }

    /// Moved by hand alone.
    pub fn discrete(start: Timestamp) -> Self {
        Self::Discrete(Arc::new(SimClock::starting_at(start)))
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Scaled(clock) => clock.clone(),
            Self::Discrete(clock) => clock.clone(),
        }
    }

    pub fn advance(&self, by: TimeDelta) {
        match self {
            Self::Scaled(clock) => clock.advance_to(clock.now() + by),
            Self::Discrete(clock) => clock.advance_to(clock.now() + by),
        }
    }

    /// Simulated seconds a wall second; 0 where time stands still until somebody moves it.
    pub fn speed(&self) -> f64 {
        match self {
            Self::Scaled(clock) => clock.speed(),
            Self::Discrete(_) => 0.0,
        }
    }
}
