//! What the two tables hold, drawn together: rows of one version, stretch of time, stratum and kind as one with its number.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{BigQuery, CRASHES, PROJECT, SESSIONS, table};
use crate::domain::{StoreKind, Timestamp};
use crate::simulator::scenario::{AppPlan, Ending, VersionPlan};
use crate::simulator::traffic::Cell;

/// One of the two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Sessions,
    Crashes,
}

/// What a statement needs its rows told apart by, beside version and time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Needs {
    pub(super) strata: bool,
    /// By issue; then not by time.
    pub(super) issues: bool,
}

/// So many rows that differ in nothing that is asked for; maybe none.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) version: Arc<VersionPlan>,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) os: Arc<str>,
    pub(super) tier: Arc<str>,
    /// `FATAL`, `ANR`, `NON_FATAL`; of sessions none.
    pub(super) kind: Option<&'static str>,
    /// Place in the plan's issues.
    pub(super) issue: Option<usize>,
    pub(super) number: u64,
    /// The sessions among which they are.
    pub(super) sessions: u64,
    /// Users behind them, where the world counts them.
    pub(super) users: Option<u64>,
}

impl BigQuery {
    /// The table of this full name, and whose it is.
    pub(super) fn table(&self, name: &str) -> Option<(&AppPlan, Which)> {
        let rest = name.strip_prefix(PROJECT)?.strip_prefix('.')?;
        let (dataset, wanted) = rest.split_once('.')?;
        let which = match dataset {
            SESSIONS => Which::Sessions,
            CRASHES => Which::Crashes,
            _ => return None,
        };
        let app = self.world.apps().iter().find(|app| table(app) == wanted)?;
        Some((app, which))
    }

    /// How far a table has rows.
    pub(super) fn visible(&self, which: Which) -> Timestamp {
        let stopped = match which {
            Which::Sessions => self.server.sessions_until,
            Which::Crashes => self.server.crashes_until,
        };
        let streamed = self.world.now() - self.server.lag;
        stopped.map_or(streamed, |stopped| stopped.min(streamed))
    }

    /// The rows of events from `from` to `to` (exclusive), of the versions that are wanted.
    pub(super) fn rows(
        &self,
        app: &AppPlan,
        which: Which,
        (from, to): (Timestamp, Timestamp),
        needs: Needs,
        wanted: impl Fn(&VersionPlan) -> bool,
    ) -> Vec<Rows> {
        let to = to.min(self.visible(which));
        let mut all = Vec::new();
        let versions = self.world.versions(&app.id).into_iter();
        for (version, _) in versions.filter(|(version, _)| wanted(version)) {
            let version = Arc::new(version);
            if needs.issues {
                self.by_issue(app, &version, (from, to), &mut all);
            } else {
                self.by_time(app, which, &version, (from, to), needs, &mut all);
            }
        }
        all
    }

    fn by_time(
        &self,
        app: &AppPlan,
        which: Which,
        version: &Arc<VersionPlan>,
        (from, to): (Timestamp, Timestamp),
        needs: Needs,
        all: &mut Vec<Rows>,
    ) {
        let mut add = |cell: &Cell, os: &Arc<str>, tier: &Arc<str>| {
            let kinds: &[(Option<&'static str>, u64)] = match which {
                Which::Sessions => &[(None, cell.sessions)],
                Which::Crashes => &[
                    (Some("FATAL"), cell.crashed.total()),
                    (Some("ANR"), cell.abnormal.total()),
                    (Some("NON_FATAL"), cell.errored.total()),
                ],
            };
            // A kind of crash that there was none of stays: its sessions are among those that the others are of.
            all.extend(kinds.iter().map(|(kind, number)| Rows {
                version: Arc::clone(version),
                first: cell.start,
                // Within the cell's last second.
                last: cell.end() - chrono::TimeDelta::seconds(1),
                os: Arc::clone(os),
                tier: Arc::clone(tier),
                kind: *kind,
                issue: None,
                number: *number,
                sessions: cell.sessions,
                users: None,
            }));
        };
        if needs.strata {
            for part in self.world.parted(&app.id, &version.build, (from, to)) {
                let of = |kind: &str, usual: &str| -> Arc<str> {
                    part.stratum.get(kind).map_or(usual, String::as_str).into()
                };
                add(&part.cell, &of("os", USUAL_OS), &of("device", USUAL_TIER));
            }
        } else {
            let (os, tier) = (Arc::from(USUAL_OS), Arc::from(USUAL_TIER));
            for cell in self.world.cells(&app.id, &version.build, from, to) {
                add(&cell, &os, &tier);
            }
        }
    }

    /// Issues over the whole range, spread over the strata as all crashes of the version are.
    fn by_issue(
        &self,
        app: &AppPlan,
        version: &Arc<VersionPlan>,
        (from, to): (Timestamp, Timestamp),
        all: &mut Vec<Rows>,
    ) {
        let mut strata = BTreeMap::<(String, String), u64>::new();
        for part in self.world.parted(&app.id, &version.build, (from, to)) {
            let of = |kind: &str, usual: &str| {
                part.stratum
                    .get(kind)
                    .map_or(usual, String::as_str)
                    .to_owned()
            };
            let key = (of("os", USUAL_OS), of("device", USUAL_TIER));
            let bad = part.cell.crashed.total() + part.cell.abnormal.total();
            *strata.entry(key).or_default() += bad;
        }
        for count in self.world.issues(&app.id, &version.build, from, to) {
            let Some(plan) = app.issues.get(count.index) else {
                continue;
            };
            // What was given so far, of so many: the parts add up to the whole.
            let whole: u64 = strata.values().sum();
            let (mut given, mut hit, mut seen) = (0, 0, 0);
            for ((os, tier), weight) in &strata {
                seen += weight;
                let up_to = count.events * seen / whole.max(1);
                let number = up_to - given;
                given = up_to;
                let hit_up_to = count.users * seen / whole.max(1);
                let users = hit_up_to - hit;
                hit = hit_up_to;
                all.push(Rows {
                    version: Arc::clone(version),
                    first: count.first_seen.unwrap_or(from),
                    last: count.last_seen.unwrap_or(to) - chrono::TimeDelta::seconds(1),
                    os: os.as_str().into(),
                    tier: tier.as_str().into(),
                    kind: Some(match plan.of {
                        Ending::Crash => "FATAL",
                        Ending::Abnormal => "ANR",
                    }),
                    issue: Some(count.index),
                    number,
                    sessions: 0,
                    users: Some(users),
                });
            }
        }
    }
}

const USUAL_OS: &str = "16";
const USUAL_TIER: &str = "high";

/// One model stands for each tier of devices: manufacturer and model.
pub(super) fn device(store: StoreKind, tier: &str) -> (&'static str, &'static str) {
    match (store, tier) {
        (StoreKind::GooglePlay, "low") => ("samsung", "SM-A145F"),
        (StoreKind::GooglePlay, "mid") => ("samsung", "SM-A546B"),
        (StoreKind::GooglePlay, _) => ("Google", "Pixel 8"),
        (StoreKind::AppStore, "low") => ("Apple", "iPhone12,8"),
        (StoreKind::AppStore, "mid") => ("Apple", "iPhone13,2"),
        (StoreKind::AppStore, _) => ("Apple", "iPhone16,1"),
    }
}
