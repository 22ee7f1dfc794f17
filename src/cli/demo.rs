//! `haltline demo`: watcher and simulated vendors in one process, on one clock, over real HTTP.

use std::sync::Arc;

use chrono::TimeDelta;

use super::args::{DemoArgs, ScreenArgs};
use super::exit::{self, Exit};
use super::house;
use super::{preferences, say, screen, signals, watch, words};
use crate::config::{self, Config, Surroundings};
use crate::domain::{ActRequest, Timestamp};
use crate::ports::{Clock, SimClock};
use crate::simulator::{Options, Running, Scenario, SimTime};
use crate::tui::Preferences;
use crate::watcher::{Ended, Watcher};

/// A headless demo that comes to nothing ends after so much simulated time.
const LONGEST: TimeDelta = TimeDelta::hours(12);

pub(super) async fn run(
    args: &DemoArgs,
    screen: &ScreenArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let prefers = match (!args.headless).then(|| prefers(around)).transpose() {
        Ok(prefers) => prefers,
        Err(exit) => return Ok(exit),
    };
    let scenario = match Scenario::load(&args.scenario) {
        Ok(scenario) => scenario,
        Err(error) => {
            say::err(&format!("haltline: {error}"));
            return Ok(Exit::Usage);
        }
    };
    let start = scenario.start + scenario.at.0;
    let clock = Arc::new(if args.headless {
        SimClock::starting_at(start)
    } else {
        SimClock::paced(start, args.speed)
    });
    let time = SimTime::Discrete(Arc::clone(&clock));
    let sim = Running::start(
        scenario,
        Options {
            seed: args.seed,
            time,
            listen: None,
            dir: None,
        },
    )
    .await?;
    let loaded = config::load(&sim.config, around);
    let Some(config) = loaded.config else {
        let problems: Vec<String> = loaded
            .report
            .errors()
            .map(|problem| loaded.report.render(problem, false))
            .collect();
        anyhow::bail!("the demo's own config is wrong:\n{}", problems.join("\n"));
    };
    let clock: Arc<dyn Clock> = clock;
    let asks = sim.world.scenario().asked(sim.world.start());
    match prefers {
        None => headless(&config, &clock, asks, args.duration).await,
        Some(prefers) => {
            let wishes = (args, screen, prefers);
            screen::demo(&config, &clock, asks, wishes, around).await
        }
    }
}

/// What the screen of this person is like, where one can be drawn; asked before a world is made for it.
fn prefers(around: &Surroundings) -> Result<Preferences, Exit> {
    let prefers = preferences::preferences(around)?;
    screen::terminal(around, "`haltline demo --headless` tells what happens")?;
    Ok(prefers)
}

/// Prints every event as NDJSON, as fast as the machine can: for so long, or else until the bad rollout is halted and people
/// have been told.
async fn headless(
    config: &Config,
    clock: &Arc<dyn Clock>,
    asks: Vec<(Timestamp, ActRequest)>,
    duration: Option<TimeDelta>,
) -> anyhow::Result<Exit> {
    let (mut watcher, _client, _lock) =
        house::open_own(config, clock, Box::new(watch::print_event))?;
    watcher.expect(asks);
    let end = clock.now() + duration.unwrap_or(LONGEST);
    let time = Arc::clone(clock);
    let ended = watcher
        .run(signals::stop(), move |watcher| {
            time.now() >= end || (duration.is_none() && halted(watcher))
        })
        .await;
    let snapshot = watcher.snapshot();
    watcher.finish().await;
    if ended == Ended::Stopped {
        return Ok(Exit::TimedOut);
    }
    for app in &snapshot.apps {
        say::err(&format!(
            "{}: {}: {}",
            app.id,
            app.health,
            words::sentence(app)
        ));
    }
    Ok(exit::of_snapshot(&snapshot))
}

/// A halt is confirmed, nothing is under way, and everybody has been told.
fn halted(watcher: &Watcher) -> bool {
    let state = watcher.state();
    let settled = state.apps.values().all(|app| app.desire.is_none());
    settled
        && state.apps.values().any(|app| app.latched)
        && state.tells.is_empty()
        && watcher.is_idle()
}

#[cfg(test)]
mod tests;
