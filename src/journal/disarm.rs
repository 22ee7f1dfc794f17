//! The red button: a file that stops all automation, and needs neither database, watcher nor network.
//!
//! `disarmed.json` is written by [`disarm`] and [`arm`]; an empty file `DISARM`, dropped by hand, disarms everything until
//! it is removed. What cannot be read counts as disarmed.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;
use serde::{Deserialize, Serialize};

use super::files;
use super::reserve::{Reserve, Room};
use crate::domain::{Actor, AppId, PlainText, Timestamp};

const NAME: &str = "disarmed.json";
const BY_HAND: &str = "DISARM";
const LOCK: &str = "disarmed.lock";
const SCHEMA: &str = "haltline/disarmed/v1";
/// Far above what thousands of apps need.
const LONGEST: u64 = 1 << 20;

/// Automation is off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disarm {
    /// `None` is every app.
    pub app: Option<AppId>,
    /// `None` is until somebody arms it (or, as the reason says, removes a file).
    pub until: Option<Timestamp>,
    pub actor: Actor,
    pub reason: PlainText,
}

impl Disarm {
    /// Whether it stops automation for this app.
    pub fn covers(&self, app: &AppId) -> bool {
        self.app.as_ref().is_none_or(|disarmed| disarmed == app)
    }

    fn is_active(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    fn for_all(reason: impl Into<PlainText>) -> Self {
        Self {
            app: None,
            until: None,
            actor: Actor::Haltline,
            reason: reason.into(),
        }
    }
}

/// Why arming one app was refused.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    #[error("{0}; haltline arm, without an app, starts afresh")]
    Unreadable(String),
    #[error("the red button's file cannot be written: {0}")]
    Io(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    schema: String,
    disarmed: Vec<Disarm>,
}

/// What is disarmed now. Never fails: a file that cannot be read disarms everything, and says so.
pub fn read(dir: &Path, now: Timestamp) -> Vec<Disarm> {
    let mut active = match entries(dir) {
        Ok(entries) => entries,
        Err(why) => vec![Disarm::for_all(format!(
            "{why}; to go on, run: haltline arm"
        ))],
    };
    active.retain(|disarm| disarm.is_active(now));
    match fs::symlink_metadata(dir.join(BY_HAND)) {
        Ok(_) => active.push(Disarm {
            actor: Actor::Outside,
            ..Disarm::for_all(format!(
                "there is a file {}; to go on, remove it",
                dir.join(BY_HAND).display()
            ))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => active.push(Disarm::for_all(format!(
            "whether there is a file {BY_HAND} cannot be told: {error}"
        ))),
    }
    active
}

/// Presses the button; durable when it returns. A second time for the same app replaces the first. Makes the directory
/// where it is missing.
pub fn disarm(dir: &Path, disarm: Disarm, now: Timestamp) -> io::Result<()> {
    // Unlike the journal's: whoever can write there may stop the machine.
    files::make_dir(dir)?;
    let _lock = lock(dir);
    let mut kept = match entries(dir) {
        Ok(entries) => entries,
        // Everything was disarmed; writing a sound file must not end that.
        Err(why) => vec![Disarm::for_all(why)],
    };
    kept.retain(|old| old.is_active(now) && (old.app != disarm.app || outlasts(old, &disarm)));
    kept.push(disarm);
    write(dir, kept)
}

/// A damaged file's word for everything is taken back by arming alone, never by a disarm that ends.
fn outlasts(old: &Disarm, new: &Disarm) -> bool {
    old.actor == Actor::Haltline && old.until.is_none() && new.until.is_some()
}

/// Takes the disarm of this app back, with `None` every one, damaged files included. Returns what stays disarmed: an entry
/// for all apps outlives arming one, and `DISARM` is left to who dropped it.
pub fn arm(dir: &Path, app: Option<&AppId>, now: Timestamp) -> Result<Vec<Disarm>, ArmError> {
    files::make_dir(dir)?;
    let _lock = lock(dir);
    let mut kept = match app {
        None => Vec::new(),
        Some(_) => entries(dir).map_err(ArmError::Unreadable)?,
    };
    kept.retain(|old| old.is_active(now) && old.app.as_ref() != app);
    write(dir, kept)?;
    Ok(read(dir, now))
}

fn entries(dir: &Path) -> Result<Vec<Disarm>, String> {
    let path = dir.join(NAME);
    let fault = |why: &dyn std::fmt::Display| format!("{} cannot be read ({why})", path.display());
    let file = match files::private_options().read(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault(&error)),
    };
    let mut text = String::new();
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|error| fault(&error))?;
    let content: Content = serde_json::from_str(&text).map_err(|error| fault(&error))?;
    if content.schema != SCHEMA {
        return Err(fault(&format!("its schema is not {SCHEMA}")));
    }
    Ok(content.disarmed)
}

fn write(dir: &Path, disarmed: Vec<Disarm>) -> io::Result<()> {
    let content = Content {
        schema: SCHEMA.into(),
        disarmed,
    };
    let text = serde_json::to_vec_pretty(&content)?;
    let reserve = Reserve::in_dir(dir);
    loop {
        match files::replace(dir, NAME, &text) {
            // The button works on a full disk too, in the room that the journal has set aside.
            Err(error) if files::is_full(&error) && reserve.give(Room::Records) => {}
            done => return done,
        }
    }
}

/// Keeps two people who press at once from undoing each other, while it lives. Held for one small write; where a stopped
/// process holds it, `DISARM` is still there. A lock file of somebody else's is no reason to fail.
fn lock(dir: &Path) -> Option<File> {
    let mut options = files::private_options();
    let options = options.write(true).create(true).truncate(false);
    let file = options.open(dir.join(LOCK)).ok()?;
    retry_on_intr(|| flock(&file, FlockOperation::LockExclusive)).ok()?;
    Some(file)
}
