//! A watcher that is asked to end in the middle of a write, and what its next start makes of that; and one that hangs.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use haltline::ports::clock::Stopwatch;
use haltline::simulator::fault::{Fault, Vendor};
use rustix::process::Signal;

use crate::bench::{BREACHING, Bench, HEALTHY, Started};

fn hang(ms: u64) -> Fault {
    Fault::Hang { ms, applied: true }
}

/// A watcher whose halt the store has taken, and not answered for so long.
async fn in_mid_write(ms: u64) -> (Bench, Started) {
    let bench = Bench::new(BREACHING).await;
    bench.fault_times(Vendor::GooglePlay, ":commit", 1, hang(ms));
    let mut watch = bench.start(&["watch", "--json"]);
    watch
        .until("the write", |out| out.contains("write-started"))
        .await;
    while bench.writes().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (bench, watch)
}

/// The next one finds out what became of it: one change at the store, proven.
async fn is_proven_by_the_next(bench: &Bench) {
    let mut next = bench.start(&["watch", "--json"]);
    next.until("the proof", |out| out.contains("desire-confirmed"))
        .await;
    assert_eq!(bench.writes(), ["halted"]);
    next.stop().await.ends_with(0);
    let audit = bench.run(&["audit", "--json"]).await.ends_with(0);
    for once in ["\"desire-set\"", "\"desire-confirmed\""] {
        assert_eq!(audit.out.matches(once).count(), 1, "{once}");
    }
    bench.run(&["audit", "--verify"]).await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_answered_soon_is_waited_for() {
    for signal in [Signal::TERM, Signal::INT] {
        let (bench, watch) = in_mid_write(1_500).await;
        watch.signal(signal);
        let run = watch.end().await.ends_with(0);
        let at = |name: &str| {
            run.out
                .find(name)
                .unwrap_or_else(|| panic!("{name}: {run}"))
        };
        assert!(at("write-ended") < at("watcher-stopped"), "{run}");
        is_proven_by_the_next(&bench).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_not_answered_is_left_to_the_next_start() {
    let (bench, watch) = in_mid_write(60_000).await;
    let waited = Stopwatch::start();
    let run = watch.stop().await.ends_with(0);
    assert!(waited.elapsed() < Duration::from_secs(15), "{run}");
    assert!(!run.out.contains("write-ended"), "{run}");
    is_proven_by_the_next(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_insists_is_not_kept_waiting() {
    let (bench, mut watch) = in_mid_write(60_000).await;
    watch.signal(Signal::TERM);
    watch.until_log("stopping").await;
    let waited = Stopwatch::start();
    watch.signal(Signal::TERM);
    watch.end().await.ends_with(143);
    assert!(waited.elapsed() < Duration::from_secs(4));
    is_proven_by_the_next(&bench).await;
}

/// What the service manager is told, as long as it is told something.
struct Manager(UnixDatagram);

impl Manager {
    fn of(bench: &Bench) -> (Self, String) {
        let path = bench.dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        (Self(manager), path.to_str().unwrap().to_owned())
    }

    /// Whether it is pinged within that time.
    fn is_pinged(&self, within: Duration) -> bool {
        let waited = Stopwatch::start();
        let mut text = [0; 4096];
        while let Some(left) = within.checked_sub(waited.elapsed()) {
            let left = left.max(Duration::from_millis(1));
            self.0.set_read_timeout(Some(left)).unwrap();
            let Ok(length) = self.0.recv(&mut text) else {
                return false;
            };
            if text[..length].starts_with(b"WATCHDOG=1") {
                return true;
            }
        }
        false
    }

    /// Forgets what it was told until now.
    fn forget(&self) {
        self.0.set_nonblocking(true).unwrap();
        while self.0.recv(&mut [0; 4096]).is_ok() {}
        self.0.set_nonblocking(false).unwrap();
    }
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn vendors_that_hang_do_not_keep_the_loop_from_turning() {
    let bench = Bench::new(HEALTHY).await;
    let (manager, path) = Manager::of(&bench);
    for vendor in Vendor::ALL {
        bench.fault(vendor, "", hang(600_000));
    }
    let vars = [
        ("NOTIFY_SOCKET", path.as_str()),
        ("WATCHDOG_USEC", "1000000"),
    ];
    let mut watch = bench.start_with(&["watch"], &vars);
    watch.until_log("serving at").await;
    for ping in 0..6 {
        assert!(manager.is_pinged(LONG), "{ping}");
    }
    watch.stop().await.ends_with(0);
}

/// The loop hangs where it prints to somebody who does not read: no ping comes until they do.
#[tokio::test(flavor = "multi_thread")]
async fn a_loop_that_hangs_pings_nobody() {
    let bench = Bench::new(BREACHING).await;
    let (manager, path) = Manager::of(&bench);
    let (mut theirs, mut ours) = std::io::pipe().unwrap();
    // Of what a pipe holds a page is left.
    ours.write_all(&vec![b'\n'; 60 << 10]).unwrap();
    let mut command = bench.command(&["watch", "--json"]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "1000000")
        .stdout(ours)
        .stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    // It holds the other end.
    drop(command);
    assert!(manager.is_pinged(LONG));
    // Sooner or later that is full.
    let waited = Stopwatch::start();
    while manager.is_pinged(Duration::from_secs(3)) {
        assert!(waited.elapsed() < Duration::from_mins(1), "it never hung");
    }
    manager.forget();
    assert!(!manager.is_pinged(Duration::from_secs(2)));
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).unwrap();
        all.len()
    });
    assert!(manager.is_pinged(LONG), "the loop turns again");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(reader.join().unwrap() >= 64 << 10);
}
