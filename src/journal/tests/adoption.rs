//! Who ran what, over time: one set an hour, cut, and let go of after some weeks.

use super::*;
use crate::domain::reading::VersionShare;
use crate::ports::Adoption;

const HOUR: i64 = 3_600;

fn share(label: &str, version: Option<&str>, sessions: u64, users: Option<u64>) -> VersionShare {
    VersionShare {
        label: label.into(),
        version: version.map(str::to_owned),
        sessions,
        users,
    }
}

fn tell(journal: &dyn Journal, id: &str, seconds: i64, shares: &[VersionShare]) {
    let report = SourceReport {
        shares: shares.to_vec(),
        ..SourceReport::default()
    };
    journal
        .save_report(&app("shop-android"), &source(id), at(seconds), &report)
        .unwrap();
}

fn told(journal: &dyn Journal, id: &str, since: i64) -> Vec<Adoption> {
    journal
        .adoption(&app("shop-android"), &source(id), at(since))
        .unwrap()
}

fn on_both(test: impl Fn(&dyn Journal)) {
    let dir = state();
    test(&SqliteJournal::open(dir.path(), Access::Write).unwrap());
    test(&MemoryJournal::default());
}

#[test]
fn the_first_word_of_an_hour_is_kept() {
    on_both(|journal| {
        // 1,790,000,000 is 800 seconds into its hour.
        let first = [
            share("8.43.0", Some("84300"), 10, Some(4)),
            share("8.42.1", None, 90, None),
        ];
        let later = [share("8.43.0", Some("84300"), 50, Some(20))];
        tell(journal, "sentry", 0, &first);
        tell(journal, "sentry", 60, &later);
        tell(journal, "sentry", HOUR, &later);
        tell(journal, "vitals", 2 * HOUR, &first);
        tell(journal, "sentry", 3 * HOUR, &[]);
        let expected = [
            Adoption {
                at: at(0),
                shares: first.to_vec(),
            },
            Adoption {
                at: at(HOUR),
                shares: later.to_vec(),
            },
        ];
        assert_eq!(told(journal, "sentry", -HOUR), expected);
        assert_eq!(told(journal, "sentry", 1), expected[1..]);
        assert_eq!(told(journal, "vitals", 0).len(), 1);
    });
}

#[test]
fn what_is_compared_is_never_cut_and_the_rest_is_summed() {
    on_both(|journal| {
        let mut shares: Vec<VersionShare> = (0..40)
            .map(|n| share(&format!("v{n:02}"), None, 1_000 - n, Some(10)))
            .collect();
        shares.push(share("new", Some("84300"), 1, None));
        tell(journal, "sentry", 0, &shares);
        let kept = told(journal, "sentry", 0).remove(0).shares;
        assert_eq!(kept.len(), 21);
        assert_eq!(kept[0].label.as_str(), "new");
        assert_eq!(kept[1].label.as_str(), "v00");
        let rest = &kept[20];
        assert_eq!((rest.label.as_str(), rest.users), ("others", Some(210)));
        let sum = |shares: &[VersionShare]| shares.iter().map(|it| it.sessions).sum::<u64>();
        assert_eq!(sum(&kept), sum(&shares));
    });
}

#[test]
fn weeks_later_it_is_let_go() {
    on_both(|journal| {
        let shares = [share("8.43.0", Some("84300"), 10, None)];
        tell(journal, "sentry", 0, &shares);
        tell(journal, "sentry", 41 * 24 * HOUR, &shares);
        assert_eq!(told(journal, "sentry", 0).len(), 2);
        tell(journal, "sentry", 43 * 24 * HOUR, &shares);
        assert_eq!(told(journal, "sentry", 0).len(), 2, "the oldest is gone");
    });
}

#[test]
fn a_journal_of_the_first_schema_is_brought_up_by_who_may_write() {
    let dir = state();
    {
        let journal = writer(dir.path());
        fill(&journal, 1, 3);
        let before = "DROP TABLE adoption; PRAGMA user_version = 1";
        journal.lock().conn.execute_batch(before).unwrap();
    }
    let refused = SqliteJournal::open(dir.path(), Access::ReadOnly).unwrap_err();
    assert!(refused.to_string().contains("schema 1"), "{refused}");
    let journal = SqliteJournal::open(dir.path(), Access::Write).unwrap();
    assert_eq!(journal.records_after(0).unwrap().len(), 3);
    tell(
        &journal,
        "sentry",
        0,
        &[share("8.43.0", Some("84300"), 10, None)],
    );
    assert_eq!(told(&journal, "sentry", 0).len(), 1);
}

#[test]
fn a_long_record_is_read_in_parts() {
    let dir = state();
    let sqlite = writer(dir.path());
    let memory = MemoryJournal::default();
    for n in 1..=7 {
        sqlite.append(&[note(n)]).unwrap();
        memory.append(&[note(n)]).unwrap();
    }
    for journal in [&sqlite as &dyn Journal, &memory] {
        let seqs = |after, most| -> Vec<u64> {
            let part = journal.some_after(after, most).unwrap();
            part.iter().map(|record| record.seq).collect()
        };
        assert_eq!(seqs(0, 3), [1, 2, 3]);
        assert_eq!(seqs(3, 3), [4, 5, 6]);
        assert_eq!(seqs(6, 3), [7]);
        assert!(seqs(7, 3).is_empty());
    }
}
