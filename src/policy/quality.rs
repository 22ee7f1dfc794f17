//! What the data of a source are worth: how old they may be, and where they contradict themselves or the store.
//!
//! Pure functions over what one source gave: ages, the windows of a [`Book`], and what the store offers. Each looks at the last
//! hours only, so that its cost does not grow with the age of a rollout. Each forgives what healthy apps do (nights,
//! weekends, campaigns, hand updates, hotfixes to everybody), because a false alarm blinds haltline. Must not judge versions.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::figures::{count, percent};
use super::ledger::Book;
use super::observation::{DataState, Paired};
use crate::domain::reading::VersionShare;
use crate::domain::{Exposure, Metric, PlainText, Reading, StoreKind, Timestamp};

/// From which ages on data are late and stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    pub late_after: TimeDelta,
    pub stale_after: TimeDelta,
}

impl Ages {
    /// Late once two polls and the source's own `lag` have brought nothing; polls are jittered, so that two take a tenth of one
    /// more at most.
    pub fn new(poll: TimeDelta, lag: TimeDelta, stale_after: TimeDelta) -> Self {
        Self {
            late_after: poll * 2 + poll / 10 + lag,
            stale_after,
        }
    }

    /// Of data that were read up to so long ago.
    pub fn state(&self, age: TimeDelta) -> DataState {
        if age > self.stale_after {
            DataState::Stale
        } else if age > self.late_after {
            DataState::Late
        } else {
            DataState::Fresh
        }
    }
}

/// What a store has offered of the version watched, as far as a source's figures must fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub store: StoreKind,
    /// To how many users now.
    pub exposure: Exposure,
    /// To how many at most so far: nobody takes an installed version away.
    pub widest: Exposure,
    /// Since when it has been so without a change; `None` while it is offered to nobody new.
    pub since: Option<Timestamp>,
}

/// A traffic that changes so many times over cannot be believed: nights are deep, but not within two hours.
const JUMP: f64 = 10.0;
/// A jump that has gone back so far is over.
const OVER: f64 = 3.0;
/// What is compared with what: the time before a jump, and the time after it.
const BEFORE: TimeDelta = TimeDelta::hours(2);
const AFTER: TimeDelta = TimeDelta::hours(1);
/// What is usual is told from the day before, too.
const DAY: TimeDelta = TimeDelta::hours(24);
/// What there is at last.
const LATELY: TimeDelta = TimeDelta::minutes(20);
/// A level that has lasted so long is the new one: a campaign, another way of counting.
const BELIEVED: TimeDelta = TimeDelta::hours(6);
/// Late sessions are no loss: a drop is judged on windows that are over for so long.
const SETTLED: TimeDelta = TimeDelta::hours(1);
/// Trials in five minutes below which chance makes jumps: of the time before one up, and of the time before a drop.
const LEAST_UP: f64 = 5.0;
const LEAST_DOWN: f64 = 100.0;
/// Both sides of a jump hold at least so much time, in seconds: a push message to everybody is over sooner.
const LEAST_TIME: i64 = 1_800;
/// After so long at one exposure the version watched does not grow by itself any more.
const STEADY: TimeDelta = TimeDelta::days(1);

/// Trials in five minutes, over one window.
#[derive(Clone, Copy, Debug)]
struct Flow {
    start: Timestamp,
    seconds: i64,
    old: f64,
    all: f64,
}

impl Flow {
    fn end(&self) -> Timestamp {
        self.start + TimeDelta::seconds(self.seconds)
    }
}

/// The windows of the last hours, strata together, oldest first.
fn flows(windows: &[Paired], from: Timestamp) -> Vec<Flow> {
    let mut flows: Vec<Flow> = Vec::new();
    for window in windows
        .iter()
        .rev()
        .take_while(|window| window.end() > from)
    {
        let seconds = i64::from(window.seconds.max(1));
        let scale = 300.0 / seconds as f64;
        let old = window.old.trials as f64 * scale;
        let all = old + window.new.trials as f64 * scale;
        match flows.last_mut() {
            Some(last) if (last.start, last.seconds) == (window.start, seconds) => {
                (last.old, last.all) = (last.old + old, last.all + all);
            }
            _ => flows.push(Flow {
                start: window.start,
                seconds,
                old,
                all,
            }),
        }
    }
    flows.reverse();
    flows
}

/// The median of these windows; `None` where there is none.
fn level<'a>(flows: impl Iterator<Item = &'a Flow>, of: impl Fn(&Flow) -> f64) -> Option<f64> {
    let mut values: Vec<f64> = flows.map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// One side's change of level: what was usual before it (in the hours before, and over the whole day), what came, and what
/// there is at last.
struct Levels {
    usual: (f64, f64),
    then: f64,
    last: f64,
}

impl Levels {
    /// Of the change between `before` and `after`, of which windows that end `until` then are believed.
    fn of(
        before: &[Flow],
        after: &[Flow],
        until: Timestamp,
        of: impl Fn(&Flow) -> f64 + Copy,
    ) -> Option<Self> {
        let at = after.first()?.start;
        let near = before.iter().filter(|flow| flow.start >= at - BEFORE);
        let come = || after.iter().filter(|flow| flow.end() <= until);
        let soon = || come().filter(|flow| flow.start < at + AFTER);
        let time =
            |flows: &mut dyn Iterator<Item = &Flow>| flows.map(|flow| flow.seconds).sum::<i64>();
        let enough = time(&mut near.clone()) >= LEAST_TIME && time(&mut soon()) >= LEAST_TIME;
        // What has recovered needs no patience.
        let end = after.last()?.end();
        let last = after.iter().filter(|flow| flow.end() > end - LATELY);
        enough.then_some(())?;
        Some(Self {
            usual: (level(near, of)?, level(before.iter(), of)?),
            then: level(soon(), of)?,
            last: level(last, of)?,
        })
    }

    fn is_up(&self) -> bool {
        let usual = self.usual.0.max(self.usual.1);
        self.usual.0 >= LEAST_UP && self.then > JUMP * usual && self.last > OVER * usual
    }

    fn is_down(&self) -> bool {
        let usual = self.usual.0.min(self.usual.1);
        usual >= LEAST_DOWN && self.then < usual / JUMP && self.last < usual / OVER
    }
}

/// Traffic that grew or shrank more than tenfold within the hour, and has stayed so since, in words.
///
/// A source that counts everything many times grows in the baseline, which no rollout lets grow: that is what a jump up is
/// measured by, and a hotfix that everybody takes within the hour is none. Where nobody runs the baseline any more, the version
/// watched itself is, once its exposure has stood still for a day. A drop has to be everybody's, in windows that are over for
/// an hour. What was so for [`BELIEVED`] is the new normal, and a return to what was normal over the day is none.
pub fn jump(book: &Book, now: Timestamp, offer: &Offer) -> Option<PlainText> {
    if book.metric().counts_users() {
        return None;
    }
    let flows = flows(book.windows(), now - DAY);
    let word = book.metric().trial_word();
    let step = |a: f64, b: f64| a > OVER * b || b > OVER * a;
    let steps = flows
        .windows(2)
        .enumerate()
        .filter_map(|(at, pair)| match pair {
            [last, next] if next.start >= now - BELIEVED => (step(last.old, next.old)
                || step(last.all, next.all))
            .then_some((at + 1, next.start)),
            _ => None,
        });
    for (place, at) in steps {
        let (before, after) = flows.split_at(place);
        let steady = offer.since.is_some_and(|since| at - since >= STEADY);
        let alone = |levels: &Levels| levels.usual.0 < LEAST_UP && steady;
        let all = |flow: &Flow| flow.all;
        let up = match Levels::of(before, after, now, |flow| flow.old) {
            Some(levels) if alone(&levels) => Levels::of(before, after, now, all),
            levels => levels,
        };
        let down = || Levels::of(before, after, now - SETTLED, all).filter(Levels::is_down);
        if let Some(levels) = up.filter(Levels::is_up).or_else(down) {
            return Some(jumped(word, at, levels.usual.0, levels.then));
        }
    }
    None
}

fn jumped(word: &str, at: Timestamp, usual: f64, then: f64) -> PlainText {
    let (usual, then) = (count(usual.round() as u64), count(then.round() as u64));
    let at = at.format("%Y-%m-%d %H:%M UTC");
    format!(
        "{then} {word} in 5 minutes since {at}, after {usual}: it counts something else than before"
    )
    .into()
}

/// Sessions beyond what the store allows, from which on it is no chance.
const LEAST_BEYOND: f64 = 100.0;
/// Testers, and a beta that became the release, are this share of the sessions at most.
const TESTERS: f64 = 0.05;

/// More than ten times the sessions that the store's exposure allows, in words: a source that takes one version for another.
///
/// A version that is offered to a share of the users has no greater share of the sessions, but for who is more active, had it
/// as a tester, or got it by hand. On the App Store anybody may take a phased release by hand, so that nothing is asked there.
/// The shares are those of all versions: beside a baseline that few run, any share would be large.
pub fn too_many(shares: &[VersionShare], new: &str, offer: &Offer) -> Option<PlainText> {
    if offer.store == StoreKind::AppStore || offer.widest == Exposure::NONE {
        return None;
    }
    let is_new = |share: &&VersionShare| share.version.as_deref() == Some(new);
    let (of_new, all) = (
        sessions(shares.iter().filter(is_new)),
        sessions(shares.iter()),
    );
    let most = (JUMP * offer.widest.fraction() + TESTERS) * all;
    (of_new > most + LEAST_BEYOND).then(|| {
        let share = percent(of_new / all);
        let widest = offer.widest;
        format!("it gives {share} of a day's sessions to a version that {} has offered to {widest} at most", offer.store.name())
            .into()
    })
}

fn sessions<'a>(shares: impl Iterator<Item = &'a VersionShare>) -> f64 {
    shares.map(|share| share.sessions as f64).sum()
}

/// Counts that cannot be, in words: more failures than trials.
pub fn impossible(readings: &[Reading]) -> Option<PlainText> {
    let reading = readings.iter().find(|reading| !is_possible(reading))?;
    let (word, at) = (
        reading.metric.trial_word(),
        reading.start.format("%Y-%m-%d %H:%M UTC"),
    );
    let (failures, trials) = (count(reading.counts.failures), count(reading.counts.trials));
    Some(format!("it has {failures} failures in {trials} {word} at {at}").into())
}

/// Leaves such counts out.
pub fn drop_impossible(readings: &mut Vec<Reading>) {
    readings.retain(is_possible);
}

fn is_possible(reading: &Reading) -> bool {
    reading.counts.failures <= reading.counts.trials
}

/// Lost trials from which on a restatement is more than a correction.
const LEAST_LOST: u64 = 100;

/// Windows that a restatement more than halved, in words. Late data only ever add: less means that counts were taken back,
/// because a counter began anew or a filter was changed.
///
/// `stored` is what the windows said before the report. A report is the whole word on the time between its first window and
/// its last, so that a window which it leaves out has nothing any more; one that it gives at another length is not compared.
/// Unique users are estimates, and not compared either.
pub fn shrunk(stored: &[Reading], restated: &[Reading]) -> Option<PlainText> {
    let mut series: BTreeMap<_, BTreeMap<Timestamp, &Reading>> = BTreeMap::new();
    for reading in restated.iter().filter(|it| !it.metric.counts_users()) {
        let windows = series.entry(place(reading)).or_default();
        windows.insert(reading.start, reading);
    }
    let mut losses: BTreeMap<&Metric, (u64, u64)> = BTreeMap::new();
    for before in stored {
        let Some(windows) = series.get(&place(before)) else {
            continue;
        };
        let covered = windows
            .first_key_value()
            .is_some_and(|(at, _)| *at <= before.start)
            && windows
                .last_key_value()
                .is_some_and(|(at, _)| before.start <= *at);
        let now = match windows.range(..=before.start).next_back() {
            Some((_, now)) if now.start == before.start && now.seconds == before.seconds => {
                now.counts.trials
            }
            Some((_, other)) if covered && end(other) <= before.start => 0,
            _ => continue,
        };
        let had = before.counts.trials;
        if now < had {
            let loss = losses.entry(&before.metric).or_default();
            *loss = (loss.0.saturating_add(had - now), loss.1.saturating_add(had));
        }
    }
    let worst = losses.into_iter().max_by_key(|(_, (lost, _))| *lost)?;
    let (metric, (lost, had)) = worst;
    (lost >= LEAST_LOST && lost > had / 2).then(|| {
        let (lost, had, word) = (count(lost), count(had), metric.trial_word());
        format!("it took back {lost} of {had} {word} that it had counted before").into()
    })
}

/// The series of a reading.
fn place(reading: &Reading) -> (&Metric, &str, &str) {
    (&reading.metric, &reading.version, &reading.stratum)
}

fn end(reading: &Reading) -> Timestamp {
    reading.start + TimeDelta::seconds(reading.seconds.into())
}

#[cfg(test)]
mod tests;
