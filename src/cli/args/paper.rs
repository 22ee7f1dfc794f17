//! What comes with the program and is made by it: manual pages, completions, the table of keys.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Folder for the pages of all commands; without one the first page goes to stdout.
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell.
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    /// Only say whether screen.toml is right.
    #[arg(long)]
    pub check: bool,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}
