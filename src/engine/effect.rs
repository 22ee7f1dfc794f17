//! What the engine asks its driver to do, as data.

use crate::domain::rollout::Order;
use crate::domain::{AppId, Check, Exposure, PlainText, Version};

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
    /// Ask the outside check of this version before `stage`; answer with `Checked`. Never more than one in flight for an app.
    Check {
        app: AppId,
        version: Version,
        stage: Exposure,
        attempt: u32,
        check: Check,
    },
    /// Tell these on this channel, all in one message; answer with `TellDone`. They are in [`super::State::tells`].
    Tell { ids: Vec<u64>, channel: PlainText },
}
