//! The counters that a collector in front of the apps would export, scraped once a minute.
//!
//! A series begins at zero with the version's first offer, as a well-made exporter begins its own. Labels: `app` (the package),
//! `app_version`, `app_build`, and by whom its users are (`os`, `device`, …) for sessions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use super::Storage;
use super::promql::{Labels, Matcher, NAME, Series};
use crate::domain::{AppId, Timestamp};
use crate::simulator::World;
use crate::simulator::scenario::{AppPlan, VersionPlan};
use crate::simulator::world::Timed;

/// Milliseconds between two scrapes.
const SCRAPE: i64 = 60_000;
/// Upper bounds of the buckets of durations, in milliseconds, as labels.
const BOUNDS: [(&str, i64); 8] = [
    ("0.5", 500),
    ("1", 1_000),
    ("1.5", 1_500),
    ("2", 2_000),
    ("3", 3_000),
    ("5", 5_000),
    ("8", 8_000),
    ("13", 13_000),
];

/// How often something had happened by the end of each stretch, in milliseconds; ascending.
type Counter = Vec<(i64, u64)>;

pub(super) struct Exporter {
    world: Arc<World>,
    /// The past never changes: what was added up once stays.
    counted: Mutex<BTreeMap<(AppId, String), Counted>>,
}

#[derive(Default)]
struct Counted {
    upto: Option<Timestamp>,
    counters: BTreeMap<Labels, Counter>,
}

impl Exporter {
    pub(super) fn new(world: Arc<World>) -> Self {
        Self {
            world,
            counted: Mutex::default(),
        }
    }
}

impl Storage for Exporter {
    fn select(&self, matchers: &[Matcher], (from, to): (i64, i64)) -> Vec<Series> {
        let now = self.world.now();
        let to = to.min(now.timestamp_millis());
        let mut all = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for app in self.world.apps() {
            for (plan, started) in self.world.versions(&app.id) {
                let own = labels(app, &plan);
                // Whoever asks for another version costs this one nothing.
                let mine = |m: &&Matcher| own.contains_key(m.label()) && !m.admits(&own);
                if matchers.iter().any(|m| mine(&m)) {
                    continue;
                }
                let counted = all.entry((app.id.clone(), plan.build.clone())).or_default();
                self.count(app, &plan, started, now, counted);
                let picked = counted.counters.iter();
                let picked = picked.filter(|(labels, _)| matchers.iter().all(|m| m.admits(labels)));
                found.extend(picked.map(|(labels, counter)| Series {
                    labels: labels.clone(),
                    samples: scraped(counter, (from.max(started.timestamp_millis()), to)),
                }));
            }
        }
        found
    }
}

/// What every series of a version has.
fn labels(app: &AppPlan, plan: &VersionPlan) -> Labels {
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Labels::from([
        label("app", &app.package),
        label("app_version", &plan.name),
        label("app_build", &plan.build),
        label("job", "mobile"),
        label("instance", "collector:8889"),
    ])
}

/// The samples of every minute of a range.
fn scraped(counter: &Counter, (from, to): (i64, i64)) -> Vec<(i64, f64)> {
    let first = from.div_euclid(SCRAPE) * SCRAPE;
    let first = if first < from { first + SCRAPE } else { first };
    let mut next = counter.partition_point(|(end, _)| *end <= first);
    let mut samples = Vec::new();
    let mut at = first;
    while at <= to {
        while counter.get(next).is_some_and(|(end, _)| *end <= at) {
            next += 1;
        }
        let so_far = next.checked_sub(1).and_then(|last| counter.get(last));
        samples.push((at, so_far.map_or(0, |(_, count)| *count) as f64));
        at += SCRAPE;
    }
    samples
}

impl Exporter {
    /// Adds what has happened since the last time.
    fn count(
        &self,
        app: &AppPlan,
        plan: &VersionPlan,
        started: Timestamp,
        now: Timestamp,
        counted: &mut Counted,
    ) {
        let from = counted.upto.unwrap_or(started - TimeDelta::hours(1));
        let (id, build, range) = (&app.id, plan.build.as_str(), (from, now));
        let own = labels(app, plan);
        let named = |name: &str, more: &[(&str, &str)]| -> Labels {
            let more = more.iter().copied().chain([(NAME, name)]);
            let more = more.map(|(label, value)| (label.to_owned(), value.to_owned()));
            own.clone().into_iter().chain(more).collect()
        };
        let mut add = |labels: Labels, end: Timestamp, n: u64| {
            let counter = counted.counters.entry(labels).or_default();
            let so_far = counter.last().map_or(0, |(_, count)| *count);
            counter.push((end.timestamp_millis(), so_far + n));
        };
        let mut upto = from;
        for part in self.world.parted(id, build, range) {
            let cell = part.cell;
            let kinds = part.stratum.iter();
            let kinds: Vec<(&str, &str)> = kinds.map(|(k, v)| (k.as_str(), v.as_str())).collect();
            let (crashed, hung) = (cell.crashed.total(), cell.abnormal.total());
            for (name, n) in [
                ("app_sessions_total", cell.sessions),
                ("app_sessions_crashed_total", crashed),
                ("app_sessions_hung_total", hung),
                ("app_sessions_errored_total", cell.errored.total()),
            ] {
                add(named(name, &kinds), cell.end(), n);
            }
            upto = upto.max(cell.end());
        }
        let end = |start: Timestamp, seconds: u32| start + TimeDelta::seconds(seconds.into());
        for (name, cold) in [
            ("app_cold_start_seconds", true),
            ("app_request_seconds", false),
        ] {
            let over = |millis: i64| -> Vec<Timed> {
                let bound = TimeDelta::milliseconds(millis);
                if cold {
                    self.world.cold_starts(id, build, range, bound)
                } else {
                    self.world.requests(id, build, range, bound)
                }
            };
            for (le, millis) in BOUNDS {
                let labels = named(&format!("{name}_bucket"), &[("le", le)]);
                for timed in over(millis) {
                    let within = timed.count - timed.slow;
                    add(labels.clone(), end(timed.start, timed.seconds), within);
                }
            }
            let all = [("_bucket", &[("le", "+Inf")][..]), ("_count", &[])];
            for timed in over(1_000) {
                for (suffix, more) in all {
                    let labels = named(&format!("{name}{suffix}"), more);
                    add(labels, end(timed.start, timed.seconds), timed.count);
                }
            }
        }
        for journey in plan.journeys.keys() {
            for told in self.world.journeys(id, build, range, journey) {
                for (name, n) in [
                    ("app_journeys_started_total", told.started),
                    ("app_journeys_completed_total", told.completed),
                ] {
                    let labels = named(name, &[("journey", journey)]);
                    add(labels, end(told.start, told.seconds), n);
                }
            }
        }
        counted.upto = Some(upto);
    }
}

/// The gauges that Embrace gives out: what each hour had, once it is over.
pub(super) struct Gauges(pub(super) Exporter);

const HOUR: i64 = 3_600_000;

impl Storage for Gauges {
    fn select(&self, matchers: &[Matcher], (from, to): (i64, i64)) -> Vec<Series> {
        let counters = [
            ("app_sessions_total", "hourly_sessions_total"),
            ("app_sessions_crashed_total", "hourly_crashes_total"),
        ];
        let mut found = Vec::new();
        for (counter, gauge) in counters {
            let range = (from.div_euclid(HOUR) * HOUR - HOUR, to);
            for series in self.0.select(&[Matcher::named(counter)], range) {
                let label = |name: &str| series.labels.get(name).cloned().unwrap_or_default();
                let labels = [
                    (NAME, gauge.to_owned()),
                    ("app_id", APP_ID.to_owned()),
                    ("app_version", label("app_version")),
                    ("os_version", label("os")),
                    ("device_model", label("device")),
                ];
                let labels = labels.map(|(name, value)| (name.to_owned(), value));
                let labels: Labels = labels.into_iter().filter(|(_, v)| !v.is_empty()).collect();
                if !matchers.iter().all(|matcher| matcher.admits(&labels)) {
                    continue;
                }
                let whole = |(at, _): &&(i64, f64)| at % HOUR == 0;
                let hours: Vec<(i64, f64)> = series.samples.iter().filter(whole).copied().collect();
                let grown = hours.windows(2).filter_map(|pair| match pair {
                    [(_, before), (at, after)] => Some((*at, after - before)),
                    _ => None,
                });
                let samples = grown.filter(|(at, _)| (from..=to).contains(at)).collect();
                add_up(&mut found, Series { labels, samples });
            }
        }
        found
    }
}

/// Two parts of the users that these labels do not tell apart are one series.
fn add_up(found: &mut Vec<Series>, more: Series) {
    match found.iter_mut().find(|series| series.labels == more.labels) {
        Some(series) => {
            for ((_, sum), (_, value)) in series.samples.iter_mut().zip(more.samples) {
                *sum += value;
            }
        }
        None => found.push(more),
    }
}

/// Embrace's id of the one app that it knows here.
pub const APP_ID: &str = "shop1";
