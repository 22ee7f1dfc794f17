//! What a channel gets next, and when: the most urgent first, one after the other, and many in one where they are more than it
//! takes a minute. Pure: rates are counted from what was told.

use std::collections::BTreeMap;

use super::super::state::State;
use super::TRIED_FOR;
use super::waiting::{MINUTE, PendingTell};
use crate::domain::{PlainText, Timestamp, Urgency};
use crate::policy::telling::Channel;

/// The messages that this channel gets now, all in one; ascending.
pub(super) fn of(state: &State, channel: &Channel, now: Timestamp) -> Option<Vec<u64>> {
    let known = state.channels.get(&channel.name);
    let failing = known.and_then(|known| known.failing.as_ref());
    if failing.is_some_and(|failing| failing.next > now) {
        return None;
    }
    let mut due = free(state, &channel.name);
    due.retain(|(_, tell)| {
        let delivery = tell.waiting.get(&channel.name);
        delivery.is_some_and(|delivery| delivery.next <= now)
    });
    due.sort_by_key(|(id, tell)| (std::cmp::Reverse(tell.urgency), *id));
    let (course, rings): (Vec<_>, Vec<_>) = due.into_iter().partition(|(_, tell)| tell.is_course());
    let room = room(state, channel, now);
    let page = rings
        .first()
        .filter(|(_, tell)| tell.urgency == Urgency::Page);
    if let Some((id, _)) = course.first()
        && (room == 0 || page.is_none())
    {
        return Some(vec![*id]);
    }
    let (first, urgent) = rings.first().filter(|_| room > 0)?;
    let key = |tell: &PendingTell| tell.incident.as_ref().map(|news| news.key.clone());
    let together = rings.iter().filter(|(_, tell)| {
        let delivery = tell.waiting.get(&channel.name);
        let fits = !channel.apart || key(tell) == key(urgent);
        fits && delivery.is_some_and(|delivery| !delivery.alone)
    });
    let mut together: Vec<u64> = together.map(|(id, _)| *id).collect();
    // A channel that takes nothing is tried with one: each of many would be written down as not told, again and again.
    if rings.len() <= room || failing.is_some() || !together.contains(first) {
        return Some(vec![*first]);
    }
    together.sort_unstable();
    Some(together)
}

/// How many more messages it takes now.
fn room(state: &State, channel: &Channel, now: Timestamp) -> usize {
    let known = state.channels.get(&channel.name);
    let taken = known.into_iter().flat_map(|known| &known.taken);
    let taken = taken.filter(|then| **then > now - MINUTE).count();
    most(channel).saturating_sub(taken)
}

fn most(channel: &Channel) -> usize {
    usize::try_from(channel.most.max(1)).unwrap_or(usize::MAX)
}

/// What waits for a channel and need not wait for another message of its incident: how it went on is told after what it is, and that
/// it is there again after that it was over.
fn free<'a>(state: &'a State, channel: &PlainText) -> Vec<(u64, &'a PendingTell)> {
    let mut before: BTreeMap<&PlainText, bool> = BTreeMap::new();
    let mut free = Vec::new();
    for (id, tell) in state
        .tells
        .iter()
        .filter(|(_, tell)| tell.waits_for(channel))
    {
        let key = tell.incident.as_ref().map(|news| &news.key);
        let earlier = key.and_then(|key| before.get(key)).copied();
        let waits = earlier.is_some_and(|over| over || tell.is_course());
        if !waits {
            free.push((*id, tell));
        }
        if let Some(key) = key {
            *before.entry(key).or_default() |= tell.is_over();
        }
    }
    free
}

/// When something can be told, or has to be given up.
pub(in crate::engine) fn wakes<'a>(
    channels: &'a [Channel],
    state: &'a State,
    now: Timestamp,
) -> impl Iterator<Item = Timestamp> + 'a {
    let tries = channels.iter().filter_map(move |channel| {
        let known = state.channels.get(&channel.name);
        let failing = known.and_then(|known| known.failing.as_ref());
        let mut from = failing.map_or(now, |failing| failing.next);
        if room(state, channel, now) == 0 {
            let taken = known.into_iter().flat_map(|known| known.taken.iter().rev());
            let over = taken
                .copied()
                .nth(most(channel) - 1)
                .map(|then| then + MINUTE);
            from = from.max(over.unwrap_or(now));
        }
        let tells = state.tells.values();
        let waiting = tells.filter_map(|tell| tell.waiting.get(&channel.name));
        waiting.map(|delivery| delivery.next.max(from)).min()
    });
    let given_up = state.tells.values().map(|tell| tell.queued + TRIED_FOR);
    tries.chain(given_up.min())
}
