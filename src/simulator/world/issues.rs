//! Which crash group takes which of the sessions that ended badly.
//!
//! A session has one group. Nothing is drawn here: groups share what was counted by their weights.

use chrono::TimeDelta;

use super::World;
use crate::domain::{AppId, Recurrence, StoreKind, Timestamp};
use crate::simulator::scenario::Ending;
use crate::simulator::traffic::{self, Bad, Cell};

/// A crash group of one version, counted over a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueCount {
    /// Place in [`AppPlan::issues`].
    pub index: usize,
    pub events: u64,
    pub users: u64,
    /// In this app; `None` where there was no event yet.
    pub first_seen: Option<Timestamp>,
    /// In this range.
    pub last_seen: Option<Timestamp>,
}

impl World {
    /// The crash groups of a version over the cells in `from..to`, in the order of the plan; those without events too.
    pub fn issues(
        &self,
        app: &AppId,
        build: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<IssueCount> {
        let Some(plan) = self.app(app) else {
            return Vec::new();
        };
        let mut all = 0;
        let mut crashed = Group::default();
        let mut abnormal = Group::default();
        self.with_cells(app, build, from, to, |cells| {
            for cell in cells {
                all += cell.sessions;
                crashed.add(cell, cell.crashed);
                abnormal.add(cell, cell.abnormal);
            }
        });
        let users = traffic::users(all, to.min(self.now()) - from);
        let groups = [(Ending::Crash, crashed), (Ending::Abnormal, abnormal)];
        let mut counts: Vec<_> = plan
            .issues
            .iter()
            .enumerate()
            .map(|(index, issue)| {
                let before = TimeDelta::days(if issue.kind == Recurrence::New {
                    0
                } else {
                    -30
                });
                let planned = issue.first_seen.map(|s| self.start + s.0);
                let known = issue.kind != Recurrence::New;
                IssueCount {
                    index,
                    events: 0,
                    users: 0,
                    first_seen: planned.or_else(|| known.then(|| self.start + before)),
                    last_seen: None,
                }
            })
            .collect();
        for (ending, group) in groups {
            for cause in [Cause::Usual, Cause::Own, Cause::Outage] {
                let (events, first, last) = group.of(cause);
                let weights: Vec<_> = plan
                    .issues
                    .iter()
                    .map(|issue| {
                        let this = Cause::of(issue.outage, issue.kind);
                        if issue.of == ending && this == cause {
                            issue.weight
                        } else {
                            0.0
                        }
                    })
                    .collect();
                for (count, events) in counts.iter_mut().zip(apportion(events, &weights)) {
                    if events > 0 {
                        count.events = events;
                        count.users = traffic::affected(events, users);
                        count.first_seen = count.first_seen.or(first);
                        count.last_seen = last;
                    }
                }
            }
        }
        counts
    }

    /// Functions on the stack of a crash of this issue ([`IssueCount::index`]), the top one first: the place in the code that
    /// the plan names, then how the platform came there.
    pub fn stack(&self, app: &AppId, index: usize) -> Vec<String> {
        let Some((app, issue)) = self
            .app(app)
            .and_then(|app| Some((app, app.issues.get(index)?)))
        else {
            return Vec::new();
        };
        let below: &[&str] = match app.store {
            StoreKind::GooglePlay => &ANDROID_FRAMES,
            StoreKind::AppStore => &APPLE_FRAMES,
        };
        // Not every crash comes the same way.
        let skipped = below
            .iter()
            .skip(index % 3)
            .map(|frame| (*frame).to_owned());
        std::iter::once(issue.place.clone())
            .chain(skipped)
            .collect()
    }
}

/// How Android calls an app's code.
const ANDROID_FRAMES: [&str; 7] = [
    "kotlinx.coroutines.DispatchedTask.run",
    "android.view.View.performClick",
    "android.os.Handler.handleCallback",
    "android.os.Looper.loopOnce",
    "android.os.Looper.loop",
    "android.app.ActivityThread.main",
    "com.android.internal.os.ZygoteInit.main",
];
/// How iOS calls an app's code.
const APPLE_FRAMES: [&str; 6] = [
    "-[UIControl sendAction:to:forEvent:]",
    "-[UIApplication sendEvent:]",
    "CFRunLoopRunSpecific",
    "GSEventRunModal",
    "UIApplicationMain",
    "main",
];

/// Why sessions ended badly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Usual,
    Own,
    Outage,
}

impl Cause {
    fn of(outage: bool, kind: Recurrence) -> Self {
        match kind {
            _ if outage => Self::Outage,
            Recurrence::Recurring => Self::Usual,
            Recurrence::New | Recurrence::Regressed => Self::Own,
        }
    }
}

/// Bad endings over a range, with when each cause was first and last seen in it.
#[derive(Default)]
struct Group {
    usual: Endings,
    own: Endings,
    outage: Endings,
}

type Endings = (u64, Option<Timestamp>, Option<Timestamp>);

fn count((events, first, last): &mut Endings, cell: &Cell, more: u64) {
    if more > 0 {
        *events += more;
        first.get_or_insert(cell.start);
        *last = Some(cell.end());
    }
}

impl Group {
    fn add(&mut self, cell: &Cell, bad: Bad) {
        // Every cell of a month, at every poll.
        count(&mut self.usual, cell, bad.usual);
        count(&mut self.own, cell, bad.own);
        count(&mut self.outage, cell, bad.outage);
    }

    fn of(&self, cause: Cause) -> Endings {
        match cause {
            Cause::Usual => self.usual,
            Cause::Own => self.own,
            Cause::Outage => self.outage,
        }
    }
}

/// Splits `events` by weight into whole numbers that add up, the rounding going to the heaviest.
fn apportion(events: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 {
        return vec![0; weights.len()];
    }
    let mut parts: Vec<_> = weights
        .iter()
        .map(|w| (events as f64 * w / sum).floor() as u64)
        .collect();
    let left = events.saturating_sub(parts.iter().sum());
    let heaviest = weights
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))
        .map_or(0, |(i, _)| i);
    if let Some(part) = parts.get_mut(heaviest) {
        *part += left;
    }
    parts
}
