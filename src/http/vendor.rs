//! One vendor, as all its adapters call it: the rate limit kept, reads repeated within a budget.
//!
//! Writes are never repeated here: whether a write whose answer is lost was applied is for its caller to find out.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::rate::{Bucket, Rate, RetryBudget};
use super::{Answer, Call, Client, HttpError};
use crate::domain::Timestamp;
use crate::ports::{Clock, is_ahead};

/// Retries of one read at most.
const MAX_RETRIES: u32 = 2;
/// The first pause is drawn from 0 to this, the next from 0 to twice as much, never more than [`LONGEST_PAUSE`].
const FIRST_PAUSE: TimeDelta = TimeDelta::milliseconds(500);
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(4);
/// No retry is begun this long after the read was.
const PATIENCE: TimeDelta = TimeDelta::seconds(10);

/// A vendor's client. Shared by every adapter that draws on the same quota.
pub struct VendorClient {
    client: Client,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    bucket: Bucket,
    budget: RetryBudget,
    jitter: StdRng,
}

impl VendorClient {
    /// `seed` draws the jitter.
    pub fn new(client: Client, clock: Arc<dyn Clock>, rate: Rate, seed: u64) -> Self {
        Self {
            client,
            clock,
            state: Mutex::new(State {
                bucket: Bucket::new(rate),
                budget: RetryBudget::new(),
                jitter: StdRng::seed_from_u64(seed),
            }),
        }
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Sends once, when the rate limit allows it, or at once within [`ahead`](crate::ports::ahead()).
    pub async fn send(&self, call: Call) -> Result<Answer, HttpError> {
        self.with_state(|state| state.budget.earn());
        self.send_in_turn(call).await
    }

    async fn send_in_turn(&self, call: Call) -> Result<Answer, HttpError> {
        let now = self.clock.now();
        let start = self.with_state(|state| state.bucket.take(now));
        if start > now && !is_ahead() {
            self.clock.sleep_until(start).await;
        }
        self.client.send(call).await
    }

    /// Sends a request that changes nothing at the vendor, again where no answer came or the server failed.
    pub async fn read(&self, call: Call) -> Result<Answer, HttpError> {
        let begun = self.clock.now();
        self.with_state(|state| state.budget.earn());
        let mut retries = 0;
        loop {
            let outcome = self.send_in_turn(call.clone()).await;
            let again = worth_repeating(&outcome) && retries < MAX_RETRIES;
            let Some(at) = again.then(|| self.retry_at(&outcome, retries)).flatten() else {
                return outcome;
            };
            if at - begun >= PATIENCE || !self.with_state(|state| state.budget.spend()) {
                return outcome;
            }
            self.clock.sleep_until(at).await;
            retries += 1;
        }
    }

    /// Exponential pauses with full jitter; not before the server said. `None` where it named a time that makes no sense.
    fn retry_at(&self, outcome: &Result<Answer, HttpError>, retries: u32) -> Option<Timestamp> {
        let now = self.clock.now();
        let most = (FIRST_PAUSE * 2_i32.checked_pow(retries)?).min(LONGEST_PAUSE);
        let pause = self.with_state(|state| {
            state
                .jitter
                .random_range(0..=most.num_milliseconds().max(0))
        });
        let asked = outcome
            .as_ref()
            .ok()
            .and_then(|answer| answer.retry_after(now));
        let asked = TimeDelta::seconds(i64::from(asked.unwrap_or(0)));
        now.checked_add_signed(TimeDelta::milliseconds(pause).max(asked))
    }

    fn with_state<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn worth_repeating(outcome: &Result<Answer, HttpError>) -> bool {
    match outcome {
        Ok(answer) => matches!(answer.status, 500 | 502 | 503 | 504),
        Err(error) => matches!(
            error,
            HttpError::NotSent { .. } | HttpError::NoAnswer { .. }
        ),
    }
}

#[cfg(test)]
mod tests;
