//! Channels that take nothing.

use super::*;

/// Lets time pass until a message is on its way to this channel; what else is under way ends well.
fn until_told(world: &mut Model, channel: &str) {
    let to = |effect: &Effect| matches!(effect, Effect::Tell { channel: to, .. } if to.as_str() == channel);
    while !world.pending.iter().any(to) {
        world.drain();
        world.now = next_wake(&world.plan, &world.state, world.now).unwrap();
        world.feed(&Input::Tick);
    }
}

/// Lets the message on its way to this channel fail.
fn fail(world: &mut Model, channel: &str, failure: &Failure) {
    let place = world.pending.iter().position(
        |effect| matches!(effect, Effect::Tell { channel: to, .. } if to.as_str() == channel),
    );
    let Effect::Tell { ids, channel } = world.pending.remove(place.unwrap()) else {
        unreachable!()
    };
    let result = Err(failure.clone());
    world.feed(&Input::TellDone {
        ids,
        channel,
        result,
    });
}

fn to_log(effect: &Effect) -> bool {
    matches!(effect, Effect::Tell { channel, .. } if channel.as_str() == "log")
}

fn waits(world: &Model, channel: &str) -> Vec<PendingTell> {
    let tells = world.state.tells.values();
    let waits = tells.filter(|tell| tell.waiting.contains_key(&PlainText::from(channel)));
    waits.cloned().collect()
}

#[test]
fn what_is_refused_is_dropped_and_told_elsewhere_once_a_cause() {
    let mut world = world();
    let gone = Failure::new(FailureKind::Refused, "channel_is_archived");
    let before = queued(&world).len();
    world.say(Urgency::Page, "app-0: first");
    fail(&mut world, "pager", &gone);
    world.drain();
    world.now += TimeDelta::minutes(2);
    world.say(Urgency::Page, "app-0: second");
    fail(&mut world, "pager", &gone);
    world.drain();
    assert_eq!(
        since(&world, before),
        [
            "Page Opened [log pager] app-0: first",
            "Warning [log] pager refuses a message, which is not told there: channel_is_archived",
            "Page Updated [log pager] app-0: second",
        ]
    );
    let dropped = world.count(|event| matches!(event, Event::TellDropped { .. }));
    assert_eq!((dropped, waits(&world, "pager").len()), (2, 0));
}

#[test]
fn of_many_that_are_refused_together_each_is_tried_alone() {
    let mut world = world();
    for n in 0..5 {
        world.say(Urgency::Page, &format!("app-0: page {n}"));
    }
    world.plan.telling.escalate_after = None;
    // The first is on its way; the other four are more than three.
    let refused = Failure::new(FailureKind::Refused, "too long");
    let works = world.pending.iter().position(
        |effect| matches!(effect, Effect::Tell { channel, .. } if channel.as_str() == "pager"),
    );
    let first = world.pending.remove(works.unwrap());
    let answer = world.carry_out(first, Fate::Works);
    world.feed(&answer);
    fail(&mut world, "pager", &refused);
    assert_eq!(waits(&world, "pager").len(), 4, "none of them is lost");
    world.settle();
    assert_eq!(told_to(&world, "pager"), 5);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

/// What a day of a channel that is down writes down does not grow with how many wait for it.
#[test]
fn a_channel_that_is_down_is_tried_with_one_of_many() {
    let mut world = world();
    world.plan.telling.escalate_after = None;
    for n in 0..40 {
        world.say(Urgency::Page, &format!("app-0: page {n}"));
    }
    let down = Failure::new(FailureKind::Retry, "connection refused");
    let failed = |world: &Model| world.count(|event| matches!(event, Event::TellFailed { .. }));
    for _ in 0..60 {
        until_told(&mut world, "pager");
        fail(&mut world, "pager", &down);
    }
    assert_eq!(failed(&world), 60);
    let words = "Warning [log] pager takes no page, which is tried on: connection refused";
    let warned = queued(&world).iter().filter(|line| *line == words).count();
    assert!(warned >= 1, "{:?}", queued(&world));
    assert_eq!(waits(&world, "pager").len(), 40, "none of them is lost");
    world.settle();
    assert_eq!(told_to(&world, "pager"), 40);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn a_channel_that_is_down_is_asked_less_and_less_and_as_it_wants() {
    let mut world = world();
    world.say(Urgency::Page, "app-0: one");
    world.say(Urgency::Page, "app-0: two");
    let down = Failure::new(FailureKind::Retry, "connection refused");
    let mut tries = Vec::new();
    let (began, mut last) = (world.now, world.now);
    while world.now < began + TimeDelta::minutes(10) {
        let mine = |effect: &Effect| matches!(effect, Effect::Tell { channel, .. } if channel.as_str() == "pager");
        if world.pending.iter().any(mine) {
            tries.push((world.now - last).num_seconds());
            last = world.now;
            fail(&mut world, "pager", &down);
        }
        world.drain();
        world.now += TimeDelta::seconds(1);
        world.feed(&Input::Tick);
    }
    assert_eq!(
        tries,
        [0, 1, 3, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60]
    );
    let words = "Warning [log] pager takes no page, which is tried on: connection refused";
    let warned = queued(&world).iter().filter(|line| *line == words).count();
    assert_eq!(warned, 1, "{:?}", queued(&world));
    // Where the vendor says when, it is then, unless somebody would wait for an hour to be woken.
    for (asked, waited) in [(240, 240), (3_600, 300)] {
        let slow = Failure {
            retry_after: Some(asked),
            ..Failure::new(FailureKind::Quota, "slow down")
        };
        until_told(&mut world, "pager");
        let since = world.now;
        fail(&mut world, "pager", &slow);
        until_told(&mut world, "pager");
        assert_eq!(world.now - since, TimeDelta::seconds(waited));
    }
}

#[test]
fn a_page_that_no_one_takes_for_a_day_is_given_up_loudly() {
    let mut world = world();
    let before = queued(&world).len();
    world.say(Urgency::Page, "app-0: it burns");
    let down = Failure::new(FailureKind::Retry, "connection refused");
    let began = world.now;
    while world.now < began + TimeDelta::hours(24) {
        while let Some(place) = world.pending.iter().position(
            |effect| matches!(effect, Effect::Tell { channel, .. } if channel.as_str() != "log"),
        ) {
            let Effect::Tell { ids, channel } = world.pending.remove(place) else {
                unreachable!()
            };
            let result = Err(down.clone());
            world.feed(&Input::TellDone {
                ids,
                channel,
                result,
            });
        }
        world.drain();
        world.now += TimeDelta::minutes(5);
        world.feed(&Input::Tick);
    }
    world.drain();
    let last = since(&world, before).pop().unwrap();
    assert_eq!(
        last,
        "Warning [log] pager never took a page (not taken for 24 h: connection refused): app-0: it burns"
    );
    assert!(
        waits(&world, "pager")
            .iter()
            .all(|tell| tell.urgency == Urgency::Page && tell.text.as_str() != "app-0: it burns")
    );
}

#[test]
fn a_channel_that_is_not_in_the_config_any_more_is_not_waited_for() {
    let mut world = world();
    world.say(Urgency::Page, "app-0: it burns");
    world
        .plan
        .telling
        .channels
        .retain(|channel| channel.name.as_str() != "pager");
    world.pending.clear();
    world.crash();
    world.drain();
    assert!(world.state.tells.is_empty());
    let words = "Warning [log] pager never took a page (the config has no such channel any more): app-0: it burns";
    assert!(
        queued(&world).iter().any(|line| line == words),
        "{:?}",
        queued(&world)
    );
}

#[test]
fn two_broken_channels_do_not_tell_each_other_forever() {
    let mut world = world_of(|plan| {
        for channel in &mut plan.telling.channels {
            (channel.level, channel.least) = (0, Urgency::Info);
        }
    });
    let before = queued(&world).len();
    world.say(Urgency::Page, "app-0: it burns");
    for n in 0..200 {
        for channel in ["pager", "leads"] {
            let waits = |effect: &Effect| matches!(effect, Effect::Tell { channel: to, .. } if to.as_str() == channel);
            if world.pending.iter().any(waits) {
                let what = format!("no (request {n})");
                fail(
                    &mut world,
                    channel,
                    &Failure::new(FailureKind::Refused, what),
                );
            }
        }
        while let Some(place) = world.pending.iter().position(to_log) {
            let effect = world.pending.remove(place);
            let answer = world.carry_out(effect, Fate::Works);
            world.feed(&answer);
        }
        world.now += TimeDelta::seconds(90);
        world.feed(&Input::Tick);
    }
    let all = since(&world, before);
    let warned: Vec<_> = all
        .iter()
        .filter(|line| line.starts_with("Warning"))
        .collect();
    assert_eq!(warned.len(), 2, "{warned:?}");
}
