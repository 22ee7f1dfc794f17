//! The last picture of the acting watcher, kept in the state folder so that the next screen has something to show while the
//! journal is still being verified.
//!
//! A convenience, no record: where anything is wrong with it, there is none. Must not be acted on.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use rustix::fs::OFlags;

use crate::api::client::News;
use crate::api::wire::{SNAPSHOT_SCHEMA, WatcherState};
use crate::api::{Client, Snapshot};
use crate::config::AppConfig;
use crate::domain::{AppId, Timestamp};
use crate::ports::{Clock as _, WallClock};

const NAME: &str = "snapshot.json";
/// Far above what a hundred apps come to.
const LARGEST: u64 = 8 << 20;
/// Pictures come in bursts, one for each source that answers: the last one is kept.
const PAUSE: TimeDelta = TimeDelta::seconds(3);
/// Where nothing has happened, and only figures have moved, it is not written out more often: it is a megabyte.
const RARELY: TimeDelta = TimeDelta::seconds(30);

/// What was kept of these apps, where it can be believed to be of them and of the past.
pub(super) fn read(dir: &Path, apps: &[AppConfig], now: Timestamp) -> Option<Snapshot> {
    // Never waits: what lies there may be anything.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(dir.join(NAME))
        .ok()?;
    let meta = file.metadata().ok()?;
    if !meta.is_file() || meta.len() > LARGEST {
        return None;
    }
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text).ok()?;
    let mut picture: Snapshot = serde_json::from_slice(&text).ok()?;
    if picture.schema != SNAPSHOT_SCHEMA || picture.at > now {
        return None;
    }
    picture.apps.retain(|kept| {
        let same = |app: &AppConfig| app.id == kept.id && app.store.kind() == kept.store;
        apps.iter().any(same)
    });
    let left = &picture.apps;
    picture.events.retain(|record| {
        let about = |id: &AppId| left.iter().any(|app| app.id == *id);
        record.app.as_ref().is_none_or(about)
    });
    (!picture.apps.is_empty()).then_some(picture)
}

/// Keeps what a watcher shows until it is gone.
pub(super) async fn keep(mut client: Client, dir: PathBuf) {
    let (mut goes_on, mut failed, mut kept) = (true, false, None);
    while goes_on {
        goes_on = match client.changed().await {
            Ok(News::Link(_) | News::Me(_)) => continue,
            Ok(News::Picture(_)) => tokio::select! {
                () = WallClock.sleep_until(WallClock.now() + PAUSE) => true,
                () = gone(&mut client) => false,
            },
            Err(_gone) => false,
        };
        let (picture, now) = (client.snapshot(), WallClock.now());
        let is_news =
            |(seq, at): (u64, Timestamp)| picture.seq != seq || (now - at).abs() >= RARELY;
        if goes_on && !kept.is_none_or(is_news) {
            continue;
        }
        let written = keep_if_acting(&picture, &dir);
        // Once: a full disk is not the better for a line each time.
        if let (Err(error), false) = (&written, failed) {
            not_kept(error);
        }
        failed = written.is_err();
        kept = Some((picture.seq, now));
    }
}

async fn gone(client: &mut Client) {
    while client.changed().await.is_ok() {}
}

/// Keeps one picture of a watcher that acts: of any other the journal is not the truth. A failure is a log line.
pub(super) fn keep_one(picture: &Snapshot, dir: &Path) {
    if let Err(error) = keep_if_acting(picture, dir) {
        not_kept(&error);
    }
}

fn keep_if_acting(picture: &Snapshot, dir: &Path) -> io::Result<()> {
    match picture.watcher {
        WatcherState::Acting { .. } => write(picture, dir),
        _ => Ok(()),
    }
}

fn not_kept(error: &io::Error) {
    tracing::warn!("the picture for the next screen cannot be kept: {error}");
}

/// In one step, and not synced: a picture that a crash loses is a slower start.
fn write(picture: &Snapshot, dir: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".snapshot-")
        .tempfile_in(dir)?;
    let mut out = BufWriter::new(&mut file);
    serde_json::to_writer(&mut out, picture)?;
    out.flush()?;
    drop(out);
    file.persist(dir.join(NAME)).map_err(|error| error.error)?;
    Ok(())
}
