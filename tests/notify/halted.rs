//! The alert of a rollout that a real watcher halts, in a real Alertmanager: there once, held, and resolved.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use haltline::ports::{Clock as _, ScaledClock, WallClock};
use haltline::simulator::SimTime;
use serde_json::Value;

use crate::alertmanager::Real;
use crate::rollout::{APP, BUILD, Rollout, until};
use crate::vendor::{Vendor, says};

/// Simulated seconds a second.
const SPEED: f64 = 4.0;
/// How far the watcher's clock is behind Alertmanager's in the beginning: an alert that is told for ten minutes then ends within a
/// minute, unless it is told again.
const BEHIND: TimeDelta = TimeDelta::seconds(9 * 60 + 40);

fn named(alerts: &[Value], name: &str) -> Vec<Value> {
    let mut named: Vec<Value> = alerts.to_vec();
    named.retain(|alert| alert["labels"]["alertname"] == name);
    named
}

fn end(alert: &Value) -> DateTime<Utc> {
    alert["endsAt"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alert_of_a_halted_rollout_is_there_once_is_held_and_is_resolved() {
    let hook = Vendor::start([says(200, "")]).await;
    let Some(real) = Real::start(&hook.base).await else {
        return;
    };
    let clock = ScaledClock::starting_at(WallClock.now() - BEHIND, SPEED);
    let channels = format!(
        "[[notify]]\nkind = \"alertmanager\"\nname = \"alerts\"\nbase_url = \"{}\"\n",
        real.base
    );
    let mut rollout = Rollout::new(SimTime::Scaled(Arc::new(clock)), &channels).await;
    rollout.watch();
    let sentence = rollout.halted().await;

    // Several pages tell of it, and one alert.
    let alert = until("the alert of the halt", None, async || {
        let incidents = named(&real.active().await, "HaltlineIncident");
        assert!(incidents.len() < 2, "one a release: {incidents:?}");
        let alert = incidents.into_iter().next()?;
        (alert["annotations"]["summary"] == sentence.as_str()).then_some(alert)
    })
    .await;
    for (label, value) in [
        ("app", APP),
        ("release", BUILD),
        ("store", "google-play"),
        ("severity", "critical"),
    ] {
        assert_eq!(alert["labels"][label], value, "{alert}");
    }
    assert_eq!(alert["status"]["state"], "active", "{alert}");
    let annotations = &alert["annotations"];
    assert!(annotations["command"].as_str().is_some(), "{alert}");
    assert!(
        annotations["release"].as_str().unwrap().contains(BUILD),
        "{alert}"
    );

    // It would have ended by itself.
    let end_at_first = end(&alert);
    assert!(end_at_first > WallClock.now(), "{alert}");
    until(
        "the end that it had at first has passed",
        None,
        async || (WallClock.now() > end_at_first + TimeDelta::seconds(2)).then_some(()),
    )
    .await;
    let active = real.active().await;
    let held = named(&active, "HaltlineIncident");
    assert_eq!(held.len(), 1, "{active:?}");
    assert_eq!(held[0]["fingerprint"], alert["fingerprint"]);
    assert_eq!(held[0]["startsAt"], alert["startsAt"], "it is the same one");
    assert!(end(&held[0]) > end_at_first);
    assert_eq!(held[0]["annotations"], alert["annotations"]);

    rollout.next_release();
    until("it is resolved", None, async || {
        let active = real.active().await;
        named(&active, "HaltlineIncident").is_empty().then_some(())
    })
    .await;
    let passed_on = |status: &str| {
        let seen = hook.seen().into_iter();
        let alerts = seen.flat_map(|seen| seen.json()["alerts"].as_array().cloned().unwrap());
        alerts
            .filter(|one| one["status"] == status && one["fingerprint"] == alert["fingerprint"])
            .count()
    };
    until("the receiver hears of the end", None, async || {
        (passed_on("resolved") > 0).then_some(())
    })
    .await;
    assert!(passed_on("firing") > 0);
    eprintln!(
        "a real Alertmanager had the alert of a halted rollout, held it beyond its end, and resolved it"
    );
}
