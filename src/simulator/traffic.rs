//! Traffic: how many sessions a version has in a stretch of time, and how they end.
//!
//! Pure numbers, no clock and no lock. A count depends on (seed, app, build, start of the stretch) and on what was offered,
//! so that it does not matter who asks for what, when, or in which order.

use std::collections::VecDeque;

use chrono::TimeDelta;

use super::dice::{self, Dice};
use super::scenario::{AppPlan, Outage, Role, Steps, VersionPlan};
use crate::domain::Timestamp;

/// Stretches long before the start of the world, in seconds: history is drawn coarsely, so that it costs little.
const COARSEST: i64 = 3_600;
/// Stretches of the last two weeks before the start of the world, in seconds.
const COARSE: i64 = 300;
/// Stretches since the start of the world, in seconds.
const FINE: i64 = 60;
/// How far before the start of the world windows of five minutes are asked for.
const RECENT: TimeDelta = TimeDelta::days(15);
/// Of one user, a day.
const SESSIONS_PER_USER_DAY: f64 = 3.0;

/// Sessions that ended badly in one way, by whose doing it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bad {
    /// No more than the baseline has at that time.
    pub usual: u64,
    /// What this version has beyond the baseline.
    pub own: u64,
    /// What an outage adds to every version.
    pub outage: u64,
}

impl Bad {
    pub fn total(self) -> u64 {
        self.usual + self.own + self.outage
    }
}

impl std::ops::AddAssign for Bad {
    fn add_assign(&mut self, more: Self) {
        self.usual += more.usual;
        self.own += more.own;
        self.outage += more.outage;
    }
}

impl std::ops::Mul<u64> for Bad {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self {
            usual: self.usual * times,
            own: self.own * times,
            outage: self.outage * times,
        }
    }
}

/// Sessions of one version that began in one stretch of time. `crashed`, `abnormal` and `errored` exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub start: Timestamp,
    /// 3600 and 300 before the start of the world, 60 after it; `start` is always a multiple of it since the epoch.
    pub seconds: u32,
    pub sessions: u64,
    pub crashed: Bad,
    pub abnormal: Bad,
    pub errored: Bad,
}

impl Cell {
    pub fn end(&self) -> Timestamp {
        self.start + TimeDelta::seconds(i64::from(self.seconds))
    }

    /// Sessions that ended well.
    pub fn healthy(&self) -> u64 {
        self.sessions - self.crashed.total() - self.abnormal.total() - self.errored.total()
    }
}

/// Distinct users who had these sessions within a range of this length.
///
/// Every user starts sessions at random, three a day on average. Of the `n` users that this takes, those with at least one
/// session in `d` days are `n (1 - e^(-3d))`: a minute has nearly as many users as sessions, two weeks have `n`.
pub fn users(sessions: u64, range: TimeDelta) -> u64 {
    let each = SESSIONS_PER_USER_DAY * range.as_seconds_f64() / 86_400.0;
    if sessions == 0 || each <= 0.0 {
        return 0;
    }
    let users = sessions as f64 * -(-each).exp_m1() / each;
    (users.round() as u64).clamp(1, sessions)
}

/// How many of `users` users met `events` events that hit them at random: `u (1 - e^(-events/u))`. Never more than either.
pub fn affected(events: u64, users: u64) -> u64 {
    if events == 0 || users == 0 {
        return 0;
    }
    let all = users as f64;
    let met = all * -(-(events as f64) / all).exp_m1();
    (met.round() as u64).clamp(1, events.min(users))
}

/// Share of the users who run a version that was offered to a growing, shrinking or stopped share of them.
///
/// While the offer is above it, adoption nears the offer with time constant `lag`; it never falls, for nobody takes an
/// installed version away.
pub(super) fn adoption(offers: &[(Timestamp, f64)], lag: TimeDelta, at: Timestamp) -> f64 {
    let lag = lag.as_seconds_f64();
    let mut adopted = 0.0_f64;
    for (i, (from, offer)) in offers.iter().enumerate().take_while(|(_, o)| o.0 <= at) {
        let until = offers.get(i + 1).map_or(at, |next| next.0.min(at));
        let waited = (until - *from).as_seconds_f64();
        if *offer > adopted {
            let left = if lag > 0.0 {
                (-waited / lag).exp()
            } else {
                0.0
            };
            adopted = offer - (offer - adopted) * left;
        }
    }
    adopted
}

/// Traffic of one version: what it was offered to, and the cells drawn so far.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) plan: VersionPlan,
    /// Offered to this share of the users from then on; ascending. Empty: not released.
    pub(super) offers: Vec<(Timestamp, f64)>,
    key: u64,
    cells: VecDeque<Cell>,
}

impl Line {
    pub(super) fn new(seed: u64, app: &AppPlan, plan: VersionPlan) -> Self {
        let key = dice::key(seed, app.id.as_str(), &plan.build);
        Self {
            plan,
            offers: Vec::new(),
            key,
            cells: VecDeque::new(),
        }
    }

    /// First offered.
    pub(super) fn started(&self) -> Option<Timestamp> {
        self.offers.first().map(|(at, _)| *at)
    }

    /// The cells drawn so far that begin in `from..to`.
    pub(super) fn drawn(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Cell> {
        let first = self.cells.partition_point(|c| c.start < from);
        let last = self.cells.partition_point(|c| c.start < to);
        self.cells.range(first..last.max(first))
    }
}

/// What the cells of one version need of all versions, found once for all of them.
struct Others<'a> {
    usual: &'a Line,
    /// With their places.
    releases: Vec<(usize, &'a Line)>,
    /// Share of the versions that are no longer offered.
    old: f64,
}

impl<'a> Others<'a> {
    fn of(lines: &'a [Line]) -> Option<Self> {
        let of = |role| lines.iter().filter(move |line| line.plan.role == role);
        let is_release = |line: &Line| matches!(line.plan.role, Role::New | Role::Next);
        let releases = lines.iter().enumerate();
        Some(Self {
            usual: of(Role::Baseline).next()?,
            releases: releases.filter(|(_, line)| is_release(line)).collect(),
            old: of(Role::Old).map(|line| line.plan.share.0).sum(),
        })
    }
}

/// What the traffic of an app follows from.
pub(super) struct Course<'a> {
    pub(super) app: &'a AppPlan,
    pub(super) start: Timestamp,
}

impl Course<'_> {
    /// Draws the cells of `lines[which]` that begin in `from..to` and are missing.
    pub(super) fn draw(&self, lines: &mut [Line], which: usize, from: Timestamp, to: Timestamp) {
        let Some(line) = lines.get(which) else { return };
        let from = line.started().map_or(to, |started| from.max(started));
        let from = self.floor(from);
        if from >= to {
            return;
        }
        let first = line.cells.front().map(|c| c.start);
        let last = line.cells.back().map(Cell::end);
        let before = self.cells(lines, which, from, first.unwrap_or(to));
        let after = last.map_or_else(Vec::new, |last| self.cells(lines, which, last, to));
        let Some(line) = lines.get_mut(which) else {
            return;
        };
        for cell in before.into_iter().rev() {
            line.cells.push_front(cell);
        }
        line.cells.extend(after);
    }

    /// Start of the cell that holds this instant.
    pub(super) fn floor(&self, at: Timestamp) -> Timestamp {
        let size = self.size(at);
        Timestamp::from_timestamp(at.timestamp().div_euclid(size) * size, 0).unwrap_or(at)
    }

    /// Length of the cells at this instant: the first fine one begins where a coarse one ends.
    fn size(&self, at: Timestamp) -> i64 {
        let begins = |before: TimeDelta, size: i64| {
            (self.start - before).timestamp().div_euclid(size) * size
        };
        match at.timestamp() {
            at if at >= begins(TimeDelta::zero(), COARSE) => FINE,
            at if at >= begins(RECENT, COARSEST) => COARSE,
            _ => COARSEST,
        }
    }

    fn cells(&self, lines: &[Line], which: usize, from: Timestamp, to: Timestamp) -> Vec<Cell> {
        let mut cells = Vec::new();
        let Some(others) = Others::of(lines) else {
            return cells;
        };
        let mut at = from;
        while at < to {
            let Some(cell) = self.cell(lines, &others, which, at) else {
                break;
            };
            at = cell.end();
            cells.push(cell);
        }
        cells
    }

    fn cell(
        &self,
        lines: &[Line],
        others: &Others<'_>,
        which: usize,
        start: Timestamp,
    ) -> Option<Cell> {
        let line = lines.get(which)?;
        let seconds = self.size(start);
        let middle = start + TimeDelta::seconds(seconds / 2);
        let mean = self.app.sessions_per_day as f64 * seconds as f64 / 86_400.0
            * self.time_of_day(middle)
            * self.share(lines, others, which, start)
            * line.plan.counted.at(start - self.start);
        let mut dice = Dice::new(line.key, start);
        let sessions = dice.poisson(mean);
        let outages = self.outages_at(start);
        let mut left = sessions;
        let mut bad = |of: fn(&VersionPlan) -> &Steps, outage: f64| {
            let rate = |line: &Line| of(&line.plan).at(start - self.start);
            let bad = draw_bad(&mut dice, left, rate(others.usual), rate(line), outage);
            left -= bad.total();
            bad
        };
        let crashed = bad(|v| &v.crash, outages.iter().map(|o| o.crash.0).sum());
        let abnormal = bad(|v| &v.abnormal, outages.iter().map(|o| o.abnormal.0).sum());
        let errored = bad(|v| &v.errored, outages.iter().map(|o| o.errored.0).sum());
        let times = self.counted_times(start);
        Some(Cell {
            start,
            seconds: u32::try_from(seconds).unwrap_or_default(),
            sessions: sessions * times,
            crashed: crashed * times,
            abnormal: abnormal * times,
            errored: errored * times,
        })
    }

    /// Share of the app's sessions that a version has: releases take theirs from the newest down, the versions that are no
    /// longer offered theirs of what is left, the baseline the rest.
    fn share(&self, lines: &[Line], others: &Others<'_>, which: usize, at: Timestamp) -> f64 {
        let mut left = 1.0;
        for (i, line) in others.releases.iter().rev() {
            let (i, line) = (*i, *line);
            let own = left * adoption(&line.offers, self.app.lag.0, at);
            if i == which {
                return own;
            }
            left -= own;
        }
        match lines.get(which).map(|l| &l.plan) {
            Some(plan) if plan.role == Role::Old => left * plan.share.0,
            _ => left * (1.0 - others.old).max(0.0),
        }
    }

    /// Traffic at this time of the day over the mean of the day; highest at 14:00 UTC.
    fn time_of_day(&self, at: Timestamp) -> f64 {
        let day = at.timestamp().rem_euclid(86_400) as f64 / 86_400.0;
        let peak = 14.0 / 24.0;
        1.0 + self.app.day_and_night * (std::f64::consts::TAU * (day - peak)).cos()
    }

    fn counted_times(&self, at: Timestamp) -> u64 {
        let since = at - self.start;
        let mut miscounts = self.app.miscounts.iter();
        miscounts
            .find(|wrong| (wrong.from.0..wrong.until.0).contains(&since))
            .map_or(1, |wrong| wrong.times)
    }

    fn outages_at(&self, at: Timestamp) -> Vec<&Outage> {
        let since = at - self.start;
        self.app
            .outages
            .iter()
            .filter(|o| (o.from.0..o.until.0).contains(&since))
            .collect()
    }
}

/// How many of these sessions end badly in one way, and by whose doing.
fn draw_bad(dice: &mut Dice, sessions: u64, baseline: f64, version: f64, outage: f64) -> Bad {
    let all = version + outage;
    let total = dice.binomial(sessions, all);
    let of = |part: f64| if all > 0.0 { part / all } else { 0.0 };
    let out = dice.binomial(total, of(outage));
    let above = (version - baseline).max(0.0);
    let own = dice.binomial(
        total - out,
        if version > 0.0 { above / version } else { 0.0 },
    );
    Bad {
        usual: total - out - own,
        own,
        outage: out,
    }
}
