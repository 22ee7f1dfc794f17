//! What a watcher says of itself, before a real Prometheus: it is scraped without an error, `promtool` finds nothing to complain
//! about, and the alerts and the dashboard that come with haltline ask for what is there.
//!
//! All but the last needs the programs `prometheus` and `promtool`: beside each other where `HALTLINE_PROMETHEUS` says, or on the path. Where there
//! are none the tests say so, and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test's own helpers may fail the test, and say why it does nothing"
)]

mod real;
mod watched;

use std::collections::BTreeSet;

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
        ("haltline_rollout_halted", "1"),
        (
            "(haltline_store_requests_total{code_class=\"2xx\"} > bool 2) == 1",
            "1",
        ),
        (
            "(haltline_store_request_duration_seconds_count > bool 2) == 1",
            "1",
        ),
        ("time() - haltline_picture_timestamp_seconds < bool 60", "1"),
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
    let story = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/metrics/alerts.yml");
    promtool(&programs, &["test", "rules", story], "");
    let watched = Watched::start().await;
    promtool(
        &programs,
        &["check", "metrics"],
        &real::in_the_old_format(&watched.text().await),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_alerts_and_dashboard_ask_for_is_there() {
    let text = Watched::start().await.text().await;
    let there = real::series(&text);
    let assets = [
        include_str!("../../assets/alerts.yml"),
        include_str!("../../assets/grafana/haltline.json"),
    ];
    for asset in assets {
        let words = asset.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let asked: BTreeSet<&str> = words
            .filter(|word| word.starts_with("haltline_") || word.starts_with("process_"))
            .collect();
        assert!(asked.len() > 20, "{asked:?}");
        let missing: Vec<&&str> = asked
            .iter()
            .filter(|name| !there.contains(**name))
            .collect();
        assert!(missing.is_empty(), "{missing:?} of {there:?}");
    }
}
