//! The daemon as a service: a newer config while it runs, what the service manager and the log are told, a clean end.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use haltline::simulator::fault::{Fault, Vendor};
use rustix::process::Signal;
use serde_json::Value;

use crate::bench::{ANDROID, BREACHING, Bench, HEALTHY};

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_reads_the_config_anew_and_a_wrong_one_is_refused() {
    let bench = Bench::new(HEALTHY).await;
    let mut watch = bench.watching().await;

    let right = fs::read_to_string(&bench.sim.config).unwrap();
    bench.edit(|text| text.replacen("[watcher]", "[watcher]\npool = \"9s\"", 1));
    watch.signal(Signal::HUP);
    let refused = |out: &str| out.contains("config-refused");
    watch.until("the refusal", refused).await;
    assert!(watch.stderr().contains("pool"), "{}", watch.stderr());

    fs::write(&bench.sim.config, &right).unwrap();
    bench.replace("poll = \"1s\"", "poll = \"2s\"");
    watch.signal(Signal::HUP);
    let taken = |out: &str| out.contains("config-reloaded") && out.contains("poll 1s → 2s");
    watch.until("the newer config", taken).await;

    // It goes on: what is asked for is done.
    bench
        .run(&["halt", ANDROID, "--reason", "it crashes"])
        .await
        .ends_with(0);
    watch.stop().await.ends_with(0);
    bench.run(&["audit", "--verify"]).await.ends_with(0);
}

/// In the middle of a halt that the store keeps waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_in_mid_halt_loses_nothing() {
    let bench = Bench::new(BREACHING).await;
    let hang = Fault::Hang {
        ms: 1_500,
        applied: true,
    };
    bench.fault_times(Vendor::GooglePlay, ":commit", 1, hang);
    let mut watch = bench.start(&["watch", "--json"]);
    let writing = |out: &str| out.contains("write-started");
    watch.until("the write", writing).await;
    bench.replace("poll = \"1s\"", "poll = \"2s\"");
    watch.signal(Signal::HUP);
    let taken = |out: &str| out.contains("config-reloaded") && out.contains("desire-confirmed");
    watch.until("both", taken).await;
    let out = watch.stdout();
    let at = |name: &str| out.find(name).unwrap();
    assert!(at("write-ended") < at("config-reloaded"), "{out}");
    assert_eq!(out.matches("\"desire-set\"").count(), 1, "{out}");
    assert_eq!(out.matches("\"desire-confirmed\"").count(), 1, "{out}");
    assert_eq!(bench.writes(), ["halted"]);
    watch.stop().await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_told_how_things_stand() {
    let bench = Bench::new(HEALTHY).await;
    let path = bench.dir.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let vars = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "1000000"),
    ];
    let watch = bench.start_with(&["watch"], &vars);
    let mut told = Vec::new();
    let mut until = |wanted: &str| {
        let mut text = [0; 4096];
        loop {
            let length = manager.recv(&mut text).unwrap();
            let text = String::from_utf8(text[..length].to_vec()).unwrap();
            let found = text.contains(wanted);
            told.push(text);
            if found {
                return told.len();
            }
        }
    };
    until("READY=1");
    until("STATUS=watching 2 apps, worst: healthy");
    until("WATCHDOG=1");
    until("WATCHDOG=1");
    watch.signal(Signal::HUP);
    let reloading = until("RELOADING=1");
    assert!(until("READY=1") > reloading);
    watch.signal(Signal::TERM);
    until("STOPPING=1");
    watch.end().await.ends_with(0);
    let reload = &told[reloading - 1];
    assert!(reload.contains("MONOTONIC_USEC="), "{reload}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_what_its_reader_wants() {
    let bench = Bench::new(HEALTHY).await;
    let run = |vars: Vec<(&'static str, String)>| {
        let log = bench.dir.path().join("log");
        let file = File::create(&log).unwrap();
        let of_journal = {
            let meta = file.metadata().unwrap();
            format!("{}:{}", meta.dev(), meta.ino())
        };
        let status = bench
            .command(&["watch", "--once"])
            .env("HALTLINE_LOG", "debug")
            .env("JOURNAL_STREAM", of_journal)
            .envs(vars)
            .stderr(file)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(0));
        fs::read_to_string(log).unwrap()
    };
    let ours = |text: &str| -> Vec<String> {
        // Words for whoever started it are none of the log's.
        let verdict = |line: &&str| !line.starts_with("shop-");
        text.lines().filter(verdict).map(str::to_owned).collect()
    };
    let journal = run(Vec::new());
    for line in ours(&journal) {
        assert!(
            line.starts_with('<') && line.get(2..3) == Some(">"),
            "{line}"
        );
    }
    let json = run(vec![("HALTLINE_LOG_FORMAT", "json".into())]);
    for line in ours(&json) {
        let line: Value = serde_json::from_str(&line).unwrap();
        assert!(
            line["level"].is_string() && line["timestamp"].is_string(),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn manual_pages_and_completions_know_every_command() {
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["man", "pages"]).await.ends_with(0);
    let pages = bench.dir.path().join("config/pages");
    for page in ["haltline.1", "haltline-watch.1", "haltline-policy-check.1"] {
        let text = fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.run(&["completions", shell]).await.ends_with(0);
        assert!(script.out.contains("disarm"), "{script}");
    }
    bench.run(&["man"]).await.ends_with(0).tells(&[".TH"]);
    bench.run(&["completions", "tcsh"]).await.ends_with(2);
}
