//! Another config while a watch goes on: what it changes from now on, and what it must leave alone.
//!
//! An act in flight is the state's, not the plan's: nothing here touches one (the watcher takes a new plan between two writes
//! alone). Must not know what a config is.

use super::draft::Draft;
use super::effect::Effect;
use super::{ladder, ratchet};
use crate::domain::{AppId, Event, PlainText, Urgency};

/// The new plan holds already: what a start would look at is looked at.
pub(super) fn taken(draft: &mut Draft<'_>, changes: &[PlainText]) {
    let changes = changes.to_vec();
    if !changes.is_empty() {
        let all: Vec<&str> = changes.iter().map(PlainText::as_str).collect();
        let words = format!("the config was read anew: {}", all.join("; "));
        draft.tell(None, Urgency::Info, &words);
    }
    draft.emit(None, Event::ConfigReloaded { changes });
    let ids: Vec<AppId> = draft.plan.apps.keys().cloned().collect();
    for id in ids {
        ratchet::started(draft, &id);
        ladder::take_found(draft, &id);
        draft.effect(Effect::Read { app: id });
    }
}

/// The old plan goes on.
pub(super) fn refused(draft: &mut Draft<'_>, why: &PlainText) {
    draft.emit(None, Event::ConfigRefused { why: why.clone() });
    let words = format!("the new config was refused, the old one holds: {why}");
    draft.tell(None, Urgency::Warning, &words);
}
