//! `haltline completions SHELL`: what a shell has to know to complete its command lines.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::args::Cli;
use super::exit::Exit;
use super::say;

pub(super) fn run(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "haltline", &mut script);
    say::forgiving(std::io::stdout().lock().write_all(&script))?;
    Ok(Exit::Fine)
}
