//! A disk that is really full: a small one of the test's own, where it may mount one.

use std::io::Write as _;

use super::*;

/// A small disk, gone with this.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where this process may not mount one.
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=40m,mode=700", "none"])
            .arg(dir.path())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(dir));
        }
        let skipped = "SKIPPED: a full disk: this process may not mount one";
        drop(writeln!(std::io::stderr(), "{skipped}"));
        None
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut junk = fs::File::create(self.0.path().join("junk")).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while junk.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn empty(&self) {
        fs::remove_file(self.0.path().join("junk")).unwrap();
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).status());
    }
}

fn report(journal: &SqliteJournal, n: i64) -> Result<(), JournalError> {
    let report = SourceReport {
        version_name: Some(format!("8.43.{n} {}", "x".repeat(2_000)).into()),
        ..SourceReport::default()
    };
    let source = source(&format!("source-{n}"));
    journal.save_report(&app("shop-android"), &source, at(n), &report)
}

#[test]
fn a_full_disk_takes_the_records_of_many_halts_and_says_so() {
    let Some(disk) = Disk::mount() else { return };
    let journal = writer(&disk.state());
    fill(&journal, 1, 3);
    assert_eq!(journal.short_of_room(), None);
    disk.fill();

    // Readings and records share the first part of what was set aside; the last is for records alone.
    let mut acknowledged = 3;
    let mut polls = 0;
    let refused = loop {
        fill(&journal, acknowledged + 1, acknowledged + 1);
        acknowledged += 1;
        match report(&journal, polls) {
            Ok(()) => polls += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, JournalError::Full { .. }), "{refused}");
    assert!(polls > 20, "{polls}");
    let said = journal.short_of_room().unwrap();
    assert!(said.contains("the last of it for acts alone"), "{said}");

    let before = acknowledged;
    let error = loop {
        match journal.append(&[note(acknowledged + 1)]) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(acknowledged - before > 50, "{}", acknowledged - before);
    assert!(matches!(error, JournalError::NotWritable { .. }), "{error}");
    let verified = journal.verify().unwrap();
    assert_eq!(verified.records.cast_signed(), acknowledged, "nothing lost");
    drop(journal);

    disk.empty();
    let journal = writer(&disk.state());
    assert_eq!(
        journal.verify().unwrap().records.cast_signed(),
        acknowledged
    );
    assert_eq!(journal.short_of_room(), None, "set aside anew");
    fill(&journal, acknowledged + 1, acknowledged + 2);
}

/// Whoever fills it takes at once what is given back.
#[test]
fn a_disk_that_goes_on_filling_up_still_takes_a_halt() {
    let Some(disk) = Disk::mount() else { return };
    let journal = writer(&disk.state());
    disk.fill();
    let mut junk = fs::File::options();
    let junk = junk.append(true).open(disk.0.path().join("junk"));
    let mut junk = junk.unwrap();
    let mut taken = 0;
    for n in 1.. {
        if journal.append(&[note(n)]).is_err() {
            break;
        }
        taken = n;
        while junk.write_all(&[1; 4096]).is_ok() {}
    }
    assert!(taken > 20, "{taken}");
    assert_eq!(journal.verify().unwrap().records.cast_signed(), taken);
}

/// The red button is written in what is set aside.
#[test]
fn a_full_disk_does_not_keep_the_button_from_being_pressed() {
    let Some(disk) = Disk::mount() else { return };
    drop(writer(&disk.state()));
    disk.fill();
    let pressed = disarm::Disarm {
        app: None,
        until: None,
        actor: person(),
        reason: "the disk is full".into(),
    };
    disarm::disarm(&disk.state(), pressed.clone(), at(0)).unwrap();
    assert_eq!(disarm::read(&disk.state(), at(1)), [pressed]);
    assert_eq!(disarm::arm(&disk.state(), None, at(2)).unwrap(), []);
}

#[test]
fn room_is_set_aside_anew_once_there_is_some() {
    let Some(disk) = Disk::mount() else { return };
    let journal = writer(&disk.state());
    disk.fill();
    for n in 1.. {
        fill(&journal, n, n);
        if journal.short_of_room().is_some() {
            break;
        }
    }
    disk.empty();
    assert_eq!(journal.short_of_room(), None);
    assert_eq!(size(&disk.state().join("journal.reserve")), 4 << 20);
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}
