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
use crate::simulator::traffic::Cell;
use crate::simulator::world::{Journeys, Timed};

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

/// Counters that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Sessions,
    ColdStarts,
    Requests,
    Journeys,
}

impl Family {
    const ALL: [Self; 4] = [
        Self::Sessions,
        Self::ColdStarts,
        Self::Requests,
        Self::Journeys,
    ];

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Sessions => &SESSIONS,
            Self::ColdStarts => &[
                "app_cold_start_seconds_bucket",
                "app_cold_start_seconds_count",
            ],
            Self::Requests => &["app_request_seconds_bucket", "app_request_seconds_count"],
            Self::Journeys => &JOURNEYS,
        }
    }
}

const SESSIONS: [&str; 4] = [
    "app_sessions_total",
    "app_sessions_crashed_total",
    "app_sessions_hung_total",
    "app_sessions_errored_total",
];
const JOURNEYS: [&str; 2] = ["app_journeys_started_total", "app_journeys_completed_total"];

pub(super) struct Exporter {
    world: Arc<World>,
    /// The past never changes: what was added up once stays.
    counted: Mutex<BTreeMap<(AppId, String, Family), Counted>>,
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
                let others = |m: &Matcher| own.contains_key(m.label()) && !m.admits(&own);
                if matchers.iter().any(others) {
                    continue;
                }
                for family in Family::ALL {
                    let wanted = |name: &&str| -> bool {
                        let named = Labels::from([(NAME.to_owned(), (*name).to_owned())]);
                        let of_names = matchers.iter().filter(|m| m.label() == NAME);
                        of_names.into_iter().all(|m| m.admits(&named))
                    };
                    if !family.names().iter().any(wanted) {
                        continue;
                    }
                    let place = (app.id.clone(), plan.build.clone(), family);
                    let counted = all.entry(place).or_default();
                    let from_then = counted.upto.unwrap_or(started - TimeDelta::hours(1));
                    self.count(family, app, &plan, (from_then, now), counted);
                    let picked = counted.counters.iter();
                    let picked =
                        picked.filter(|(labels, _)| matchers.iter().all(|m| m.admits(labels)));
                    found.extend(picked.map(|(labels, counter)| Series {
                        labels: labels.clone(),
                        samples: scraped(counter, (from.max(started.timestamp_millis()), to)),
                    }));
                }
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
        family: Family,
        app: &AppPlan,
        plan: &VersionPlan,
        range: (Timestamp, Timestamp),
        counted: &mut Counted,
    ) {
        let (id, build) = (&app.id, plan.build.as_str());
        let own = labels(app, plan);
        let named = |name: &str, more: &[(&str, &str)]| -> Labels {
            let more = more.iter().copied().chain([(NAME, name)]);
            let more = more.map(|(label, value)| (label.to_owned(), value.to_owned()));
            own.clone().into_iter().chain(more).collect()
        };
        let mut upto = range.0;
        let mut add = |labels: Labels, new: Vec<(Timestamp, u64)>| {
            let counter = counted.counters.entry(labels).or_default();
            for (end, n) in new {
                let so_far = counter.last().map_or(0, |(_, count)| *count);
                counter.push((end.timestamp_millis(), so_far + n));
                upto = upto.max(end);
            }
        };
        match family {
            Family::Sessions => {
                let mut parts: BTreeMap<Arc<BTreeMap<String, String>>, Vec<Cell>> = BTreeMap::new();
                for part in self.world.parted(id, build, range) {
                    parts.entry(part.stratum).or_default().push(part.cell);
                }
                for (kinds, cells) in parts {
                    let kinds: Vec<(&str, &str)> = kinds
                        .iter()
                        .map(|(k, v)| (k.as_str(), v.as_str()))
                        .collect();
                    let of: [fn(&Cell) -> u64; 4] = [
                        |cell| cell.sessions,
                        |cell| cell.crashed.total(),
                        |cell| cell.abnormal.total(),
                        |cell| cell.errored.total(),
                    ];
                    for (name, of) in SESSIONS.into_iter().zip(of) {
                        let new = cells.iter().map(|cell| (cell.end(), of(cell)));
                        add(named(name, &kinds), new.collect());
                    }
                }
            }
            Family::ColdStarts | Family::Requests => {
                let [bucket, count] = match family.names() {
                    [bucket, count] => [*bucket, *count],
                    _ => return,
                };
                let over = |millis: i64| -> Vec<Timed> {
                    let bound = TimeDelta::milliseconds(millis);
                    match family {
                        Family::ColdStarts => self.world.cold_starts(id, build, range, bound),
                        _ => self.world.requests(id, build, range, bound),
                    }
                };
                let end = |timed: &Timed| timed.start + TimeDelta::seconds(timed.seconds.into());
                for (le, millis) in BOUNDS {
                    let within = over(millis).into_iter();
                    let within = within.map(|timed| (end(&timed), timed.count - timed.slow));
                    add(named(bucket, &[("le", le)]), within.collect());
                }
                let all = over(1_000)
                    .into_iter()
                    .map(|timed| (end(&timed), timed.count));
                let all: Vec<(Timestamp, u64)> = all.collect();
                add(named(bucket, &[("le", "+Inf")]), all.clone());
                add(named(count, &[]), all);
            }
            Family::Journeys => {
                for journey in plan.journeys.keys() {
                    let told = self.world.journeys(id, build, range, journey);
                    let of: [fn(&Journeys) -> u64; 2] =
                        [|told| told.started, |told| told.completed];
                    for (name, of) in JOURNEYS.into_iter().zip(of) {
                        let end = |it: &Journeys| it.start + TimeDelta::seconds(it.seconds.into());
                        let new = told.iter().map(|it| (end(it), of(it)));
                        add(named(name, &[("journey", journey)]), new.collect());
                    }
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
            let of_version = matchers
                .iter()
                .filter(|m| m.label() == "app_version")
                .cloned();
            let of_counter: Vec<Matcher> = of_version.chain([Matcher::named(counter)]).collect();
            for series in self.0.select(&of_counter, range) {
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
