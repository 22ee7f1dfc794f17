//! Apple's request quota: a rolling hour a key, told in `X-Rate-Limit` on every answer, and bursts refused with 429.
//!
//! Only reads wait for it. An act that stops a rollout is always tried: what is left of the quota is kept for it.

use chrono::TimeDelta;

use crate::domain::Timestamp;

/// Share of the hour's requests that glances leave untouched: one in so many.
const RESERVE_SHARE: u32 = 10;
/// With the reserve reached, a glance still goes out this often, or haltline would never learn that the hour has moved on.
const LOW_RHYTHM: TimeDelta = TimeDelta::minutes(5);
/// Longest wait of our own after a 429 without `Retry-After`, in seconds.
const LONGEST_WAIT: u32 = 600;

/// What Apple last said of the quota.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quota {
    /// Limit and rest of the rolling hour, with when they were told.
    told: Option<(Told, Timestamp)>,
    /// Until then 429 told us to wait.
    blocked_until: Option<Timestamp>,
    refusals_in_a_row: u32,
}

/// `user-hour-lim:3600;user-hour-rem:3121;`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) limit: u32,
    pub(super) rest: u32,
}

impl Told {
    /// Tolerates other parts, spaces and a missing last semicolon; `None` where limit or rest is missing.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let part = |name: &str| {
            header
                .split(';')
                .filter_map(|part| part.split_once(':'))
                .find(|(key, _)| key.trim() == name)
                .and_then(|(_, value)| value.trim().parse().ok())
        };
        Some(Self {
            limit: part("user-hour-lim")?,
            rest: part("user-hour-rem")?,
        })
    }

    fn is_low(self) -> bool {
        self.rest <= self.limit / RESERVE_SHARE
    }
}

impl Quota {
    /// Takes in any answer's header.
    pub(super) fn note(&mut self, header: Option<&str>, now: Timestamp) {
        if let Some(told) = header.and_then(Told::parse) {
            self.told = Some((told, now));
        }
    }

    /// Takes in an answer that was not a 429.
    pub(super) fn served(&mut self) {
        self.blocked_until = None;
        self.refusals_in_a_row = 0;
    }

    /// Takes in a 429, which also comes with much of the quota left; returns the seconds to wait: Apple's, or doubling ones.
    pub(super) fn refused(&mut self, retry_after: Option<u32>, now: Timestamp) -> u32 {
        let doubled = 2u32
            .saturating_pow(self.refusals_in_a_row)
            .min(LONGEST_WAIT);
        self.refusals_in_a_row = self.refusals_in_a_row.saturating_add(1);
        let wait = retry_after.unwrap_or(doubled);
        self.blocked_until = Some(now + TimeDelta::seconds(i64::from(wait)));
        wait
    }

    /// Seconds that a read has to wait; `None`: it may go.
    pub(super) fn wait_to_read(&self, now: Timestamp) -> Option<u32> {
        seconds_until(self.blocked_until?, now)
    }

    /// Seconds that a glance has to wait, which also leaves the reserve alone.
    pub(super) fn wait_to_glance(&self, now: Timestamp) -> Option<u32> {
        let low = self
            .told
            .filter(|(told, _)| told.is_low())
            .and_then(|(_, at)| seconds_until(at + LOW_RHYTHM, now));
        self.wait_to_read(now).max(low)
    }
}

fn seconds_until(at: Timestamp, now: Timestamp) -> Option<u32> {
    let wait = (at - now).num_seconds();
    u32::try_from(wait).ok().filter(|wait| *wait > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_header_is_parsed_not_presumed() {
        let told = |limit, rest| Some(Told { limit, rest });
        assert_eq!(
            Told::parse("user-hour-lim:3600;user-hour-rem:3121;"),
            told(3600, 3121)
        );
        assert_eq!(
            Told::parse(" x:1; user-hour-rem: 7 ;user-hour-lim:50"),
            told(50, 7)
        );
        assert_eq!(Told::parse("user-hour-lim:3600"), None);
        assert_eq!(Told::parse("user-hour-lim:many;user-hour-rem:1"), None);
    }

    #[test]
    fn glances_leave_a_tenth_to_acts_but_look_again() {
        let mut quota = Quota::default();
        assert_eq!(quota.wait_to_glance(at(0)), None);
        quota.note(Some("user-hour-lim:3600;user-hour-rem:361"), at(0));
        assert_eq!(quota.wait_to_glance(at(0)), None);
        quota.note(Some("user-hour-lim:3600;user-hour-rem:360"), at(0));
        assert_eq!(quota.wait_to_glance(at(60)), Some(240));
        assert_eq!(quota.wait_to_read(at(60)), None);
        assert_eq!(quota.wait_to_glance(at(300)), None);
    }

    #[test]
    fn apples_wait_is_obeyed_and_ours_doubles() {
        let mut quota = Quota::default();
        assert_eq!(quota.refused(Some(90), at(0)), 90);
        assert_eq!(quota.wait_to_read(at(30)), Some(60));
        assert_eq!(quota.refused(None, at(90)), 2);
        assert_eq!(quota.refused(None, at(92)), 4);
        for _ in 0..40 {
            quota.refused(None, at(100));
        }
        assert_eq!(quota.refused(None, at(100)), LONGEST_WAIT);
        quota.served();
        assert_eq!(quota.wait_to_read(at(100)), None);
        assert_eq!(quota.refused(None, at(200)), 1);
    }
}
