//! Stopping a rollout without the watcher, which cannot be reached: at the store, with the credentials of whoever looks.
//!
//! The screen only asks for it, and shows what came of it; where credentials are and what a store is, `cli` knows.

use futures_util::future::BoxFuture;

use crate::domain::{AppId, Exposure, Failure, PlainText, Verb};

/// The way around a watcher that cannot be reached. It lowers exposure, and does nothing else.
pub trait Direct: Send + Sync {
    /// Pauses or halts the release of `app`, and reads the store back: the exposure at which it stands still now.
    ///
    /// What was done is kept, and told to the watcher as soon as it answers again.
    ///
    /// # Errors
    /// Why it is not stopped, or why that is not known; another verb than pause and halt.
    fn stop(
        &self,
        app: AppId,
        verb: Verb,
        reason: PlainText,
    ) -> BoxFuture<'static, Result<Exposure, Failure>>;
}
