//! The state as it was: the fold of a prefix of the journal, with marks on the way so that the next look is near one.
//!
//! What is behind a mark never changes, since the journal is append-only. Must not know a picture.

use std::sync::{Mutex, PoisonError};

use crate::api::wire::When;
use crate::engine::State;
use crate::ports::{Journal, JournalError};

/// Records from one mark to the next, and read at a time.
const PAGE: usize = 1000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// The state after each page, in order.
    marks: Mutex<Vec<State>>,
}

impl Trail {
    /// The state right after the last record that is not beyond `when`; empty (`seq` 0) before the first one.
    pub(super) fn at(&self, journal: &dyn Journal, when: When) -> Result<State, JournalError> {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = marks.partition_point(|mark| match when {
            When::Seq(seq) => mark.seq <= seq,
            When::At(time) => mark.last_at.is_none_or(|at| at <= time),
        });
        let nearest = passed.checked_sub(1).and_then(|place| marks.get(place));
        let mut state = nearest.cloned().unwrap_or_default();
        loop {
            let page = journal.some_after(state.seq, PAGE)?;
            for record in &page {
                let beyond = match when {
                    When::Seq(seq) => record.seq > seq,
                    When::At(time) => record.at > time,
                };
                if beyond {
                    return Ok(state);
                }
                state.apply(record.at, record.app.as_ref(), &record.event);
            }
            if page.len() < PAGE {
                return Ok(state);
            }
            if marks.last().is_none_or(|last| last.seq < state.seq) {
                marks.push(state.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::{Event, Timestamp};
    use crate::engine;
    use crate::journal::MemoryJournal;
    use crate::ports::NewRecord;

    fn at(second: i64) -> Timestamp {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    /// Near a mark or far from one, forward or back: always the fold of the prefix.
    #[test]
    fn the_past_is_the_fold_of_a_prefix() {
        let journal = MemoryJournal::default();
        let records = (1..=2500).map(|n| NewRecord {
            at: at(n * 10),
            app: None,
            event: Event::WatcherStarted {
                term: n.unsigned_abs(),
                haltline: "1".into(),
            },
        });
        journal.append(&records.collect::<Vec<_>>()).unwrap();
        let all = journal.records_after(0).unwrap();
        let trail = Trail::default();
        for seq in [2500_u32, 1, 999, 1000, 1001, 2000, 1500, 2400] {
            let expected = engine::replay(&all[..seq as usize]);
            let seen = trail.at(&journal, When::Seq(u64::from(seq))).unwrap();
            assert_eq!(seen, expected);
            let between = at(i64::from(seq) * 10 + 9);
            assert_eq!(trail.at(&journal, When::At(between)).unwrap(), expected);
        }
        assert_eq!(trail.at(&journal, When::At(at(9))).unwrap().seq, 0);
        assert_eq!(trail.marks.lock().unwrap().len(), 2);
    }
}
