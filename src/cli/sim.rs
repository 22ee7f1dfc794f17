//! `haltline sim`: fake vendors for any client, until it is stopped.

use super::args::SimArgs;
use super::exit::Exit;
use super::{say, signals};
use crate::simulator::{LaunchError, Options, Running, Scenario, SimTime};

pub(super) async fn run(args: &SimArgs) -> anyhow::Result<Exit> {
    let scenario = match Scenario::load(&args.scenario) {
        Ok(scenario) => scenario,
        Err(error) => {
            say::err(&format!("haltline: {error}"));
            return Ok(Exit::Usage);
        }
    };
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
    .await;
    let sim = match sim {
        Err(error @ (LaunchError::NotLoopback(_) | LaunchError::Listen { .. })) => {
            say::err(&format!("haltline: {error}"));
            return Ok(Exit::Usage);
        }
        other => other?,
    };
    say::json(&sim.describe());
    signals::stop().await;
    Ok(Exit::Fine)
}
