//! The command line: one file a subcommand, and the composition root. The only place that prints, and that uses `anyhow`.

mod ack;
mod act;
mod approve;
mod args;
mod attach;
mod attached;
mod audit;
mod backtest;
mod completions;
mod compose;
pub mod config;
mod crashes;
mod declare;
mod demo;
mod direct;
mod doctor;
mod exit;
mod exports;
mod eyes;
mod guards;
mod house;
mod identity;
mod init;
mod kept_picture;
mod keys;
mod load;
mod log;
mod man;
mod meters;
mod note;
mod notify;
mod overrule;
mod plain;
mod plan;
mod policy;
mod preferences;
mod ready;
mod red_button;
mod say;
mod screen;
mod serve;
mod signals;
mod sim;
mod status;
mod summary;
mod trains;
mod view_state;
mod wait;
mod watch;
mod words;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::config::{Outcome, Surroundings};
use crate::domain::Verb;
use args::{Cli, Command, ConfigCommand, PolicyCommand};
/// From a config to adapters: for tests and benches, which want the same that `haltline watch` has.
pub use compose::apps as adapters;
use exit::Exit;

/// Parses, runs, and turns the outcome into an exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut around = Surroundings::of_process();
    if let Some(socket) = &cli.attach.socket {
        around.vars.insert(attach::SOCKET.into(), socket.clone());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(&cli, &around));
            // Whoever leaves the screen does not wait for a journal that is still being verified.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(anyhow::Error::new(error).context("cannot start")),
    };
    let exit = outcome.unwrap_or_else(|error| {
        say::err(&format!("haltline: {error:#}"));
        Exit::Internal
    });
    ExitCode::from(exit.code())
}

async fn run(cli: &Cli, around: &Surroundings) -> anyhow::Result<Exit> {
    let path = cli.config.as_deref();
    let Some(command) = &cli.command else {
        return screen::run(path, &cli.screen, around).await;
    };
    if acts(command)
        && let Some(why) = screen::readonly(&cli.screen, around)
    {
        say::err(&format!("haltline: {why}; leave it out to act"));
        return Ok(Exit::Usage);
    }
    let on_screen = matches!(command, Command::Demo(demo) if !demo.headless);
    if !on_screen {
        log::to_stderr(matches!(command, Command::Watch(_)));
    }
    match command {
        Command::Demo(args) => demo::run(args, &cli.screen, around).await,
        Command::Init(args) => init::run(path, args, around).await,
        Command::Watch(args) => watch::run(path, args, around).await,
        Command::Status(args) => status::run(path, args, around).await,
        Command::Pause(args) => direct::run(path, Verb::Pause, args, around).await,
        Command::Resume(args) => act::run(path, Verb::Resume, args, None, around).await,
        Command::Halt(args) => direct::run(path, Verb::Halt, args, around).await,
        Command::Hold(args) => act::run(path, Verb::Hold, args, None, around).await,
        Command::Advance(args) => act::run(path, Verb::Advance, &args.verb, args.to, around).await,
        Command::Complete(args) => act::run(path, Verb::Complete, args, None, around).await,
        Command::Start(args) => act::run(path, Verb::Start, &args.verb, args.to, around).await,
        Command::Approve(args) => approve::run(path, args, around).await,
        Command::Ack(args) => ack::run(path, args, around).await,
        Command::Note(args) => note::run(path, args, around).await,
        Command::Declare(args) => declare::run(path, args, around).await,
        Command::Override(args) => overrule::lay_over(path, args, around).await,
        Command::Wait(args) => wait::run(path, args, around).await,
        Command::Disarm(args) => Ok(red_button::disarm(path, args, around).await),
        Command::Arm(args) => Ok(red_button::arm(path, args, around).await),
        Command::Backtest(args) => backtest::run(path, args, &cli.screen, around).await,
        Command::Policy(command) => policy::run(path, command, around).await,
        Command::Plan(args) => plan::run(path, args, around),
        Command::Audit(args) => audit::run(path, args, around).await,
        Command::Journal(command) => audit::journal(path, command, around),
        Command::Config(command) => configuration(path, command, around),
        Command::Doctor(args) => doctor::run(path, args, around).await,
        Command::Notify(command) => notify::run(path, command, around).await,
        Command::Ready(args) => ready::run(path, args, around).await,
        Command::Crashes(args) => crashes::run(path, args, around).await,
        Command::Summary(args) => summary::run(path, args, around).await,
        Command::Trains(args) => trains::run(path, args, around).await,
        Command::Keys(args) => Ok(keys::run(args, around)),
        Command::Sim(args) => sim::run(args).await,
        Command::Completions(args) => completions::run(args.shell),
        Command::Man(args) => man::run(args.folder.as_deref()),
        Command::Openapi => Ok(serve::openapi()),
    }
}

/// The command does something to a rollout, to what haltline may do, or to the journal.
fn acts(command: &Command) -> bool {
    matches!(
        command,
        Command::Watch(_)
            | Command::Pause(_)
            | Command::Resume(_)
            | Command::Halt(_)
            | Command::Hold(_)
            | Command::Advance(_)
            | Command::Complete(_)
            | Command::Start(_)
            | Command::Approve(_)
            | Command::Ack(_)
            | Command::Note(_)
            | Command::Declare(_)
            | Command::Override(_)
            | Command::Disarm(_)
            | Command::Arm(_)
            | Command::Policy(PolicyCommand::Apply(_))
            | Command::Journal(_)
    )
}

fn configuration(
    path: Option<&std::path::Path>,
    command: &ConfigCommand,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    match command {
        ConfigCommand::Schema => say::forgiving(config::schema(&mut out))?,
        ConfigCommand::Example { screen } => say::forgiving(config::example(*screen, &mut out))?,
        ConfigCommand::Check(args) => {
            let path = match crate::config::locate(path, around) {
                Ok(path) => path,
                Err(error) => {
                    say::err(&format!("haltline: {error}"));
                    return Ok(Exit::Usage);
                }
            };
            let styled = out.is_terminal() && around.var("NO_COLOR").is_none();
            let form = if args.json {
                config::Form::Json
            } else {
                config::Form::Text { styled }
            };
            let outcome = match config::check(&path, around, form, &mut out) {
                Ok(outcome) => outcome,
                // The code is worth something even where nobody reads the words.
                Err(error) => {
                    say::forgiving(Err(error))?;
                    config::check(&path, around, form, &mut std::io::sink())?
                }
            };
            return Ok(match outcome {
                Outcome::Fine => Exit::Fine,
                Outcome::BadConfig => Exit::Usage,
                Outcome::BadCredentials => Exit::Credentials,
            });
        }
    }
    Ok(Exit::Fine)
}
