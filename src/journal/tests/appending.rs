//! Appending: what comes back, who may, and what happens once the disk fails.

use std::io::{BufRead, BufReader, Write};

use super::*;

#[test]
fn every_event_comes_back_as_it_went_in() {
    let dir = state();
    let journal = writer(dir.path());
    let new: Vec<NewRecord> = (1..)
        .zip(every_event())
        .map(|(n, event)| NewRecord { event, ..note(n) })
        .collect();
    let appended = journal.append(&new).unwrap();
    for (n, (record, new)) in appended.iter().zip(&new).enumerate() {
        assert_eq!(record.seq, n as u64 + 1);
        assert_eq!(
            (&record.at, &record.app, &record.event),
            (&new.at, &new.app, &new.event)
        );
    }
    drop(journal);

    let reader = SqliteJournal::open(dir.path(), Access::ReadOnly).unwrap();
    assert_eq!(reader.records_after(0).unwrap(), appended);
    assert_eq!(reader.records_after(40).unwrap(), appended[40..]);
    assert_eq!(reader.records_after(4000).unwrap(), []);
    let memory = MemoryJournal::default();
    assert_eq!(memory.append(&new).unwrap(), appended);
    assert_eq!(memory.records_after(40).unwrap(), appended[40..]);
}

#[test]
fn numbers_without_a_json_form_come_back_as_a_restart_would_read_them() {
    let dir = state();
    let journal = writer(dir.path());
    let mut event = every_event()
        .into_iter()
        .find(|event| matches!(event, Event::RuleFired { .. }))
        .unwrap();
    if let Event::RuleFired { finding, .. } = &mut event {
        finding.ln_evidence = Some(f64::INFINITY);
    }
    let appended = journal.append(&[NewRecord { event, ..note(1) }]).unwrap();
    assert_eq!(journal.records_after(0).unwrap(), appended);
}

#[test]
fn records_cannot_be_changed_removed_replaced_or_put_in_out_of_turn() {
    let dir = state();
    let journal = writer(dir.path());
    fill(&journal, 1, 5);
    let inner = journal.lock();
    for sql in [
        "UPDATE records SET body = '{}' WHERE seq = 2",
        "DELETE FROM records WHERE seq = 5",
        "INSERT OR REPLACE INTO records SELECT * FROM records WHERE seq = 5",
        "INSERT INTO records SELECT 7, term, body, hash FROM records WHERE seq = 5",
        "UPDATE terms SET who = 'me'",
        "DELETE FROM terms",
        "INSERT OR REPLACE INTO terms SELECT * FROM terms",
    ] {
        assert!(inner.conn.execute(sql, ()).is_err(), "{sql}");
    }
    drop(inner);
    assert_eq!(journal.verify().unwrap().records, 5);
}

#[test]
fn only_the_holder_of_the_highest_term_appends_and_answers() {
    let dir = state();
    let unleased = SqliteJournal::open(dir.path(), Access::Write).unwrap();
    assert!(matches!(
        unleased.append(&[note(1)]),
        Err(JournalError::NotWritable { .. })
    ));
    let (first, second) = (
        writer(dir.path()),
        SqliteJournal::open(dir.path(), Access::Write).unwrap(),
    );
    first.append(&[note(1)]).unwrap();
    assert_eq!(second.take_lease(at(1), "second").unwrap(), 2);
    let reply = ActReply::Done;
    assert!(matches!(
        first.append(&[note(2)]),
        Err(JournalError::Deposed { ours: 1, theirs: 2 })
    ));
    assert!(matches!(
        first.answer("a", &reply),
        Err(JournalError::Deposed { .. })
    ));
    assert_eq!(second.append(&[note(2), note(3)]).unwrap().len(), 2);
    assert!(matches!(
        first.append(&[note(4)]),
        Err(JournalError::Deposed { .. })
    ));
    assert_eq!(second.verify().unwrap().records, 3);
    assert_eq!(unleased.records_after(0).unwrap().len(), 3);
}

#[test]
fn a_full_disk_latches_and_loses_nothing_that_was_acknowledged() {
    let dir = state();
    let journal = writer(dir.path());
    fill(&journal, 1, 3);
    let pages: i64 = {
        let inner = journal.lock();
        inner
            .conn
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap()
    };
    let limit = |pages: i64| {
        let set: i64 = journal
            .lock()
            .conn
            .query_row(&format!("PRAGMA max_page_count = {pages}"), (), |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(set, pages);
    };
    limit(pages + 2);
    let mut acknowledged = 3;
    let error = loop {
        let batch: Vec<NewRecord> = (acknowledged + 1..=acknowledged + 5).map(note).collect();
        match journal.append(&batch) {
            Ok(records) => acknowledged = records[records.len() - 1].seq.cast_signed(),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(&error, JournalError::NotWritable { what, .. } if what.contains("full")),
        "{error}"
    );
    limit(1_000_000);
    assert!(
        matches!(
            journal.append(&[note(1)]),
            Err(JournalError::NotWritable { .. })
        ),
        "latched"
    );
    assert!(
        journal.take_lease(at(9), "again").is_err(),
        "latched for every write"
    );
    assert_eq!(
        journal.verify().unwrap().records.cast_signed(),
        acknowledged,
        "still tells"
    );
    drop(journal);

    let again = writer(dir.path());
    assert_eq!(
        again.verify().unwrap().records.cast_signed(),
        acknowledged,
        "all or nothing"
    );
    again.append(&[note(1)]).unwrap();
}

#[test]
fn an_anchor_that_cannot_be_written_latches() {
    let dir = state();
    let journal = writer(dir.path());
    fill(&journal, 1, 2);
    fs::remove_file(journal.anchor.path()).unwrap();
    assert!(matches!(
        journal.append(&[note(3)]),
        Err(JournalError::NotWritable { .. })
    ));
    journal.anchor.reset(Head::START).unwrap();
    assert!(matches!(
        journal.append(&[note(4)]),
        Err(JournalError::NotWritable { .. })
    ));
}

#[test]
fn a_journal_that_is_moved_or_replaced_under_a_watcher_stops_it() {
    let dir = state();
    let journal = writer(dir.path());
    fill(&journal, 1, 2);
    fs::rename(&journal.path, dir.path().join("elsewhere")).unwrap();
    assert!(matches!(
        journal.append(&[note(3)]),
        Err(JournalError::NotWritable { .. })
    ));

    let dir = state();
    let journal = writer(dir.path());
    fill(&journal, 1, 2);
    fs::rename(&journal.path, dir.path().join("elsewhere")).unwrap();
    fs::write(&journal.path, "").unwrap();
    assert!(matches!(
        journal.append(&[note(3)]),
        Err(JournalError::Damaged { .. })
    ));

    let dir = state();
    let journal = writer(dir.path());
    fill(&journal, 1, 2);
    let other = rusqlite::Connection::open(&journal.path).unwrap();
    other
        .execute(
            "INSERT INTO records SELECT 3, term, body, hash FROM records WHERE seq = 2",
            (),
        )
        .unwrap();
    assert!(
        matches!(
            journal.append(&[note(3)]),
            Err(JournalError::Damaged { .. })
        ),
        "not written by a holder"
    );
}

#[test]
fn a_reader_writes_nothing() {
    let dir = state();
    assert!(matches!(
        SqliteJournal::open(dir.path(), Access::ReadOnly),
        Err(JournalError::Unusable { .. })
    ));
    assert!(!SqliteJournal::exists(dir.path()));
    let journal = writer(dir.path());
    fill(&journal, 1, 2);
    let reader = SqliteJournal::open(dir.path(), Access::ReadOnly).unwrap();
    assert!(reader.take_lease(at(0), "reader").is_err() && reader.append(&[note(3)]).is_err());
    fill(&journal, 3, 4);
    assert_eq!(
        reader.records_after(2).unwrap().len(),
        2,
        "follows a running watcher"
    );
    assert_eq!(reader.verify().unwrap(), journal.verify().unwrap());
}

#[test]
fn the_audit_filters_by_app_and_time_and_shows_terms_and_hashes() {
    let dir = state();
    let journal = writer(dir.path());
    fill(&journal, 1, 9);
    journal
        .append(&[NewRecord {
            app: Some(app("other")),
            ..note(10)
        }])
        .unwrap();
    journal.take_lease(at(11), "again").unwrap();
    fill(&journal, 11, 12);
    let entries = journal
        .audit(Some(&app("shop-android")), Some(at(5)))
        .unwrap();
    let seqs: Vec<u64> = entries.iter().map(|entry| entry.record.seq).collect();
    assert_eq!(
        seqs,
        [5, 6, 7, 8, 9, 11, 12],
        "of the app and of the whole watcher"
    );
    assert_eq!((entries[0].term, entries[6].term), (1, 2));
    let verification = journal.verify().unwrap();
    assert_eq!(
        (verification.records, verification.anchored),
        (12, Some(12))
    );
    assert_eq!(entries[6].hash, verification.head);
    assert_eq!(journal.audit(None, None).unwrap().len(), 12);
}

/// Appends until it is killed, telling each acknowledged number.
#[test]
fn child_appends_until_killed() {
    let Some(dir) = child_dir() else { return };
    let journal = writer(&dir);
    for n in 1.. {
        let records = journal.append(&[note(n), note(n + 1)]).unwrap();
        writeln!(std::io::stdout(), "acknowledged {}", records[1].seq).unwrap();
    }
}

#[test]
fn a_killed_watcher_loses_nothing_that_was_acknowledged() {
    let dir = state();
    for kill in 1..=8_usize {
        let mut running =
            child("appending::child_appends_until_killed", dir.path(), |_| {}).unwrap();
        let lines = BufReader::new(running.stdout.take().unwrap()).lines();
        let last = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<u64>().ok())
            .nth(kill * 3)
            .unwrap();
        running.kill().unwrap();
        running.wait().unwrap();
        let access = [Access::Write, Access::ReadOnly][kill % 2];
        let journal = SqliteJournal::open(dir.path(), access).unwrap();
        let verification = journal.verify().unwrap();
        assert!(
            verification.records >= last && verification.records.is_multiple_of(2),
            "{last} {verification:?}"
        );
    }
}
