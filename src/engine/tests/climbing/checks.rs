//! Outside checks, asked and answered.

use super::*;

/// Polls, and answers every check.
fn answered(world: &mut Model, count: usize, passes: bool) -> usize {
    let mut asked = 0;
    for _ in 0..count {
        world.poll(false, true);
        for _ in 0..20 {
            let Some(effect) = world.pending.pop() else {
                break;
            };
            let mut answer = world.carry_out(effect, crate::engine::tests::model::Fate::Works);
            if let Input::Checked { result, .. } = &mut answer {
                asked += 1;
                *result = if passes {
                    Ok("fine".into())
                } else {
                    Err("two bugs open".into())
                };
            }
            world.feed(&answer);
        }
    }
    asked
}

#[test]
fn a_check_is_asked_once_nothing_else_is_missing_and_again_after_a_while() {
    let mut world = with(|stages| {
        stages[1].check = Some(qa(30));
    });
    assert_eq!(answered(&mut world, 2, false), 0, "it has not soaked");
    assert_eq!(answered(&mut world, 2, false), 1);
    assert_eq!(answered(&mut world, 4, false), 0, "not again so soon");
    assert_eq!(
        missing(&world),
        ["check exec qa-gate: says no: two bugs open"]
    );
    assert_eq!(answered(&mut world, 5, false), 1);
    let told = |event: &Event| matches!(event, Event::TellQueued { urgency: Urgency::Info, text, .. } if text.as_str().contains("says no"));
    assert_eq!(world.count(told), 1);
    assert_eq!(answered(&mut world, 2, true), 1);
    polls(&mut world, 1);
    assert_eq!(at(&world).1, 25);
}

#[test]
fn one_check_at_a_time_and_none_is_lost_with_the_process() {
    let mut world = with(|stages| {
        stages[1].check = Some(qa(5));
    });
    let asked = |world: &Model| world.count(|event| matches!(event, Event::CheckStarted { .. }));
    for _ in 0..6 {
        world.poll(false, true);
        world
            .pending
            .retain(|effect| !matches!(effect, Effect::Check { .. }));
        world.drain();
    }
    assert_eq!(asked(&world), 1, "it has not answered yet");
    world.crash();
    polls(&mut world, 3);
    assert_eq!((asked(&world), at(&world).1), (2, 25));
}
