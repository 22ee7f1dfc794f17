//! What can be measured of a version beside how its sessions end: cold starts, requests, journeys, who its users are, and what
//! they say at the store.
//!
//! All of it follows from the cells, so that every vendor tells of one and the same world.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::World;
use crate::domain::{AppId, Timestamp};
use crate::simulator::traffic::Cell;

/// Things that take time, of one stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    pub start: Timestamp,
    pub seconds: u32,
    pub count: u64,
    /// Took longer than the bound that was asked for.
    pub slow: u64,
}

/// Journeys of one stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journeys {
    pub start: Timestamp,
    pub seconds: u32,
    pub started: u64,
    pub completed: u64,
}

/// The part of a cell that one stratum of the users has. The parts of a cell add up to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parted {
    /// Such as `os` = `14`, `device` = `low`, `country` = `DE`, `network` = `wifi`.
    pub stratum: BTreeMap<String, String>,
    pub cell: Cell,
}

/// A review at the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub id: u64,
    pub at: Timestamp,
    pub build: String,
    /// 1 to 5.
    pub stars: u8,
    pub title: String,
    pub text: String,
}

impl World {
    /// Cold starts of a version in `from..to`, by cell: one in three sessions begins with one. How long they take is
    /// log-normal; the plan's share of them takes longer than 5 s.
    pub fn cold_starts(
        &self,
        _app: &AppId,
        _build: &str,
        _range: (Timestamp, Timestamp),
        _bound: TimeDelta,
    ) -> Vec<Timed> {
        Vec::new()
    }

    /// Requests of a version to its backend, by cell: ten a session; the plan's share of them takes longer than 2 s.
    pub fn requests(
        &self,
        _app: &AppId,
        _build: &str,
        _range: (Timestamp, Timestamp),
        _bound: TimeDelta,
    ) -> Vec<Timed> {
        Vec::new()
    }

    /// Seconds within which this share (0..1) of the cold starts, or else of the requests, of the range was done.
    pub fn quantile(
        &self,
        _app: &AppId,
        _build: &str,
        _range: (Timestamp, Timestamp),
        _share: f64,
        _cold_starts: bool,
    ) -> Option<f64> {
        None
    }

    /// Journeys of this name, by cell: one session in four begins one.
    pub fn journeys(
        &self,
        _app: &AppId,
        _build: &str,
        _range: (Timestamp, Timestamp),
        _name: &str,
    ) -> Vec<Journeys> {
        Vec::new()
    }

    /// The cells of a version, parted by who its users are; whole where the plan has no strata.
    pub fn parted(
        &self,
        app: &AppId,
        build: &str,
        (from, to): (Timestamp, Timestamp),
    ) -> Vec<Parted> {
        let whole = |cell| Parted {
            stratum: BTreeMap::new(),
            cell,
        };
        self.cells(app, build, from, to)
            .into_iter()
            .map(whole)
            .collect()
    }

    /// Reviews of all versions in `from..to`, oldest first.
    pub fn reviews(&self, _app: &AppId, _from: Timestamp, _to: Timestamp) -> Vec<Said> {
        Vec::new()
    }

    /// Mean of the stars that the store shows, and how many gave them.
    pub fn rating(&self, _app: &AppId) -> Option<(f64, u64)> {
        None
    }

    /// Frames of a crash of this issue ([`super::IssueCount::index`]), the top one first.
    pub fn stack(&self, _app: &AppId, _index: usize) -> Vec<String> {
        Vec::new()
    }
}
