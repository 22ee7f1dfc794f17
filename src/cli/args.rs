//! The command line as clap sees it: types only.

mod attach;
mod notify;
mod paper;
mod said;
mod screen;
mod sim;
#[cfg(test)]
mod tests;
mod values;

use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::backtest::args::BacktestArgs;
use super::wait::verdict::Until;
use crate::domain::{Exposure, Fix, Metric, PlainText};
use crate::policy::ledger::Clustering;
use crate::policy::units::Percent;

pub(super) use attach::{AttachArgs, StopArgs};
pub(super) use notify::{NotifyCommand, NotifyTestArgs};
pub(super) use paper::{CompletionsArgs, KeysArgs, ManArgs};
pub(super) use said::{AckArgs, NoteArgs};
pub(super) use screen::ScreenArgs;
pub(super) use sim::SimArgs;
pub(super) use values::{AppIdArg, duration, percent, volume};
use values::{clustering, fix, plain, reason, regression, seconds, speed_or_held};

/// What every command takes.
const EVERYWHERE: &str = "Everywhere";

/// The README has this as a table.
const EXIT_CODES: &str = "Exit codes: 0 done, healthy; 1 internal error; 2 wrong use or config; 3 credentials or rights; \
    10 halted; 11 paused, held or waiting for a person; 12 timed out waiting; 13 refused; 14 no watcher at the socket asked for; \
    15 health unknown";

/// Watches staged rollouts on Google Play and the App Store, compares the new version with the one before it, and pauses
/// or halts a bad one by itself.
///
/// Without a command it opens the screen.
#[derive(Debug, Parser)]
#[command(name = "haltline", version, max_term_width = 110, after_long_help = EXIT_CODES)]
pub(super) struct Cli {
    /// The config; default: haltline.toml here or in a folder above, else the user's configuration folder.
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "PATH")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub attach: AttachArgs,
    #[command(flatten)]
    pub screen: ScreenArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The screen on a simulated rollout that goes bad; needs nothing.
    Demo(DemoArgs),
    /// Find the apps, keys and sources that are there already, and write a first haltline.toml without a secret in it.
    Init(InitArgs),
    /// The daemon: watches, decides, acts.
    Watch(WatchArgs),
    /// What haltline knows, in words or as JSON; the exit code is the verdict.
    Status(StatusArgs),
    /// Stop automatic exposure; an operator may lift it.
    Pause(StopArgs),
    /// Go on where it stopped.
    Resume(VerbArgs),
    /// Pause and latch: lifted only on purpose, with a reason.
    Halt(StopArgs),
    /// Stop advancing; on the App Store pause before Apple's next daily step.
    Hold(VerbArgs),
    /// To the next stage, or to --to.
    Advance(AdvanceArgs),
    /// To everybody.
    Complete(VerbArgs),
    /// haltline carries the stages out from now on; a release that waits to be begun is begun.
    Start(StartArgs),
    /// Open the next gate as far as approval goes, or agree to a change of the policy that waits for a second person.
    Approve(VerbArgs),
    /// Say that you are there: whoever was told of the incident hears it, and nobody else is woken.
    Ack(AckArgs),
    /// Write something down about a rollout: for the audit log, and for whoever looks at the screen.
    Note(NoteArgs),
    /// A critical flow is broken, or works again, whatever the numbers say: the policy's tiers answer.
    Declare(DeclareArgs),
    /// Lay another limit or action over one rule, for some time.
    Override(OverrideArgs),
    /// Wait for a stage, for everybody, or for health; for pipelines.
    Wait(WaitArgs),
    /// The red button: automation off, for one app or all; needs neither watcher nor network.
    Disarm(DisarmArgs),
    /// Automation on again.
    Arm(ArmArgs),
    /// What a policy would have done: with recorded rollouts, with the past of an app, or with made-up ones.
    Backtest(Box<BacktestArgs>),
    /// Policies: the presets, and what is wrong with yours.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// What a policy can see at your volume: sample sizes, smallest visible regression, time to detect.
    Plan(PlanArgs),
    /// The journal: what happened, why, by whom.
    Audit(AuditArgs),
    /// Look after the journal.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// The config file.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Try every credential and name each missing right by the verbs that need it.
    Doctor(JsonArgs),
    /// The channels to people: try them.
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Before a rollout: whether everything is there that would stop a bad one; the exit code says so.
    Ready(ReadyArgs),
    /// The crashes of the version watched; with a number more of one: its stack, devices, links.
    Crashes(CrashesArgs),
    /// The incident in Markdown for a tracker, or in a few lines for a chat: verdict, numbers, rules, crashes, what happened.
    Summary(SummaryArgs),
    /// Release trains: who is on watch, what is due next, when the next ones leave.
    Trains(JsonArgs),
    /// Which key does what on the screen, with your own; what is wrong with your screen.toml.
    Keys(KeysArgs),
    /// Fake vendors on loopback ports, in one simulated world.
    Sim(SimArgs),
    /// What a shell has to know to complete command lines.
    Completions(CompletionsArgs),
    /// The manual pages.
    Man(ManArgs),
    /// The OpenAPI document of what the watcher serves over its socket.
    Openapi,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// No screen: print the events as NDJSON, as fast as possible; exit code 10 once the rollout is halted.
    #[arg(long)]
    pub headless: bool,
    /// Of everything that is drawn by chance: the same seed makes the same world.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Simulated seconds a second, on the screen; 0 holds the clock.
    #[arg(long, default_value_t = 60.0, value_parser = speed_or_held)]
    pub speed: f64,
    /// A scenario by name, or a TOML file.
    #[arg(long, default_value = "demo")]
    pub scenario: String,
    /// Without a screen: end after so much simulated time, whatever was halted by then.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, requires = "headless")]
    pub duration: Option<TimeDelta>,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Write without asking back; needed where nobody can be asked.
    #[arg(long)]
    pub yes: bool,
    /// To stdout instead of into a file; tries no right.
    #[arg(long, conflicts_with_all = ["yes", "json"])]
    pub print: bool,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// One full cycle, then exit with the verdict's code.
    #[arg(long)]
    pub once: bool,
    /// Every event as a line of JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Default: all apps.
    pub app: Option<AppIdArg>,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Go on: the whole state, then a line for each change, plain enough for a screen reader or a log; ends when nobody reads.
    #[arg(long)]
    pub watch: bool,
    /// With --watch: say that nothing has changed where nothing has for so long.
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "watch")]
    pub every: Option<TimeDelta>,
}

#[derive(Debug, Args)]
pub(super) struct CrashesArgs {
    pub app: AppIdArg,
    /// Its number in the list: its source is asked for the stack of a recent event.
    pub number: Option<usize>,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct SummaryArgs {
    /// Its id in the config.
    pub app: AppIdArg,
    /// A few lines of plain text instead.
    #[arg(long)]
    pub short: bool,
}

#[derive(Debug, Args)]
pub(super) struct VerbArgs {
    /// Its id in the config.
    pub app: AppIdArg,
    /// Why; kept in the audit log.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,
    /// Refuse unless the app is at this revision, as `status --json` shows it.
    #[arg(long, value_name = "REVISION")]
    pub expect: Option<u64>,
    /// Do not ask back; needed for what raises exposure where nobody can be asked.
    #[arg(long)]
    pub yes: bool,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct AdvanceArgs {
    #[command(flatten)]
    pub verb: VerbArgs,
    /// Instead of the next stage.
    #[arg(long, value_name = "PERCENT")]
    pub to: Option<Exposure>,
}

#[derive(Debug, Args)]
pub(super) struct StartArgs {
    #[command(flatten)]
    pub verb: VerbArgs,
    /// Instead of at the first stage.
    #[arg(long, value_name = "PERCENT")]
    pub to: Option<Exposure>,
}

#[derive(Debug, Args)]
pub(super) struct DeclareArgs {
    #[command(flatten)]
    pub verb: VerbArgs,
    /// The flow, as your team calls it: checkout.
    #[arg(long, value_name = "NAME", value_parser = plain)]
    pub critical_flow: PlainText,
    /// Whether its fix is known.
    #[arg(long, value_name = "known|unknown", required_unless_present = "withdraw", value_parser = fix)]
    pub fix: Option<Fix>,
    /// It works again.
    #[arg(long, conflicts_with = "fix")]
    pub withdraw: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["limit", "action", "off", "end"]))]
pub(super) struct OverrideArgs {
    #[command(flatten)]
    pub verb: VerbArgs,
    /// Its id in the policy.
    #[arg(value_parser = plain)]
    pub rule: PlainText,
    /// Another limit of the same kind, as the policy would write it: 99.50%, 2.5, 2pt.
    #[arg(long, value_parser = plain)]
    pub limit: Option<PlainText>,
    /// Another action.
    #[arg(long, value_parser = ["notify", "hold", "pause", "halt"])]
    pub action: Option<String>,
    /// The rule is off.
    #[arg(long)]
    pub off: bool,
    /// For how long.
    #[arg(long = "for", value_name = "DURATION", required_unless_present = "end", value_parser = seconds)]
    pub seconds: Option<u32>,
    /// End it before its time.
    #[arg(long, conflicts_with = "seconds")]
    pub end: bool,
}

#[derive(Debug, Args)]
pub(super) struct WaitArgs {
    /// Its id in the config.
    pub app: AppIdArg,
    /// What is waited for: stage=25%, completed or healthy.
    #[arg(long, value_name = "GOAL")]
    pub until: Until,
    /// For how long at most, on the wall.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: TimeDelta,
    /// The release by its version code or build number; default: one that waits to be begun, else the one watched.
    #[arg(long, value_parser = plain)]
    pub build: Option<PlainText>,
    /// Whether a halt, a pause or a hold ends the wait, or somebody may resume it meanwhile.
    #[arg(long, value_enum, default_value_t = OnHalt::Fail)]
    pub on_halt: OnHalt,
    /// Write how it ended as Markdown.
    #[arg(long, value_name = "PATH")]
    pub summary_file: Option<PathBuf>,
    /// Write how it ended as JUnit XML: the wait, each stage and each rule is a test case.
    #[arg(long, value_name = "PATH")]
    pub junit: Option<PathBuf>,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// What a stop does to a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OnHalt {
    /// It ends, with 10 or 11.
    Fail,
    /// It goes on.
    Wait,
}

#[derive(Debug, Args)]
pub(super) struct DisarmArgs {
    /// Default: all apps.
    pub app: Option<AppIdArg>,
    /// For how long.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub duration: TimeDelta,
    /// Why; shown to everybody who looks until it is over.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ArmArgs {
    /// Default: all apps.
    pub app: Option<AppIdArg>,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "armed by hand", value_parser = reason)]
    pub reason: String,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Default: all apps.
    pub app: Option<AppIdArg>,
    /// Check the chain of hashes and the anchor.
    #[arg(long)]
    pub verify: bool,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// Accept the journal as it is, though it ends before its anchor (an old copy was restored on purpose).
    Accept {
        /// Why; kept in the journal.
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Check the file; every error with its line and column.
    Check(JsonArgs),
    /// The JSON schema of the file.
    Schema,
    /// A documented example.
    Example {
        /// Of screen.toml instead: your keys, theme and the like.
        #[arg(long)]
        screen: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// What is wrong with policies, with line and column, and what they see at your volume.
    Check(PolicyCheckArgs),
    /// A preset as it is written, or a policy of the config.
    Show {
        /// A policy of the config, or a preset.
        name: String,
        /// JSON on stdout and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// The policies that come with haltline.
    Presets(JsonArgs),
    /// A stage file of gpc or AppDispatch, or one in YAML, as TOML; what it cannot carry over is said on stderr.
    Import(PolicyImportArgs),
    /// Have a rollout that runs go by the policy that the config names now; says what that changes, and asks.
    Apply(VerbArgs),
}

#[derive(Debug, Args)]
pub(super) struct PolicyImportArgs {
    /// A .gpcrc-train.json, a rollout-policy.yaml, or a rollout policy of AppDispatch; told apart by what is in it.
    pub file: PathBuf,
    /// What the policy is called; default: what the file is.
    #[arg(long)]
    pub name: Option<String>,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PolicyCheckArgs {
    /// A file, such as policies/shop.toml, or the name of a policy; default: all that the config has.
    #[arg(value_name = "FILE|NAME")]
    pub policies: Vec<String>,
    /// Sessions a day, of both versions together: 1000000, 1M, 250k.
    #[arg(long, value_name = "N", default_value = "1M", value_parser = volume)]
    pub sessions_per_day: f64,
    #[command(flatten)]
    pub world: WorldArgs,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// A policy of the config, a preset, or a file; default: the preset "default".
    pub policy: Option<String>,
    /// Sessions a day, of both versions together: 1000000, 1M, 250k.
    #[arg(long, value_name = "N", value_parser = volume, required_unless_present = "from_history")]
    pub sessions_per_day: Option<f64>,
    #[command(flatten)]
    pub world: WorldArgs,
    /// Propose limits from the past versions in the journal instead.
    #[arg(long, conflicts_with_all = ["policy", "sessions_per_day", "baseline", "clustering"])]
    pub from_history: bool,
    /// With --from-history: whose past; needed where the config has several apps.
    #[arg(long)]
    pub app: Option<AppIdArg>,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ReadyArgs {
    /// Its id in the config.
    pub app: AppIdArg,
    /// How many get it first; default: the policy's first stage, else 5% on Google Play and 1% on the App Store.
    #[arg(long, value_name = "PERCENT")]
    pub exposure: Option<Exposure>,
    /// What that has to show, as so many times the failures of the version before.
    #[arg(long, value_name = "TIMES", default_value = "2.0", value_parser = regression)]
    pub regression: f64,
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// What a plan takes the world to be.
#[derive(Debug, Args)]
pub(super) struct WorldArgs {
    /// What is planned for; rules on other metrics are left out.
    #[arg(long, default_value = "crash_free_sessions")]
    pub metric: Metric,
    /// The share of the version before, written as the metric is; default: 99.95% where that is a share of the good.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub baseline: Option<Percent>,
    /// How many times as variable as independent failures the baseline's are, or "distinct" where users are counted.
    #[arg(long, value_name = "PHI", default_value = "1", value_parser = clustering)]
    pub clustering: Clustering,
}

#[derive(Debug, Args)]
pub(super) struct JsonArgs {
    /// JSON on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}
