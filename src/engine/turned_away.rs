//! Who asked for what they may not: written down, but not as often as they ask. Whoever may do nothing could else fill the disk with
//! it, and push what others did out of sight.

use chrono::TimeDelta;

use super::state::State;
use crate::domain::{ActRequest, Actor, PlainText, Refusal, RefusalKind, Timestamp};

/// So many of one person within [`SPAN`]; the last of them says that there may be more.
const MOST: usize = 5;
const SPAN: TimeDelta = TimeDelta::hours(1);

/// What is written down of a refusal, if it is.
pub(super) fn worth_writing(
    state: &State,
    request: &ActRequest,
    refusal: &Refusal,
    now: Timestamp,
) -> Option<PlainText> {
    if refusal.kind != RefusalKind::Rights {
        return Some(refusal.why.clone());
    }
    let known = name(&request.actor).and_then(|name| state.turned_away.get(name));
    let before = known.map_or(0, |times| {
        times.iter().filter(|at| **at > now - SPAN).count()
    });
    match before + 1 {
        nth if nth < MOST => Some(refusal.why.clone()),
        MOST => Some(
            format!(
                "{} (what more is asked like this within the hour is refused and not written down)",
                refusal.why
            )
            .into(),
        ),
        _ => None,
    }
}

impl State {
    /// Somebody was refused what they may not.
    pub(super) fn turn_away(&mut self, at: Timestamp, actor: &Actor) {
        self.turned_away.retain(|_, times| {
            times.retain(|then| *then > at - SPAN);
            !times.is_empty()
        });
        if let Some(name) = name(actor) {
            self.turned_away.entry(name.clone()).or_default().push(at);
        }
    }
}

fn name(actor: &Actor) -> Option<&PlainText> {
    match actor {
        Actor::Person { name, .. } => Some(name),
        _ => None,
    }
}
