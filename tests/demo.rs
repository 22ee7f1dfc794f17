//! The demo without a screen: the same events, byte for byte, however busy the machine is, and the story they tell.

mod support;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};
use support::{Ran, run};

fn demo(seed: &str) -> Ran {
    let ran = run(["demo", "--headless", "--seed", seed]);
    assert_eq!(ran.code, Some(10), "{}", ran.stderr);
    ran
}

/// Seed 1, run once for all tests: the first test runs it again to compare.
fn the_demo() -> &'static Ran {
    static RAN: OnceLock<Ran> = OnceLock::new();
    RAN.get_or_init(|| demo("1"))
}

/// Runs `work` while every core has more to do than it can.
fn on_a_loaded_machine<T>(work: impl FnOnce() -> T) -> T {
    let enough = AtomicBool::new(false);
    let cores = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..2 * cores {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let result = work();
        enough.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_another_one_does_not() {
    let first = &the_demo().stdout;
    assert_eq!(*first, demo("1").stdout);
    let loaded = on_a_loaded_machine(|| demo("1").stdout);
    assert_eq!(*first, loaded, "on a loaded machine");
    assert_ne!(*first, demo("2").stdout, "another seed is another world");
}

#[test]
fn the_audit_log_tells_the_story_in_order() {
    let ran = the_demo();
    let android: Vec<Value> = ran
        .lines()
        .into_iter()
        .filter(|line| line["app"] == "shop-android")
        .collect();
    let story = [
        json!({ "event": "ladder-taken", "actor": { "kind": "haltline" } }),
        json!({ "event": "gate-moved", "stage": "5%", "next": "10%", "open": true }),
        json!({ "event": "desire-set", "verb": "advance", "actor": { "kind": "gate", "stage": "10%" } }),
        json!({ "event": "desire-confirmed", "verb": "advance", "exposure": "10%" }),
        json!({ "event": "gate-moved", "stage": "10%", "next": "25%", "open": true }),
        json!({ "event": "desire-confirmed", "verb": "advance", "exposure": "25%" }),
        json!({ "event": "gate-moved", "stage": "25%", "next": "50%", "open": false }),
        json!({ "event": "rule-breached", "rule": "crash-free-limit" }),
        json!({ "event": "rule-fired", "rule": "crash-free-limit", "verb": "halt" }),
        json!({ "event": "act-announced", "rule": "crash-free-limit", "verb": "halt" }),
        json!({ "event": "desire-set", "verb": "halt", "target": { "state": "stopped" } }),
        json!({ "event": "write-started", "attempt": 1 }),
        json!({ "event": "write-ended", "result": "done", "applied": "written" }),
        json!({ "event": "store-changed" }),
        json!({ "event": "desire-confirmed", "verb": "halt", "exposure": "25%" }),
        json!({ "event": "tell-queued", "urgency": "page" }),
        json!({ "event": "told" }),
    ];
    let mut rest = android.iter();
    for part in &story {
        let fits = |event: &Value| {
            part.as_object()
                .unwrap()
                .iter()
                .all(|(k, v)| event[k] == *v)
        };
        assert!(
            rest.any(fits),
            "missing, or out of order: {part}\n{}",
            ran.stdout
        );
    }
    let read = android.iter().rfind(|e| e["event"] == "store-changed");
    assert_eq!(read.unwrap()["release"]["status"], "stopped");
    let count = |name: &str| android.iter().filter(|e| e["event"] == name).count();
    // Two steps up, by open gates, and one halt.
    assert_eq!((count("desire-set"), count("desire-confirmed")), (3, 3));
    assert_eq!(count("tell-queued"), count("told"), "everything was told");
}

#[test]
fn no_event_knows_where_it_was_made() {
    let out = &the_demo().stdout;
    for trace in [
        "127.0.0.1",
        "localhost",
        "http:",
        "/tmp",
        "haltline-sim-",
        ".toml",
    ] {
        assert!(!out.contains(trace), "{trace} in\n{out}");
    }
}
