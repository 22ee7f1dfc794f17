//! What people say about a rollout.

use clap::Args;

use super::AppIdArg;
use super::values::reason;

#[derive(Debug, Args)]
pub(in crate::cli) struct NoteArgs {
    /// Its id in the config.
    pub app: AppIdArg,
    /// What: at most 500 characters.
    #[arg(value_parser = reason)]
    pub text: String,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AckArgs {
    /// Its id in the config.
    pub app: AppIdArg,
    /// A few words for those who were told: "looking into it".
    #[arg(value_parser = reason)]
    pub words: Option<String>,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}
