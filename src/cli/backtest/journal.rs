//! The past releases of an app as rollouts, from the watcher's own journal.

use std::path::Path;

use chrono::TimeDelta;

use super::args::BacktestArgs;
use super::given::{self, About, Given};
use super::words::when;
use crate::backtest::Rollout;
use crate::backtest::history::{PastRelease, releases};
use crate::cli::exit::Exit;
use crate::cli::{load, say};
use crate::config::{AppConfig, BaselineConfig, Surroundings};
use crate::domain::{AppId, Metric, SourceId, Timestamp, Version};
use crate::journal::{Access, SqliteJournal};
use crate::policy::observation::Baseline;
use crate::policy::{MetricSeries, Paired, Terms};
use crate::ports::{Journal, JournalError, Series};
use crate::watcher::side_by_side;

/// How far before its own release a version's sessions are its: testers have it before the store says so.
const EARLY: TimeDelta = TimeDelta::days(14);

/// How far back a baseline is of use.
const REACH: TimeDelta = TimeDelta::days(60);

/// What the journal knows of the app, and the app; what is wrong is told.
pub(super) async fn past(
    path: Option<&Path>,
    args: &BacktestArgs,
    wanted: &AppId,
    around: &Surroundings,
) -> anyhow::Result<Result<(Given, About, AppConfig), Exit>> {
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(Err(exit)),
    };
    if let Err(exit) = load::known(wanted, config.apps.iter().map(|app| &app.id)) {
        return Ok(Err(exit));
    }
    let Some(app) = config.apps.into_iter().find(|app| app.id == *wanted) else {
        return Ok(Err(Exit::Usage));
    };
    let nothing = |why: String| {
        say::err(&format!("haltline: {why}"));
        Ok(Err(Exit::Usage))
    };
    let state = &config.watcher.state;
    if !SqliteJournal::exists(state) {
        return nothing(format!("there is no journal in {} yet", state.display()));
    }
    let journal = SqliteJournal::open(state, Access::ReadOnly)?;
    let since = clock.now() - args.since;
    let records = journal.records_after(0)?;
    let all = releases(&records, wanted);
    let mut rollouts = Vec::new();
    let mut happened = Vec::new();
    for release in all.iter().filter(|release| release.found >= since) {
        if let Some(rollout) = rollout(release, &all, &app, &journal)? {
            rollouts.push(rollout);
            happened.push(release.acts.clone());
        }
    }
    if rollouts.is_empty() {
        return nothing(format!(
            "the journal has no readings of a release of {wanted} since {}",
            when(since)
        ));
    }
    let labels = match given::label(&mut rollouts, wanted, &args.labels) {
        Ok(labels) => labels,
        Err(exit) => return Ok(Err(exit)),
    };
    let about = About::Journal {
        app: wanted.to_string().into(),
        since,
        rollouts: rollouts.len(),
        labels,
    };
    let given = Given::Recorded { rollouts, happened };
    Ok(Ok((given, about, app)))
}

/// One release with its windows; `None` where nobody ever ran it, as far as the journal knows.
fn rollout(
    release: &PastRelease,
    all: &[PastRelease],
    app: &AppConfig,
    journal: &dyn Journal,
) -> Result<Option<Rollout>, JournalError> {
    let old = match &app.baseline {
        BaselineConfig::Previous => release.previous.clone(),
        BaselineConfig::Build(build) => Some(Version::from_code(build)),
        BaselineConfig::None => None,
    };
    let read = |version: &Version, since: Timestamp| {
        let mut stored = journal.readings(&app.id, &[version.key()], None, since, None)?;
        for series in &mut stored {
            let in_time = |end: Timestamp| release.replaced.is_none_or(|replaced| end <= replaced);
            series
                .windows
                .retain(|window| in_time(window.start + TimeDelta::seconds(window.seconds.into())));
        }
        Ok::<_, JournalError>(stored)
    };
    let mut stored = read(&release.version, release.found - EARLY)?;
    let mut old_began = None;
    if let Some(old) = &old {
        let past = read(old, release.found - REACH)?;
        let own = all.iter().find(|known| known.version == *old);
        old_began = own.and_then(|own| first_trial(&past, own.found - EARLY));
        stored.extend(past);
    }
    let baseline = match old {
        Some(_) => Baseline::Read,
        None => Baseline::None,
    };
    let rollout = Rollout {
        app: app.name.clone(),
        version: release.version.to_string().into(),
        baseline: old.map(|old| old.to_string().into()),
        store: app.store.kind(),
        exposures: release.exposures.clone(),
        metrics: series(app, &stored, &release.version.key()),
        onset: None,
        terms: Terms {
            old_began,
            ..Terms::of(baseline)
        },
    };
    Ok(rollout.began().is_some().then_some(rollout))
}

fn first_trial(stored: &[Series], since: Timestamp) -> Option<Timestamp> {
    let windows = stored.iter().flat_map(|series| &series.windows);
    let told = windows.filter(|window| window.counts.trials > 0 && window.start >= since);
    told.map(|window| window.start).min()
}

/// One series a metric, from the first source of the config that carries it; one of a source that the config no longer has
/// comes last.
fn series(app: &AppConfig, stored: &[Series], new: &str) -> Vec<MetricSeries> {
    let rank = |source: &SourceId| {
        let known = app.health.iter().position(|health| health.id == *source);
        (known.unwrap_or(usize::MAX), source.clone())
    };
    let mut metrics: Vec<_> = stored.iter().map(|series| &series.metric).collect();
    metrics.sort();
    metrics.dedup();
    let paired = |metric: &Metric| {
        let of_metric = || stored.iter().filter(move |series| series.metric == *metric);
        let source = of_metric()
            .map(|series| &series.source)
            .min_by_key(|source| rank(source))?;
        let mut windows: Vec<Paired> =
            side_by_side(of_metric().filter(|series| series.source == *source), new);
        windows.sort_by(|a, b| (a.start, &a.stratum).cmp(&(b.start, &b.stratum)));
        Some(MetricSeries {
            metric: metric.clone(),
            source: source.clone(),
            windows,
        })
    };
    metrics.into_iter().filter_map(paired).collect()
}
