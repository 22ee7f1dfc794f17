//! Pictures of every state that the screen must tell apart, at one fixed moment.

mod attached;
mod fleet;
mod moments;
mod parts;
mod past;
mod run;
mod signals;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use crossterm::event::{KeyCode, KeyEvent};

use super::state::message::{Effect, Message, Now};
use super::state::model::{Identity, Model, View};
use super::state::moment::Moment;
use super::update::update;
use crate::api::client::Link;
use crate::api::wire::{Announced, DesireView, Disarmed, WatcherState, When};
use crate::api::{AppSnapshot, Snapshot};
use crate::domain::checklist::way_out;
use crate::domain::event::{Finding, WriteResult};
use crate::domain::rollout::{Applied, Status};
use crate::domain::{
    Actor, Counts, Event, Exposure, Failure, FailureKind, Health, Record, Target, Timestamp, Verb,
};
use crate::policy::{DataState, RuleState};

pub(crate) use attached::{acknowledged, attached, cut_off, lost, woken};
pub(crate) use fleet::{fleet, fleet_model};
pub(crate) use moments::{frozen, noted, past, then};
use parts::*;
pub(crate) use past::history;
pub(crate) use run::{approval, climbing, train};
pub(crate) use signals::{detail, signals};

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
    model.view = View::Rollout;
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
        ("dark", dark()),
        ("disarmed", disarmed()),
        ("advise", advise()),
        ("ios_paused", ios_paused()),
        ("nobody", nobody()),
        ("climbing", climbing()),
        ("approval", approval()),
        ("ios_gate", run::ios_gate()),
        ("train", train()),
        ("signals", signals()),
    ]
}

/// Every state, those of the picture and those of the screen.
pub(crate) fn models() -> Vec<(&'static str, Model)> {
    let mut all: Vec<_> = states()
        .into_iter()
        .map(|(name, snapshot)| (name, model(snapshot)))
        .collect();
    all.push(("reconnecting", reconnecting()));
    all.push(("readonly", readonly()));
    all.push(("standing_still", standing_still()));
    all.push(("in_the_past", in_the_past()));
    all
}

/// The picture was held half a minute ago.
fn standing_still() -> Model {
    let mut model = model(announced());
    model.moment = Moment::Frozen { since: ago(30) };
    model
}

/// One event back, which was two hours ago, when all was well.
fn in_the_past() -> Model {
    let mut model = model(announced());
    let left = KeyEvent::from(KeyCode::Left);
    let asked = update(&mut model, Message::Key(left));
    let [Effect::Past(When::Seq(seq))] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    let mut then = healthy();
    (then.at, then.seq) = (ago(7_200), *seq);
    update(&mut model, Message::Past(Ok(Arc::new(then))));
    model
}

/// All was well, and nothing has been heard since.
pub(crate) fn reconnecting() -> Model {
    let mut picture = healthy();
    picture.at = ago(41);
    let mut model = model(picture);
    model.link = Link::Reconnecting { since: ago(12) };
    model
}

/// A screen on a wall.
pub(crate) fn readonly() -> Model {
    let mut model = model(announced());
    model.readonly = Some("read-only: this screen was started with --readonly".into());
    model
}

/// Two apps, all is well.
pub(crate) fn healthy() -> Snapshot {
    snapshot(vec![android(), ios()], quiet_events())
}

pub(crate) fn warning() -> Snapshot {
    let mut app = android();
    app.health = Health::Warning;
    app.sentence = "Worth a look: since 09:00 UTC 8.43.0 crashes 3.8× as often as 8.42.1 (1,161 of 611,204 sessions vs 5,814 \
        of 11,612,876). At least 1.2× with 95% confidence. If 8.43.0 were no worse, evidence this strong would turn up in \
        at most 1 in 40 rollouts, however often we look. No limit is broken: rule crash-ratio halts at 1 in 1,000, now \
        1 in 40. Data to 14:31 UTC."
        .into();
    set_metric(&mut app, 0, 1_161, Health::Warning, Some(3.7));
    set_rule(&mut app, 1, RuleState::Warning, "3.8×", 0.43);
    app.rules[1].change = Some("halts at 1 in 1,000, now 1 in 40".into());
    app.metrics[0].since = Some(ago(19_927));
    set_want(&mut app, 1, Some(false), "rule crash-ratio warns");
    snapshot(
        vec![android_named("courier-android", "Courier"), app],
        quiet_events(),
    )
}

fn breached() -> AppSnapshot {
    let mut app = android();
    app.health = Health::Breached;
    app.sentence = "8.43.0 crashes 59.6× as often as 8.42.1 (18,214 of 611,204 sessions vs 5,814 of \
        11,612,876). At least 41.7× with 95% confidence. If 8.43.0 were at most 2× as bad, evidence this strong would \
        turn up in less than 1 in a billion rollouts, however often we look. Rule crash-ratio: halts at 1 in 1,000."
        .into();
    set_metric(&mut app, 0, 18_214, Health::Breached, Some(70.1));
    set_metric(&mut app, 1, 18_911, Health::Breached, Some(66.0));
    set_rule(&mut app, 0, RuleState::Breached, "97.02%", 1.0);
    set_rule(&mut app, 1, RuleState::Breached, "59.6×", 1.0);
    app.fired = vec!["crash-ratio".into()];
    app.gaining = Some(1_911);
    set_want(&mut app, 1, Some(false), "rule crash-ratio is breached");
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
            reason: "crash-ratio fired".into(),
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
    app.gate = None;
    app.acknowledged_by = Some(alice());
    let store = app.store;
    if let Some(release) = &mut app.release {
        release.status = Status::Stopped;
        let way_out = way_out(store, release.status, &release.version);
        app.way_out = way_out;
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
                version: None,
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
/// Offered, hardly seen, and one source is late.
fn dark() -> Snapshot {
    let mut app = android();
    let dark = "the store offers 8.43.0 to 5%, but it has had 12 sessions in 8 h where at least 1,375 were to be expected: it may \
        crash before its first session is counted";
    app.health = Health::Unknown;
    app.sentence = format!("Unknown: {dark}").into();
    app.dark = Some(dark.into());
    set_want(&mut app, 0, None, dark);
    app.metrics = metrics(12, 0);
    app.sources[1].state = DataState::Late;
    app.sources[1].why = Some("its data end at 2026-01-10 09:30 UTC".into());
    for metric in &mut app.metrics {
        metric.health = Health::Unknown;
    }
    snapshot(vec![app, ios()], quiet_events())
}

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
        source.state = DataState::Stale;
        source.read_through = Some(ago(1_320));
        source.why = Some("503 Service Unavailable since 14:10".into());
    }
    set_want(&mut app, 0, None, "503 Service Unavailable since 14:10");
    for metric in &mut app.metrics {
        metric.health = Health::Unknown;
        metric.ln_evidence = None;
        metric.visible = None;
        metric.through = Some(ago(1_320));
    }
    for rule in &mut app.rules {
        rule.state = RuleState::Unknown {
            why: "no data newer than 22m".into(),
        };
        rule.now = "–".into();
        (rule.margin, rule.change) = (None, None);
    }
    snapshot(vec![ios(), app], quiet_events())
}

pub(crate) fn disarmed() -> Snapshot {
    let mut picture = healthy();
    picture.disarmed = Some(Disarmed {
        until: Some(now() + TimeDelta::seconds(6_720)),
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
    let store = app.store;
    if let Some(release) = &mut app.release {
        release.status = Status::Stopped;
        if let Some(phased) = &mut release.phased {
            phased.paused_days = 21;
        }
        let way_out = way_out(store, release.status, &release.version);
        app.way_out = way_out;
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
