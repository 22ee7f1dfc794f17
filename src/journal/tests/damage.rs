//! Damage: a journal that lost or changed a record never opens as healthy.

use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rusqlite::Connection;

use super::*;

const NOBODY: u32 = 65_534;

/// Changes the database behind the journal's back, triggers out of the way and back again.
fn tamper(dir: &Path, sql: &str) {
    let conn = Connection::open(dir.join("journal.db")).unwrap();
    let triggers: Vec<(String, String)> = conn
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &triggers {
        conn.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    conn.execute_batch(sql).unwrap();
    for (_, trigger) in &triggers {
        conn.execute_batch(trigger).unwrap();
    }
}

fn open_error(dir: &Path) -> JournalError {
    let written = SqliteJournal::open(dir, Access::Write).unwrap_err();
    let read = SqliteJournal::open(dir, Access::ReadOnly).unwrap_err();
    assert_eq!(written.to_string(), read.to_string());
    written
}

fn damaged(dir: &Path) -> String {
    match open_error(dir) {
        JournalError::Damaged { what, .. } => what,
        other => panic!("{other}"),
    }
}

fn filled() -> TempDir {
    let dir = state();
    fill(&writer(dir.path()), 1, 30);
    dir
}

#[test]
fn a_changed_record_is_named() {
    for (sql, words) in [
        (
            "UPDATE records SET body = replace(body, 'number 7', 'number 8') WHERE seq = 7",
            "record 7 does not fit",
        ),
        (
            "UPDATE records SET term = 2 WHERE seq = 7",
            "record 7 does not fit",
        ),
        (
            "UPDATE records SET hash = zeroblob(32) WHERE seq = 7",
            "record 7 does not fit",
        ),
        (
            "DELETE FROM records WHERE seq = 7",
            "record 7 is missing: 6 is followed by 8",
        ),
        (
            "DELETE FROM records WHERE seq = 1",
            "record 1 is missing: 0 is followed by 2",
        ),
        (
            "UPDATE records SET body = (SELECT body FROM records r WHERE r.seq = 9) WHERE seq = 8",
            "record 8 does not fit",
        ),
    ] {
        let dir = filled();
        // A higher term, so that the foreign key holds.
        tamper(
            dir.path(),
            &format!("INSERT INTO terms VALUES (2, '', ''); {sql}"),
        );
        let what = damaged(dir.path());
        assert!(what.contains(words), "{sql}: {what}");
        let accepted = SqliteJournal::accept(dir.path(), at(99), "dana");
        assert!(
            matches!(accepted, Err(JournalError::Damaged { .. })),
            "no word of a person mends a chain"
        );
    }
}

#[test]
fn a_missing_trigger_is_named() {
    let dir = filled();
    let conn = Connection::open(dir.path().join("journal.db")).unwrap();
    conn.execute_batch("DROP TRIGGER records_never_vanish")
        .unwrap();
    drop(conn);
    assert!(damaged(dir.path()).contains("records_never_vanish"));
}

#[test]
fn a_cut_tail_is_behind_its_anchor_until_a_person_accepts_it() {
    let dir = filled();
    tamper(dir.path(), "DELETE FROM records WHERE seq > 20");
    assert!(matches!(
        open_error(dir.path()),
        JournalError::BehindAnchor {
            found: 20,
            anchored: 30,
            ..
        }
    ));
    let accepted = SqliteJournal::accept(dir.path(), at(99), "dana").unwrap();
    assert_eq!(
        accepted,
        Some(Accepted {
            anchored: Some(30),
            found: 20
        })
    );
    assert_eq!(
        SqliteJournal::accept(dir.path(), at(99), "dana").unwrap(),
        None
    );
    let journal = writer(dir.path());
    let said: (String, i64, i64) = journal
        .lock()
        .conn
        .query_row("SELECT who, anchor_seq, head_seq FROM accepts", (), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(said, ("dana".into(), 30, 20));
    journal.append(&[note(21)]).unwrap();
}

#[test]
fn an_old_copy_is_behind_its_anchor() {
    let (dir, copy) = (state(), state());
    let journal = writer(dir.path());
    fill(&journal, 1, 10);
    copy_files(dir.path(), copy.path());
    fs::remove_file(copy.path().join("journal.anchor")).unwrap();
    fill(&journal, 11, 15);
    drop(journal);
    fs::remove_file(dir.path().join("journal.db")).unwrap();
    copy_files(copy.path(), dir.path());
    assert!(matches!(
        open_error(dir.path()),
        JournalError::BehindAnchor {
            found: 10,
            anchored: 15,
            ..
        }
    ));
}

#[test]
fn a_deleted_journal_or_wal_is_behind_its_anchor() {
    let (dir, copy) = (state(), state());
    let journal = writer(dir.path());
    fill(&journal, 1, 10);
    copy_files(dir.path(), copy.path());
    fs::remove_file(copy.path().join("journal.db-wal")).unwrap();
    let error = SqliteJournal::open(copy.path(), Access::Write).unwrap_err();
    assert!(
        matches!(
            error,
            JournalError::BehindAnchor {
                found: 0,
                anchored: 10,
                ..
            }
        ),
        "{error}"
    );
    drop(journal);
    fs::remove_file(dir.path().join("journal.db")).unwrap();
    let error = SqliteJournal::open(dir.path(), Access::Write).unwrap_err();
    assert!(
        matches!(
            error,
            JournalError::BehindAnchor {
                found: 0,
                anchored: 10,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_lost_or_damaged_anchor_needs_a_person() {
    for content in [None, Some("rubbish")] {
        let dir = filled();
        let anchor = dir.path().join("journal.anchor");
        match content {
            None => fs::remove_file(&anchor).unwrap(),
            Some(text) => fs::write(&anchor, text).unwrap(),
        }
        assert!(damaged(dir.path()).contains("haltline journal accept"));
        let accepted = SqliteJournal::accept(dir.path(), at(99), "dana").unwrap();
        assert_eq!(
            accepted,
            Some(Accepted {
                anchored: None,
                found: 30
            })
        );
        writer(dir.path()).append(&[note(31)]).unwrap();
    }
}

#[test]
fn a_rewritten_past_with_a_sound_chain_is_not_the_anchored_one() {
    let (dir, other) = (filled(), state());
    fill(&writer(other.path()), 2, 33);
    fs::copy(
        other.path().join("journal.db"),
        dir.path().join("journal.db"),
    )
    .unwrap();
    assert!(damaged(dir.path()).contains("record 30 is not the one that was anchored"));
}

#[test]
fn a_log_ahead_of_its_anchor_is_what_a_crash_leaves() {
    let dir = state();
    let journal = writer(dir.path());
    fill(&journal, 1, 10);
    let early = fs::read(journal.anchor.path()).unwrap();
    fill(&journal, 11, 19);
    fs::write(journal.anchor.path(), early).unwrap();
    drop(journal);
    let journal = writer(dir.path());
    assert_eq!(journal.verify().unwrap().anchored, Some(10));
    journal.append(&[note(20)]).unwrap();
    assert_eq!(journal.verify().unwrap().anchored, Some(20));
}

/// Flips one seeded bit of one file at a time; the journal is refused, or says what it said.
fn flip_bits(files: &Path, name: &str, times: usize, seed: u64, expected: &[Record]) -> usize {
    let mut rng = StdRng::seed_from_u64(seed);
    let good = fs::read(files.join(name)).unwrap();
    let mut refused = 0;
    for _ in 0..times {
        let (byte, bit) = (rng.random_range(0..good.len()), rng.random_range(0..8));
        let dir = state();
        copy_files(files, dir.path());
        let mut bad = good.clone();
        bad[byte] ^= 1 << bit;
        fs::write(dir.path().join(name), bad).unwrap();
        let read = SqliteJournal::open(dir.path(), Access::Write)
            .and_then(|journal| journal.records_after(0));
        match read {
            Ok(records) => assert_eq!(records, expected, "{name}: byte {byte}, bit {bit}"),
            Err(_) => refused += 1,
        }
    }
    refused
}

#[test]
fn no_flipped_bit_of_the_database_goes_unnoticed() {
    let dir = filled();
    let journal = SqliteJournal::open(dir.path(), Access::Write).unwrap();
    let expected = journal.records_after(0).unwrap();
    drop(journal);
    let refused = flip_bits(dir.path(), "journal.db", 200, 1, &expected);
    assert!(refused > 10, "only {refused} of 200 flips met anything");
}

#[test]
fn no_flipped_bit_of_the_wal_loses_a_record_silently() {
    let (dir, copy) = (state(), state());
    let journal = writer(dir.path());
    fill(&journal, 1, 30);
    copy_files(dir.path(), copy.path());
    let expected = journal.records_after(0).unwrap();
    let refused = flip_bits(copy.path(), "journal.db-wal", 60, 2, &expected);
    assert!(refused > 10, "only {refused} of 60 flips met anything");
}

/// What `quick_check` lets pass: an index that says something else than its table.
#[test]
fn a_damaged_index_is_found() {
    let dir = state();
    let journal = writer(dir.path());
    let id = "0f6e-an-id-that-is-nowhere-else";
    let request = ActRequest {
        id: id.into(),
        app: None,
        act: crate::domain::Act::Arm,
        actor: person(),
        standing: crate::domain::Standing::default(),
        reason: "again".into(),
        expect: None,
    };
    journal.ask(&request, at(1)).unwrap();
    drop(journal);
    let path = dir.path().join("journal.db");
    let good = fs::read(&path).unwrap();
    let places: Vec<usize> = good
        .windows(id.len())
        .enumerate()
        .filter(|(_, bytes)| *bytes == id.as_bytes())
        .map(|(place, _)| place)
        .collect();
    assert_eq!(places.len(), 3, "in the column, in its index, in the JSON");
    let refused = places.iter().filter(|place| {
        let mut bad = good.clone();
        bad[**place] ^= 1;
        fs::write(&path, bad).unwrap();
        SqliteJournal::open(dir.path(), Access::Write).is_err()
    });
    assert_eq!(refused.count(), 2, "where column and index differ");
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let dir = filled();
    tamper(dir.path(), "PRAGMA user_version = 9");
    assert!(matches!(
        open_error(dir.path()),
        JournalError::TooNew {
            found: 9,
            known: 2,
            ..
        }
    ));
}

#[test]
fn something_else_is_no_journal() {
    let dir = state();
    let path = dir.path().join("journal.db");
    fs::write(
        &path,
        "This is not a database, but long enough to be taken for one. ".repeat(100),
    )
    .unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(damaged(dir.path()).contains("not a database"));
}

#[test]
fn files_are_private_and_others_are_refused() {
    let parent = state();
    let dir = parent.path().join("deep/state");
    let journal = writer(&dir);
    journal.append(&[note(1)]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let names = [
        "journal.db",
        "journal.db-wal",
        "journal.db-shm",
        "journal.anchor",
    ];
    for name in names {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
    drop(journal);
    for name in ["journal.db", "journal.anchor"] {
        let path = dir.join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = SqliteJournal::open(&dir, Access::Write)
            .unwrap_err()
            .to_string();
        assert!(error.contains("run: chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();

        fs::rename(&path, dir.join("real")).unwrap();
        symlink(dir.join("real"), &path).unwrap();
        let error = SqliteJournal::open(&dir, Access::Write)
            .unwrap_err()
            .to_string();
        assert!(error.contains("symbolic link"), "{error}");
        fs::remove_file(&path).unwrap();
        fs::rename(dir.join("real"), &path).unwrap();
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    let error = SqliteJournal::open(&dir, Access::Write)
        .unwrap_err()
        .to_string();
    assert!(error.contains("run: chmod 700"), "{error}");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    if rustix::process::geteuid().is_root() {
        chown(dir.join("journal.db"), Some(NOBODY), None).unwrap();
        let error = SqliteJournal::open(&dir, Access::Write)
            .unwrap_err()
            .to_string();
        assert!(error.contains("belongs to user id 65534"), "{error}");
    }
    symlink(&dir, parent.path().join("link")).unwrap();
    let _ignored = chown(
        dir.join("journal.db"),
        Some(rustix::process::geteuid().as_raw()),
        None,
    );
    assert!(
        writer(&parent.path().join("link")).verify().is_ok(),
        "the directory itself may be a link"
    );
}

#[test]
fn child_finds_a_read_only_directory() {
    let Some(dir) = child_dir() else { return };
    let error = SqliteJournal::open(&dir, Access::Write).unwrap_err();
    assert!(matches!(error, JournalError::NotWritable { .. }), "{error}");
    let error = SqliteJournal::open(&dir.join("new"), Access::Write).unwrap_err();
    assert!(matches!(error, JournalError::NotWritable { .. }), "{error}");
}

#[test]
fn a_read_only_directory_is_not_writable() {
    let dir = filled();
    let root = rustix::process::geteuid().is_root();
    for name in ["journal.db", "journal.anchor", ""] {
        let path = dir.path().join(name);
        if root {
            chown(&path, Some(NOBODY), None).unwrap();
        }
        let mode = if name.is_empty() { 0o500 } else { 0o400 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    // Root may write anywhere: there the test runs as nobody, where nobody may run this binary.
    let child = child(
        "damage::child_finds_a_read_only_directory",
        dir.path(),
        |command| {
            if root {
                command.uid(NOBODY);
            }
        },
    );
    match child {
        Ok(mut child) => assert!(child.wait().unwrap().success()),
        Err(error) => assert!(root && error.kind() == std::io::ErrorKind::PermissionDenied),
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
}
