//! `haltline notify`.

use clap::{Args, Subcommand, ValueEnum};

use crate::domain::{PlainText, Urgency};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum NotifyCommand {
    /// Send each channel a message that is marked as a test, and say what came of it.
    Test(NotifyTestArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct NotifyTestArgs {
    /// Names of channels; default: all of the config.
    #[arg(value_parser = super::values::plain)]
    pub channel: Vec<PlainText>,
    /// How urgent it is; default: the least that each channel gets. A page rings.
    #[arg(long, value_enum)]
    pub urgency: Option<UrgencyArg>,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// How urgent a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum UrgencyArg {
    Info,
    Warning,
    Page,
}

impl From<UrgencyArg> for Urgency {
    fn from(urgency: UrgencyArg) -> Self {
        match urgency {
            UrgencyArg::Info => Self::Info,
            UrgencyArg::Warning => Self::Warning,
            UrgencyArg::Page => Self::Page,
        }
    }
}
