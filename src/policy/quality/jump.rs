//! Traffic that jumps: a source that counts something else than it did before.

use chrono::TimeDelta;

use super::{FAR, Offer};
use crate::domain::{Metric, PlainText, Timestamp};
use crate::policy::figures::count;
use crate::policy::observation::Paired;

/// A jump that has gone back so far is over.
const OVER: f64 = 3.0;
/// What is compared with what: the time before a jump, and the time after it.
const BEFORE: TimeDelta = TimeDelta::hours(2);
const AFTER: TimeDelta = TimeDelta::hours(1);
/// What is usual is told from the same hour of the day before, too.
const DAY: TimeDelta = TimeDelta::hours(24);
/// What there is at last.
const LATELY: TimeDelta = TimeDelta::minutes(15);
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

/// A change of level: what was usual before it (in the hours before, and a day before or else since there are windows), what
/// came, and what there is at last.
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
        let yesterday = before
            .iter()
            .filter(|flow| flow.start >= at - DAY && flow.start < at - DAY + AFTER);
        let usual = level(yesterday, of).or_else(|| level(before.iter(), of))?;
        Some(Self {
            usual: (level(near, of)?, usual),
            then: level(soon(), of)?,
            last: level(last, of)?,
        })
    }

    fn is_up(&self) -> bool {
        let usual = self.usual.0.max(self.usual.1);
        self.usual.0 >= LEAST_UP && self.then > FAR * usual && self.last > OVER * usual
    }

    fn is_down(&self) -> bool {
        let usual = self.usual.0.min(self.usual.1);
        usual >= LEAST_DOWN && self.then < usual / FAR && self.last < usual / OVER
    }
}

/// Traffic that grew or shrank more than tenfold within the hour, and has stayed so since, in words.
///
/// A source that counts everything many times grows in the baseline, which no rollout lets grow: that is what a jump up is
/// measured by, and a hotfix that everybody takes within the hour is none. Where nobody runs the baseline any more, the version
/// watched itself is, once its exposure has stood still for a day. A drop has to be everybody's, in windows that are over for
/// an hour. What was so for [`BELIEVED`] is the new normal, a return to what was normal a day ago is no jump, and what the
/// baseline did while it was rolled out itself is not asked.
pub fn jump(
    metric: &Metric,
    windows: &[Paired],
    now: Timestamp,
    offer: &Offer,
) -> Option<PlainText> {
    if metric.counts_users() {
        return None;
    }
    let flows = flows(windows, now - BELIEVED - DAY);
    let from = offer.found?.max(now - BELIEVED);
    let word = metric.trial_word();
    let step = |a: f64, b: f64| a > OVER * b || b > OVER * a;
    let steps = flows
        .windows(2)
        .enumerate()
        .filter_map(|(at, pair)| match pair {
            [last, next] if next.start >= from => (step(last.old, next.old)
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
