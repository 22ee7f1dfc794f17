//! What the picture says, as gauges.

use super::family::{Family, Labels};
use crate::api::wire::{AppSnapshot, Snapshot, WatcherState};
use crate::domain::{Counts, Health, Status, Timestamp};
use crate::policy::{RuleState, RuleStatus};

pub(super) fn families(picture: &Snapshot) -> Vec<Family> {
    let mut families = of_watcher(picture);
    families.extend(of_rollouts(&picture.apps));
    families.extend(of_acts(&picture.apps));
    families.extend(of_health(&picture.apps));
    families.extend(of_sources(&picture.apps));
    families
}

fn of_watcher(picture: &Snapshot) -> Vec<Family> {
    let term = match picture.watcher {
        WatcherState::Acting { term } => Some(term),
        WatcherState::WatchingOnly { .. } | WatcherState::NobodySince { .. } => None,
    };
    vec![
        Family::gauge(
            "haltline_watcher_acting",
            "1 where the watcher may act, 0 where it only watches: another one acts, or its journal cannot be trusted",
        )
        .row(vec![], flag(term.is_some())),
        Family::gauge(
            "haltline_watcher_term",
            "The fencing number of the watcher that acts",
        )
        .rows(term.map(|term| (vec![], term as f64))),
        Family::gauge(
            "haltline_watcher_disarmed",
            "1 while automation is off for all apps",
        )
        .row(vec![], flag(picture.disarmed.is_some())),
        Family::gauge(
            "haltline_journal_sequence",
            "Number of the last event in the journal",
        )
        .row(vec![], picture.seq as f64),
        Family::gauge(
            "haltline_picture_timestamp_seconds",
            "When the picture was drawn that all this is taken from",
        )
        .row(vec![], seconds(picture.at)),
    ]
}

/// One gauge that is 1 where it is so.
fn flags(
    apps: &[AppSnapshot],
    name: &'static str,
    help: &'static str,
    is: fn(&AppSnapshot) -> bool,
) -> Family {
    Family::gauge(name, help).rows(apps.iter().map(|app| (of(app), flag(is(app)))))
}

fn of_rollouts(apps: &[AppSnapshot]) -> Vec<Family> {
    let flags = |name, help, is| flags(apps, name, help, is);
    let released = || {
        apps.iter()
            .filter_map(|app| Some((app, app.release.as_ref()?)))
    };
    let fraction = released().map(|(app, release)| (of_store(app), release.exposure.fraction()));
    let states = released().flat_map(|(app, release)| {
        STATUSES.map(|(status, word)| (and(app, "state", word), flag(release.status == status)))
    });
    let stopped = |app: &AppSnapshot| {
        let release = app.release.as_ref();
        release.is_some_and(|release| release.status == Status::Stopped)
    };
    let started = apps
        .iter()
        .filter_map(|app| Some((of(app), seconds(app.started?))));
    vec![
        Family::gauge(
            "haltline_rollout_user_fraction",
            "Share of the users that the release watched is offered to, 0 to 1",
        )
        .rows(fraction),
        Family::gauge(
            "haltline_rollout_state",
            "1 for the state that the store shows the release in, 0 for every other",
        )
        .rows(states),
        Family::gauge(
            "haltline_rollout_halted",
            "1 while the store shows the rollout stopped: paused or halted",
        )
        .rows(apps.iter().map(|app| (of_store(app), flag(stopped(app))))),
        flags(
            "haltline_rollout_latched",
            "1 while it is halted and only an admin may lift that",
            |app| app.latched,
        ),
        flags(
            "haltline_rollout_held",
            "1 while haltline holds its stage",
            |app| app.hold.is_some(),
        ),
        flags(
            "haltline_rollout_stalled",
            "1 while it stands still for too long",
            |app| app.stalled.is_some(),
        ),
        Family::gauge(
            "haltline_rollout_start_timestamp_seconds",
            "When the release watched was first seen in progress, else its first session",
        )
        .rows(started),
    ]
}

/// What haltline may do of itself, does, and wants of people.
fn of_acts(apps: &[AppSnapshot]) -> Vec<Family> {
    let flags = |name, help, is| flags(apps, name, help, is);
    let used = apps.iter().map(|app| (of(app), f64::from(app.acts_used)));
    let allowed = apps
        .iter()
        .map(|app| (of(app), f64::from(app.acts_allowed)));
    vec![
        flags(
            "haltline_app_disarmed",
            "1 while automation is off for this app alone",
            |app| app.disarmed.is_some(),
        ),
        flags(
            "haltline_app_acts",
            "0 where haltline only advises",
            |app| app.acts,
        ),
        flags(
            "haltline_needs_person",
            "1 while a person has to decide something",
            |app| app.needs_person.is_some(),
        ),
        flags(
            "haltline_incident_open",
            "1 while an incident of the release is open",
            |app| app.incident.is_some(),
        ),
        flags(
            "haltline_incident_unacknowledged",
            "1 while an incident is open that nobody has taken",
            |app| {
                let incident = app.incident.as_ref();
                incident.is_some_and(|incident| incident.acknowledged_by.is_none())
            },
        ),
        flags(
            "haltline_act_announced",
            "1 while an act is counted down that anybody may hold",
            |app| app.announced.is_some(),
        ),
        flags(
            "haltline_desire_pending",
            "1 while the store does not show yet what is wanted of it",
            |app| app.desire.is_some(),
        ),
        flags(
            "haltline_desire_failed",
            "1 while what is wanted of the store will not come about without a person",
            |app| app.desire.as_ref().is_some_and(|desire| desire.failed),
        ),
        Family::gauge("haltline_acts_used", "Automatic acts of the last day").rows(used),
        Family::gauge(
            "haltline_acts_allowed",
            "Automatic acts that a day may have",
        )
        .rows(allowed),
    ]
}

fn of_health(apps: &[AppSnapshot]) -> Vec<Family> {
    let health = apps.iter().flat_map(|app| {
        HEALTHS.map(|health| (and(app, "state", health.word()), flag(app.health == health)))
    });
    let metrics = || {
        let all = apps.iter();
        all.flat_map(|app| app.metrics.iter().map(move |metric| (app, metric)))
    };
    let both = |of: fn(Counts) -> Option<f64>| {
        metrics().flat_map(move |(app, summary)| {
            let versions = [("new", summary.new), ("old", summary.old)].into_iter();
            versions.filter_map(move |(version, counts)| {
                let mut labels = and(app, "metric", &summary.metric.to_string());
                labels.push(("version", version.to_owned()));
                Some((labels, of(counts)?))
            })
        })
    };
    let rules = || {
        let all = apps.iter();
        all.flat_map(|app| app.rules.iter().map(move |rule| (app, rule)))
    };
    let name = |app: &AppSnapshot, rule: &RuleStatus| {
        let called = rule.of_tier.then(|| rule.called());
        and(app, "rule", called.as_deref().unwrap_or(rule.rule.as_str()))
    };
    let evidence = rules().map(|(app, rule)| (name(app, rule), rule.closeness));
    let breached = rules().map(|(app, rule)| {
        let breached = rule.state == RuleState::Breached;
        (name(app, rule), flag(breached))
    });
    vec![
        Family::gauge(
            "haltline_app_health",
            "1 for the verdict that holds, 0 for every other; unknown is not healthy",
        )
        .rows(health),
        Family::gauge(
            "haltline_metric_failure_ratio",
            "Share of failures since the evidence starts, 0 to 1, of the version watched (new) and its baseline (old)",
        )
        .rows(both(Counts::failure_rate)),
        Family::gauge(
            "haltline_metric_trials",
            "Sessions or users that the share of failures is of",
        )
        .rows(both(|counts| Some(counts.trials as f64))),
        Family::gauge(
            "haltline_rule_evidence_ratio",
            "How far a rule is from firing: 0 nothing speaks for it, 1 it fires",
        )
        .rows(evidence),
        Family::gauge("haltline_rule_breached", "1 while the limit of the rule is breached")
            .rows(breached),
    ]
}

fn of_sources(apps: &[AppSnapshot]) -> Vec<Family> {
    let sources = || {
        let all = apps.iter();
        all.flat_map(|app| app.sources.iter().map(move |source| (app, source)))
    };
    let fresh = sources().map(|(app, source)| {
        let mut labels = and(app, "source", source.id.0.as_str());
        labels.push(("required", source.required.to_string()));
        (labels, flag(source.is_fresh()))
    });
    let through = sources().filter_map(|(app, source)| {
        let labels = and(app, "source", source.id.0.as_str());
        Some((labels, seconds(source.read_through?)))
    });
    let read = apps.iter();
    let read = read.filter_map(|app| Some((of_store(app), seconds(app.store_read_at?))));
    let answered = apps.iter().flat_map(|app| {
        let answered = app.answered.iter();
        answered.map(move |(source, at)| (and(app, "source", source.0.as_str()), seconds(*at)))
    });
    vec![
        Family::gauge(
            "haltline_source_fresh",
            "1 while the data of a source of health are fresh: no others are ever green, open a gate or stop a rollout",
        )
        .rows(fresh),
        Family::gauge(
            "haltline_source_read_through_timestamp_seconds",
            "How far the data of a source reach",
        )
        .rows(through),
        Family::gauge(
            "haltline_last_successful_poll_timestamp_seconds",
            "When a source of health last answered",
        )
        .rows(answered),
        Family::gauge(
            "haltline_store_last_read_timestamp_seconds",
            "When the store was last read whole; between two such reads it is asked whether anything has changed",
        )
        .rows(read),
    ]
}

const HEALTHS: [Health; 4] = [
    Health::Healthy,
    Health::Warning,
    Health::Breached,
    Health::Unknown,
];

const STATUSES: [(Status, &str); 5] = [
    (Status::Draft, "draft"),
    (Status::Pending, "pending"),
    (Status::InProgress, "in-progress"),
    (Status::Stopped, "stopped"),
    (Status::Completed, "completed"),
];

fn of(app: &AppSnapshot) -> Labels {
    vec![("app", app.id.to_string())]
}

fn of_store(app: &AppSnapshot) -> Labels {
    and(app, "store", app.store.word())
}

fn and(app: &AppSnapshot, name: &'static str, value: &str) -> Labels {
    let mut labels = of(app);
    labels.push((name, value.to_owned()));
    labels
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn seconds(at: Timestamp) -> f64 {
    at.timestamp_millis() as f64 / 1e3
}
