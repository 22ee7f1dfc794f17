//! Which watcher, and what is done where it cannot be reached.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::{EVERYWHERE, VerbArgs};

/// Which watcher is talked to.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct AttachArgs {
    /// The socket of the watcher to talk to; default: HALTLINE_SOCKET, else the config's, else the user's or the machine's own.
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "PATH", value_parser = NonEmptyStringValueParser::new())]
    pub socket: Option<String>,
}

/// A verb that stops a rollout.
#[derive(Debug, Args)]
pub(in crate::cli) struct StopArgs {
    #[command(flatten)]
    pub verb: VerbArgs,
    /// Without the watcher: at the store, with the credentials of your own config. The watcher is told once it answers again.
    #[arg(long)]
    pub direct: bool,
}
