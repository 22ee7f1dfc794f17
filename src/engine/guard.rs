//! The guards that hold the invariants, by name, so that a test can take one out and show that it is missed.

use super::plan::Plan;

/// One guard; each is asked for where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Automatic acts have a budget, and many breaches at once ask a person (invariant 10).
    Budget,
    /// Only a person or a gate raises exposure (2).
    PersonRaises,
    /// A gate raises while it is open, and never otherwise (2).
    OpenGate,
    /// What a rule or a person stopped or holds, no gate moves (2).
    PersonLifts,
    /// A stop that somebody made since the store was last read is left alone by whatever only goes on (2).
    YieldToStops,
    /// Automation does nothing while it is disarmed (12).
    Disarm,
    /// One write in flight an app (4).
    OneWrite,
    /// A desire is settled by a fresh read alone, never by the answer to the write (1).
    ReadBack,
    /// A write that was cut off by a crash is looked after (1).
    Recover,
    /// A failed write leaves the desire standing (1).
    KeepWanting,
    /// A person's resume starts the evidence anew (2).
    RestartEvidence,
    /// A rule that has fired does not fire again on the same evidence (4).
    FireOnce,
    /// Without a journal nothing is done (11).
    Distrust,
}

impl Plan {
    /// Always true outside tests.
    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests take a guard out of the plan")]
    pub(super) fn keeps(&self, _guard: Guard) -> bool {
        true
    }

    #[cfg(test)]
    pub(super) fn keeps(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }
}
