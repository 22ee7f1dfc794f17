//! Whether the sources that there are may halt by themselves, as the policy wants it.

use super::{Item, Mark, acting};
use crate::domain::{Exposure, Reach};
use crate::policy::explain;
use crate::policy::{Action, Policy, SourceState};

/// Nothing to say where no rule halts, where all that do insist on it, or where there is no source.
pub fn halts(policy: &Policy, exposure: Exposure, sources: &[SourceState]) -> Option<Item> {
    let asks = acting(policy, exposure).filter(|rule| rule.action == Action::Halt && !rule.insist);
    let asks: Vec<&str> = asks.map(|rule| rule.id.as_str()).collect();
    if asks.is_empty() {
        return None;
    }
    let most = |source: &&SourceState| {
        let (action, _) = explain::reach(&source.id, source.reach);
        (action, matches!(source.reach, Reach::HaltAfterHours(_)))
    };
    // A rule's metric may come from any of them: what the furthest may do is the most that there can be.
    let best = sources.iter().max_by_key(most)?;
    let (action, why) = explain::reach(&best.id, best.reach);
    if action == Action::Halt {
        let finding = format!("{} may halt by itself", best.id);
        return Some(Item::ready("halts", finding));
    }
    let finding = format!("{}: {why}", asks.join(", "));
    let todo =
        "add a source that counts both versions within minutes, or write insist = true in the rule";
    Some(Item::not_ready("halts", Mark::Warning, finding, todo))
}
