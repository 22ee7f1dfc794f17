//! The options of `haltline backtest`.

use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{Args, ValueEnum};

use crate::backtest::Rival;
use crate::backtest::simulate::Outage;
use crate::cli::args::{AppIdArg, duration, percent, volume};
use crate::domain::Exposure;
use crate::policy::units::Percent;

/// Where rollouts come from is one of: files, the journal of one app, a simulation.
#[derive(Debug, Args)]
pub(in crate::cli) struct BacktestArgs {
    /// Recorded rollouts: NDJSON or CSV of windows; "-" is standard input.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A policy of the config, a preset, or a TOML file; several are compared. Default: the app's, else the preset "default".
    #[arg(long, value_name = "NAME|FILE")]
    pub policy: Vec<String>,
    /// Since when which versions were bad: lines of app, version and onset (a time, or "healthy").
    #[arg(long, value_name = "FILE", conflicts_with = "simulate")]
    pub labels: Vec<PathBuf>,
    /// Leave lines out that are wrong, and say how many.
    #[arg(long, requires = "files")]
    pub keep_going: bool,
    /// The past releases of this app, from the watcher's own journal.
    #[arg(long, value_name = "APP", conflicts_with = "files")]
    pub app: Option<AppIdArg>,
    /// How far back in the journal.
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = duration, requires = "app")]
    pub since: TimeDelta,
    #[command(flatten)]
    pub made_up: SimulateArgs,
    /// Split the stable version against itself: whatever is stopped then is stopped by mistake.
    #[arg(long, value_name = "BY", conflicts_with = "simulate")]
    pub placebo: Option<PlaceboBy>,
    /// How many splits a version.
    #[arg(long, value_name = "N", default_value_t = 200, requires = "placebo", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub splits: u32,
    /// Rules that others use, beside it: naive-99.85, argo, z-test.
    #[arg(long, value_name = "RULE,…", value_delimiter = ',', value_parser = rival)]
    pub against: Vec<Rival>,
    /// From poll to poll.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub every: TimeDelta,
    /// Of everything that is drawn by chance: the same seed makes the same result.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// The made-up world.
#[derive(Debug, Args)]
pub(in crate::cli) struct SimulateArgs {
    /// Make rollouts up: a million sessions a day, 1 → 5 → 20 → 50 → 100 % in four days, watched for six.
    #[arg(long, conflicts_with_all = ["files", "app"])]
    pub simulate: bool,
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 2_000, requires = "simulate", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rollouts: u32,
    /// Sessions a day, of both versions together: 1000000, 1M, 250k.
    #[arg(long, value_name = "N", default_value = "1M", requires = "simulate", value_parser = volume)]
    pub sessions_per_day: f64,
    /// Crash-free sessions of the version before.
    #[arg(long, value_name = "PERCENT", default_value = "99.95%", requires = "simulate", value_parser = percent)]
    pub baseline: Percent,
    /// How many times as often the new version crashes; 1 is a healthy one.
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, requires = "simulate", value_parser = regression)]
    pub regression: f64,
    /// Since when it does, in hours after the beginning.
    #[arg(long, value_name = "HOUR", requires = "simulate", value_parser = hours)]
    pub onset_hour: Option<TimeDelta>,
    /// An outage that hits both versions: its beginning, its length, and how many times as often they crash: 60h,2h,20
    #[arg(long, value_name = "FROM,LENGTH,TIMES", requires = "simulate", value_parser = outage)]
    pub outage: Option<Outage>,
    /// What is offered from when on: 0h:1%,24h:5%,48h:100%. The rollout is watched for two days after the last step.
    #[arg(long, value_name = "AFTER:SHARE,…", requires = "simulate", value_delimiter = ',', value_parser = stage)]
    pub ramp: Vec<(TimeDelta, Exposure)>,
}

/// How the stable version is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PlaceboBy {
    /// Half of the strata against the other half.
    Strata,
    /// Each hour against the next one.
    Hours,
}

fn rival(raw: &str) -> Result<Rival, String> {
    Rival::named(raw).ok_or_else(|| {
        let known: Vec<&str> = Rival::ALL.iter().map(|rival| rival.name()).collect();
        format!("known are {}", known.join(", "))
    })
}

fn regression(raw: &str) -> Result<f64, String> {
    match raw.trim_end_matches(['x', '×']).parse::<f64>() {
        Ok(times) if (1.0..=10_000.0).contains(&times) => Ok(times),
        _ => Err("write how many times as often it crashes, from 1 up, such as 3".into()),
    }
}

fn hours(raw: &str) -> Result<TimeDelta, String> {
    match raw.trim_end_matches('h').parse::<f64>() {
        Ok(hours) if (0.0..=8_784.0).contains(&hours) => {
            Ok(TimeDelta::seconds((hours * 3_600.0) as i64))
        }
        _ => Err("write hours after the beginning, such as 60".into()),
    }
}

fn outage(raw: &str) -> Result<Outage, String> {
    let wrong = || "write beginning, length and how many times as often: 60h,2h,20".to_owned();
    let mut parts = raw.split(',').map(str::trim);
    let mut next = || parts.next().ok_or_else(wrong);
    let (from, lasts, times) = (next()?, next()?, next()?);
    if parts.next().is_some() {
        return Err(wrong());
    }
    Ok(Outage {
        from: hours(from).map_err(|_ignored| wrong())?,
        lasts: duration(lasts)?,
        times: regression(times)?,
    })
}

fn stage(raw: &str) -> Result<(TimeDelta, Exposure), String> {
    let (after, exposure) = raw
        .split_once(':')
        .ok_or("write when and how much, such as 24h:5%")?;
    let exposure = exposure
        .parse()
        .map_err(|error: crate::domain::exposure::BadExposure| error.to_string())?;
    Ok((hours(after)?, exposure))
}
