//! `haltline sim`: fake vendors for any client, until it is stopped.

use super::args::SimArgs;
use super::exit::Exit;
use super::{say, signals};
use crate::simulator::{Options, Running, Scenario, SimTime};

pub(super) async fn run(args: &SimArgs) -> anyhow::Result<Exit> {
    let scenario = Scenario::load(&args.scenario)?;
    let time = SimTime::from_the_wall(args.speed);
    let sim = Running::start(
        scenario,
        Options {
            seed: args.seed,
            time,
            listen: args.listen,
            dir: None,
        },
    )
    .await?;
    say::json(&sim.describe());
    signals::stop().await;
    Ok(Exit::Fine)
}
