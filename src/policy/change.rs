//! The difference between two policies, in the words of an audit log, and which way each part of it goes.
//!
//! Looser is what lets more through, or the same sooner, and what cannot be ordered: another metric, another check, a window
//! that is not within the old one. Every field counts, for whoever may only tighten must not find one that does not; names and
//! descriptions do nothing, and count for nothing, as for the hash. Must not decide who may.

mod overrides;
mod parts;

pub use overrides::{ChangeError, named, with_override, with_overrides};

use super::rule::{Policy, Rule};
use crate::domain::{Exposure, PlainText};
use parts::Parts;

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `rule crash-floor: floor 99.85% → 99.50% (looser)`
    pub words: PlainText,
    pub looser: bool,
}

/// What changes from `old` to `new`; empty where both do the same.
pub fn compare(old: &Policy, new: &Policy) -> Vec<Difference> {
    let Policy {
        name: _,
        description: _,
        stages,
        rules,
        tiers,
        hash: _,
    } = new;
    let top = old.stages.last().map_or(Exposure::NONE, |top| top.exposure);
    let mut parts = Parts::default();
    for sides in sides(&old.stages, stages, |stage| &stage.exposure) {
        match sides {
            Sides::Both(old, new) => parts.stage(old, new),
            // One more step on the way is one more gate; one beyond the way is more exposure.
            Sides::Added(new) => {
                parts.added(&format!("stage {}", new.exposure), new.exposure > top);
            }
            Sides::Removed(old) => parts.removed(&format!("stage {}", old.exposure)),
        }
    }
    // What a tier compiles to is in the tier.
    let written = |rules: &[Rule]| {
        let written = rules.iter().filter(|rule| !rule.of_tier);
        written.cloned().collect::<Vec<_>>()
    };
    for sides in sides(&written(&old.rules), &written(rules), |rule| &rule.id) {
        parts.either_rule(sides.was(), sides.is());
    }
    for sides in sides(&old.tiers, tiers, |tier| &tier.name) {
        match sides {
            Sides::Both(old, new) => parts.tier(old, new),
            Sides::Added(new) => parts.added(&format!("tier {}", new.name), false),
            Sides::Removed(old) => parts.removed(&format!("tier {}", old.name)),
        }
    }
    parts.found
}

/// The same of one rule; none: there is no such rule, or it is off.
pub fn compare_rules(old: Option<&Rule>, new: Option<&Rule>) -> Vec<Difference> {
    let mut parts = Parts::default();
    parts.either_rule(old, new);
    parts.found
}

/// Whether something in it lets more through.
pub fn is_looser(differences: &[Difference]) -> bool {
    differences.iter().any(|difference| difference.looser)
}

/// One key, in the old policy and in the new.
enum Sides<'a, T> {
    Both(&'a T, &'a T),
    Added(&'a T),
    Removed(&'a T),
}

impl<'a, T> Sides<'a, T> {
    fn was(&self) -> Option<&'a T> {
        match self {
            Self::Both(old, _) | Self::Removed(old) => Some(old),
            Self::Added(_) => None,
        }
    }

    fn is(&self) -> Option<&'a T> {
        match self {
            Self::Both(_, new) | Self::Added(new) => Some(new),
            Self::Removed(_) => None,
        }
    }
}

/// First what is in `old`, in its order, then what is new.
fn sides<'a, T, K: PartialEq>(
    old: &'a [T],
    new: &'a [T],
    key: impl Fn(&T) -> &K,
) -> Vec<Sides<'a, T>> {
    let of = |among: &'a [T], wanted: &T| among.iter().find(|it| key(it) == key(wanted));
    let known = old.iter().map(|was| match of(new, was) {
        Some(is) => Sides::Both(was, is),
        None => Sides::Removed(was),
    });
    let added = new.iter().filter(|is| of(old, is).is_none());
    known.chain(added.map(Sides::Added)).collect()
}

#[cfg(test)]
mod tests;
