//! A stage of the ladder, and what its gates want.
//!
//! Leaving a stage wants time, users and evidence: soak, `min_users`, `min_sessions`, `healthy_if`, `required`, `coverage`, `variance`.
//! Entering one wants the circumstances to be right: `approval`, `window`, `check`. All of them are wanted of one gate, the one
//! that ends a stage and leads to the next. Plain data; judged in [`super::assess`] and by whoever advances.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::Serialize;

use super::access::Role;
use super::calendar::Window;
use crate::domain::{Check, Exposure, Metric, PlainText};

/// One stage of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    pub exposure: Exposure,
    /// Time at this exposure before it may be left.
    pub soak: TimeDelta,
    pub min_users: Option<u64>,
    /// Sessions of the new version, of the metric that counts most of them.
    pub min_sessions: Option<u64>,
    /// Metric and the good share (0..=1) of which there must be evidence.
    pub healthy_if: BTreeMap<Metric, f64>,
    /// Metrics that must have an answer, whether or not a rule watches them.
    pub required: BTreeSet<Metric>,
    /// How many strata must have been seen, by their kind: `{ country = 5 }`.
    pub coverage: BTreeMap<PlainText, u32>,
    /// How much lower than the baseline's a good share may be, as a part of it (0..=1): `{ "custom:checkout" = "5%" }` is 0.05.
    pub variance: BTreeMap<Metric, f64>,
    /// Who opens the gate into this stage.
    pub approval: Option<Approval>,
    /// When this stage may be entered.
    pub window: Option<Window>,
    /// What an outside check must say before this stage is entered.
    pub check: Option<Check>,
    /// App Store, last stage: complete as soon as its gate is open, instead of waiting for Apple's seventh day.
    pub complete_early: bool,
}

impl Stage {
    /// A stage that wants nothing.
    pub fn at(exposure: Exposure) -> Self {
        Self {
            exposure,
            soak: TimeDelta::zero(),
            min_users: None,
            min_sessions: None,
            healthy_if: BTreeMap::new(),
            required: BTreeSet::new(),
            coverage: BTreeMap::new(),
            variance: BTreeMap::new(),
            approval: None,
            window: None,
            check: None,
            complete_early: false,
        }
    }
}

/// `approval = "operator"`, or `{ role = "admin", persons = 2 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    pub role: Role,
    /// Different persons, 1 or more.
    pub persons: u32,
}
