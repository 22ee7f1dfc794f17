//! The demo without a screen: the same events, byte for byte, however busy the machine is, and the story they tell.

mod support;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;
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
    let halt = |event: &Value| event["verb"] == "halt";
    let story: [(&str, &dyn Fn(&Value) -> bool); 10] = [
        ("rule-breached", &|e| e["rule"] == "crash-ratio"),
        ("rule-fired", &|e| e["rule"] == "crash-ratio" && halt(e)),
        ("act-announced", &halt),
        ("desire-set", &|e| {
            halt(e) && e["target"]["state"] == "stopped"
        }),
        ("write-started", &|e| e["attempt"] == 1),
        ("write-ended", &|e| e["applied"] == "written"),
        ("store-changed", &|e| e["release"]["status"] == "stopped"),
        ("desire-confirmed", &halt),
        ("tell-queued", &|e| e["urgency"] == "page"),
        ("told", &|_| true),
    ];
    let mut rest = android.iter();
    for (name, fits) in story {
        assert!(
            rest.any(|line| line["event"] == name && fits(line)),
            "{name} is missing, or out of order:\n{}",
            ran.stdout
        );
    }
    let count = |name: &str| android.iter().filter(|e| e["event"] == name).count();
    assert_eq!((count("desire-set"), count("desire-confirmed")), (1, 1));
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
