//! A watcher whose disk is full, in a bad rollout: it says so, halts all the same, loses nothing it has said, and goes on by itself.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use haltline::simulator::fault::Vendor;
use serde_json::Value;

use crate::bench::{ANDROID, BREACHING, Bench, Started, status};

/// A small disk under the state folder, gone with this.
struct Disk {
    state: PathBuf,
    junk: PathBuf,
}

impl Disk {
    /// `None` where this process may not mount one.
    fn under(bench: &Bench) -> Option<Self> {
        let state = bench.state();
        fs::create_dir_all(&state).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=40m,mode=700", "none"])
            .arg(&state)
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            let junk = state.join("junk");
            return Some(Self { state, junk });
        }
        let skipped = "SKIPPED: a watcher on a full disk: this process may not mount one";
        drop(writeln!(std::io::stderr(), "{skipped}"));
        None
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut junk = File::options();
        let mut junk = junk.create(true).append(true).open(&self.junk).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while junk.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Takes whatever room there comes to be, as a log that runs away does.
    fn keep_full(&self) -> Thief {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let mut junk = File::options();
        let mut junk = junk.create(true).append(true).open(&self.junk).unwrap();
        let thread = thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                if junk.write_all(&[1; 4096]).is_err() {
                    thread::yield_now();
                }
            }
        });
        Thief { stop, thread }
    }

    fn empty(&self) {
        fs::remove_file(&self.junk).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.state).status());
    }
}

struct Thief {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Thief {
    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// Every event that was printed is in the journal, and that is sound.
async fn nothing_is_lost(bench: &Bench, watch: &Started) {
    let printed: Vec<u64> = watch
        .stdout()
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["seq"]
                .as_u64()
                .unwrap()
        })
        .collect();
    let audit = bench.run(&["audit", "--json"]).await.ends_with(0);
    let kept: Vec<Value> = audit
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for seq in &printed {
        assert!(kept.iter().any(|entry| entry["seq"] == *seq), "{seq}");
    }
    assert!(!printed.is_empty());
    bench.run(&["audit", "--verify"]).await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_in_a_bad_rollout_stops_no_halt_and_room_ends_it() {
    let bench = Bench::new(BREACHING).await;
    let Some(disk) = Disk::under(&bench) else {
        return;
    };
    // Nothing is known of the health until the disk is full.
    bench.fault(Vendor::Sentry, "", status(503));
    let mut watch = bench.start(&["watch", "--json"]);
    watch.until_log("serving at").await;
    watch
        .until("the store", |out| out.contains("release-found"))
        .await;
    disk.fill();
    bench.sim.world.faults().clear();
    watch
        .until("the halt", |out| out.contains("desire-confirmed"))
        .await;
    assert_eq!(bench.writes(), ["halted"]);
    watch.until_log("is full").await;
    watch
        .until("somebody is told", |out| {
            out.contains("tell-queued") && out.contains("make room there")
        })
        .await;
    // Once, however many pictures could not be kept.
    let lines = watch.stderr().matches("the picture for the next").count();
    assert!(lines <= 2, "{lines}");
    // The red button works.
    bench
        .run(&["disarm", "--for", "1h", "--reason", "the disk"])
        .await
        .ends_with(0);
    bench.run(&["arm"]).await.ends_with(0);

    // Whoever fills it takes the last of what was set aside, too: then it watches only, and says so everywhere.
    let thief = disk.keep_full();
    while !watch.stderr().contains("haltline watches but does not act") {
        bench.run(&["note", ANDROID, "on and on"]).await;
    }
    watch.until_log("haltline watches but does not act").await;
    let status = bench.run(&["status"]).await;
    status.tells(&["must not act", "cannot be written"]);
    thief.stop();
    nothing_is_lost(&bench, &watch).await;

    disk.empty();
    watch.until_log("room again: haltline acts again").await;
    watch.until_log("serving at").await;
    watch
        .until("it is said", |out| {
            out.contains("room again: haltline acts")
        })
        .await;
    bench
        .run(&["note", ANDROID, "the disk had been full"])
        .await
        .ends_with(0);
    assert_eq!(bench.writes(), ["halted"], "not once more");
    nothing_is_lost(&bench, &watch).await;
    watch.stop().await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_at_the_start_keeps_nobody_from_watching() {
    let bench = Bench::new(BREACHING).await;
    let Some(disk) = Disk::under(&bench) else {
        return;
    };
    // Nothing was ever there: without a journal it watches, and acts once there is room.
    disk.fill();
    let mut watch = bench.start(&["watch", "--json"]);
    watch.until_log("haltline watches but does not act").await;
    assert!(bench.writes().is_empty());
    disk.empty();
    watch.until_log("room again: haltline acts again").await;
    watch
        .until("the halt", |out| out.contains("desire-confirmed"))
        .await;
    watch.stop().await.ends_with(0);

    // One that has set room aside goes on in it.
    disk.fill();
    let mut again = bench.start(&["watch", "--json"]);
    again.until_log("serving at").await;
    bench
        .run(&["note", ANDROID, "still full"])
        .await
        .ends_with(0);
    again
        .until("the note", |out| out.contains("still full"))
        .await;
    nothing_is_lost(&bench, &again).await;
    again.stop().await.ends_with(0);
    assert_eq!(bench.writes(), ["halted"]);
}
