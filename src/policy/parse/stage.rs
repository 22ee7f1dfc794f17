//! One stage as written: what leaving it wants, and what entering it wants.

mod approval;
mod check;
mod wants;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use approval::RawApproval;
use check::RawCheck;
use wants::{Count, Coverage, HealthyIf, Required, Variance};

use super::table;
use crate::domain::Exposure;
use crate::policy::calendar::Window;
use crate::policy::stage::Stage;
use crate::policy::units::{Days, Duration, Hours, Share, Zone};

/// `[[policy.NAME.stage]]`, checked.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(
    with = "StageTable",
    description = "A step of the ladder: how many are offered the version, what must be known before it is left, and \
                   what must hold before it is entered."
)]
pub(super) struct RawStage(Stage);

/// The keys of a stage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StageTable {
    /// Share of users offered the version in this stage.
    exposure: Share,
    /// How long the stage lasts at least.
    soak: Option<Duration>,
    /// How many users must have run the version before this stage is left.
    min_users: Option<Count>,
    /// How many sessions of the version there must have been.
    min_sessions: Option<Count>,
    /// Good shares of which there must be evidence.
    healthy_if: Option<HealthyIf>,
    /// Metrics that must have an answer, whether or not a rule watches them.
    required: Option<Required>,
    /// How many strata must have been seen, by their kind. Only sources that tell them apart can satisfy it.
    coverage: Option<Coverage>,
    /// How far below the baseline's a good share may be, as a part of it; there must be evidence that it is not further.
    variance: Option<Variance>,
    /// Who opens the gate into this stage.
    approval: Option<RawApproval>,
    /// When this stage may be entered.
    window: Option<RawWindow>,
    /// What an outside check must say before this stage is entered.
    check: Option<RawCheck>,
    /// App Store, of the stage of 100%: complete as soon as its gate is open, instead of waiting for the seventh day.
    #[serde(default)]
    complete_early: bool,
}

/// `window = { days = "mon-fri", hours = "09:00-17:00", zone = "Europe/Berlin" }`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawWindow {
    days: Days,
    /// From a time of day up to a later one of the same day; midnight at the end is 24:00.
    hours: Hours,
    zone: Zone,
}

/// What is wrong with one stage.
#[derive(Debug, thiserror::Error)]
enum StageError {
    #[error(
        "a stage of 0% offers the version to nobody: start above it; what must hold before anybody gets it is the \
         approval, window and check of the first stage"
    )]
    Nobody,
    #[error("complete_early belongs to the stage of 100%; this one is of {0}")]
    CompleteEarly(Exposure),
}

impl<'de> Deserialize<'de> for RawStage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        table::checked::<StageTable, _, _>(deserializer)
    }
}

impl TryFrom<StageTable> for RawStage {
    type Error = StageError;

    fn try_from(table: StageTable) -> Result<Self, StageError> {
        let exposure = table.exposure.0;
        if exposure == Exposure::NONE {
            return Err(StageError::Nobody);
        }
        if table.complete_early && exposure != Exposure::FULL {
            return Err(StageError::CompleteEarly(exposure));
        }
        Ok(Self(Stage {
            exposure,
            soak: table.soak.map_or_else(TimeDelta::zero, |soak| soak.0),
            min_users: table.min_users.map(Count::get),
            min_sessions: table.min_sessions.map(Count::get),
            healthy_if: table.healthy_if.unwrap_or_default().0,
            required: table.required.unwrap_or_default().0,
            coverage: table.coverage.unwrap_or_default().0,
            variance: table.variance.unwrap_or_default().0,
            approval: table.approval.map(|RawApproval(approval)| approval),
            window: table.window.map(RawWindow::resolve),
            check: table.check.map(|RawCheck(check)| check),
            complete_early: table.complete_early,
        }))
    }
}

impl RawWindow {
    fn resolve(self) -> Window {
        let Hours(from, until) = self.hours;
        Window {
            days: self.days.0,
            from,
            until,
            zone: self.zone.0,
        }
    }
}

impl RawStage {
    pub(super) fn exposure(&self) -> Exposure {
        self.0.exposure
    }

    pub(super) fn resolve(&self) -> Stage {
        self.0.clone()
    }

    /// What it asks for before it is left, by the first such key.
    pub(super) fn asks_to_be_left(&self) -> Option<&'static str> {
        let Self(stage) = self;
        let asked = [
            (stage.soak > TimeDelta::zero(), "soak"),
            (stage.min_users.is_some(), "min_users"),
            (stage.min_sessions.is_some(), "min_sessions"),
            (!stage.healthy_if.is_empty(), "healthy_if"),
            (!stage.required.is_empty(), "required"),
            (!stage.coverage.is_empty(), "coverage"),
            (!stage.variance.is_empty(), "variance"),
        ];
        asked
            .into_iter()
            .find_map(|(asked, key)| asked.then_some(key))
    }
}

#[cfg(test)]
mod tests;
