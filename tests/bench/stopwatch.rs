//! The machine's own time, for benches.

#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures the machine's own time"
)]

use std::time::Instant;

pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since.
pub(crate) fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
