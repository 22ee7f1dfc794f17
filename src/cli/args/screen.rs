//! The options of the screen.

use clap::Args;

use super::EVERYWHERE;
use crate::tui::Palette;

/// How the screen looks.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct ScreenArgs {
    /// Draw with ASCII characters only.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub ascii: bool,
    /// No colours; NO_COLOR does the same.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub no_color: bool,
    /// A screen to look at: no act, no watch of its own; HALTLINE_READONLY=1 does the same.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub readonly: bool,
    /// The colours of the screen: dark, light, mono or deuteranopia; t turns through them.
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "NAME")]
    pub theme: Option<Palette>,
}
