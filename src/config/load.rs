//! From a path to a [`Config`] and everything that is to be said about it.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::file::RawFile;
use super::problem::{Kind, Problem, Report};
use super::resolve::{self, Credential};
use super::tree::At;
use super::{Config, Surroundings, paths, tree};
use crate::domain::AppId;

/// Largest config that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// A config as far as it could be read.
#[derive(Debug)]
pub struct Loaded {
    /// `None` where the file itself is wrong. Where only a credential is, what needs it is `Unusable` in here, so that the
    /// other apps are watched all the same.
    pub config: Option<Config>,
    /// Where the journal is, as far as the file could be understood: the red button needs nothing else.
    pub state: PathBuf,
    /// Ids of the apps, as far as the file could be understood.
    pub apps: Vec<AppId>,
    pub report: Report,
    /// Where each credential was found; no secret in it.
    pub credentials: Vec<Credential>,
}

/// What a caller makes its exit code of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Warnings at most.
    Fine,
    /// The file must change.
    BadConfig,
    /// The file is fine; a credential is missing, unsafe or of the wrong kind.
    BadCredentials,
}

impl Loaded {
    pub fn outcome(&self) -> Outcome {
        let has = |kind| self.report.errors().any(|problem| problem.kind == kind);
        if has(Kind::Config) {
            Outcome::BadConfig
        } else if has(Kind::Credentials) {
            Outcome::BadCredentials
        } else {
            Outcome::Fine
        }
    }
}

/// Reads and checks the config at `path`, and the credentials that it names.
pub fn load(path: &Path, around: &Surroundings) -> Loaded {
    let base = path.parent().unwrap_or(Path::new("."));
    let text = match read(path, CONFIG) {
        Ok(text) => text,
        Err((text, problem)) => {
            return Loaded {
                config: None,
                state: paths::state_dir(None, base, around),
                apps: Vec::new(),
                report: Report::new(path, &text, vec![*problem]),
                credentials: Vec::new(),
            };
        }
    };
    of_text(path, &text, around)
}

/// Where the journal and the socket of the watcher on the config at `path` are: nothing else of it is looked at, least of all its
/// credentials. `None` where it cannot be read.
pub fn whereabouts(path: &Path, around: &Surroundings) -> Option<(PathBuf, PathBuf)> {
    let text = read(path, CONFIG).ok()?;
    let base = path.parent().unwrap_or(Path::new("."));
    let raw = tree::parse::<RawFile>(&text).raw?;
    Some(places(&raw, base, around))
}

/// Where the journal is, and the socket.
fn places(raw: &RawFile, base: &Path, around: &Surroundings) -> (PathBuf, PathBuf) {
    let watcher = raw.watcher.as_ref().map(|watcher| &watcher.value);
    let said = |raw: Option<&At<String>>| raw.map(|raw| raw.value.clone());
    let state = said(watcher.and_then(|watcher| watcher.state.as_ref()));
    let socket = said(watcher.and_then(|watcher| watcher.socket.as_ref()));
    let own_state = state.is_some();
    let state = paths::state_dir(state.as_deref(), base, around);
    let socket = paths::socket(socket.as_deref(), own_state, base, &state, around);
    (state, socket)
}

/// The same of a text that is, or will be, at `path`.
pub(super) fn of_text(path: &Path, text: &str, around: &Surroundings) -> Loaded {
    let base = path.parent().unwrap_or(Path::new("."));
    let parsed = tree::parse::<RawFile>(text);
    let mut problems = parsed.problems;
    let readable = parsed.raw.is_some();
    let raw = parsed.raw.unwrap_or_default();
    let (state, socket) = places(&raw, base, around);
    let apps = raw
        .app
        .iter()
        .filter_map(|app| AppId::try_from(app.value.id.as_ref()?.value.clone()).ok())
        .collect();
    let mut config = None;
    let mut credentials = Vec::new();
    if readable {
        let resolved = resolve::resolve(raw, parsed.gone, base, around);
        problems.extend(resolved.problems);
        credentials = resolved.credentials;
        let usable = !problems
            .iter()
            .any(|problem| problem.is_error() && problem.kind == Kind::Config);
        config = usable.then(|| Config {
            path: path.to_owned(),
            watcher: resolve::with_paths(resolved.watcher, state.clone(), socket),
            apps: resolved.apps,
            plans: resolved.tables.plans,
            freezes: resolved.tables.freezes,
            access: resolved.tables.access,
            trains: resolved.tables.trains,
            telling: resolved.telling.telling,
            channels: resolved.telling.channels,
            heartbeat: resolved.telling.heartbeat,
            on_call: resolved.telling.on_call,
        });
    }
    Loaded {
        config,
        state,
        apps,
        report: Report::new(path, text, problems),
        credentials,
    }
}

/// What a file is called when it cannot be read, and what to do then.
pub(super) type Role = (&'static str, &'static str);

pub(super) const CONFIG: Role = (
    "config",
    "name another one with --config, or write one: haltline config example > haltline.toml",
);

/// The text of the file; an error keeps what of it is text, for the caret.
pub(super) fn read(path: &Path, (role, otherwise): Role) -> Result<String, (String, Box<Problem>)> {
    let unreadable = |what: String, help: &str| {
        let problem = Problem::unreadable(what).help(help);
        (String::new(), Box::new(problem))
    };
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| {
        // A folder or a pipe would not end, or not begin.
        if !file.metadata()?.is_file() {
            return Err(std::io::Error::other("it is not a regular file"));
        }
        file.take(LARGEST + 1).read_to_end(&mut bytes)
    });
    if let Err(error) = read {
        return Err(unreadable(
            format!("the {role} {} cannot be read: {error}", path.display()),
            otherwise,
        ));
    }
    if bytes.len() as u64 > LARGEST {
        return Err(unreadable(
            format!("the {role} {} is larger than 1 MiB", path.display()),
            "so much text is something else",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let problem = Problem::error(at..at + '\u{fffd}'.len_utf8(), "this is not UTF-8 text")
            .help("save the file as UTF-8");
        (text, Box::new(problem))
    })
}
