//! `haltline backtest`: what a policy would have done with rollouts that were recorded, watched or made up.

pub(super) mod args;
mod document;
mod given;
mod picture;
mod progress;
mod words;

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::args::BacktestArgs;
use self::given::Given;
use self::picture::Style;
use self::progress::Bar;
use super::args::ScreenArgs;
use super::exit::Exit;
use super::{say, signals};
use crate::backtest::{self, Contender, Options, Report};
use crate::config::Surroundings;
use crate::policy::presets;

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
    let (given, about) = match gather(args) {
        Ok(gathered) => gathered,
        Err(exit) => return Ok(exit),
    };
    let contenders = match contenders(path, args, around) {
        Ok(contenders) => contenders,
        Err(exit) => return Ok(exit),
    };
    let each = matches!(given, Given::Recorded { .. });
    let options = Options {
        every: args.every,
        trail: each,
        threads: None,
    };
    let (report, given) = replay(given, &contenders, &options).await?;
    let happened = match &given {
        Given::Recorded { happened, .. } => happened.as_slice(),
        Given::MadeUp(_) => &[],
    };
    if args.json {
        document::tell(&report, &contenders, args.every, &about, happened, each);
    } else {
        let style = style(screen, around);
        if let Given::Recorded { rollouts, happened } = &given {
            for line in words::rollouts(&report, rollouts, happened, style) {
                say::out(&line);
            }
            say::out("");
        }
        for line in words::table(&report, options.trail) {
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

fn gather(args: &BacktestArgs) -> Result<(Given, given::About), Exit> {
    if args.made_up.simulate {
        return given::simulation(&args.made_up, args.seed);
    }
    if args.files.is_empty() {
        say::err("haltline: say what to replay: a FILE, --app APP, or --simulate");
        return Err(Exit::Usage);
    }
    given::files(args)
}

fn contenders(
    path: Option<&Path>,
    args: &BacktestArgs,
    around: &Surroundings,
) -> Result<Vec<Contender>, Exit> {
    let default = [presets::DEFAULT.to_owned()];
    let asked = if args.policy.is_empty() {
        default.as_slice()
    } else {
        &args.policy
    };
    let mut contenders = Vec::new();
    for name in asked {
        contenders.push(Contender::Policy(policy::named(path, name, around)?));
    }
    contenders.extend(args.against.iter().copied().map(Contender::Rival));
    Ok(contenders)
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
            Given::MadeUp(simulated) => backtest::run(simulated, &contenders, &options, &bar),
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

mod policy {
    use super::{Arc, Exit, Path, Surroundings, presets};
    pub(super) fn named(
        _: Option<&Path>,
        name: &str,
        _: &Surroundings,
    ) -> Result<Arc<crate::policy::Policy>, Exit> {
        let (policy, _) = presets::get(name)
            .ok_or(Exit::Usage)?
            .resolve(name)
            .map_err(|_e| Exit::Usage)?;
        Ok(Arc::new(policy))
    }
}
