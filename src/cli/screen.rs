//! `haltline` without a command, and the demo's screen.

use std::path::Path;
use std::sync::Arc;

use super::args::{DemoArgs, ScreenArgs};
use super::exit::Exit;
use crate::config::{Config, Surroundings};
use crate::ports::Clock;

pub(super) async fn run(
    _path: Option<&Path>,
    _screen: &ScreenArgs,
    _around: &Surroundings,
) -> anyhow::Result<Exit> {
    anyhow::bail!("soon")
}

pub(super) async fn demo(
    _config: &Config,
    _clock: &Arc<dyn Clock>,
    _args: &DemoArgs,
    _screen: &ScreenArgs,
    _around: &Surroundings,
) -> anyhow::Result<Exit> {
    anyhow::bail!("soon")
}
