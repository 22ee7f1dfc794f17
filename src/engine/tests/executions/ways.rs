//! How each phase is left, and whose doing it is.

use super::*;

/// A way into each phase, on a store that can be there.
fn into(phase: Phase, kind: StoreKind) -> Option<World> {
    let mut world = World::rolling(kind);
    if phase == Phase::Pending {
        let app = world.plan.apps.get_mut(&id()).unwrap();
        Arc::make_mut(&mut app.policy).stages[0].approval = Some(Approval {
            role: crate::policy::Role::Operator,
            persons: 1,
        });
        world.verb(Verb::Complete);
        world.wait(0);
        world.wait(2);
        let pending = world.app().pending.map(|pending| pending.phase);
        assert_eq!(pending, Some(Phase::Pending));
        return Some(world);
    }
    let verbs: &[Verb] = match phase {
        Phase::Rolling => &[],
        Phase::Holding => &[Verb::Hold],
        Phase::Paused => &[Verb::Pause],
        Phase::Halted => &[Verb::Halt],
        Phase::Completed => &[Verb::Complete],
        Phase::RolledBack => &[Verb::Complete, Verb::Pause],
        Phase::Pending | Phase::Superseded | Phase::Cancelled => return None,
    };
    for verb in verbs {
        if let ActReply::Refused(..) = world.verb(*verb) {
            return None;
        }
    }
    assert_eq!(world.phase(), Some(phase), "{kind:?}");
    Some(world)
}

#[test]
fn every_phase_is_left_by_the_verbs_that_are_documented_and_by_a_new_release() {
    use Phase::{Completed, Halted, Holding, Paused, RolledBack, Rolling};
    for kind in [StoreKind::GooglePlay, StoreKind::AppStore] {
        for phase in [Rolling, Holding, Paused, Halted, Completed, RolledBack] {
            if into(phase, kind).is_none() {
                assert_eq!((phase, kind), (RolledBack, StoreKind::AppStore));
                continue;
            }
            let mut left = BTreeSet::new();
            for verb in phase.ways_out(kind) {
                let mut world = into(phase, kind).unwrap();
                let to = (kind == StoreKind::AppStore && *verb == Verb::Advance)
                    .then_some(Exposure::FULL);
                let reply = world.ask(person("alice"), Act::Do { verb: *verb, to });
                assert!(
                    !matches!(reply, ActReply::Refused(..)),
                    "{kind:?} {phase} {verb}: {reply:?}"
                );
                world.tick(TimeDelta::minutes(5));
                if world.phase() != Some(phase) {
                    left.insert(*verb);
                }
            }
            let is_final = phase == Completed && kind == StoreKind::AppStore;
            assert_eq!(left.is_empty(), is_final, "{kind:?} {phase}");
            // All of them lead out, but for advancing, which may stay on the way.
            let stays = phase
                .ways_out(kind)
                .iter()
                .filter(|verb| !left.contains(verb));
            assert!(
                stays.copied().all(|verb| verb == Verb::Advance),
                "{kind:?} {phase}"
            );

            let mut world = into(phase, kind).unwrap();
            world.console(4);
            world.read();
            let ended = world
                .journal
                .iter()
                .rev()
                .find_map(|record| match &record.event {
                    Event::ExecutionMoved {
                        number: 1,
                        from,
                        to,
                        actor,
                        ..
                    } => Some((*from, *to, actor.clone())),
                    _ => None,
                });
            assert_eq!(
                ended,
                Some((Some(phase), Phase::Superseded, Actor::Outside))
            );
            assert_eq!(world.app().executions, 2);
        }
    }
}

#[test]
fn a_release_that_waits_begins_on_a_persons_word_once_approved_or_past_its_gate() {
    for kind in [StoreKind::GooglePlay, StoreKind::AppStore] {
        for verb in Phase::Pending.ways_out(kind) {
            let mut world = into(Phase::Pending, kind).unwrap();
            if *verb == Verb::Start {
                assert_eq!(world.ask(person("bob"), Act::Approve), ActReply::Done);
            }
            world.verb(*verb);
            assert_eq!(world.app().pending, None, "{kind:?} {verb}");
            assert_eq!(world.phase(), Some(Phase::Rolling), "{kind:?} {verb}");
            assert_eq!(world.app().execution.unwrap().number, 2);
        }
        let mut world = into(Phase::Pending, kind).unwrap();
        world.store.waiting = None;
        world.read();
        assert!(moves(&world).pop().unwrap().contains("pending → cancelled"));
    }
}

/// From, to, by whom, why.
fn moves(world: &World) -> Vec<String> {
    let moved = world
        .journal
        .iter()
        .filter_map(|record| match &record.event {
            Event::ExecutionMoved {
                number,
                version,
                from,
                to,
                actor,
                reason,
            } => {
                let from = from.map_or("nothing", Phase::name);
                Some(format!(
                    "{number} {version}: {from} → {to} by {actor}: {reason}"
                ))
            }
            Event::PolicyPinned { name, actor, .. } => Some(format!("{name} by {actor}")),
            _ => None,
        });
    moved.collect()
}

#[test]
fn a_release_that_waited_goes_on_in_its_own_execution() {
    let mut world = World::rolling(StoreKind::GooglePlay);
    world.verb(Verb::Complete);
    world.wait(0);
    world.wait(2);
    assert_eq!(
        moves(&world),
        [
            "1 41: nothing → rolling by somebody outside haltline: found in progress at 5%",
            "model by somebody outside haltline",
            "1 41: rolling → completed by @alice on laptop: asked",
            "2 42: nothing → pending by @alice on laptop: asked",
            "1 41: completed → superseded by @alice on laptop: 42 took its place",
            "2 42: pending → rolling by @alice on laptop: asked",
            "model by @alice on laptop",
        ]
    );
}

#[test]
fn whose_doing_it_is_is_told() {
    let mut world = World::rolling(StoreKind::GooglePlay);
    world.store.release.as_mut().unwrap().status = Status::Stopped;
    world.read();
    world.verb(Verb::Halt);
    world.store.release.as_mut().unwrap().status = Status::InProgress;
    world.read();
    world.verb(Verb::Hold);
    world.store.release = None;
    world.read();
    assert_eq!(
        moves(&world)[2..],
        [
            "1 41: rolling → paused by somebody outside haltline: in progress at 5% → halted at 5%",
            "1 41: paused → halted by @alice on laptop: asked",
            "1 41: halted → rolling by somebody outside haltline: halted at 5% → in progress at 5%",
            "1 41: rolling → holding by @alice on laptop: asked",
            "1 41: holding → cancelled by somebody outside haltline: the release is gone from the store",
        ]
    );
}
