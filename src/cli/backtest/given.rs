//! Where the rollouts come from, and what there is to say about that.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{BacktestArgs, PlaceboBy, SimulateArgs};
use crate::backtest::input::{Imported, Importer, Labels};
use crate::backtest::placebo::{Split, StableVersion};
use crate::backtest::{Placebo, Rollout, Simulated, Source, World};
use crate::cli::exit::Exit;
use crate::cli::say;
use crate::domain::{AppId, Metric, PlainText, Timestamp};
use crate::policy::Policy;
use crate::policy::figures::count;
use chrono::TimeDelta;

/// Rollouts, from wherever.
pub(super) enum Given {
    Recorded {
        rollouts: Vec<Rollout>,
        /// What really was done, a list a rollout; empty where nobody knows.
        happened: Vec<Vec<Happened>>,
    },
    MadeUp(Box<Simulated>),
    /// Nothing is bad here.
    Placebo(Placebo),
}

/// An act that really happened.
pub(super) type Happened = crate::backtest::history::PastAct;

/// Where they come from, for JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum About {
    Files {
        files: Vec<PlainText>,
        rollouts: usize,
        lines: u64,
        left_out: u64,
        first_left_out: Vec<String>,
        labels: Labels,
    },
    Journal {
        app: PlainText,
        since: Timestamp,
        rollouts: usize,
        labels: Labels,
    },
    Simulation {
        rollouts: usize,
        sessions_per_day: f64,
        baseline_failing: f64,
        regression: f64,
        onset_hours: Option<f64>,
        seed: u64,
    },
}

impl About {
    /// Whether nobody has said of any rollout whether it was bad.
    pub(super) fn is_unlabelled(&self) -> bool {
        match self {
            Self::Files { labels, .. } | Self::Journal { labels, .. } => {
                labels.bad + labels.healthy == 0
            }
            Self::Simulation { .. } => false,
        }
    }
}

impl Given {
    /// What these rules ask for and no rollout has: nothing is ever healthy without it.
    pub(super) fn lacks(&self, policy: &Policy) -> BTreeSet<Metric> {
        let source: &dyn Source = match self {
            Self::Recorded { rollouts, .. } => rollouts,
            Self::MadeUp(simulated) => simulated.as_ref(),
            Self::Placebo(placebo) => placebo,
        };
        // What is made up or split is all of one kind.
        let looked = match self {
            Self::Recorded { rollouts, .. } => rollouts.len(),
            Self::MadeUp(_) | Self::Placebo(_) => 1,
        };
        let mut lacking: BTreeSet<Metric> = policy
            .rules
            .iter()
            .map(|rule| rule.metric.clone())
            .collect();
        for rollout in (0..looked).filter_map(|n| source.rollout(n)) {
            for series in &rollout.metrics {
                lacking.remove(&series.metric);
            }
        }
        lacking
    }
}

/// How the stable versions were split, for JSON.
#[derive(Debug, Serialize)]
pub(super) struct AboutPlacebo {
    split: Split,
    seed: u64,
    pub versions: Vec<StableVersion>,
}

/// Splits the stable versions of recorded rollouts; where none can be split so, that is told.
pub(super) fn placebo(
    given: Given,
    by: PlaceboBy,
    splits: u32,
    seed: u64,
) -> Result<(Given, Option<AboutPlacebo>), Exit> {
    let Given::Recorded { rollouts, .. } = given else {
        return Ok((given, None));
    };
    let split = match by {
        PlaceboBy::Strata => Split::Strata,
        PlaceboBy::Hours => Split::Hours,
    };
    let placebo = Placebo::new(&rollouts, split, splits as usize, seed);
    if placebo.is_empty() {
        say::err(match by {
            PlaceboBy::Strata => {
                "haltline: no baseline here has counts in two strata or more; try --placebo hours"
            }
            PlaceboBy::Hours => {
                "haltline: no baseline here has counts of sessions in windows that divide an hour; try --placebo strata"
            }
        });
        return Err(Exit::Usage);
    }
    let versions = placebo.versions();
    Ok((
        Given::Placebo(placebo),
        Some(AboutPlacebo {
            split,
            seed,
            versions,
        }),
    ))
}

/// Reads the files; what is wrong with them is told.
pub(super) fn files(args: &BacktestArgs) -> Result<(Given, About), Exit> {
    let mut importer = Importer::new(args.keep_going);
    for path in args.files.iter().chain(&args.labels) {
        read(&mut importer, path)?;
    }
    let imported = importer.finish().map_err(wrong)?;
    for line in notes(&imported) {
        say::err(&line);
    }
    let about = About::Files {
        files: args.files.iter().map(|path| shown(path).into()).collect(),
        rollouts: imported.rollouts.len(),
        lines: imported.lines,
        left_out: imported.left_out,
        first_left_out: imported
            .first_left_out
            .iter()
            .map(ToString::to_string)
            .collect(),
        labels: imported.labels,
    };
    let given = Given::Recorded {
        rollouts: imported.rollouts,
        happened: Vec::new(),
    };
    Ok((given, about))
}

/// Labels rollouts that come from elsewhere, by the app's name or its id; what is wrong with the files is told.
pub(super) fn label(
    rollouts: &mut [Rollout],
    id: &AppId,
    files: &[PathBuf],
) -> Result<Labels, Exit> {
    let mut importer = Importer::new(false);
    for path in files {
        read(&mut importer, path)?;
    }
    let mut known = importer.into_labels();
    let mut labels = Labels::default();
    let id = PlainText::from(id.as_str());
    for rollout in rollouts {
        let mut of = |app: &PlainText| known.remove(&(app.clone(), rollout.version.clone()));
        let label = of(&id).or_else(|| of(&rollout.app));
        rollout.onset = label.flatten();
        labels.count(label);
    }
    labels.unused = known.into_keys().collect();
    unused(&labels).for_each(|line| say::err(&line));
    Ok(labels)
}

fn read(importer: &mut Importer, path: &Path) -> Result<(), Exit> {
    let name = shown(path);
    if path == Path::new("-") {
        return importer.read(&name, io::stdin().lock()).map_err(wrong);
    }
    let file =
        File::open(path).map_err(|error| wrong(format!("{name} cannot be opened: {error}")))?;
    let file = BufReader::with_capacity(1 << 16, file);
    importer.read(&name, file).map_err(wrong)
}

fn wrong(error: impl std::fmt::Display) -> Exit {
    say::err(&format!("haltline: {error}"));
    Exit::Usage
}

/// The file as people know it, without what a terminal should not see.
fn shown(path: &Path) -> String {
    match path.to_string_lossy() {
        name if name == "-" => "standard input".to_owned(),
        name => PlainText::new(&name).to_string(),
    }
}

/// What has to be known to read the result.
fn notes(imported: &Imported) -> Vec<String> {
    let mut notes = Vec::new();
    if imported.left_out > 0 {
        notes.push(format!(
            "haltline: {} of {} lines are wrong and left out:",
            count(imported.left_out),
            count(imported.lines)
        ));
        notes.extend(
            imported
                .first_left_out
                .iter()
                .map(|line| format!("  {line}")),
        );
        let more = imported.left_out - imported.first_left_out.len() as u64;
        if more > 0 {
            notes.push(format!("  and {} more", count(more)));
        }
    }
    let labels = &imported.labels;
    if labels.none > 0 && labels.none < imported.rollouts.len() {
        notes.push(format!(
            "haltline: {} of {} rollouts have no label; they count as healthy",
            labels.none,
            imported.rollouts.len()
        ));
    }
    notes.extend(unused(labels));
    notes
}

/// Labels that fit nothing: a version that was mistyped, most of the time.
fn unused(labels: &Labels) -> impl Iterator<Item = String> {
    let first = labels.unused.iter().take(5);
    first.map(|(app, version)| {
        format!("haltline: the label of {app} {version} is of no rollout here")
    })
}

/// The made-up world that the options describe; wrong use is told.
pub(super) fn simulation(args: &SimulateArgs, seed: u64) -> Result<(Given, About), Exit> {
    let failing = args.baseline.complement();
    if !(failing > 0.0 && failing * args.regression < 1.0) {
        return Err(wrong(
            "the baseline must leave some crashes to multiply, and not so many that every session crashes",
        ));
    }
    let mut world = World {
        baseline_rate: failing,
        sessions_per_day: args.sessions_per_day,
        regression: args.regression,
        onset: args.onset_hour,
        outage: args.outage,
        seed,
        ..World::default()
    };
    if let Some((last, _)) = args.ramp.last() {
        if !args.ramp.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1) {
            return Err(wrong("a ramp goes forward and up: 0h:1%,24h:5%,48h:100%"));
        }
        world.length = *last + TimeDelta::days(2);
        world.ramp.clone_from(&args.ramp);
    }
    let about = About::Simulation {
        rollouts: args.rollouts as usize,
        sessions_per_day: args.sessions_per_day,
        baseline_failing: failing,
        regression: args.regression,
        onset_hours: args
            .onset_hour
            .map(|onset| onset.as_seconds_f64() / 3_600.0),
        seed,
    };
    let given = Given::MadeUp(Simulated::new(world, args.rollouts as usize).into());
    Ok((given, about))
}
