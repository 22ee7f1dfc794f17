//! What the engine asks its driver to do, as data.

use crate::domain::AppId;
use crate::domain::rollout::Order;

/// One thing to do. Each was asked for by an event that is durable before the effect runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Bring the store there; answer with `WriteDone`. Never more than one in flight for an app.
    Write {
        app: AppId,
        revision: u64,
        attempt: u32,
        order: Order,
    },
    /// Read the store fully, now; answer with `StoreRead`.
    Read { app: AppId },
    /// Tell people; answer with `TellDone`.
    Tell { id: u64 },
}
