//! Where rollouts come from: a list, or a generator that makes each when it is asked for.

use std::borrow::Cow;

use super::Rollout;

/// Rollouts by index. The same index gives the same rollout, whoever asks in whatever order: that is what makes a run on many
/// threads repeatable.
pub trait Source: Sync {
    fn len(&self) -> usize;

    /// `index` is below [`len`](Self::len).
    fn rollout(&self, index: usize) -> Option<Cow<'_, Rollout>>;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Source for [Rollout] {
    fn len(&self) -> usize {
        <[Rollout]>::len(self)
    }

    fn rollout(&self, index: usize) -> Option<Cow<'_, Rollout>> {
        self.get(index).map(Cow::Borrowed)
    }
}

impl Source for Vec<Rollout> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn rollout(&self, index: usize) -> Option<Cow<'_, Rollout>> {
        self.as_slice().rollout(index)
    }
}
