//! Many rollouts on all cores: the same result whatever the number of threads, and a part of it where somebody stops it.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::TimeDelta;

use super::score::{Summary, summarize};
use super::{Contender, Outcome, Source};

/// How a backtest is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// From poll to poll. Verdicts at moments that two rhythms share are the same; an act that waits for a second poll comes
    /// later where polls are rare.
    pub every: TimeDelta,
    /// Keep the verdict over time, for a picture. Without it a replay ends where nothing new can happen, which is much faster.
    pub trail: bool,
    /// `None`: one a core.
    pub threads: Option<NonZero<usize>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            every: TimeDelta::minutes(5),
            trail: false,
            threads: None,
        }
    }
}

impl Options {
    /// From poll to poll, at least a second.
    pub(super) fn step(&self) -> TimeDelta {
        self.every.max(TimeDelta::seconds(1))
    }
}

/// What whoever waits is told, and how they stop it.
pub trait Progress: Sync {
    /// So many of so many rollouts are done. Called from any thread, now and then out of order.
    fn done(&self, done: usize, of: usize);

    /// Asked before every rollout; once true, what is under way is finished, and the rest is left out.
    fn is_cancelled(&self) -> bool;
}

/// Nobody waits, nobody stops it.
impl Progress for () {
    fn done(&self, _done: usize, _of: usize) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Rollouts that were asked for.
    pub of: usize,
    /// Rollouts that were replayed: the first ones. Fewer than `of` where it was stopped.
    pub done: usize,
    /// In the order in which they were given.
    pub contenders: Vec<ContenderReport>,
}

impl Report {
    pub fn is_partial(&self) -> bool {
        self.done < self.of
    }
}

/// One contender's part.
#[derive(Clone, Debug)]
pub struct ContenderReport {
    pub name: String,
    /// In the order of the rollouts.
    pub outcomes: Vec<Outcome>,
    pub summary: Summary,
}

/// Replays every rollout with every contender.
pub fn run(
    source: &(impl Source + ?Sized),
    contenders: &[Contender],
    options: &Options,
    progress: &impl Progress,
) -> Report {
    let of = source.len();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let stopped = AtomicBool::new(false);
    let found: Mutex<Vec<(usize, Vec<Outcome>)>> = Mutex::new(Vec::new());
    let work = || {
        let mut own = Vec::new();
        loop {
            if stopped.load(Ordering::Relaxed) || progress.is_cancelled() {
                stopped.store(true, Ordering::Relaxed);
                break;
            }
            // What was taken is finished, so that what is done is always the first ones.
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(rollout) = (index < of).then(|| source.rollout(index)).flatten() else {
                break;
            };
            let replay = |contender: &Contender| contender.replay(&rollout, options);
            own.push((index, contenders.iter().map(replay).collect::<Vec<_>>()));
            progress.done(done.fetch_add(1, Ordering::Relaxed) + 1, of);
        }
        if let Ok(mut found) = found.lock() {
            found.append(&mut own);
        }
    };
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = options.threads.map_or_else(cores, NonZero::get).min(of);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut found = found.into_inner().unwrap_or_default();
    found.sort_by_key(|(index, _)| *index);
    let done = found.len();
    let mut reports: Vec<ContenderReport> = contenders
        .iter()
        .map(|contender| ContenderReport {
            name: contender.name(),
            outcomes: Vec::with_capacity(done),
            summary: summarize(&[]),
        })
        .collect();
    for (_, outcomes) in found {
        for (report, outcome) in reports.iter_mut().zip(outcomes) {
            report.outcomes.push(outcome);
        }
    }
    for report in &mut reports {
        report.summary = summarize(&report.outcomes);
    }
    Report {
        of,
        done,
        contenders: reports,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::{Rival, Simulated, World};

    fn source() -> Simulated {
        let world = World {
            length: TimeDelta::hours(12),
            past: TimeDelta::zero(),
            regression: 30.0,
            ..World::default()
        };
        Simulated::new(world, 12)
    }

    fn on(threads: usize, progress: &impl Progress) -> Report {
        let options = Options {
            threads: NonZero::new(threads),
            ..Options::default()
        };
        run(
            &source(),
            &Rival::ALL.map(Contender::Rival),
            &options,
            progress,
        )
    }

    #[test]
    fn threads_change_nothing() {
        let (one, many) = (on(1, &()), on(5, &()));
        assert_eq!((one.done, one.of, one.is_partial()), (12, 12, false));
        for (one, many) in one.contenders.iter().zip(&many.contenders) {
            assert_eq!((&one.name, &one.outcomes), (&many.name, &many.outcomes));
            assert_eq!(one.summary, many.summary);
        }
    }

    /// Stops after so many.
    struct Impatient(AtomicUsize, usize);

    impl Progress for Impatient {
        fn done(&self, _done: usize, of: usize) {
            assert_eq!(of, 12);
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn is_cancelled(&self) -> bool {
            self.0.load(Ordering::Relaxed) >= self.1
        }
    }

    #[test]
    fn what_is_stopped_keeps_the_first_ones() {
        let whole = on(1, &());
        let part = on(3, &Impatient(AtomicUsize::new(0), 5));
        assert!(
            part.is_partial() && (5..12).contains(&part.done),
            "{}",
            part.done
        );
        for (all, first) in whole.contenders.iter().zip(&part.contenders) {
            assert_eq!(first.outcomes, all.outcomes[..part.done]);
            assert_eq!(first.summary.rollouts, part.done as u64);
        }
        let none = on(2, &Impatient(AtomicUsize::new(0), 0));
        assert_eq!(
            (none.done, none.contenders[0].summary.pause.delay.clone()),
            (0, None)
        );
    }
}
