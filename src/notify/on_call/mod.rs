//! Who is on call, for what people are told. Beside everything: nothing waits for it, and without an answer nobody is named.
//!
//! Owns the cache, and how often it is asked anew. Must not decide anything: whoever is on call is only named.

pub mod pagerduty;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::watch;

use crate::domain::{PlainText, Timestamp};
use crate::ports::Clock;

/// How often it is asked who is.
pub const EVERY: TimeDelta = TimeDelta::minutes(5);

/// Who is on call now, and when to ask again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `alice until 08:00 UTC`; `None`: nobody is, or it is not known.
    pub who: Option<PlainText>,
    pub again: Timestamp,
}

/// Keeps `tell` right until nobody listens to it any more.
pub async fn keep<A, F>(mut ask: A, clock: Arc<dyn Clock>, tell: watch::Sender<Option<PlainText>>)
where
    A: FnMut(Timestamp) -> F,
    F: Future<Output = Answer>,
{
    loop {
        let Answer { who, again } = tokio::select! {
            answer = ask(clock.now()) => answer,
            () = tell.closed() => return,
        };
        tell.send_if_modified(|told| {
            let other = *told != who;
            *told = who;
            other
        });
        // Somebody whose answer is past must not make this a busy loop.
        let again = again.max(clock.now() + TimeDelta::seconds(1));
        tokio::select! {
            () = clock.sleep_until(again) => {}
            () = tell.closed() => return,
        }
    }
}

/// `alice until 08:00 UTC`, `alice until Mon 2026-03-30 08:00 UTC`.
pub fn until(who: &str, until: Option<Timestamp>, now: Timestamp) -> String {
    match until {
        None => who.to_owned(),
        Some(until) if until - now < TimeDelta::hours(24) => {
            format!("{who} until {}", until.format("%H:%M UTC"))
        }
        Some(until) => format!("{who} until {}", until.format("%a %Y-%m-%d %H:%M UTC")),
    }
}
