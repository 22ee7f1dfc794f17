//! Pictures of every state that the screen must tell apart, at one fixed moment.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};

use super::message::Now;
use super::model::{Identity, Model};
use crate::api::wire::{Announced, DesireView, Disarmed, SNAPSHOT_SCHEMA, WatcherState};
use crate::api::{AppSnapshot, Snapshot};
use crate::domain::checklist::way_out;
use crate::domain::event::{Finding, WriteResult};
use crate::domain::reading::VersionShare;
use crate::domain::rollout::{Applied, Phased, ReleaseView, Status};
use crate::domain::{
    Actor, AppId, Counts, Event, Exposure, Failure, FailureKind, Health, Issue, Metric, PlainText,
    Record, Recurrence, SourceId, StoreKind, Target, Timestamp, Verb, Version,
};
use crate::policy::{Action, MetricSummary, RuleState, RuleStatus, SourceState};

/// Saturday, 10 January 2026, 14:32:07 UTC.
pub(crate) fn now() -> Timestamp {
    DateTime::from_timestamp(1_768_055_527, 0).unwrap()
}

pub(crate) fn ago(seconds: i64) -> Timestamp {
    now() - TimeDelta::seconds(seconds)
}

pub(crate) fn times() -> Now {
    Now {
        watched: now(),
        wall: now(),
    }
}

pub(crate) fn alice() -> Actor {
    identity().actor()
}

pub(crate) fn identity() -> Identity {
    Identity {
        user: "alice".into(),
        host: "jump-1".into(),
    }
}

pub(crate) fn model(snapshot: Snapshot) -> Model {
    let mut model = Model::new(Arc::new(snapshot), times(), identity());
    model.after_quit = "nothing is watching".into();
    model
}

/// Every state by name.
pub(crate) fn states() -> Vec<(&'static str, Snapshot)> {
    vec![
        ("healthy", healthy()),
        ("warning", warning()),
        ("announced", announced()),
        ("halting", halting()),
        ("halted", halted()),
        ("unknown", unknown()),
        ("disarmed", disarmed()),
        ("advise", advise()),
        ("ios_paused", ios_paused()),
        ("nobody", nobody()),
    ]
}

/// Two apps, all is well.
pub(crate) fn healthy() -> Snapshot {
    snapshot(vec![android(), ios()], quiet_events())
}

pub(crate) fn warning() -> Snapshot {
    let mut app = android();
    app.health = Health::Warning;
    app.sentence = "crash-free sessions 99.81% against 99.95%: 3.8× the crashes of 8.42.1, at least 1.2×; by chance at most \
        1 in 41 rollouts; 611,204 sessions, 41s old"
        .into();
    set_metric(&mut app, 0, 1_161, Health::Warning, Some(3.7));
    set_rule(&mut app, 1, RuleState::Warning, "3.8×", 0.43);
    snapshot(
        vec![android_named("courier-android", "Courier"), app],
        quiet_events(),
    )
}

fn breached() -> AppSnapshot {
    let mut app = android();
    app.health = Health::Breached;
    app.sentence = "crash-free sessions 97.02% against 99.95%: 59.6× the crashes of 8.42.1, at least 41.2×; by chance at most \
        1 in 10^30 rollouts; 13,801 sessions, 41s old"
        .into();
    set_metric(&mut app, 0, 18_214, Health::Breached, Some(70.1));
    set_metric(&mut app, 1, 18_911, Health::Breached, Some(66.0));
    set_rule(&mut app, 0, RuleState::Breached, "97.02%", 1.0);
    set_rule(&mut app, 1, RuleState::Breached, "59.6×", 1.0);
    app.fired = vec!["crash-ratio".into()];
    app
}

fn breach_events() -> Vec<Record> {
    let mut events = quiet_events();
    events.extend([
        event(
            20,
            340,
            Event::VerdictChanged {
                from: Health::Healthy,
                to: Health::Warning,
                sentence: "crash-free sessions 99.61% against 99.95%".into(),
            },
        ),
        event(
            21,
            60,
            Event::RuleFired {
                rule: "crash-ratio".into(),
                verb: Some(Verb::Halt),
                finding: Finding {
                    sentence: "crash-free sessions 97.02% against 99.95%: 59.6× the crashes, at least 41.2×".into(),
                    new: Counts {
                        trials: 13_801,
                        failures: 411,
                    },
                    old: None,
                    ln_evidence: Some(70.1),
                    ln_threshold: Some(6.9),
                    through: ago(41),
                },
            },
        ),
    ]);
    events
}

/// A rule fired; the halt comes in 3m40s.
pub(crate) fn announced() -> Snapshot {
    let mut app = breached();
    app.announced = Some(Announced {
        rule: "crash-ratio".into(),
        verb: Verb::Halt,
        due: now() + TimeDelta::seconds(220),
        held: false,
    });
    let mut events = breach_events();
    events.push(event(
        22,
        60,
        Event::ActAnnounced {
            rule: "crash-ratio".into(),
            verb: Verb::Halt,
            due: now() + TimeDelta::seconds(220),
        },
    ));
    snapshot(vec![ios(), app], events)
}

/// The halt is asked for, and the store has not said yes.
pub(crate) fn halting() -> Snapshot {
    let mut app = breached();
    app.desire = Some(DesireView {
        revision: 23,
        verb: Verb::Halt,
        target: Target::Stopped,
        actor: Actor::Rule {
            id: "crash-ratio".into(),
        },
        reason: "crash-ratio fired".into(),
        since: ago(3),
        attempts: 1,
        failure: Some(Failure::new(
            FailureKind::Ambiguous,
            "Google Play did not answer in time",
        )),
        failed: false,
    });
    app.needs_person = Some("changes are in review: halting would cancel the review".into());
    snapshot(vec![app, ios()], breach_events())
}

/// Halted, confirmed, latched.
pub(crate) fn halted() -> Snapshot {
    let mut app = breached();
    app.latched = true;
    app.acts_used = 1;
    app.acknowledged_by = Some(alice());
    if let Some(release) = &mut app.release {
        release.status = Status::Stopped;
        app.way_out = way_out(app.store, &release.version);
    }
    let mut events = breach_events();
    events.extend([
        event(
            22,
            40,
            Event::DesireSet {
                revision: 22,
                verb: Verb::Halt,
                target: Target::Stopped,
                actor: Actor::Rule {
                    id: "crash-ratio".into(),
                },
                reason: "crash-ratio fired".into(),
            },
        ),
        event(
            23,
            39,
            Event::WriteEnded {
                revision: 22,
                attempt: 1,
                result: WriteResult::Done {
                    applied: Applied::Written,
                },
            },
        ),
        event(
            24,
            38,
            Event::DesireConfirmed {
                revision: 22,
                verb: Verb::Halt,
                exposure: Exposure::from_percent(5),
            },
        ),
        event(25, 12, Event::Acknowledged { actor: alice() }),
    ]);
    snapshot(vec![app, ios()], events)
}

/// The source is stale, the store cannot be read.
pub(crate) fn unknown() -> Snapshot {
    let mut app = android();
    app.health = Health::Unknown;
    app.sentence = "sentry has not answered for 22m: nothing can be said of 8.43.0".into();
    app.store_read_at = Some(ago(420));
    app.store_failure = Some(
        Failure::new(
            FailureKind::Credentials,
            "Google refuses the service account's key",
        )
        .hint("make a new key and set credentials in haltline.toml"),
    );
    for source in &mut app.sources {
        source.fresh = false;
        source.read_through = Some(ago(1_320));
        source.why = Some("503 Service Unavailable since 14:10".into());
    }
    for metric in &mut app.metrics {
        metric.health = Health::Unknown;
        metric.ln_evidence = None;
        metric.through = Some(ago(1_320));
    }
    for rule in &mut app.rules {
        rule.state = RuleState::Unknown {
            why: "no data newer than 22m".into(),
        };
        rule.now = "–".into();
    }
    snapshot(vec![ios(), app], quiet_events())
}

pub(crate) fn disarmed() -> Snapshot {
    let mut picture = healthy();
    picture.disarmed = Some(Disarmed {
        until: now() + TimeDelta::seconds(6_720),
        actor: alice(),
        reason: "Sentry is migrating".into(),
    });
    picture
}

pub(crate) fn advise() -> Snapshot {
    let mut app = breached();
    app.acts = false;
    app.needs_person = Some("crash-ratio asks for a halt, and advise mode does not act".into());
    snapshot(vec![app], breach_events())
}

pub(crate) fn ios_paused() -> Snapshot {
    let mut app = ios();
    app.health = Health::Warning;
    app.sentence =
        "crash-free sessions 99.70% against 99.91%: 3.3× the crashes of 8.42.0, at least 1.4×"
            .into();
    set_metric(&mut app, 0, 420, Health::Warning, Some(3.4));
    if let Some(release) = &mut app.release {
        release.status = Status::Stopped;
        if let Some(phased) = &mut release.phased {
            phased.paused_days = 21;
        }
        app.way_out = way_out(app.store, &release.version);
    }
    snapshot(vec![app], quiet_events())
}

/// Drawn from the journal.
pub(crate) fn nobody() -> Snapshot {
    let mut picture = healthy();
    picture.at = ago(9_000);
    for app in &mut picture.apps {
        app.store_read_at = Some(ago(9_020));
        for source in &mut app.sources {
            source.read_through = Some(ago(9_041));
        }
        for metric in &mut app.metrics {
            metric.through = Some(ago(9_041));
        }
    }
    picture.watcher = WatcherState::NobodySince {
        since: Some(ago(9_000)),
    };
    picture
}

fn snapshot(apps: Vec<AppSnapshot>, events: Vec<Record>) -> Snapshot {
    Snapshot {
        schema: SNAPSHOT_SCHEMA.into(),
        at: now(),
        seq: events.last().map_or(0, |record| record.seq),
        watcher: WatcherState::Acting { term: 3 },
        disarmed: None,
        apps,
        events,
    }
}

fn event(seq: u64, seconds: i64, event: Event) -> Record {
    Record {
        seq,
        at: ago(seconds),
        app: Some(app_id("shop-android")),
        event,
    }
}

fn quiet_events() -> Vec<Record> {
    let started = Record {
        app: None,
        ..event(
            1,
            200_000,
            Event::WatcherStarted {
                term: 3,
                haltline: "0.1.0".into(),
            },
        )
    };
    vec![
        started,
        event(
            2,
            199_990,
            Event::ReleaseFound {
                release: play_release(1),
                previous: Some(Version::from_code(84_210)),
            },
        ),
        event(
            3,
            30_000,
            Event::StoreChanged {
                release: play_release(5),
            },
        ),
        event(
            4,
            9_000,
            Event::SourceLost {
                source: SourceId("sentry".into()),
                why: "429 Too Many Requests".into(),
            },
        ),
        event(
            5,
            8_700,
            Event::SourceBack {
                source: SourceId("sentry".into()),
            },
        ),
    ]
}

fn app_id(id: &str) -> AppId {
    AppId::try_from(id.to_owned()).unwrap()
}

fn play_release(percent: u32) -> ReleaseView {
    ReleaseView {
        version: Version::from_code(84_300),
        label: "8.43.0".into(),
        status: Status::InProgress,
        exposure: Exposure::from_percent(percent),
        in_review: false,
        phased: None,
    }
}

fn android() -> AppSnapshot {
    android_named("shop-android", "Shop")
}

fn android_named(id: &str, name: &str) -> AppSnapshot {
    let stages = [1, 5, 25, 50, 100].map(Exposure::from_percent).to_vec();
    AppSnapshot {
        id: app_id(id),
        name: name.into(),
        store: StoreKind::GooglePlay,
        policy: "safe-production".into(),
        acts: true,
        disarmed: None,
        revision: 19,
        release: Some(play_release(5)),
        version_name: "8.43.0 (84300)".into(),
        previous: Some(Version::from_code(84_210)),
        previous_name: Some("8.42.1 (84210)".into()),
        started: Some(ago(199_990)),
        store_read_at: Some(ago(38)),
        store_failure: None,
        stages,
        health: Health::Healthy,
        sentence: "as good as 8.42.1: crash-free sessions 99.95% against 99.95%; 611,204 sessions, 41s old".into(),
        metrics: metrics(611_204, 306),
        rules: rules(),
        fired: Vec::new(),
        sources: vec![
            source("sentry", 41),
            source("vitals", 18_100),
        ],
        issues: issues(),
        shares: vec![
            share("8.42.1 (84210)", Some("84210"), 729_118, Some(304_118)),
            share("8.42.0 (84200)", None, 113_557, Some(51_557)),
            share("8.43.0 (84300)", Some("84300"), 51_204, Some(22_431)),
            share("older", None, 99_870, None),
        ],
        notes: Vec::new(),
        hold: None,
        latched: false,
        announced: None,
        desire: None,
        needs_person: None,
        acknowledged_by: None,
        way_out: Vec::new(),
        acts_used: 0,
        acts_allowed: 4,
    }
}

fn ios() -> AppSnapshot {
    AppSnapshot {
        store: StoreKind::AppStore,
        policy: "phased-ios".into(),
        release: Some(ReleaseView {
            version: Version::named("8.43.0", "512"),
            label: PlainText::default(),
            status: Status::InProgress,
            exposure: Exposure::from_percent(5),
            in_review: false,
            phased: Some(Phased {
                day: 3,
                start: Some(ago(200_000)),
                paused_days: 0,
            }),
        }),
        version_name: "8.43.0 (512)".into(),
        previous: Some(Version::named("8.42.0", "498")),
        previous_name: Some("8.42.0 (498)".into()),
        stages: Vec::new(),
        sentence: "as good as 8.42.0: crash-free sessions 99.91% against 99.91%; 140,212 sessions, 52s old".into(),
        metrics: metrics(140_212, 126),
        sources: vec![source("sentry", 52)],
        shares: vec![
            share("8.42.0 (498)", Some("8.42.0+498"), 412_010, Some(180_400)),
            share("8.43.0 (512)", Some("8.43.0+512"), 24_002, Some(14_002)),
        ],
        ..android_named("shop-ios", "Shop")
    }
}

fn metrics(sessions: u64, crashes: u64) -> Vec<MetricSummary> {
    let metric = |metric, failures: u64, factor: u64| MetricSummary {
        metric,
        source: "sentry".into(),
        new: Counts {
            trials: sessions,
            failures,
        },
        old: Counts {
            trials: sessions * 19,
            failures: failures * 19 * factor / 10,
        },
        ratio: Some(10.0 / factor as f64),
        ratio_lower: Some(5.0 / factor as f64),
        ln_evidence: Some(-0.9),
        health: Health::Healthy,
        through: Some(ago(41)),
        trend: (0..24)
            .map(|i| (i != 5).then(|| 0.0005 + f64::from(i % 3) * 0.0001))
            .collect(),
    };
    vec![
        metric(Metric::CrashFreeSessions, crashes, 10),
        metric(Metric::FrustrationFreeSessions, crashes * 3, 10),
        metric(Metric::CrashFreeUsers, crashes / 2, 9),
        metric(Metric::SlowColdStarts, sessions / 40, 11),
    ]
}

fn set_metric(
    app: &mut AppSnapshot,
    at: usize,
    failures: u64,
    health: Health,
    ln_evidence: Option<f64>,
) {
    let metric = &mut app.metrics[at];
    metric.new.failures = failures;
    metric.health = health;
    metric.ln_evidence = ln_evidence;
    let rates = metric.new.failure_rate().zip(metric.old.failure_rate());
    metric.ratio = rates.map(|(new, old)| new / old);
    metric.ratio_lower = metric.ratio.map(|ratio| ratio * 0.7);
    metric.trend = (0..24)
        .map(|i| Some(0.0005 + 0.00001 * f64::from(i * i * i)))
        .collect();
}

fn rules() -> Vec<RuleStatus> {
    let rule = |id: &str, action, limit: &str, now: &str, closeness| RuleStatus {
        rule: id.into(),
        metric: Metric::CrashFreeSessions,
        action,
        limit: limit.into(),
        now: now.into(),
        closeness,
        state: RuleState::Armed,
        polls_needed: 1,
        finding: None,
    };
    let mut off = rule("fast-halt", Action::Halt, "≥ 99.00%", "99.95%", 0.0);
    off.state = RuleState::Off;
    vec![
        rule(
            "crash-free-floor",
            Action::Pause,
            "≥ 99.85%",
            "99.95%",
            0.02,
        ),
        rule("crash-ratio", Action::Halt, "≤ 2× baseline", "1.0×", 0.0),
        rule(
            "frustration-points",
            Action::Hold,
            "≤ 0.5pt worse",
            "0.0pt",
            0.11,
        ),
        rule("anr-ceiling", Action::Notify, "≤ 0.47%", "0.12%", 0.2),
        off,
    ]
}

fn set_rule(app: &mut AppSnapshot, at: usize, state: RuleState, now: &str, closeness: f64) {
    let rule = &mut app.rules[at];
    rule.polls_needed = if state == RuleState::Breached { 2 } else { 1 };
    rule.state = state;
    rule.now = now.into();
    rule.closeness = closeness;
}

fn source(id: &str, seconds: i64) -> SourceState {
    SourceState {
        id: SourceId(id.into()),
        required: id == "sentry",
        read_through: Some(ago(seconds)),
        fresh: true,
        why: None,
    }
}

fn share(label: &str, version: Option<&str>, sessions: u64, users: Option<u64>) -> VersionShare {
    VersionShare {
        label: label.into(),
        version: version.map(str::to_owned),
        sessions,
        users,
    }
}

fn issues() -> Vec<Issue> {
    let titles = [
        (
            "NullPointerException: null cannot be cast",
            "WalletSync.merge",
            Recurrence::New,
        ),
        (
            "IllegalStateException: Fragment not attached",
            "PayFragment.onPay",
            Recurrence::New,
        ),
        (
            "OutOfMemoryError: bitmap",
            "BitmapPool.get",
            Recurrence::Regressed,
        ),
        (
            "SSLHandshakeException",
            "OkHttp connect",
            Recurrence::Recurring,
        ),
        (
            "SQLiteFullException: database or disk is full",
            "WalletDb.insert",
            Recurrence::Recurring,
        ),
        (
            "ANR: 日本語のタイトル in main thread",
            "SharedPreferences.commit",
            Recurrence::Recurring,
        ),
        (
            "ClassCastException",
            "CardAdapter.bind",
            Recurrence::Recurring,
        ),
        ("SIGSEGV", "libhermes.so", Recurrence::Recurring),
        (
            "DeadObjectException",
            "BillingClient",
            Recurrence::Recurring,
        ),
        (
            "IllegalStateException: Room migration 41→42",
            "AppDatabase.open",
            Recurrence::New,
        ),
    ];
    titles
        .into_iter()
        .enumerate()
        .map(|(i, (title, place, recurrence))| Issue {
            id: i.to_string().into(),
            title: title.into(),
            place: place.into(),
            recurrence,
            events: 12_400 / (i as u64 + 1).pow(3),
            users: 1_204 / (i as u64 + 1).pow(2),
            first_seen: Some(if recurrence == Recurrence::New {
                ago(28_000)
            } else {
                ago(9_000_000)
            }),
            link: None,
        })
        .collect()
}
