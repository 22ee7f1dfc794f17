//! When to poll: every `poll`, with a seeded jitter so that many apps do not ask in one moment.

use chrono::TimeDelta;

use crate::domain::{AppId, Timestamp};

/// Every so many polls the store is read fully even where the cheap read shows no change.
pub(super) const FULL_READ_EVERY: u64 = 5;

/// Every so many polls a source is asked for everything again, not only for what is recent.
pub(super) const FULL_HEALTH_EVERY: u64 = 60;

/// How far back a normal poll asks for restatements.
pub(super) const RESTATED: TimeDelta = TimeDelta::hours(2);

/// The next poll after one at `now`: `poll` plus or minus at most 5 %, the same for the same app and number of polls.
pub(super) fn next_poll(app: &AppId, polls: u64, now: Timestamp, poll: TimeDelta) -> Timestamp {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ polls;
    for byte in app.as_str().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let share = (hash >> 11) as f64 / (1_u64 << 53) as f64;
    let jitter = poll.num_milliseconds() as f64 * 0.1 * (share - 0.5);
    now + poll + TimeDelta::milliseconds(jitter as i64)
}

/// When a store that could not be read `failed` times in a row is read again on the engine's word: after 1, 2, 4, … seconds,
/// at most a minute. Polls go on beside it.
pub(super) fn read_again(failed: u32, now: Timestamp) -> Timestamp {
    now + TimeDelta::seconds((1_i64 << failed.saturating_sub(1).min(6)).min(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_cannot_be_read_is_asked_less_and_less() {
        let now = chrono::DateTime::from_timestamp(1_000_000, 0).unwrap();
        let waits = [1, 2, 3, 6, 7, 50].map(|failed| (read_again(failed, now) - now).num_seconds());
        assert_eq!(waits, [1, 2, 4, 32, 60, 60]);
    }

    #[test]
    fn jitter_is_small_and_repeatable() {
        let app = AppId::try_from("shop-android".to_owned()).unwrap();
        let now = chrono::DateTime::from_timestamp(1_000_000, 0).unwrap();
        let poll = TimeDelta::seconds(60);
        let mut seen = std::collections::BTreeSet::new();
        for polls in 0..200 {
            let next = next_poll(&app, polls, now, poll);
            assert_eq!(next, next_poll(&app, polls, now, poll));
            assert!((next - now - poll).abs() <= TimeDelta::seconds(3));
            seen.insert(next);
        }
        assert!(seen.len() > 150);
    }
}
