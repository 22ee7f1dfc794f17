//! Raw file to checked config: what is missing, what contradicts itself, what is unwise. Goes on after every error.

mod app;
mod health;
mod notify;
pub(super) mod policy;
mod store;
pub(super) mod tables;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;

use super::file::{RawFile, RawWatcher};
use super::problem::Problem;
use super::secret::BadSecret;
use super::tree::{At, Gone};
use super::{AppConfig, Budgets, Surroundings, WatcherConfig, base_url};
use crate::domain::suggest;
use crate::domain::{AppId, Failure, FailureKind, PlainText};
use crate::policy::units::Duration;

/// Shortest time between two polls: where all is loopback, and elsewhere.
const SHORTEST_POLL_LOOPBACK: TimeDelta = TimeDelta::seconds(1);
const SHORTEST_POLL: TimeDelta = TimeDelta::seconds(30);
const DEFAULT_POLL: TimeDelta = TimeDelta::seconds(60);
const DEFAULT_REQUEST_TIMEOUT: TimeDelta = TimeDelta::seconds(20);
const LONGEST_REQUEST_TIMEOUT: TimeDelta = TimeDelta::minutes(5);

/// Where one credential was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// `None`: of a channel to people, or of who is on call.
    pub app: Option<AppId>,
    /// `google-play`, `app-store`, `sentry`, `pagerduty`
    pub for_what: &'static str,
    /// In words: `file /etc/haltline/play.json`, `environment variable SUPPLY_JSON_KEY_DATA`.
    pub origin: PlainText,
    /// The config names none: it was found by convention.
    pub by_convention: bool,
}

/// What came of it. The apps are complete only where no problem is an error of the config.
pub(super) struct Resolved {
    pub(super) watcher: WatcherConfig,
    pub(super) apps: Vec<AppConfig>,
    pub(super) tables: tables::Tables,
    pub(super) telling: notify::Resolved,
    pub(super) problems: Vec<Problem>,
    pub(super) credentials: Vec<Credential>,
}

pub(super) fn resolve(
    raw: RawFile,
    gone: Vec<Gone>,
    base: &Path,
    around: &Surroundings,
) -> Resolved {
    let poll = raw.watcher.as_ref().and_then(|watcher| {
        let poll = watcher.value.poll.as_ref()?;
        Some(poll.value.0)
    });
    let mut ctx = Ctx {
        longest_poll: poll,
        ..Ctx::new(base, around, gone)
    };
    let policies = policy::resolve(&mut ctx, &raw.policy);
    let apps = app::resolve_all(&mut ctx, &raw.app, &policies);
    let tables = tables::resolve(&mut ctx, &raw, &policies);
    let telling = notify::resolve(&mut ctx, &raw, &tables.trains);
    let watcher = raw.watcher.map(|watcher| watcher.value).unwrap_or_default();
    let watcher = resolve_watcher(&mut ctx, &watcher);
    Resolved {
        watcher,
        apps,
        tables,
        telling,
        problems: ctx.problems,
        credentials: ctx.credentials,
    }
}

pub(super) fn with_paths(watcher: WatcherConfig, state: PathBuf, socket: PathBuf) -> WatcherConfig {
    WatcherConfig {
        state,
        socket,
        ..watcher
    }
}

/// What every part of the resolving needs.
pub(super) struct Ctx<'a> {
    /// The config's folder.
    base: &'a Path,
    around: &'a Surroundings,
    gone: Vec<Gone>,
    pub(super) problems: Vec<Problem>,
    credentials: Vec<Credential>,
    /// Every base URL so far is loopback.
    all_loopback: bool,
    /// The time between polls, as the file has it.
    longest_poll: Option<TimeDelta>,
}

impl<'a> Ctx<'a> {
    pub(super) fn new(base: &'a Path, around: &'a Surroundings, gone: Vec<Gone>) -> Self {
        Self {
            base,
            around,
            gone,
            problems: Vec::new(),
            credentials: Vec::new(),
            all_loopback: true,
            longest_poll: None,
        }
    }

    fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A key that must be there is not, unless something wrong stood there and has been told.
    fn missing(&mut self, table: &Range<usize>, key: &str, help: &str) {
        let told = self
            .gone
            .iter()
            .any(|(span, gone)| span == table && gone == key);
        if !told {
            let what = format!("\"{key}\" is missing");
            self.push(
                Problem::error(table.clone(), what)
                    .label("in this table")
                    .help(help),
            );
        }
    }

    /// The text of a key that must be there and must not be empty.
    fn required<'r>(
        &mut self,
        table: &Range<usize>,
        key: &str,
        value: Option<&'r At<String>>,
        help: &str,
    ) -> Option<&'r At<String>> {
        match value {
            None => {
                self.missing(table, key, help);
                None
            }
            Some(at) if at.value.trim().is_empty() => {
                let what = format!("\"{key}\" is empty");
                self.push(Problem::error(at.span.clone(), what).help(help));
                None
            }
            some => some,
        }
    }

    /// One of a few words.
    fn one_of<T: Copy>(&mut self, key: &str, at: &At<String>, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == at.value);
        if let Some((_, value)) = found {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let what = format!("{key} = {:?} is not known", at.value);
        self.push(
            Problem::error(at.span.clone(), what).help(suggest::did_you_mean(&at.value, &known)),
        );
        None
    }

    /// A duration that must be more than nothing.
    fn positive(&mut self, key: &str, at: Option<&At<Duration>>, default: TimeDelta) -> TimeDelta {
        let Some(at) = at else {
            return default;
        };
        if at.value.0 <= TimeDelta::zero() {
            let what = format!("{key} must be longer than nothing");
            self.push(Problem::error(at.span.clone(), what));
            return default;
        }
        at.value.0
    }

    /// A base URL, without a slash at its end, and whether it is loopback.
    fn base_url(&mut self, at: Option<&At<String>>, default: &str) -> (String, bool) {
        let Some(at) = at else {
            self.all_loopback = false;
            return (default.to_owned(), false);
        };
        match base_url::check(&at.value) {
            Ok(checked) => {
                self.all_loopback &= checked.loopback;
                (at.value.trim_end_matches('/').to_owned(), checked.loopback)
            }
            Err(why) => {
                self.push(Problem::error(at.span.clone(), why));
                (default.to_owned(), true)
            }
        }
    }

    /// A credential that cannot be had: told, and handed on to what will fail without it.
    fn bad_secret(&mut self, app: Option<&AppId>, span: Range<usize>, bad: &BadSecret) -> Failure {
        let problem = Problem::error(span, bad.what.as_str())
            .help(bad.help.as_str())
            .of_credentials(app.cloned());
        self.push(problem);
        Failure::new(FailureKind::Credentials, bad.what.as_str()).hint(bad.help.as_str())
    }
}

fn resolve_watcher(ctx: &mut Ctx<'_>, raw: &RawWatcher) -> WatcherConfig {
    let poll = ctx.positive("poll", raw.poll.as_ref(), DEFAULT_POLL);
    let (shortest, where_to) = if ctx.all_loopback {
        (SHORTEST_POLL_LOOPBACK, "on loopback")
    } else {
        (SHORTEST_POLL, "where a base URL is not loopback")
    };
    if let Some(at) = &raw.poll
        && poll < shortest
    {
        let what = format!(
            "poll must be at least {} s {where_to}",
            shortest.num_seconds()
        );
        let help = "the vendors count requests; data comes no faster than once a minute";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
    let request_timeout = ctx.positive(
        "request_timeout",
        raw.request_timeout.as_ref(),
        DEFAULT_REQUEST_TIMEOUT,
    );
    if let Some(at) = &raw.request_timeout
        && request_timeout > LONGEST_REQUEST_TIMEOUT
    {
        ctx.push(Problem::error(
            at.span.clone(),
            "request_timeout must be at most 5 minutes",
        ));
    }
    let clock = raw
        .clock
        .as_ref()
        .and_then(|at| match base_url::check(&at.value) {
            Ok(checked) if checked.loopback => Some(at.value.trim_end_matches('/').to_owned()),
            Ok(_) => {
                let what = "the clock of a simulator is on loopback only";
                ctx.push(
                    Problem::error(at.span.clone(), what)
                        .help("leave \"clock\" out: time is this machine's"),
                );
                None
            }
            Err(why) => {
                ctx.push(Problem::error(at.span.clone(), why));
                None
            }
        });
    if let (Some(at), true, false) = (&raw.clock, clock.is_some(), ctx.all_loopback) {
        let what = "a simulator's clock and a real vendor do not go together";
        ctx.push(
            Problem::error(at.span.clone(), what)
                .help("leave \"clock\" out, or point every base_url at the simulator"),
        );
    }
    let listen = raw.listen.as_ref().and_then(|at| {
        let address = at.value.parse::<SocketAddr>();
        let address = address.ok().filter(|address| address.ip().is_loopback());
        if address.is_none() {
            let what = format!("listen = {:?} is no address on loopback", at.value);
            let help = "write \"127.0.0.1:9469\": whoever may reach it reads metrics and health without being asked who they are";
            ctx.push(Problem::error(at.span.clone(), what).help(help));
        }
        address
    });
    let mut budgets = Budgets::default();
    if let Some(raw) = &raw.budgets {
        let fields: BTreeMap<&str, (&Option<At<u32>>, &mut u32)> = BTreeMap::from([
            (
                "per_app_day",
                (&raw.value.per_app_day, &mut budgets.per_app_day),
            ),
            ("per_hour", (&raw.value.per_hour, &mut budgets.per_hour)),
            (
                "gates_per_app_day",
                (&raw.value.gates_per_app_day, &mut budgets.gates_per_app_day),
            ),
        ]);
        for (key, (raw, budget)) in fields {
            let Some(at) = raw else { continue };
            if at.value == 0 {
                let what = format!("{key} = 0 leaves haltline unable to act");
                let help = if key == "gates_per_app_day" {
                    "to have people move the rollout, write start = \"manual\" in the app"
                } else {
                    "to watch without acting, write mode = \"advise\" in the app"
                };
                ctx.push(Problem::error(at.span.clone(), what).help(help));
            }
            *budget = at.value;
        }
    }
    WatcherConfig {
        poll,
        state: PathBuf::new(),
        socket: PathBuf::new(),
        listen,
        clock,
        request_timeout,
        budgets,
    }
}
