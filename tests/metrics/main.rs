//! What haltline says of itself, before a real Prometheus: it is scraped without an error, `promtool` finds nothing to complain
//! about, and the alerts that come with haltline are loaded and ask for what is there.
//!
//! Needs the programs `prometheus` and `promtool`: beside each other where `HALTLINE_PROMETHEUS` says, or on the path. Where there
//! are none the tests say so, and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test's own helpers may fail the test, and say why it does nothing"
)]

mod real;
mod watched;

use real::{Real, promtool};
use watched::Watched;

#[tokio::test(flavor = "multi_thread")]
async fn a_prometheus_scrapes_it_and_knows_the_alerts() {
    let Some(programs) = real::programs() else {
        return;
    };
    let watched = Watched::start().await;
    let real = Real::start(&programs, &watched.address);

    let target = real.target().await;
    assert_eq!(
        (target["health"].as_str(), target["lastError"].as_str()),
        (Some("up"), Some("")),
        "{target}"
    );
    for (query, expected) in [
        ("up{job=\"haltline\"}", "1"),
        ("haltline_watcher_acting", "1"),
        ("sum(haltline_app_health)", "1"),
        ("count(haltline_app_health)", "4"),
        ("haltline_app_health{state=\"breached\"}", "1"),
        // What the store shows by the end of that one cycle is stopped.
        ("haltline_rollout_halted", "1"),
        ("haltline_store_requests_total{code_class=\"2xx\"}", "1"),
        ("haltline_store_request_duration_seconds_count", "1"),
        (
            "haltline_notifications_total{channel=\"log\",outcome=\"failed\"}",
            "0",
        ),
        ("count(haltline_decisions_total{by=\"rule\"}) > bool 0", "1"),
        (
            "haltline_metric_failure_ratio{metric=\"crash_free_sessions\",version=\"new\"} > bool 0",
            "1",
        ),
    ] {
        assert_eq!(real.ask(query).await.as_deref(), Some(expected), "{query}");
    }

    let groups = real.rules().await;
    let groups = groups["data"]["groups"].as_array().unwrap();
    let rules: Vec<_> = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap())
        .collect();
    assert!(rules.len() > 15, "{rules:?}");
    for rule in &rules {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
    let firing = |name: &str| {
        let rule = rules.iter().find(|rule| rule["name"] == name).unwrap();
        rule["state"] == "firing"
    };
    assert!(firing("HaltlineRolloutHalted"));
    assert!(!firing("HaltlineDown") && !firing("HaltlineBudgetUsedUp"));
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_finds_nothing() {
    let Some(programs) = real::programs() else {
        return;
    };
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/alerts.yml");
    promtool(&programs, &["check", "rules", rules], "");
    let watched = Watched::start().await;
    promtool(
        &programs,
        &["check", "metrics"],
        &real::in_the_old_format(&watched.text()),
    );
}
