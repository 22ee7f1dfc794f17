//! `haltline man`: the manual pages, made of what the command line says of itself.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::args::Cli;
use super::exit::Exit;
use super::say;

/// All pages into a folder, which is made where it is missing; without one the first page on stdout.
pub(super) fn run(folder: Option<&Path>) -> anyhow::Result<Exit> {
    let command = Cli::command();
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        say::forgiving(std::io::stdout().lock().write_all(&page))?;
        return Ok(Exit::Fine);
    };
    let cannot = || format!("cannot write the manual pages into {}", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    clap_mangen::generate_to(command, folder).with_context(cannot)?;
    Ok(Exit::Fine)
}
