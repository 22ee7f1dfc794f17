//! `haltline backtest`: what a policy would have done with rollouts that were recorded, watched or made up.

pub(super) mod args;
mod document;
mod given;
mod journal;
mod picture;
mod progress;
mod table;
mod words;

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::args::BacktestArgs;
use self::document::Document;
use self::given::{About, Given};
use self::picture::Style;
use self::progress::Bar;
use super::args::ScreenArgs;
use super::exit::Exit;
use super::{policy, say, signals};
use crate::backtest::{self, Contender, Options, Report};
use crate::config::Surroundings;
use crate::policy::{Policy, presets};

/// Cells of a row where nobody says how wide the terminal is.
const WIDTH: usize = 72;

/// Columns that a row needs beside its cells.
const BESIDE: u16 = 24;

pub(super) async fn run(
    path: Option<&Path>,
    args: &BacktestArgs,
    screen: &ScreenArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let (given, about, own) = match gather(path, args, around).await? {
        Ok(gathered) => gathered,
        Err(exit) => return Ok(exit),
    };
    let contenders = match contenders(path, args, own, around) {
        Ok(contenders) => contenders,
        Err(exit) => return Ok(exit),
    };
    let (given, placebo) = match args.placebo {
        Some(by) => match given::placebo(given, by, args.splits, args.seed) {
            Ok(split) => split,
            Err(exit) => return Ok(exit),
        },
        None => (given, None),
    };
    tell_what_lacks(&given, &contenders);
    let each = matches!(given, Given::Recorded { .. });
    let options = Options {
        every: args.every,
        trail: each,
        threads: None,
    };
    let (report, given) = replay(given, &contenders, &options).await?;
    let happened = match &given {
        Given::Recorded { happened, .. } => happened.as_slice(),
        Given::MadeUp(_) | Given::Placebo(_) => &[],
    };
    if args.json {
        say::json(&Document {
            schema: "haltline/backtest/v1",
            partial: report.is_partial(),
            of: report.of,
            done: report.done,
            every: args.every.num_seconds(),
            source: &about,
            placebo: placebo.as_ref(),
            contenders: document::contenders(&report, &contenders, each),
            in_truth: happened,
        });
    } else {
        let style = style(screen, around);
        let of = match &given {
            Given::Recorded { .. } if about.is_unlabelled() => table::Of::Unlabelled,
            Given::Recorded { .. } => table::Of::Labelled,
            Given::MadeUp(_) => table::Of::MadeUp,
            Given::Placebo(_) => table::Of::Placebo,
        };
        if let Given::Recorded { rollouts, happened } = &given {
            for line in words::rollouts(&report, rollouts, happened, style) {
                say::out(&line);
            }
            say::out("");
        }
        for line in placebo.iter().flat_map(words::placebo) {
            say::out(&line);
        }
        for line in table::lines(&report, of) {
            say::out(&line);
        }
    }
    if report.is_partial() {
        say::err(&format!(
            "haltline: PARTIAL: stopped after {} of {} rollouts",
            report.done, report.of
        ));
        return Ok(Exit::TimedOut);
    }
    Ok(Exit::Fine)
}

/// The rollouts, and the policy of the app that they are of.
async fn gather(
    path: Option<&Path>,
    args: &BacktestArgs,
    around: &Surroundings,
) -> anyhow::Result<Result<(Given, About, Option<Arc<Policy>>), Exit>> {
    if let Some(app) = &args.app {
        let past = journal::past(path, args, &app.0, around).await?;
        return Ok(past.map(|(given, about, app)| (given, about, Some(app.policy))));
    }
    let gathered = if args.made_up.simulate {
        given::simulation(&args.made_up, args.seed)
    } else if args.files.is_empty() {
        say::err("haltline: say what to replay: a FILE, --app APP, or --simulate");
        Err(Exit::Usage)
    } else {
        given::files(args)
    };
    Ok(gathered.map(|(given, about)| (given, about, None)))
}

/// Who decides: the policies that are asked for, else the app's own, else the default; then the rules that others use.
fn contenders(
    path: Option<&Path>,
    args: &BacktestArgs,
    own: Option<Arc<Policy>>,
    around: &Surroundings,
) -> Result<Vec<Contender>, Exit> {
    let mut policies = Vec::new();
    for name in &args.policy {
        policies.push(policy::named(path, name, around)?);
    }
    if policies.is_empty() {
        policies.push(match own {
            Some(own) => own,
            None => policy::named(path, presets::DEFAULT, around)?,
        });
    }
    let rivals = args.against.iter().copied().map(Contender::Rival);
    Ok(policies
        .into_iter()
        .map(Contender::Policy)
        .chain(rivals)
        .collect())
}

/// A rule without data makes a verdict unknown: that is better known beforehand.
fn tell_what_lacks(given: &Given, contenders: &[Contender]) {
    for contender in contenders {
        let Contender::Policy(policy) = contender else {
            continue;
        };
        for metric in given.lacks(policy) {
            say::err(&format!(
                "haltline: no rollout here has {metric}, which policy {} asks for: without it nothing is ever healthy",
                policy.name
            ));
        }
    }
}

/// Replays on all cores; Ctrl-C ends it after the rollouts under way, a second one at once.
async fn replay(
    given: Given,
    contenders: &[Contender],
    options: &Options,
) -> anyhow::Result<(Report, Given)> {
    let cancelled = Arc::new(AtomicBool::new(false));
    let bar = Bar::new(Arc::clone(&cancelled));
    let (contenders, options) = (contenders.to_vec(), options.clone());
    let mut work = tokio::task::spawn_blocking(move || {
        let report = match &given {
            Given::Recorded { rollouts, .. } => {
                backtest::run(rollouts, &contenders, &options, &bar)
            }
            Given::MadeUp(simulated) => {
                backtest::run(simulated.as_ref(), &contenders, &options, &bar)
            }
            Given::Placebo(placebo) => backtest::run(placebo, &contenders, &options, &bar),
        };
        bar.clear();
        (report, given)
    });
    loop {
        tokio::select! {
            done = &mut work => return Ok(done?),
            () = signals::stop() => {
                if cancelled.swap(true, Ordering::Relaxed) {
                    std::process::exit(Exit::TimedOut.code().into());
                }
            }
        }
    }
}

fn style(screen: &ScreenArgs, around: &Surroundings) -> Style {
    let terminal = std::io::stdout().is_terminal();
    let columns = terminal
        .then(|| crossterm::terminal::size().ok())
        .flatten()
        .map(|(columns, _)| usize::from(columns.saturating_sub(BESIDE)));
    Style {
        ascii: screen.ascii,
        colours: terminal && !screen.no_color && around.var("NO_COLOR").is_none(),
        width: columns.unwrap_or(WIDTH).clamp(20, 144),
    }
}
