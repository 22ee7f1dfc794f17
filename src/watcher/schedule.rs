//! When to poll: every `poll`, the apps one after the other and with a seeded jitter, so that many of them do not ask in one
//! moment. And for what.

use chrono::TimeDelta;

use super::app::Memory;
use super::kept;
use crate::domain::{AppId, SourceId, Timestamp, Version};

/// Every so many polls the store is read fully even where the cheap read shows no change.
pub(super) const FULL_READ_EVERY: u64 = 5;

/// Every so many polls a source is asked for everything again, not only for what is recent.
pub(super) const FULL_HEALTH_EVERY: u64 = 60;

/// How far back a normal poll asks for restatements.
pub(super) const RESTATED: TimeDelta = TimeDelta::hours(2);

/// Between the first polls of two apps, so long as all of them fit into one `poll`.
const STAGGER: TimeDelta = TimeDelta::milliseconds(300);

/// Where an app is among all: what is done now and then is done for one app after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    index: u32,
    of: u32,
}

impl Default for Place {
    fn default() -> Self {
        Self::ALONE
    }
}

impl Place {
    /// Of an app that need not think of others.
    pub(super) const ALONE: Self = Self { index: 0, of: 1 };

    /// The app with this index of so many.
    pub(super) fn among(index: usize, of: usize) -> Self {
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let of = small(of).max(1);
        let index = small(index).min(of - 1);
        Self { index, of }
    }

    /// How long after the start it is first polled: somebody waits for it, and the store bears only so many at once.
    pub(super) fn delay(self, poll: TimeDelta) -> TimeDelta {
        let all = (STAGGER * i32::try_from(self.of).unwrap_or(i32::MAX)).min(poll);
        TimeDelta::milliseconds(all.num_milliseconds() * i64::from(self.index) / i64::from(self.of))
    }

    /// Whether the poll after so many is one of those that come once in so many: the first always, the others in their turn.
    pub(super) fn has_turn(self, polls: u64, every: u64) -> bool {
        polls == 0 || (polls + u64::from(self.index)).is_multiple_of(every)
    }
}

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

/// Whether it is time for what was planned: also where the clock was put back so far that it would not be for long.
pub(super) fn is_due(next: Option<Timestamp>, now: Timestamp, every: TimeDelta) -> bool {
    next.is_none_or(|due| due <= now || due > now + every * 2)
}

impl Memory {
    /// From when on a source is asked about a version and its baseline, and whether for the baseline's past too. `None` is for
    /// everything: the first time, now and then, after a change of version, and while the past is still missing.
    pub(super) fn wants(
        &self,
        source: &SourceId,
        about: &(Version, Option<Version>),
        now: Timestamp,
    ) -> (Option<Timestamp>, bool) {
        let has_baseline = about.1.is_some();
        let known = self.reports.get(source);
        let Some(latest) = known.filter(|latest| latest.about == *about) else {
            return (None, has_baseline);
        };
        // What is read of an older version does not reach back to its first session, nor to the past.
        let young = |first: Timestamp| first > now - kept::LOOK_BACK;
        let past = has_baseline
            && latest.report.past_from.is_none()
            && latest.report.first_session.is_some_and(young);
        let full = past || self.place.has_turn(self.polls, FULL_HEALTH_EVERY);
        let since = latest.report.read_through.filter(|_| !full);
        (since.map(|through| through - RESTATED), past)
    }
}

/// When a store that could not be read `failed` times in a row is read again on the engine's word: after 1, 2, 4, … seconds,
/// at most a minute. Polls go on beside it.
pub(super) fn read_again(failed: u32, now: Timestamp) -> Timestamp {
    now + TimeDelta::seconds((1_i64 << failed.saturating_sub(1).min(6)).min(60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SourceReport;
    use crate::watcher::app::LatestReport;

    #[test]
    fn a_store_that_cannot_be_read_is_asked_less_and_less() {
        let now = chrono::DateTime::from_timestamp(1_000_000, 0).unwrap();
        let waits = [1, 2, 3, 6, 7, 50].map(|failed| (read_again(failed, now) - now).num_seconds());
        assert_eq!(waits, [1, 2, 4, 32, 60, 60]);
    }

    #[test]
    fn the_past_is_asked_for_once_a_version_and_until_it_has_come() {
        let day = |day: i64| chrono::DateTime::from_timestamp(day * 86_400, 0).unwrap();
        let (source, now) = (SourceId("sentry".into()), day(100));
        let about = (Version::from_code(2), Some(Version::from_code(1)));
        let mut memory = Memory {
            polls: 1,
            ..Memory::default()
        };
        assert_eq!(memory.wants(&source, &about, now), (None, true));
        let mut reported = |first, past_from, polls| {
            let report = SourceReport {
                read_through: Some(now),
                first_session: first,
                past_from,
                ..SourceReport::default()
            };
            let about = about.clone();
            let latest = LatestReport { report, about };
            memory.reports.insert(source.clone(), latest);
            memory.polls = polls;
            memory.wants(
                &source,
                &(Version::from_code(2), Some(Version::from_code(1))),
                now,
            )
        };
        let recent = Some(now - RESTATED);
        assert_eq!(reported(None, None, 1), (recent, false), "no session yet");
        assert_eq!(reported(Some(day(98)), None, 1), (None, true), "it failed");
        assert_eq!(reported(Some(day(98)), Some(day(84)), 1), (recent, false));
        assert_eq!(reported(Some(day(98)), Some(day(84)), 60), (None, false));
        assert_eq!(
            reported(Some(day(80)), None, 1),
            (recent, false),
            "a report that reached back to the past would have a hole"
        );
        let next = (Version::from_code(3), Some(Version::from_code(2)));
        assert_eq!(memory.wants(&source, &next, now), (None, true));
        let alone = (Version::from_code(3), None);
        assert_eq!(memory.wants(&source, &alone, now), (None, false));
    }

    #[test]
    fn a_clock_that_is_put_back_keeps_no_poll_waiting() {
        let now = chrono::DateTime::from_timestamp(1_000_000, 0).unwrap();
        let minute = TimeDelta::minutes(1);
        let due = |next| is_due(Some(next), now, minute);
        assert!(is_due(None, now, minute) && due(now));
        assert!(!due(now + minute) && !due(now + minute * 2));
        assert!(due(now + TimeDelta::hours(3)));
    }

    #[test]
    fn first_polls_come_soon_and_one_after_the_other() {
        let poll = TimeDelta::seconds(60);
        let of = |many| (0..many).map(move |index| Place::among(index, many).delay(poll));
        assert_eq!(Place::ALONE.delay(poll), TimeDelta::zero());
        assert_eq!(of(3).max(), Some(TimeDelta::milliseconds(600)));
        for many in [2, 10, 200, 5_000] {
            let delays: Vec<TimeDelta> = of(many).collect();
            assert_eq!(delays[0], TimeDelta::zero());
            assert!(delays.is_sorted() && delays[many - 1] < poll, "{many}");
        }
        // No second has more than its share of two hundred.
        let mut by_second = [0; 60];
        for delay in of(200) {
            by_second[delay.num_seconds() as usize] += 1;
        }
        assert!(by_second.iter().all(|polls| (3..=4).contains(polls)));
    }

    #[test]
    fn what_is_dear_is_done_for_one_app_after_the_other() {
        let apps: Vec<Place> = (0..200).map(|index| Place::among(index, 200)).collect();
        let due = |polls| apps.iter().filter(move |place| place.has_turn(polls, 5));
        assert_eq!(due(0).count(), 200, "the first time everything is read");
        for polls in 1..50 {
            assert_eq!(due(polls).count(), 40, "{polls}");
        }
        let alone: Vec<u64> = (0..11)
            .filter(|polls| Place::ALONE.has_turn(*polls, 5))
            .collect();
        assert_eq!(alone, [0, 5, 10]);
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
