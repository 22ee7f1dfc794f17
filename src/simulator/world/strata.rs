//! Who the users of a version are: the cells, parted by OS, device, country and network.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::World;
use crate::domain::{AppId, Timestamp};
use crate::simulator::dice::{self, Dice};
use crate::simulator::scenario::StratumPlan;
use crate::simulator::traffic::{Bad, Cell};

/// The part of a cell that one stratum of the users has. The parts of a cell add up to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parted {
    /// Such as `os` = `14`, `device` = `low`, `country` = `DE`, `network` = `wifi`.
    pub stratum: Arc<BTreeMap<String, String>>,
    pub cell: Cell,
}

impl World {
    /// The cells of a version, parted by who its users are; whole where the plan has no strata.
    pub fn parted(
        &self,
        app: &AppId,
        build: &str,
        (from, to): (Timestamp, Timestamp),
    ) -> Vec<Parted> {
        let plans = self.app(app).map_or(&[][..], |plan| &plan.strata);
        let key = dice::key(self.seed, app.as_str(), &format!("{build} strata"));
        let whole = Arc::new(BTreeMap::new());
        // Every cell of two weeks has the same few.
        let strata: Vec<_> = plans.iter().map(|plan| Arc::new(plan.kinds())).collect();
        let of = |cell: Cell| {
            if plans.is_empty() {
                return vec![Parted {
                    stratum: Arc::clone(&whole),
                    cell,
                }];
            }
            let parts = part(&mut Dice::new(key, cell.start), cell, plans);
            let named = strata.iter().zip(parts);
            named
                .map(|(stratum, cell)| Parted {
                    stratum: Arc::clone(stratum),
                    cell,
                })
                .collect()
        };
        let cells = self.cells(app, build, from, to);
        cells.into_iter().flat_map(of).collect()
    }
}

/// One part a plan, in their order.
fn part(dice: &mut Dice, cell: Cell, plans: &[StratumPlan]) -> Vec<Cell> {
    let even: Vec<f64> = plans.iter().map(|plan| plan.share.0).collect();
    let own: Vec<f64> = plans
        .iter()
        .map(|plan| plan.share.0 * plan.regression)
        .collect();
    let sessions = spread(
        dice,
        cell.sessions,
        &even,
        &vec![cell.sessions; plans.len()],
    );
    let mut room = sessions.clone();
    let mut bad = |bad: Bad| -> Vec<Bad> {
        let mut of = |count: u64, weights: &[f64]| {
            let parts = spread(dice, count, weights, &room);
            for (room, part) in room.iter_mut().zip(&parts) {
                *room -= part;
            }
            parts
        };
        let (usual, own, outage) = (
            of(bad.usual, &even),
            of(bad.own, &own),
            of(bad.outage, &even),
        );
        usual
            .into_iter()
            .zip(own)
            .zip(outage)
            .map(|((usual, own), outage)| Bad { usual, own, outage })
            .collect()
    };
    let (crashed, abnormal, errored) = (bad(cell.crashed), bad(cell.abnormal), bad(cell.errored));
    sessions
        .into_iter()
        .zip(crashed)
        .zip(abnormal)
        .zip(errored)
        .map(|(((sessions, crashed), abnormal), errored)| Cell {
            start: cell.start,
            seconds: cell.seconds,
            sessions,
            crashed,
            abnormal,
            errored,
        })
        .collect()
}

/// Draws whole numbers that add up to `count`, by weight, none above its room. There is room for all.
fn spread(dice: &mut Dice, count: u64, weights: &[f64], room: &[u64]) -> Vec<u64> {
    let mut left = count;
    let mut weight_left: f64 = weights.iter().sum();
    let mut room_left: u64 = room.iter().sum();
    let one = |(weight, room): (&f64, &u64)| {
        let share = if weight_left > 0.0 {
            weight / weight_left
        } else {
            0.0
        };
        weight_left -= weight;
        room_left -= room;
        // What does not fit into the rest has to go here, whatever the draw says.
        let least = left.saturating_sub(room_left);
        let part = dice.binomial(left, share).max(least).min(*room).min(left);
        left -= part;
        part
    };
    weights.iter().zip(room).map(one).collect()
}
