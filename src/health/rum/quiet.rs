//! Silence after a used-up rate limit: until it is renewed nothing is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::ports::Clock;

use super::error::RumError;

/// Where a vendor names no time: a minute.
const UNNAMED: u32 = 60;
const LONGEST: u32 = 3600;

/// The limits of one vendor, one an endpoint.
pub(super) struct Quiet {
    pub(super) vendor: &'static str,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) until: Mutex<BTreeMap<&'static str, Timestamp>>,
}

impl Quiet {
    pub(super) fn new(vendor: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self {
            vendor,
            clock,
            until: Mutex::default(),
        }
    }

    /// An error while this endpoint must not be asked.
    pub(super) fn may_ask(&self, endpoint: &'static str) -> Result<(), RumError> {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.get(endpoint).map(|until| *until - self.clock.now());
        match left.filter(|left| *left > TimeDelta::zero()) {
            Some(left) => Err(RumError::Quiet {
                vendor: self.vendor,
                wait: u32::try_from((left.num_milliseconds() + 999) / 1000).unwrap_or(LONGEST),
            }),
            None => Ok(()),
        }
    }

    /// The limit of this endpoint is used up for so many seconds; gives what is kept to.
    pub(super) fn keep(&self, endpoint: &'static str, seconds: Option<u32>) -> u32 {
        let seconds = seconds.unwrap_or(UNNAMED).clamp(1, LONGEST);
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.clock.now() + TimeDelta::seconds(i64::from(seconds));
        until.insert(endpoint, end);
        seconds
    }
}
