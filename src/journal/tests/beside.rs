//! What lives beside the records: requests of other processes, the lock, the red button.

use std::io::{BufRead, BufReader, Read, Write};

use super::*;
use crate::domain::Act;
use crate::journal::disarm::{self, ArmError, Disarm};

fn request(id: &str, act: Act) -> ActRequest {
    ActRequest {
        id: id.into(),
        app: Some(app("shop-android")),
        act,
        actor: person(),
        standing: crate::domain::Standing::default(),
        reason: "crashes at start".into(),
        expect: Some(4),
    }
}

#[test]
fn asking_twice_is_asking_once_and_the_first_answer_stands() {
    let dir = state();
    let watcher = writer(dir.path());
    let asker = SqliteJournal::open(dir.path(), Access::Write).unwrap();
    let memory = MemoryJournal::default();
    let pairs: [(&dyn Journal, &dyn Journal); 2] = [(&asker, &watcher), (&memory, &memory)];
    for (asker, watcher) in pairs {
        let pause = request(
            "b",
            Act::Do {
                verb: Verb::Pause,
                to: None,
            },
        );
        let disarm = request("a", Act::Disarm { until: at(60) });
        asker.ask(&pause, at(1)).unwrap();
        asker.ask(&disarm, at(2)).unwrap();
        asker.ask(&request("b", Act::Arm), at(3)).unwrap();
        assert_eq!(watcher.open_requests().unwrap(), [pause, disarm.clone()]);
        assert_eq!(asker.reply_to("b").unwrap(), None);
        let taken = ActReply::Taken { revision: 5 };
        watcher.answer("b", &taken).unwrap();
        watcher.answer("b", &ActReply::Done).unwrap();
        watcher.answer("nobody asked", &ActReply::Done).unwrap();
        assert_eq!(asker.reply_to("b").unwrap(), Some(taken));
        assert_eq!(asker.reply_to("nobody asked").unwrap(), None);
        assert_eq!(asker.open_requests().unwrap(), [disarm]);
    }
}

#[test]
fn many_may_ask_while_the_watcher_appends() {
    let dir = state();
    let watcher = writer(dir.path());
    std::thread::scope(|scope| {
        for asker in 0..4 {
            let dir = dir.path();
            scope.spawn(move || {
                let journal = SqliteJournal::open(dir, Access::Write).unwrap();
                for n in 0..10 {
                    journal
                        .ask(&request(&format!("{asker}-{n}"), Act::Postpone), at(n))
                        .unwrap();
                }
            });
        }
        fill(&watcher, 1, 40);
    });
    assert_eq!(watcher.open_requests().unwrap().len(), 40);
    assert_eq!(watcher.verify().unwrap().records, 40);
}

#[test]
fn two_that_open_a_new_directory_at_once_both_succeed() {
    let dir = state();
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..6).map(|_| scope.spawn(|| writer(dir.path()))).collect();
        for journal in opened {
            journal.join().unwrap();
        }
    });
    assert_eq!(writer(dir.path()).take_lease(at(1), "last").unwrap(), 8);
}

#[test]
fn child_holds_the_lock() {
    let Some(dir) = child_dir() else { return };
    let _lock = WatcherLock::try_lock(&dir, at(3)).unwrap().unwrap();
    writeln!(std::io::stdout(), "\nlocked").unwrap();
    std::io::stdin().read_to_string(&mut String::new()).unwrap();
}

#[test]
fn the_lock_is_exclusive_and_dies_with_its_process() {
    let dir = state();
    assert!(!WatcherLock::is_locked(dir.path()).unwrap());
    let mut running = child("beside::child_holds_the_lock", dir.path(), |_| {}).unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "locked"));
    let holder = Holder {
        pid: Some(running.id()),
        since: Some(at(3)),
    };
    assert_eq!(WatcherLock::holder(dir.path()).unwrap(), Some(holder));
    assert_eq!(
        WatcherLock::try_lock(dir.path(), at(4))
            .unwrap()
            .unwrap_err(),
        holder
    );
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(!WatcherLock::is_locked(dir.path()).unwrap());
    let lock = WatcherLock::try_lock(dir.path(), at(5)).unwrap().unwrap();
    assert!(WatcherLock::is_locked(dir.path()).unwrap());
    drop(lock);
    assert_eq!(WatcherLock::holder(dir.path()).unwrap(), None);
}

#[test]
fn somebody_who_only_asks_never_keeps_a_watcher_from_starting() {
    let dir = state();
    drop(WatcherLock::try_lock(dir.path(), at(0)).unwrap().unwrap());
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                WatcherLock::is_locked(dir.path()).unwrap();
            }
        });
        let started = (0..200)
            .filter(|n| WatcherLock::try_lock(dir.path(), at(*n)).is_ok_and(|lock| lock.is_ok()))
            .count();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(started, 200);
    });
}

fn press(of: Option<&str>, until: i64) -> Disarm {
    Disarm {
        app: of.map(app),
        until: Some(at(until)),
        actor: person(),
        reason: "fire drill".into(),
    }
}

#[test]
fn the_red_button_holds_until_its_time_or_until_armed() {
    let parent = state();
    let dir = parent.path().join("state");
    let shop = app("shop-android");
    assert_eq!(
        disarm::read(&dir, at(0)),
        [],
        "nothing there, nothing disarmed"
    );
    disarm::disarm(&dir, press(Some("shop-android"), 60), at(0)).unwrap();
    disarm::disarm(&dir, press(Some("shop-ios"), 90), at(0)).unwrap();
    disarm::disarm(&dir, press(Some("shop-android"), 70), at(1)).unwrap();
    let active = disarm::read(&dir, at(69));
    assert_eq!(
        active,
        [press(Some("shop-ios"), 90), press(Some("shop-android"), 70)]
    );
    assert!(!active[0].covers(&shop) && active[1].covers(&shop));
    assert_eq!(disarm::read(&dir, at(70)), [press(Some("shop-ios"), 90)]);
    disarm::disarm(&dir, press(None, 100), at(70)).unwrap();
    let left = disarm::arm(&dir, Some(&app("shop-ios")), at(71)).unwrap();
    assert_eq!(
        left,
        [press(None, 100)],
        "arming one app does not undo a disarm of all"
    );
    assert!(left[0].covers(&shop));
    assert_eq!(disarm::arm(&dir, None, at(71)).unwrap(), []);
    assert_eq!(disarm::read(&dir, at(71)), []);
}

#[test]
fn a_file_dropped_by_hand_disarms_everything_until_it_is_removed() {
    let dir = state();
    fs::write(dir.path().join("DISARM"), "").unwrap();
    let active = disarm::read(dir.path(), at(0));
    assert!(active.len() == 1 && active[0].covers(&app("shop-ios")) && active[0].until.is_none());
    assert_eq!(
        disarm::arm(dir.path(), None, at(0)).unwrap(),
        active,
        "arm says what is left to do"
    );
    fs::remove_file(dir.path().join("DISARM")).unwrap();
    assert_eq!(disarm::read(dir.path(), at(0)), []);
}

#[test]
fn a_file_that_cannot_be_read_disarms_everything_until_armed() {
    let whole = br#"{"schema":"haltline/disarmed/v2","disarmed":[]}"#;
    let mut broken: Vec<Vec<u8>> = vec![vec![], b"{}".into(), b"\xff\xfe".into(), whole.to_vec()];
    broken.push(vec![b' '; 3 << 20]);
    broken.push(br#"{"schema":"haltline/disarmed/v1","disarmed":[],"more":1}"#.into());
    for content in broken {
        let dir = state();
        let path = dir.path().join("disarmed.json");
        fs::write(&path, &content).unwrap();
        let all = |now| {
            disarm::read(dir.path(), at(now))
                .iter()
                .any(|d| d.app.is_none() && d.until.is_none())
        };
        assert!(all(0));
        let one = disarm::arm(dir.path(), Some(&app("shop-ios")), at(0));
        assert!(matches!(one, Err(ArmError::Unreadable(_))));
        disarm::disarm(dir.path(), press(Some("shop-ios"), 10), at(0)).unwrap();
        disarm::disarm(dir.path(), press(None, 10), at(0)).unwrap();
        assert!(all(20), "a disarm that ends must not end one that does not");
        assert_eq!(disarm::arm(dir.path(), None, at(20)).unwrap(), []);
    }
    let dir = state();
    std::os::unix::fs::symlink("/dev/null", dir.path().join("disarmed.json")).unwrap();
    assert_eq!(
        disarm::read(dir.path(), at(0)).len(),
        1,
        "a link is not followed"
    );
}

#[test]
fn two_people_who_press_at_once_both_count() {
    let dir = state();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let dir = dir.path();
            scope.spawn(move || {
                disarm::disarm(dir, press(Some(&format!("app-{n}")), 60), at(0)).unwrap();
            });
        }
    });
    assert_eq!(disarm::read(dir.path(), at(1)).len(), 8);
}
