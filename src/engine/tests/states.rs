//! What the engine does with data that are not fresh, and with a version that nobody sees.

use std::sync::Arc;

use chrono::TimeDelta;

use super::model::{Model, app_id, plan};
use crate::domain::event::Urgency;
use crate::domain::{Counts, Event, Exposure, Health, Metric, PlainText, SourceId, Status};
use crate::engine::{AppState, Input, replay};
use crate::policy::{Beside, DataState, MetricSeries, Paired};

fn world() -> Model {
    let mut world = Model::new(plan(1, TimeDelta::zero(), None), 7);
    world.drain();
    world
}

fn app(world: &Model) -> AppState {
    world.state.app(&app_id(0)).unwrap().clone()
}

/// Five minutes later a poll brings a window, and its source is in this state.
fn poll(world: &mut Model, bad: bool, state: DataState) {
    poll_dark(world, bad, state, None);
}

fn poll_dark(world: &mut Model, bad: bool, state: DataState, dark: Option<&PlainText>) {
    // The window comes, and nobody is asked yet.
    let before = (world.journal.clone(), world.state.clone());
    world.poll(bad, true);
    (world.journal, world.state) = before;
    world.pending.clear();
    let mut observation = world.observation(&app_id(0), true);
    for source in &mut observation.sources {
        source.state = state;
        let stalled = world.windows[0].start - TimeDelta::minutes(26);
        source.read_through = Some(if state == DataState::Stale {
            stalled
        } else {
            world.now
        });
    }
    if dark.is_some() {
        (observation.dark, observation.exposed_since) = (dark.cloned(), None);
    }
    world.feed(&Input::Observed {
        app: app_id(0),
        observation: Box::new(observation),
    });
    world.drain();
}

fn pages(world: &Model) -> usize {
    world.count(|event| {
        let urgency = match event {
            Event::TellQueued { urgency, .. } => Some(*urgency),
            _ => None,
        };
        urgency == Some(Urgency::Page)
    })
}

fn losses(world: &Model) -> (usize, usize, usize) {
    (
        world.count(|event| matches!(event, Event::SourceLost { .. })),
        world.count(|event| matches!(event, Event::SourcePaged { .. })),
        world.count(|event| matches!(event, Event::SourceBack { .. })),
    )
}

/// After a crash everything is the fold of the journal.
fn restart(world: &mut Model) {
    world.state = replay(&world.journal);
}

#[test]
fn who_is_blind_is_told_once_and_woken_once_also_over_restarts() {
    for state in [DataState::Stale, DataState::Missing, DataState::Anomalous] {
        let mut world = world();
        for minute in 1..=60 {
            poll(&mut world, false, state);
            restart(&mut world);
            let due = minute * 5 > 95 || (state == DataState::Stale && minute * 5 > 65);
            let early = minute * 5 <= 60;
            assert_eq!(losses(&world).0, 1, "{state:?}");
            assert!(!due || pages(&world) == 1, "{state:?} {minute}");
            assert!(!early || pages(&world) == 0, "{state:?} {minute}");
        }
        assert_eq!((losses(&world), pages(&world)), ((1, 1, 0), 1), "{state:?}");
        poll(&mut world, false, DataState::Fresh);
        assert_eq!(losses(&world), (1, 1, 1));
        for _ in 0..60 {
            poll(&mut world, false, state);
        }
        assert_eq!(
            (losses(&world), pages(&world)),
            ((2, 2, 1), 2),
            "it is back, and lost anew"
        );
    }
}

/// As after a reload without it.
#[test]
fn a_source_that_is_not_asked_any_more_is_not_missed_any_more() {
    let mut world = world();
    for _ in 0..30 {
        poll(&mut world, false, DataState::Missing);
    }
    assert!(app(&world).incident.is_some(), "somebody was paged");
    let mut observation = world.observation(&app_id(0), true);
    for source in &mut observation.sources {
        source.id = SourceId("another".into());
    }
    let observation = Box::new(observation);
    world.feed(&Input::Observed {
        app: app_id(0),
        observation,
    });
    world.drain();
    poll(&mut world, false, DataState::Fresh);
    assert_eq!(app(&world).lost_sources.len(), 0);
    assert!(app(&world).incident.is_none(), "nothing is wrong any more");
}

#[test]
fn late_data_are_unknown_and_nobody_is_told() {
    let mut world = world();
    poll(&mut world, false, DataState::Fresh);
    poll(&mut world, false, DataState::Fresh);
    assert_eq!(app(&world).health, Health::Healthy);
    for _ in 0..60 {
        poll(&mut world, false, DataState::Late);
        assert_eq!(app(&world).health, Health::Unknown);
    }
    assert_eq!(losses(&world), (0, 0, 0));
    // Nor does it end what was told before: it is back once it is fresh.
    poll(&mut world, false, DataState::Stale);
    poll(&mut world, false, DataState::Late);
    assert_eq!(losses(&world), (1, 0, 0));
}

#[test]
fn nobody_is_woken_while_nothing_is_rolled_out_or_for_an_optional_source() {
    let mut stopped = world();
    stopped.store.status = Status::Stopped;
    stopped.feed(&Input::StoreRead {
        app: app_id(0),
        result: Ok(stopped.read()),
    });
    for _ in 0..60 {
        poll(&mut stopped, false, DataState::Anomalous);
    }
    assert_eq!((losses(&stopped).0, losses(&stopped).1), (1, 0));
}

#[test]
fn data_that_are_not_fresh_never_act_and_are_never_green() {
    use DataState::{Anomalous, Late, Missing, Stale};
    for state in [Late, Stale, Missing, Anomalous] {
        for bad in [false, true] {
            let mut world = world();
            for _ in 0..30 {
                poll(&mut world, bad, state);
                assert_eq!(app(&world).health, Health::Unknown, "{state:?}");
            }
            assert_eq!(
                world.count(|event| matches!(
                    event,
                    Event::RuleFired { .. } | Event::DesireSet { .. }
                )),
                0
            );
            assert!(world.writes.is_empty());
        }
    }
}

#[test]
fn a_dark_launch_wakes_somebody_once_and_is_never_green() {
    let mut world = world();
    let dark = PlainText::from("the store offers 2.0 to 10%, but it has had no sessions");
    for _ in 0..10 {
        let found = app(&world).dark.unwrap_or_else(|| dark.clone());
        poll_dark(&mut world, false, DataState::Fresh, Some(&found));
        restart(&mut world);
        assert_eq!(app(&world).health, Health::Unknown);
        assert!(app(&world).sentence.as_str().contains("the store offers"));
    }
    let dark = |event: &Event| matches!(event, Event::DarkLaunch { .. });
    let over = |event: &Event| matches!(event, Event::DarkLaunchOver);
    assert_eq!(
        (world.count(dark), world.count(over), pages(&world)),
        (1, 0, 1)
    );
    // Four hundred sessions in five minutes beside twenty thousand at 5 %: they have come.
    world.now += TimeDelta::hours(6);
    poll(&mut world, false, DataState::Fresh);
    assert_eq!(
        (world.count(dark), world.count(over), pages(&world)),
        (1, 1, 1)
    );
    assert_eq!(app(&world).dark, None);
    assert_eq!(app(&world).health, Health::Healthy);
}

/// A poll at which a second source counts so many failures of the new version in each hour, and is in this state.
fn hear(world: &mut Model, failures: u64, state: DataState) {
    let before = (world.journal.clone(), world.state.clone());
    world.poll(false, true);
    (world.journal, world.state) = before;
    world.pending.clear();
    let mut observation = world.observation(&app_id(0), true);
    let id = SourceId("vitals".into());
    let mut source = observation.sources[0].clone();
    (source.id, source.state, source.required) = (id.clone(), state, false);
    observation.sources.push(source);
    let windows = world.windows.iter().map(|window| Paired {
        new: Counts {
            failures,
            ..window.new
        },
        ..window.clone()
    });
    observation.beside = Beside {
        seconds: Arc::new(vec![MetricSeries {
            metric: Metric::CrashFreeSessions,
            source: id,
            windows: windows.collect(),
        }]),
        disagreed: app(world).disagreements.into_keys().collect(),
        ..Beside::default()
    };
    world.feed(&Input::Observed {
        app: app_id(0),
        observation: Box::new(observation),
    });
    world.drain();
}

#[test]
fn sources_that_disagree_are_told_once_and_stop_nothing() {
    let mut world = world();
    let begins = |event: &Event| matches!(event, Event::SourcesDisagree { .. });
    let ends = |event: &Event| matches!(event, Event::SourcesAgree { .. });
    for _ in 0..40 {
        hear(&mut world, 24, DataState::Fresh);
        restart(&mut world);
    }
    assert_eq!((world.count(begins), world.count(ends)), (1, 0));
    assert_eq!(app(&world).disagreements.len(), 1);
    // The first source decides, and sees nothing wrong.
    assert_eq!(app(&world).health, Health::Healthy);
    assert!(world.writes.is_empty() && pages(&world) == 0);
    // Who is silent has not changed its mind.
    hear(&mut world, 0, DataState::Missing);
    assert_eq!(world.count(ends), 0);
    for _ in 0..3 {
        hear(&mut world, 0, DataState::Fresh);
        restart(&mut world);
    }
    assert_eq!((world.count(begins), world.count(ends)), (1, 1));
    assert!(app(&world).disagreements.is_empty());
}

#[test]
fn an_exposure_is_as_old_as_its_last_change() {
    let mut world = world();
    let began = app(&world).exposed_since.unwrap();
    let mut shown = |change: &dyn Fn(&mut Model)| {
        world.now += TimeDelta::hours(1);
        change(&mut world);
        let result = Ok(world.read());
        world.feed(&Input::StoreRead {
            app: app_id(0),
            result,
        });
        let app = app(&world);
        (
            app.exposed_since.map(|since| (since - began).num_hours()),
            app.widest,
        )
    };
    let percent = Exposure::from_percent;
    assert_eq!(shown(&|_| {}), (Some(0), percent(5)));
    assert_eq!(
        shown(&|it| it.store.exposure = percent(20)),
        (Some(2), percent(20))
    );
    assert_eq!(
        shown(&|it| it.store.status = Status::Stopped),
        (None, percent(20))
    );
    assert_eq!(
        shown(&|it| it.store.status = Status::InProgress),
        (Some(4), percent(20))
    );
    assert_eq!(shown(&|it| it.store.in_review = true), (None, percent(20)));
    assert_eq!(
        shown(&|it| it.store.in_review = false),
        (Some(6), percent(20))
    );
    let another = |it: &mut Model| {
        it.store.version = crate::domain::Version::from_code(43);
        it.store.exposure = percent(1);
    };
    assert_eq!(shown(&another), (Some(7), percent(1)));
}
