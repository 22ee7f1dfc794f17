//! Who is told what: several channels, storms, incidents and those who are told when nobody answers.

mod failing;

use chrono::TimeDelta;

use super::model::{Fate, Model, app_id, plan, telling};
use crate::domain::event::Urgency;
use crate::domain::{Event, Failure, FailureKind, PlainText, Record, Status, Verb};
use crate::engine::{Effect, Input, PendingTell, Plan, next_wake, replay};

fn world() -> Model {
    world_of(|_plan| {})
}

/// A world whose store has been read once, with a log, a pager and those who are told later.
fn world_of(change: impl FnOnce(&mut Plan)) -> Model {
    let mut plan = plan(1, TimeDelta::zero(), None);
    plan.telling = telling();
    change(&mut plan);
    let mut world = Model::new(plan, 7);
    world.drain();
    world
}

/// Polls until the rule has fired and everything that follows is done.
fn halt(world: &mut Model) {
    for _ in 0..6 {
        world.poll(true, true);
        world.drain();
    }
}

/// What was queued: urgency, change, text, channels.
fn queued(world: &Model) -> Vec<String> {
    let told = |record: &Record| match &record.event {
        Event::TellQueued {
            urgency,
            text,
            to,
            incident,
            ..
        } => {
            let change = incident.as_ref().map(|news| news.change);
            let to: Vec<&str> = to.iter().map(PlainText::as_str).collect();
            let change = change.map_or_else(String::new, |change| format!(" {change:?}"));
            Some(format!("{urgency:?}{change} [{}] {text}", to.join(" ")))
        }
        _ => None,
    };
    world.journal.iter().filter_map(told).collect()
}

fn since(world: &Model, before: usize) -> Vec<String> {
    queued(world).split_off(before)
}

fn told_to(world: &Model, channel: &str) -> usize {
    world.count(|event| matches!(event, Event::Told { channel: to, .. } if to.as_str() == channel))
}

#[test]
fn an_incident_is_opened_acknowledged_and_resolved() {
    let mut world = world();
    halt(&mut world);
    let incident = world
        .state
        .app(&app_id(0))
        .unwrap()
        .incident
        .clone()
        .unwrap();
    assert_eq!(incident.key.as_str(), "haltline/app-0/42");
    let told: Vec<&str> = incident.told.iter().map(PlainText::as_str).collect();
    assert_eq!(told, ["log", "pager"]);
    assert_eq!(
        incident.threads.get(&"pager".into()).unwrap().as_str(),
        "thread"
    );
    let all = queued(&world);
    let pages: Vec<&String> = all.iter().filter(|line| line.starts_with("Page")).collect();
    assert!(
        pages[0].starts_with("Page Opened [log pager] app-0: halt at 5%: "),
        "{pages:?}"
    );
    assert!(
        pages[1].starts_with("Page Updated [log pager] app-0: halt confirmed: "),
        "{pages:?}"
    );

    let before = all.len();
    world.acknowledge("looking");
    world.drain();
    world.acknowledge("looking");
    world.drain();
    assert_eq!(
        since(&world, before),
        ["Info Acknowledged [log pager] app-0: acknowledged by @alice: looking"],
        "the pager hears of it, though it is told pages alone; and once"
    );

    // Nothing is wrong any more once somebody resumed and the new evidence is known.
    world.ask(Verb::Resume);
    world.drain();
    let before = queued(&world).len();
    world.windows.clear();
    world.poll(false, true);
    world.drain();
    assert_eq!(
        since(&world, before),
        ["Info Resolved [log pager] app-0: resolved: 42 goes on at 5%, nothing is wrong any more"]
    );
    assert_eq!(world.state.app(&app_id(0)).unwrap().incident, None);
    assert_eq!(replay(&world.journal), world.state);

    // What is wrong again is the same incident anew.
    let before = queued(&world).len();
    halt(&mut world);
    let again = since(&world, before);
    assert!(
        again
            .iter()
            .any(|line| line.starts_with("Page Opened [log pager] ")),
        "{again:?}"
    );
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn with_the_release_its_incident_ends_and_the_page_after_it_is_of_the_next_one() {
    let mut world = world();
    halt(&mut world);
    // Somebody resumes, and before it is seen another release is there.
    world.ask(Verb::Resume);
    world.pending.clear();
    let before = queued(&world).len();
    world.store.version = crate::domain::Version::from_code(43);
    world.store.status = Status::InProgress;
    let read = Input::StoreRead {
        app: app_id(0),
        result: Ok(world.read()),
    };
    world.feed(&read);
    assert_eq!(
        since(&world, before),
        [
            "Info Resolved [log pager] app-0: resolved: 43 took the place of 42",
            "Info [log] app-0: watching 43 (in progress at 5%) on Google Play",
            "Page Opened [log pager] app-0: resume was not carried out: another release took its place",
        ]
    );
    let app = world.state.app(&app_id(0)).unwrap();
    assert_eq!(
        app.incident.as_ref().unwrap().key.as_str(),
        "haltline/app-0/43"
    );
    // The pager is told of the end of the first one, after all that went before.
    let resolved = world
        .state
        .tells
        .values()
        .find(|tell| tell.text.as_str().contains("resolved"));
    assert_eq!(resolved.unwrap().version.as_ref().unwrap().key(), "42");
    world.settle();
    assert!(world.violations.is_empty(), "{:?}", world.violations);
    assert!(world.listener.lost().is_empty());
}

#[test]
fn nobody_answers_and_more_people_are_told_and_then_no_more() {
    let mut world = world();
    halt(&mut world);
    let before = queued(&world).len();
    let opened = world
        .state
        .app(&app_id(0))
        .unwrap()
        .incident
        .clone()
        .unwrap()
        .opened;
    world.now = opened + TimeDelta::minutes(5) - TimeDelta::seconds(1);
    world.feed(&Input::Tick);
    assert_eq!(since(&world, before), Vec::<String>::new());
    let wake = next_wake(&world.plan, &world.state, world.now);
    assert_eq!(wake, Some(opened + TimeDelta::minutes(5)));
    for _ in 0..600 {
        world.now += TimeDelta::seconds(7);
        world.feed(&Input::Tick);
        world.drain();
    }
    let rung: Vec<String> = since(&world, before)
        .into_iter()
        .map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": "))
        .collect();
    let expected: Vec<String> = [5, 10, 15, 20]
        .map(|minutes| {
            format!("Page Escalated [log pager leads] app-0: not acknowledged for {minutes} min")
        })
        .to_vec();
    assert_eq!(rung, expected, "the leads once, and then three times more");
    let levels = world.count(|event| matches!(event, Event::Escalated { .. }));
    assert_eq!(levels, 4);

    // From then on the leads hear of all that follows, and of the end.
    let before = queued(&world).len();
    world.acknowledge("");
    world.drain();
    assert_eq!(
        since(&world, before),
        ["Info Acknowledged [leads log pager] app-0: acknowledged by @alice"]
    );
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn who_acknowledges_ends_the_ringing() {
    let mut world = world();
    halt(&mut world);
    world.acknowledge("");
    world.drain();
    world.settle();
    assert_eq!(
        world.count(|event| matches!(event, Event::Escalated { .. })),
        0
    );
}

#[test]
fn the_same_words_are_told_once_in_ten_minutes_unless_they_are_more_urgent() {
    let mut world = world();
    let before = queued(&world).len();
    let step = TimeDelta::minutes(3);
    for _ in 0..3 {
        world.say(Urgency::Info, "app-0: so it is");
        world.drain();
        world.now += step;
    }
    world.say(Urgency::Warning, "app-0: so it is");
    world.now += TimeDelta::minutes(2);
    world.say(Urgency::Info, "app-0: so it is");
    world.say(Urgency::Info, "app-0: so it is not");
    world.now += TimeDelta::minutes(9);
    world.say(Urgency::Info, "app-0: so it is");
    assert_eq!(
        since(&world, before),
        [
            "Info [log] app-0: so it is",
            "Warning [log] app-0: so it is",
            "Info [log] app-0: so it is not",
            "Info [log] app-0: so it is",
        ]
    );
}

#[test]
fn a_storm_rings_a_few_times_and_then_once() {
    let mut world = world();
    for n in 0..40 {
        world.say(Urgency::Page, &format!("app-0: page {n}"));
        if n < 10 {
            world.drain();
        }
    }
    // Three a minute: the others wait, and no wake is missed.
    assert_eq!(told_to(&world, "pager"), 3);
    assert_eq!(told_to(&world, "log"), 10 + 1);
    world.drain();
    let wake = next_wake(&world.plan, &world.state, world.now).unwrap();
    assert_eq!(wake, world.now + TimeDelta::minutes(1));
    world.now = wake;
    world.feed(&Input::Tick);
    let digest = world.pending.iter().find_map(|effect| match effect {
        Effect::Tell { ids, channel } if channel.as_str() == "pager" => Some(ids.clone()),
        _ => None,
    });
    let digest = digest.unwrap();
    assert_eq!(digest.len(), 37);
    assert!(digest.is_sorted());
    world.drain();
    assert_eq!(told_to(&world, "pager"), 40);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

/// Each incident has an alert of its own there, and a digest would close none of them.
#[test]
fn a_channel_that_keeps_alerts_gets_the_pages_of_each_incident_by_themselves() {
    let mut plan = plan(3, TimeDelta::zero(), None);
    plan.telling = telling();
    for channel in &mut plan.telling.channels {
        (channel.apart, channel.most) = (true, 1);
    }
    let mut world = Model::new(plan, 7);
    world.drain();
    let mut told = Vec::new();
    for n in 0..3 {
        let (app, result) = (app_id(n), Ok(world.read()));
        world.feed(&Input::StoreRead { app, result });
        for again in 0..2 {
            let text = format!("app-{n}: page {again}");
            world.say_of(&app_id(n), Urgency::Page, &text);
        }
    }
    for _ in 0..9 {
        let tells = world.pending.iter().filter_map(|effect| match effect {
            Effect::Tell { ids, channel } if channel.as_str() == "pager" => Some(ids.clone()),
            _ => None,
        });
        for ids in tells.collect::<Vec<_>>() {
            let key = |id| {
                let tell = world.state.tells.get(id)?;
                tell.incident.as_ref().map(|news| news.key.to_string())
            };
            let keys: std::collections::BTreeSet<_> = ids.iter().map(key).collect();
            assert_eq!(keys.len(), 1, "{ids:?}");
            told.extend(keys);
        }
        world.drain();
        world.now += TimeDelta::minutes(1);
        world.feed(&Input::Tick);
    }
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 3, "one alert each: {told:?}");
    assert!(told.iter().all(Option::is_some));
    let waits = |tell: &PendingTell| {
        tell.text.as_str().contains(": page ")
            && tell.waiting.contains_key(&PlainText::from("pager"))
    };
    let mut tells = world.state.tells.values();
    assert!(!tells.any(waits), "nothing is lost");
}

#[test]
fn blind_on_the_store_for_long_wakes_somebody_once() {
    let mut world = world();
    let before = queued(&world).len();
    let lost = || Input::StoreRead {
        app: app_id(0),
        result: Err(Failure::new(FailureKind::Retry, "503")),
    };
    world.feed(&lost());
    for _ in 0..20 {
        world.now += TimeDelta::minutes(1);
        world.feed(&lost());
        world.feed(&Input::Tick);
        world.pending.clear();
    }
    let pages: Vec<String> = since(&world, before)
        .into_iter()
        .filter(|line| line.starts_with("Page Opened"))
        .collect();
    assert_eq!(
        pages,
        ["Page Opened [log pager] app-0: store unknown for 15 min while the rollout goes on: 503"]
    );
    // It can be read again, and is well: over.
    let read = Input::StoreRead {
        app: app_id(0),
        result: Ok(world.read()),
    };
    world.feed(&read);
    world.poll(false, true);
    assert_eq!(world.state.app(&app_id(0)).unwrap().incident, None);
    assert_eq!(replay(&world.journal), world.state);
    assert!(matches!(world.state.tells.len(), 1..));
}

#[test]
fn acknowledging_without_an_incident_is_taken_and_told_to_nobody() {
    let mut world = world();
    let before = queued(&world).len();
    world.acknowledge("seen");
    world.drain();
    assert_eq!(since(&world, before), Vec::<String>::new());
    let app = world.state.app(&app_id(0)).unwrap();
    assert!(app.acknowledged_by.is_some());
}

#[test]
fn the_incident_of_an_app_that_is_not_watched_any_more_does_not_stay_open() {
    let mut world = world();
    halt(&mut world);
    world.plan.apps.clear();
    let before = queued(&world).len();
    world.crash();
    world.drain();
    assert_eq!(
        since(&world, before),
        ["Info Resolved [log pager] app-0: resolved: haltline does not watch it any more"]
    );
    assert!(world.state.tells.is_empty());
}
