//! What a dialog tells, line by line, and what of it goes first where there is little room.

/// What a fact is about, the most needed first: where there is not room for all of them, the last go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// Not by the watcher, but around it.
    Way,
    After,
    Blast,
    Adds,
    Overrules,
    Health,
    Now,
    Keeps,
    Data,
    Gates,
    Undo,
    Budget,
    Who,
    Also,
}

impl About {
    /// At most eight columns.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Way => "Around",
            Self::After => "After",
            Self::Blast => "Blast",
            Self::Adds => "Adds",
            Self::Overrules => "Despite",
            Self::Health => "Health",
            Self::Now => "Now",
            Self::Keeps => "Keeps",
            Self::Data => "Data",
            Self::Gates => "Gate",
            Self::Undo => "Undo",
            Self::Budget => "Budget",
            Self::Who => "Second",
            Self::Also => "Also",
        }
    }

    pub(super) fn tell(self, text: impl Into<String>) -> Fact {
        Fact {
            about: self,
            text: text.into(),
        }
    }
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) about: About,
    pub(crate) text: String,
}
