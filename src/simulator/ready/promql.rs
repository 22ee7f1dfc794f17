//! The queries of `kind = "prometheus"` in the ready config, over the counters of the fake one's exporter.

use std::collections::BTreeSet;

use super::quoted;
use crate::domain::StoreKind;
use crate::simulator::scenario::AppPlan;

/// `strata` and `[app.health.metric.NAME]` of one app.
pub(super) fn tables(app: &AppPlan) -> String {
    // The version code is what Play tells of a version; on the App Store the name goes with it.
    let version = match app.store {
        StoreKind::GooglePlay => r#"app_build="{build}""#,
        StoreKind::AppStore => r#"app_version="{version}",app_build="{build}""#,
    };
    let select = |series: &str, more: &str| {
        format!(r#"{series}{{app="{{package}}",{version}{more}}}[{{window}}]"#)
    };
    let kinds = app.strata.iter().flat_map(|plan| plan.kinds().into_keys());
    let kinds: Vec<String> = kinds.collect::<BTreeSet<_>>().into_iter().collect();
    let by = if kinds.is_empty() {
        String::new()
    } else {
        format!(" by ({})", kinds.join(", "))
    };
    let sessions = |series: &str| format!("sum{by} (increase({}))", select(series, ""));
    let all = sessions("app_sessions_total");
    // A collector has no series of what has not happened yet: it happened as often as there are trials, times zero.
    let bad = |kinds: &[&str]| {
        let each = kinds.iter().map(|kind| {
            format!(
                "({} or 0 * {all})",
                sessions(&format!("app_sessions_{kind}_total"))
            )
        });
        each.collect::<Vec<_>>().join(" + ")
    };
    let counted = |series: &str, more: &str| format!("sum(increase({}))", select(series, more));
    let slow = |series: &str, bound: &str| {
        let trials = counted(&format!("{series}_count"), "");
        let within = counted(&format!("{series}_bucket"), &format!(r#",le="{bound}""#));
        (format!("{trials} - {within}"), trials)
    };
    let mut counts = vec![
        (
            "crash_free_sessions".to_owned(),
            (bad(&["crashed"]), all.clone()),
        ),
        (
            "frustration_free_sessions".to_owned(),
            (bad(&["crashed", "hung"]), all.clone()),
        ),
        (
            "error_free_sessions".to_owned(),
            (bad(&["crashed", "hung", "errored"]), all.clone()),
        ),
        (
            "slow_cold_starts".to_owned(),
            slow("app_cold_start_seconds", "5"),
        ),
        ("slow_requests".to_owned(), slow("app_request_seconds", "2")),
    ];
    let journeys = app
        .versions
        .iter()
        .flat_map(|version| version.journeys.keys());
    for journey in journeys.collect::<BTreeSet<_>>() {
        let of = format!(r#",journey="{journey}""#);
        let started = counted("app_journeys_started_total", &of);
        let completed = counted("app_journeys_completed_total", &of);
        let name = format!("\"journey_success:{journey}\"");
        counts.push((name, (format!("{started} - {completed}"), started)));
    }
    let mut text = String::new();
    if !kinds.is_empty() {
        let quoted: Vec<String> = kinds.iter().map(|kind| quoted(kind)).collect();
        text = format!("strata = [{}]\n", quoted.join(", "));
    }
    for (name, (failures, trials)) in counts {
        text = format!(
            "{text}\n[app.health.metric.{name}]\nfailures = {}\ntrials = {}\n",
            quoted(&failures),
            quoted(&trials)
        );
    }
    for (name, share, series) in [
        ("cold_start_p90", "0.9", "app_cold_start_seconds_bucket"),
        ("request_p95", "0.95", "app_request_seconds_bucket"),
    ] {
        let value = format!(
            "histogram_quantile({share}, sum by (le) (rate({})))",
            select(series, "")
        );
        text = format!(
            "{text}\n[app.health.metric.\"level:{name}\"]\nvalue = {}\nunit = \"seconds\"\n",
            quoted(&value)
        );
    }
    text
}
