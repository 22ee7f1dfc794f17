//! The tests of one metric on their way through its windows: everything that a window changes. A clone is a checkpoint.

use chrono::TimeDelta;

use super::past::{Basis, Clustering, Past};
use crate::domain::{Counts, Metric, Timestamp};
use crate::evidence::grid::{POINTS, ln_mean_exp};
use crate::evidence::{LimitTest, Restarts, SplitTest, bound};
use crate::policy::observation::{Baseline, Paired};
use crate::policy::rule::{Action, Evidence, Limit, Policy};

/// ln 20: evidence at which anything is worth a look.
pub(in crate::policy) const LN_NOTICE: f64 = 2.995_732_273_553_991;

/// The baseline is absent once its share of the trials is below this.
pub(in crate::policy) const ABSENT: f64 = 0.1;

/// How rarely the baseline's share may be above its upper bound, at one look.
const BASELINE_BETA: f64 = 0.001;

/// The historical test forgives at least so much: two weeks differ more than two versions side by side.
pub(in crate::policy) const HISTORY_MARGIN: f64 = 1.25;

/// What the windows say about one limit, as ln E.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    /// The highest evidence over all window ends at which the new version is to blame.
    pub to_blame: f64,
    /// The evidence at the last end, whoever is to blame.
    pub now: f64,
    /// Counts of both versions behind it: since the most likely beginning of it, or of the range with the most evidence.
    pub counts: (Counts, Counts),
    /// When that was, where it was later than the first window.
    pub since: Option<Timestamp>,
    /// The past that the new version is compared with, where it is not the baseline beside it.
    pub basis: Option<Basis>,
}

/// Everything that ends at one moment.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub at: Timestamp,
    pub start: Timestamp,
    /// In which hour of the evidence it started.
    pub hour: u64,
    /// The place of its first window.
    pub from: usize,
    pub new: Counts,
    pub old: Counts,
    /// The same, summed from the first end to this one.
    pub new_sum: Counts,
    pub old_sum: Counts,
    /// The two sums of the Mantel–Haenszel ratio, so far.
    pub mantel: (f64, f64),
}

/// One test of one rule.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its rule's place in the policy.
    pub rule: usize,
    pub test: Test,
    /// Counts only where the new version is to blame: an absolute limit and a drop in points, unless they merely notify.
    pub blamed: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Share(LimitTest),
    Ratio(SplitTest),
    /// A drop of d points is tested as the limit p₀ᵁ + d, p₀ᵁ being an upper bound (99.9 % at one look) of the
    /// baseline's share over the same windows. The limits that a [`LimitTest`] refutes are an interval from 0 up, the
    /// complement of a confidence sequence for the share, so that the limit may move with the baseline. It pools
    /// windows, which a share that changes while the rollout ramps up can mislead; the blame rule, which compares window
    /// by window, bounds that. Nor does it start anew: its limit would have to start with it.
    Drop {
        points: f64,
        divisor: f64,
    },
    /// Against what the baseline was, by day of age (the last is for all later ones), where nobody runs it any more.
    History(Vec<Option<LimitTest>>),
}

/// What is asked of one metric: made once the past is known.
#[derive(Clone, Debug)]
pub(super) struct Tests {
    pub worse: SplitTest,
    pub entries: Vec<Entry>,
    /// Unique users: every range stands alone.
    pub ranges: bool,
    /// Successes are counted: see [`of_counts`].
    pub successes: bool,
}

impl Tests {
    pub(super) fn new(policy: &Policy, metric: &Metric, baseline: Baseline, past: &Past) -> Self {
        let divisor = past.clustering.divisor();
        let successes = metric.counts_successes();
        let ratio_test = |ratio: f64| {
            if successes {
                SplitTest::fewer(1.0 / ratio).with_dispersion(divisor)
            } else {
                SplitTest::new(ratio).with_dispersion(divisor)
            }
        };
        let mut entries = Vec::new();
        let sequential =
            policy.rules.iter().enumerate().filter(|(_, rule)| {
                rule.metric == *metric && rule.evidence == Evidence::Sequential
            });
        for (rule, asked) in sequential {
            let (test, compares) = match asked.limit {
                Limit::Failures { at_most } if successes => {
                    (LimitTest::fewer(1.0 - at_most).into(), false)
                }
                Limit::Failures { at_most } => (LimitTest::new(at_most).into(), false),
                Limit::TimesBaseline { ratio } => (Test::Ratio(ratio_test(ratio)), true),
                Limit::WorseByPoints { points } => (Test::Drop { points, divisor }, false),
            };
            let test = match test {
                Test::Share(test) => Test::Share(test.with_dispersion(divisor)),
                test => test,
            };
            let blamed = !compares && asked.action != Action::Notify && baseline != Baseline::None;
            entries.push(Entry { rule, test, blamed });
            if let (Some(margin), false) = (asked.history_margin(), successes) {
                let tests = past.tests(f64::max(margin, HISTORY_MARGIN), divisor);
                if !tests.is_empty() {
                    let (test, blamed) = (Test::History(tests), false);
                    entries.push(Entry { rule, test, blamed });
                }
            }
        }
        Self {
            worse: ratio_test(1.0),
            entries,
            ranges: metric.counts_users(),
            successes,
        }
    }

    /// What is counted: failures, or successes.
    fn of_counts(&self, counts: Counts) -> Counts {
        if self.successes {
            let failures = counts.trials.saturating_sub(counts.failures);
            Counts { failures, ..counts }
        } else {
            counts
        }
    }

    fn stakes(&self) -> Restarts {
        if self.ranges {
            Restarts::at_once()
        } else {
            Restarts::default()
        }
    }
}

impl From<LimitTest> for Test {
    fn from(test: LimitTest) -> Self {
        Self::Share(test)
    }
}

/// One test after some windows.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub restarts: Restarts,
    /// Σ ℓ(g) from the first window, without restarts.
    pub sums: [f64; POINTS],
    /// Highest evidence that counts, and the end it was at.
    pub highest: f64,
    pub at: usize,
    pub now: f64,
}

impl Running {
    fn new(stakes: &Restarts) -> Self {
        Self {
            restarts: stakes.clone(),
            sums: [0.0; POINTS],
            highest: f64::NEG_INFINITY,
            at: 0,
            now: 0.0,
        }
    }

    fn add(&mut self, hour: u64, gains: [f64; POINTS]) {
        self.restarts.add(hour, gains);
        for (sum, gain) in self.sums.iter_mut().zip(gains) {
            *sum += gain;
        }
    }

    fn settle(&mut self, at: usize, evidence: f64, counts: bool) {
        self.now = evidence;
        if counts && evidence > self.highest {
            (self.highest, self.at) = (evidence, at);
        }
    }

    /// ln E of a test that had started at the checkpoint with these sums, without the price of choosing it.
    pub(super) fn since(&self, before: &Self) -> f64 {
        let mut gained = self.sums;
        for (sum, before) in gained.iter_mut().zip(before.sums) {
            *sum -= before;
        }
        ln_mean_exp(gained)
    }
}

/// All tests of one metric after some ends.
#[derive(Clone, Debug)]
pub(super) struct Scales {
    /// That the new version is worse (margin 1).
    pub worse: Running,
    /// By place in [`Tests::entries`].
    pub entries: Vec<Running>,
    /// First end of the hours over which the baseline's presence is judged.
    pub lately: usize,
    /// The baseline was read, and is too small to compare with.
    pub absent: bool,
}

impl Scales {
    pub(super) fn new(tests: &Tests) -> Self {
        let stakes = tests.stakes();
        Self {
            worse: Running::new(&stakes),
            entries: tests
                .entries
                .iter()
                .map(|_| Running::new(&stakes))
                .collect(),
            lately: 0,
            absent: false,
        }
    }

    /// Weighs the `k`-th end; `windows` are its own, `recent` the counts of both versions over the last hours, and `age` how long
    /// the new version had been out.
    pub(super) fn weigh(
        &mut self,
        tests: &Tests,
        k: usize,
        end: &End,
        windows: &[Paired],
        recent: (Counts, Counts),
        age: TimeDelta,
    ) {
        let cost = cost(tests.ranges, k);
        if tests.ranges {
            let stakes = tests.stakes();
            for running in self.entries.iter_mut().chain([&mut self.worse]) {
                running.restarts = stakes.clone();
            }
        }
        self.absent = is_absent(recent.0, recent.1);
        let pairs = || {
            windows
                .iter()
                .map(|window| (tests.of_counts(window.new), tests.of_counts(window.old)))
        };
        for (new, old) in pairs() {
            self.worse.add(end.hour, tests.worse.gains(new, old));
        }
        self.worse
            .settle(k, self.worse.restarts.ln_evidence() - cost, true);
        let blame = self.absent || self.worse.highest >= LN_NOTICE;
        for (entry, running) in tests.entries.iter().zip(&mut self.entries) {
            let evidence = match &entry.test {
                Test::Share(test) => {
                    running.add(end.hour, test.gains(tests.of_counts(end.new)));
                    running.restarts.ln_evidence()
                }
                Test::Ratio(test) => {
                    for (new, old) in pairs() {
                        running.add(end.hour, test.gains(new, old));
                    }
                    running.restarts.ln_evidence()
                }
                Test::Drop { points, divisor } => {
                    let (new, old) = if tests.ranges {
                        (end.new, end.old)
                    } else {
                        (end.new_sum, end.old_sum)
                    };
                    let most = bound::share_upper_bound(old, BASELINE_BETA) + points;
                    LimitTest::new(most)
                        .with_dispersion(*divisor)
                        .ln_evidence(new)
                }
                Test::History(by_age) => {
                    let day = usize::try_from(age.num_days()).unwrap_or(0);
                    let test = by_age.get(day).or(by_age.last()).and_then(Option::as_ref);
                    if let (Some(test), true) = (test, is_absent(end.new, end.old)) {
                        running.add(end.hour, test.gains(end.new));
                    }
                    running.restarts.ln_evidence()
                }
            };
            running.settle(k, evidence - cost, blame || !entry.blamed);
        }
    }
}

fn is_absent(new: Counts, old: Counts) -> bool {
    new.trials > 0 && (old.trials as f64) < ABSENT * (new.trials as f64 + old.trials as f64)
}

/// What the evidence of the `k`-th range (from 0) costs where every range stands alone: its stake is 1/((k+1)(k+2)). The
/// stakes sum to 1, so that the promise holds over all ranges together, however the users of two days overlap.
fn cost(ranges: bool, k: usize) -> f64 {
    if ranges {
        let k = k as f64;
        ((k + 1.0) * (k + 2.0)).ln()
    } else {
        0.0
    }
}

/// Whether a halt may rest on counts that cluster so.
pub(in crate::policy) fn may_halt(clustering: Clustering) -> bool {
    clustering != Clustering::Unknown
}
