//! Apple's phased release: the daily step, what stops it, and which states lead to which.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::simulator::world::APPLE_DAYS;

/// `phasedReleaseState`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Inactive,
    Active,
    Paused,
    Complete,
}

impl Phase {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Inactive => "INACTIVE",
            Self::Active => "ACTIVE",
            Self::Paused => "PAUSED",
            Self::Complete => "COMPLETE",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Inactive, Self::Active, Self::Paused, Self::Complete]
            .into_iter()
            .find(|phase| phase.word() == word)
    }
}

/// The phased release of one version.
#[derive(Clone, Debug)]
pub(super) struct Phased {
    pub(super) id: String,
    pub(super) phase: Phase,
    pub(super) start: Option<Timestamp>,
    /// 1..=7 once started.
    pub(super) day: u8,
    /// Daily steps that a pause made it miss: the days paused.
    pub(super) missed: u32,
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Same,
    Final,
    Transition(Phase, Phase),
}

impl Phased {
    pub(super) fn planned(id: String) -> Self {
        Self {
            id,
            phase: Phase::Inactive,
            start: None,
            day: 0,
            missed: 0,
        }
    }

    /// Apple releases the version: the first day begins.
    pub(super) fn begin(&mut self, at: Timestamp) {
        self.phase = Phase::Active;
        self.start = Some(at);
        self.day = 1;
        self.missed = 0;
    }

    /// When the next daily step is due: at the hour of the start.
    fn next_step(&self) -> Option<Timestamp> {
        let days = TimeDelta::days(i64::from(self.day) + i64::from(self.missed));
        Some(self.start? + days)
    }

    /// Takes the steps that are due. A pause misses its steps for good; the day after the seventh completes.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while self.next_step().is_some_and(|due| due <= now) {
            match self.phase {
                Phase::Active if usize::from(self.day) < APPLE_DAYS.len() => self.day += 1,
                Phase::Active => self.phase = Phase::Complete,
                Phase::Paused => self.missed += 1,
                Phase::Inactive | Phase::Complete => return,
            }
        }
    }

    /// What a request or a person makes of it.
    pub(super) fn change(&mut self, to: Phase) -> Result<(), Refusal> {
        match (self.phase, to) {
            (from, to) if from == to => Err(Refusal::Same),
            (Phase::Complete, _) => Err(Refusal::Final),
            (Phase::Active | Phase::Paused, Phase::Complete)
            | (Phase::Active, Phase::Paused)
            | (Phase::Paused, Phase::Active) => {
                self.phase = to;
                Ok(())
            }
            (from, to) => Err(Refusal::Transition(from, to)),
        }
    }

    /// Share of the users who are offered the version from `now` on, as far ahead as it goes by itself.
    pub(super) fn offers(&self, now: Timestamp) -> Vec<(Timestamp, f64)> {
        let share = |day: u8| {
            usize::from(day)
                .checked_sub(1)
                .and_then(|day| APPLE_DAYS.get(day))
                .copied()
        };
        let current = match self.phase {
            Phase::Inactive => 0.0,
            Phase::Complete => 1.0,
            Phase::Active | Phase::Paused => share(self.day).unwrap_or(1.0),
        };
        let mut offers = vec![(now, current)];
        if let (Phase::Active, Some(first)) = (self.phase, self.next_step()) {
            let ahead = (self.day + 1..=7).filter_map(share);
            offers.extend(
                (0..)
                    .zip(ahead)
                    .map(|(days, share)| (first + TimeDelta::days(days), share)),
            );
        }
        offers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> (Phased, Timestamp) {
        let start = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let mut phased = Phased::planned("p".into());
        phased.begin(start);
        (phased, start)
    }

    fn after(phased: &mut Phased, at: Timestamp) -> (Phase, u8, u32) {
        phased.advance(at);
        (phased.phase, phased.day, phased.missed)
    }

    #[test]
    fn a_day_is_a_step_at_the_hour_of_the_start() {
        let (mut phased, start) = started();
        let hours = |hours| start + TimeDelta::hours(hours);
        assert_eq!(after(&mut phased, hours(23)), (Phase::Active, 1, 0));
        assert_eq!(after(&mut phased, hours(24)), (Phase::Active, 2, 0));
        assert_eq!(after(&mut phased, hours(6 * 24)), (Phase::Active, 7, 0));
        assert_eq!(after(&mut phased, hours(7 * 24)), (Phase::Complete, 7, 0));
    }

    #[test]
    fn a_pause_misses_its_steps_and_a_short_one_misses_none() {
        let (mut phased, start) = started();
        let hours = |hours| start + TimeDelta::hours(hours);
        phased.advance(hours(30));
        phased.change(Phase::Paused).unwrap();
        assert_eq!(after(&mut phased, hours(75)), (Phase::Paused, 2, 2));
        phased.change(Phase::Active).unwrap();
        let offers = phased.offers(hours(75));
        assert_eq!(offers[..2], [(hours(75), 0.02), (hours(96), 0.05)]);
        assert_eq!(offers.last(), Some(&(hours(96 + 4 * 24), 1.0)));
        assert_eq!(after(&mut phased, hours(96)), (Phase::Active, 3, 2));
        phased.change(Phase::Paused).unwrap();
        phased.change(Phase::Active).unwrap();
        assert_eq!(after(&mut phased, hours(120)), (Phase::Active, 4, 2));
    }

    #[test]
    fn complete_is_final() {
        let (mut phased, start) = started();
        phased.change(Phase::Complete).unwrap();
        assert_eq!(phased.offers(start), [(start, 1.0)]);
        assert_eq!(phased.change(Phase::Complete), Err(Refusal::Same));
        assert_eq!(phased.change(Phase::Paused), Err(Refusal::Final));
        assert_eq!(
            Phased::planned("q".into()).change(Phase::Active),
            Err(Refusal::Transition(Phase::Inactive, Phase::Active))
        );
    }
}
