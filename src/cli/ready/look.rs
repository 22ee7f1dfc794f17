//! What is read for a checklist: the store, the rights, and one poll of each source about the version that will be compared with.

use crate::domain::{Failure, Reading, SourceReport, StoreView, Timestamp, Version};
use crate::domain::{PlainText, Status};
use crate::policy::SourceState;
use crate::policy::dark;
use crate::policy::observation::DataState;
use crate::policy::readiness::{Baseline, Measured};
use crate::ports::{AccessCheck, HealthQuery};
use crate::watcher::{WatchedApp, WatchedSource};

/// Everything that was read.
pub(super) struct Seen {
    /// What would roll out, in words.
    pub(super) release: PlainText,
    pub(super) access: Vec<AccessCheck>,
    pub(super) sources: Vec<SourceState>,
    /// The version that will be compared with; `None` where there is none.
    pub(super) before: Option<Version>,
    /// As the sources count it; `None` where none does.
    pub(super) baseline: Option<Baseline>,
}

/// Asks everybody, one after the other.
pub(super) async fn look(app: &WatchedApp, now: Timestamp) -> Seen {
    let mut access = app.store.access().await;
    let view = app.store.read().await;
    let before = app.baseline_of(view.as_ref().ok().and_then(current).as_ref());
    let asked = before.clone().or_else(|| any(view.as_ref().ok()?));
    let (mut sources, mut reports) = (Vec::new(), Vec::new());
    for watched in &app.sources {
        access.extend(watched.source.access().await);
        let report = match &asked {
            Some(version) => Some(watched.source.poll(&query(version, now)).await),
            None => None,
        };
        sources.push(state(watched, report.as_ref(), now));
        reports.extend(report.and_then(Result::ok));
    }
    let baseline = before
        .as_ref()
        .and_then(|before| baseline(before, &reports, now));
    Seen {
        release: release_words(app, &view),
        access,
        sources,
        before,
        baseline,
    }
}

/// What users run before the next release begins: the one that everybody has, or the one that others have still.
fn current(view: &StoreView) -> Option<Version> {
    let everybodys = view
        .release
        .as_ref()
        .filter(|release| release.status == Status::Completed);
    everybodys
        .map(|release| release.version.clone())
        .or_else(|| view.previous.clone())
}

fn any(view: &StoreView) -> Option<Version> {
    let release = view.release.as_ref().or(view.waiting.as_ref())?;
    Some(release.version.clone())
}

fn query(version: &Version, now: Timestamp) -> HealthQuery {
    HealthQuery {
        version: version.clone(),
        also: Vec::new(),
        baseline: None,
        since: None,
        past: false,
        now,
    }
}

fn state(
    watched: &WatchedSource,
    report: Option<&Result<SourceReport, Failure>>,
    now: Timestamp,
) -> SourceState {
    let through = report.and_then(|report| report.as_ref().ok()?.read_through);
    let why = match report {
        None => Some("there is no version to ask about".into()),
        Some(Err(failure)) => Some(failure.to_string().into()),
        Some(Ok(_)) => through.map(|through| {
            format!("its data end at {}", crate::cli::words::moment(through)).into()
        }),
    };
    SourceState {
        id: watched.source.id().clone(),
        required: watched.required,
        read_through: through,
        state: through.map_or(DataState::Missing, |through| {
            watched.ages.state(now - through)
        }),
        why,
        stale_after: u32::try_from(watched.ages.stale_after.num_seconds()).unwrap_or(u32::MAX),
        reach: watched.source.reach(),
    }
}

/// Each metric from the first source that has it.
fn baseline(version: &Version, reports: &[SourceReport], now: Timestamp) -> Option<Baseline> {
    let key = version.key();
    let own = |reading: &&Reading| reading.version == key && !reading.metric.counts_users();
    let mut found: Option<Baseline> = None;
    for report in reports {
        let shares = &report.shares;
        let sessions = shares
            .iter()
            .filter(|share| share.version.as_ref() == Some(&key));
        let sessions: u64 = sessions.map(|share| share.sessions).sum();
        let all = dark::a_day(shares);
        let found = found.get_or_insert_with(|| Baseline {
            name: match &report.version_name {
                Some(name) if version.name.is_none() => {
                    format!("{name} ({})", version.build).into()
                }
                _ => version.to_string().into(),
            },
            metrics: std::collections::BTreeMap::new(),
            part: if sessions > 0 {
                sessions as f64 / all as f64
            } else {
                1.0
            },
        });
        let mut windows = std::collections::BTreeMap::<_, Vec<_>>::new();
        for reading in report.readings.iter().filter(own) {
            let of = windows.entry(reading.metric.clone()).or_default();
            of.push((reading.start, reading.counts));
        }
        for (metric, windows) in windows {
            let measured = Measured::of(&windows, now);
            found.metrics.entry(metric).or_insert(measured);
        }
    }
    found.filter(|found| !found.metrics.is_empty())
}

fn release_words(app: &WatchedApp, view: &Result<StoreView, Failure>) -> PlainText {
    let store = app.store.kind();
    let words = |release: &crate::domain::rollout::ReleaseView| {
        format!(
            "{} is {} at {} on {}",
            release.version,
            release.status.word(store),
            release.exposure,
            store.name()
        )
    };
    match view {
        Err(failure) => format!("the store cannot be read: {failure}").into(),
        Ok(view) => match (&view.waiting, &view.release) {
            (Some(waiting), Some(release)) => {
                format!("{} waits to be begun; {}", waiting.version, words(release)).into()
            }
            (Some(waiting), None) => format!("{} waits to be begun", waiting.version).into(),
            (None, Some(release)) => {
                format!("no release waits to be begun; {}", words(release)).into()
            }
            (None, None) => "the store shows no release".into(),
        },
    }
}
