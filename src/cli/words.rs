//! An app's picture as people read it: linear text, one statement a line, for terminals, logs and screen readers.

mod run;
mod signals;

use chrono::TimeDelta;

use crate::api::wire::{Disarmed, TrainView, WatcherState};
use crate::api::{AppSnapshot, Snapshot};
use crate::domain::{AppId, Status, Timestamp};
use crate::policy::figures::times_up;
use crate::policy::{GateStatus, MetricSummary, RuleState, RuleStatus, explain};

/// Everything that is known, the most important first.
pub(super) fn lines(snapshot: &Snapshot, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(match &snapshot.watcher {
        WatcherState::Acting { .. } => "a watcher is running".to_owned(),
        WatcherState::WatchingOnly { why } => {
            format!("a watcher is running but must not act: {why}")
        }
        WatcherState::NobodySince { since: None } => {
            "nobody is watching, and nobody ever has".to_owned()
        }
        WatcherState::NobodySince { since: Some(since) } => {
            format!("NOBODY IS WATCHING since {}", moment(*since))
        }
    });
    lines.extend(snapshot.disarmed.as_ref().map(disarmed));
    lines.extend(snapshot.trains.iter().map(train));
    for app in &snapshot.apps {
        app_words(app, now, &mut lines);
    }
    lines
}

/// `train weekly: @alice is on watch until Mon 2026-03-30 09:00, then @bob; rollout due Tue 2026-03-31 09:00 (Europe/Berlin)`
fn train(train: &TrainView) -> String {
    let watch = on_watch(train).unwrap_or_else(|| "nobody is named to watch".to_owned());
    let due = due(train).map_or_else(String::new, |due| format!("; {due}"));
    format!("train {}: {watch}{due} ({})", train.train, train.zone)
}

/// `@alice is on watch until Mon 2026-03-30 09:00, then @bob`, in the train's zone.
pub(super) fn on_watch(train: &TrainView) -> Option<String> {
    let owner = train.on_watch.as_ref()?;
    let change = train.until.zip(train.after.as_ref());
    let change = change.map(|(at, after)| format!(" until {}, then @{after}", local(train, at)));
    Some(format!(
        "@{owner} is on watch{}",
        change.unwrap_or_default()
    ))
}

/// `rollout due Tue 2026-03-31 09:00`
pub(super) fn due(train: &TrainView) -> Option<String> {
    let (what, at) = train.due.as_ref()?;
    Some(format!("{what} due {}", local(train, *at)))
}

/// `Tue 2026-03-31 09:00`, by the clocks of the train's zone.
pub(super) fn local(train: &TrainView, at: Timestamp) -> String {
    let local = at.with_timezone(&train.zone);
    local.format("%a %Y-%m-%d %H:%M").to_string()
}

fn app_words(app: &AppSnapshot, now: Timestamp, lines: &mut Vec<String>) {
    let id = &app.id;
    let stopped = app
        .release
        .as_ref()
        .is_some_and(|release| release.status == Status::Stopped);
    let release = app.release.as_ref().map_or_else(
        || "no release to watch".to_owned(),
        |release| {
            format!(
                "{} {} at {}",
                app.version_name,
                release.status.word(app.store),
                release.exposure
            )
        },
    );
    lines.push(format!(
        "{id}: {}: {release}: {}",
        app.health,
        sentence(app)
    ));
    lines.extend(
        app.disarmed
            .as_ref()
            .map(|pressed| format!("{id}: {}", disarmed(pressed))),
    );
    lines.extend(run::lines(app).iter().map(|line| format!("{id}: {line}")));
    if !app.acts {
        lines.push(format!(
            "{id}: mode = \"advise\": haltline tells, and does not act"
        ));
    }
    lines.extend(app.hold.as_ref().map(|actor| {
        format!("{id}: held by {actor}: haltline does not advance until somebody resumes it")
    }));
    if let Some(desire) = &app.desire {
        let state = if desire.failed {
            "FAILED"
        } else {
            "requested, not confirmed"
        };
        lines.push(format!(
            "{id}: {} {state} after {}: {}",
            desire.verb,
            attempts(desire.attempts),
            desire.reason
        ));
        lines.extend(
            desire
                .failure
                .as_ref()
                .map(|failure| format!("{id}: {}: {failure}", desire.verb)),
        );
    }
    if let Some(act) = &app.announced {
        lines.push(format!(
            "{id}: {} at {} unless held ({})",
            act.verb,
            act.due.format("%H:%M:%S UTC"),
            act.rule
        ));
    }
    if app.latched && stopped {
        lines.push(format!(
            "{id}: halted on purpose: only `haltline resume {id} --reason …` lifts it"
        ));
    }
    lines.extend(
        app.needs_person
            .iter()
            .map(|why| format!("{id}: a person is needed: {why}")),
    );
    lines.extend(
        app.stalled
            .iter()
            .map(|why| format!("{id}: STALLED: {why}")),
    );
    // Without a release the sentence has told it already.
    if app.release.is_some() {
        lines.extend(
            app.store_failure
                .as_ref()
                .map(|failure| format!("{id}: store: {failure}")),
        );
    }
    health_words(app, now, lines);
    let steps = app.way_out.iter().enumerate();
    lines.extend(steps.map(|(n, step)| format!("{id}: way out {}: {step}", n + 1)));
}

/// The rules and the sources behind the verdict.
fn health_words(app: &AppSnapshot, now: Timestamp, lines: &mut Vec<String>) {
    let id = &app.id;
    lines.extend(
        app.dark
            .iter()
            .map(|why| format!("{id}: DARK LAUNCH: {why}")),
    );
    for rule in &app.rules {
        lines.push(format!(
            "{id}: {}: {} (limit {}), {}{}",
            rule.called(),
            rule.now,
            rule.limit,
            rule_word(rule),
            run::overridden(app, &rule.rule)
        ));
    }
    for metric in &app.metrics {
        lines.push(format!("{id}: {}", metric_words(metric)));
    }
    let signals = signals::lines(app);
    lines.extend(signals.iter().map(|line| format!("{id}: {line}")));
    lines.extend(app.gate.iter().flat_map(|gate| gate_words(id, gate)));
    for source in &app.sources {
        let age = source.read_through.map_or_else(
            || "never read".to_owned(),
            |through| format!("{} old", age(now - through)),
        );
        let word = source.state.word();
        let state = match &source.why {
            _ if source.is_fresh() => word.to_owned(),
            Some(why) => format!("{}: {why}", word.to_uppercase()),
            None => word.to_uppercase(),
        };
        let reach = signals::reach(source);
        lines.push(format!("{id}: source {}, {age}: {state}{reach}", source.id));
    }
}

pub(super) fn rule_word(rule: &RuleStatus) -> String {
    let word = match &rule.state {
        RuleState::Off if rule.of_tier => "off while a train leaves in time".into(),
        RuleState::Off => "off at this exposure".into(),
        RuleState::Armed => "armed".into(),
        RuleState::Warning => "warning".into(),
        RuleState::Breached => "BREACHED".into(),
        RuleState::Blameless => "both versions alike".into(),
        RuleState::Unknown { why } => format!("unknown: {why}"),
    };
    let more = [&rule.change, &rule.capped].into_iter().flatten();
    more.fold(word, |words, more| format!("{words}; {more}"))
}

/// `crash-free sessions 99.96% (12 of 30,210 sessions), baseline 99.951%: a version 2.1× as bad would have been seen`
fn metric_words(metric: &MetricSummary) -> String {
    let what = &metric.metric;
    let mut words = format!(
        "{} {} ({} of {} {})",
        what.label(),
        explain::share(what, metric.new),
        explain::count(metric.new.failures),
        explain::count(metric.new.trials),
        what.trial_word(),
    );
    let mut add = |more: String| words.push_str(&more);
    if metric.old.trials > 0 {
        add(format!(", baseline {}", explain::share(what, metric.old)));
    }
    if let Some(since) = metric.since {
        add(format!(", worse since {}", moment(since)));
    }
    if let Some(driver) = &metric.driver {
        add(format!(", mostly {}", explain::mostly(what, driver)));
    }
    if let Some(visible) = metric.visible {
        add(format!(
            "; a version {} as bad would have been seen",
            times_up(visible)
        ));
    }
    if let Some(clusters) = explain::clusters(metric.clustering) {
        add(format!("; failures come in {clusters}"));
    }
    words
}

/// What the gate wants, met or not.
fn gate_words(id: &AppId, gate: &GateStatus) -> Vec<String> {
    let state = if gate.open { "open" } else { "closed" };
    let head = format!("{id}: gate from {} to {}: {state}", gate.stage, gate.next);
    let wants = gate.wants.iter().map(|want| {
        let met = match want.met {
            Some(true) => "met",
            Some(false) => "not yet",
            None => "UNKNOWN",
        };
        format!("{id}: gate wants {}: {met} ({})", want.what, want.now)
    });
    std::iter::once(head).chain(wants).collect()
}

/// `41 s`, `6 min`, `5 h`, `3 d`: the coarsest unit that says it.
pub(super) fn age(age: TimeDelta) -> String {
    let seconds = age.num_seconds().max(0);
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5_999 => format!("{} min", seconds / 60),
        6_000..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The verdict's sentence; where there was nothing to judge, why.
pub(super) fn sentence(app: &AppSnapshot) -> String {
    match (&app.release, &app.store_failure) {
        (None, Some(failure)) => format!("the store cannot be read: {failure}"),
        (None, None) if app.sentence.is_empty() => {
            "the store has shown no release in progress yet".to_owned()
        }
        _ => app.sentence.to_string(),
    }
}

/// `2026-01-10 14:32 UTC`
pub(super) fn moment(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

pub(super) fn disarmed(disarmed: &Disarmed) -> String {
    let until = disarmed
        .until
        .map_or_else(|| "somebody arms it".to_owned(), moment);
    format!(
        "DISARMED until {until} by {}: {}",
        disarmed.actor, disarmed.reason
    )
}

fn attempts(n: u32) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} attempt{s}")
}
