//! How often a vendor may be asked, and how often again: a token bucket and a retry budget. Pure; time is passed in.

use chrono::TimeDelta;

use crate::domain::Timestamp;

/// A vendor's rate limit: so many requests a minute, so many of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_minute: u32,
    pub burst: u32,
}

/// A token bucket, kept as the time at which it will be full again (the generic cell rate algorithm).
#[derive(Debug)]
pub(super) struct Bucket {
    interval: TimeDelta,
    tolerance: TimeDelta,
    full_at: Option<Timestamp>,
    /// When it was asked last.
    asked: Option<Timestamp>,
}

impl Bucket {
    pub(super) fn new(rate: Rate) -> Self {
        let interval = TimeDelta::microseconds(60_000_000 / i64::from(rate.per_minute.max(1)));
        Self {
            interval,
            tolerance: interval * i32::try_from(rate.burst.saturating_sub(1)).unwrap_or(i32::MAX),
            full_at: None,
            asked: None,
        }
    }

    /// Takes one token and says when it may be spent: `now`, or later where the bucket is empty.
    pub(super) fn take(&mut self, now: Timestamp) -> Timestamp {
        // A clock that is put back must not make anybody wait for what it was put back by.
        let back = self
            .asked
            .replace(now)
            .map_or(TimeDelta::zero(), |asked| asked - now);
        let full_at = self.full_at.map(|at| at - back.max(TimeDelta::zero()));
        let full_at = full_at.map_or(now, |at| at.max(now));
        self.full_at = Some(full_at + self.interval);
        (full_at - self.tolerance).max(now)
    }
}

/// Retries as a share of all requests, so that a storm of failures is not multiplied: every request earns a fifth of a
/// retry, at most ten are saved up, and two are there from the start.
#[derive(Debug)]
pub(super) struct RetryBudget {
    fifths: u32,
}

const FIFTHS_A_RETRY: u32 = 5;
const MOST_FIFTHS: u32 = 10 * FIFTHS_A_RETRY;

impl RetryBudget {
    pub(super) fn new() -> Self {
        Self {
            fifths: 2 * FIFTHS_A_RETRY,
        }
    }

    pub(super) fn earn(&mut self) {
        self.fifths = (self.fifths + 1).min(MOST_FIFTHS);
    }

    /// True where a retry may be made; it is then paid for.
    pub(super) fn spend(&mut self) -> bool {
        match self.fifths.checked_sub(FIFTHS_A_RETRY) {
            Some(left) => {
                self.fifths = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_put_back_makes_nobody_wait_for_hours() {
        let now = chrono::DateTime::from_timestamp(100_000, 0).unwrap();
        let mut bucket = Bucket::new(Rate {
            per_minute: 60,
            burst: 2,
        });
        bucket.take(now);
        bucket.take(now);
        let back = now - TimeDelta::hours(3);
        assert_eq!(
            bucket.take(back),
            back + TimeDelta::seconds(1),
            "still a rate"
        );
        assert_eq!(bucket.take(back), back + TimeDelta::seconds(2));
    }

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let now = chrono::DateTime::from_timestamp(1_000, 0).unwrap();
        let mut bucket = Bucket::new(Rate {
            per_minute: 60,
            burst: 3,
        });
        let waits: Vec<i64> = (0..5)
            .map(|_| (bucket.take(now) - now).num_seconds())
            .collect();
        assert_eq!(waits, [0, 0, 0, 1, 2]);
        let later = now + TimeDelta::hours(1);
        assert_eq!(bucket.take(later), later, "an idle bucket fills again");
    }

    #[test]
    fn retries_stay_a_fifth_of_the_requests() {
        let mut budget = RetryBudget::new();
        let retries = (0..1_000)
            .filter(|_| {
                budget.earn();
                budget.spend()
            })
            .count();
        assert_eq!(retries, 2 + 1_000 / 5);
    }
}
