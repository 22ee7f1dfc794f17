//! Through the socket of a watcher that runs: by who has neither config nor journal, over a kill and a new start, and around it.

use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::bench::{ANDROID, Bench, HEALTHY, Run, Started};

impl Bench {
    fn socket(&self) -> PathBuf {
        self.state().join("haltline.sock")
    }

    /// From a folder without a config.
    async fn elsewhere(&self, args: &[&str]) -> Run {
        let socket = self.socket();
        let mut all = vec!["--socket", socket.to_str().unwrap()];
        all.extend(args);
        // No config is there either.
        self.start_in(self.dir.path(), &all).end().await
    }

    fn start_in(&self, folder: &Path, args: &[&str]) -> Started {
        self.start_as(args, |command| {
            command.current_dir(folder);
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_config_sees_and_acts_through_the_socket() {
    let bench = Bench::new(HEALTHY).await;
    let watch = bench.watching().await;
    let status = bench.elsewhere(&["status", "--json"]).await;
    assert_eq!(status.json("haltline/snapshot/v1").len(), 1);
    bench
        .elsewhere(&["status", "shop-windows"])
        .await
        .ends_with(2)
        .tells(&["the watcher has shop-android, shop-ios"]);
    bench
        .elsewhere(&["note", ANDROID, "the vendor says so"])
        .await
        .ends_with(0);
    let halt = bench
        .elsewhere(&["halt", ANDROID, "--reason", "it crashes", "--json"])
        .await
        .ends_with(0);
    assert_eq!(halt.json("haltline/act/v1")[0]["result"], "confirmed");
    bench.elsewhere(&["status", ANDROID]).await.ends_with(10);
    bench
        .elsewhere(&["audit", ANDROID])
        .await
        .ends_with(0)
        .tells(&["it crashes", "the vendor says so"]);
    bench
        .elsewhere(&["summary", ANDROID])
        .await
        .ends_with(0)
        .tells(&["it crashes"]);
    bench
        .elsewhere(&["disarm", "--for", "1h", "--reason", "x"])
        .await
        .ends_with(0)
        .tells(&["DISARMED"]);
    bench.elsewhere(&["arm"]).await.ends_with(0);
    // What it would loosen is not known here; that there is no config is no news.
    let over = ["override", ANDROID, "crash-free-limit", "--off"];
    bench
        .elsewhere(&[&over[..], &["--for", "1h", "--reason", "noise"]].concat())
        .await
        .ends_with(13)
        .tells(&["without a config"])
        .tells_not(&["haltline.toml"]);
    assert_eq!(bench.writes(), ["halted"]);

    watch.signal(Signal::KILL);
    drop(watch);
    bench
        .elsewhere(&["status"])
        .await
        .ends_with(14)
        .tells(&["no watcher answers at"]);
    // With the config, and nobody there, it is the journal.
    bench.run(&["status"]).await.ends_with(10);
    let watch = bench.watching_again().await;
    bench.elsewhere(&["status", ANDROID]).await.ends_with(10);
    watch.stop().await.ends_with(0);
}

/// The watcher stands still: what is done around it is told to it once it goes on, and is that person's.
#[tokio::test(flavor = "multi_thread")]
async fn a_halt_around_a_watcher_that_hangs_is_told_to_it_afterwards() {
    let bench = Bench::new(HEALTHY).await;
    let watch = bench.watching().await;
    watch.signal(Signal::STOP);
    bench
        .run(&["halt", ANDROID, "--direct", "--reason", "it hangs"])
        .await
        .ends_with(0)
        .tells(&["halted at 5%", "was read back and agrees"]);
    assert_eq!(bench.writes(), ["halted"]);
    watch.signal(Signal::CONT);
    bench
        .run(&["status", ANDROID])
        .await
        .tells(&["the watcher was told what you did directly to shop-android"]);
    // It reads the store, and shows that it is halted: latched, by who did it.
    bench
        .run(&["wait", ANDROID, "--until", "completed", "--timeout", "30s"])
        .await
        .ends_with(10);
    bench.run(&["status", ANDROID]).await.ends_with(10);
    bench.run(&["audit", ANDROID]).await.tells(&["it hangs"]);
    let left = bench.dir.path().join("xdg-state/haltline/direct");
    assert_eq!(std::fs::read_dir(left).unwrap().count(), 0);
    watch.stop().await.ends_with(0);
    assert_eq!(bench.writes(), ["halted"]);
}
