//! Who need not queue at the rate limit: an act, since a halt must not wait behind the reads of a hundred other apps.
//!
//! It takes its token all the same, so the others wait the longer.

use std::future::Future;

tokio::task_local! {
    static AHEAD: ();
}

/// Does `work` without waiting for the rate limit of whatever vendor it asks.
pub async fn ahead<T>(work: impl Future<Output = T>) -> T {
    AHEAD.scope((), work).await
}

/// Whether this is done within [`ahead`].
pub fn is_ahead() -> bool {
    AHEAD.try_with(|&()| ()).is_ok()
}
