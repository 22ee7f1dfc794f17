//! A check that is a program: run without a shell, in a group of its own that ends with it, with hardly an environment.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use super::{LONGEST_ANSWER, last_word};
use crate::domain::PlainText;
use crate::ports::CheckRequest;

/// What a program gets of our environment; secrets are passed in variables, and this is not who they are for.
const KEPT: [&str; 2] = ["PATH", "HOME"];

/// Passed where the program ends with 0. Dropped before that, it ends the program and what that has started.
pub(super) async fn run(
    words: &[String],
    folder: &Path,
    request: &CheckRequest,
) -> Result<PlainText, PlainText> {
    let Some((program, args)) = words.split_first() else {
        return Err("the check names no program".into());
    };
    let kept = KEPT
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut child = Command::new(located(program, folder))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs(kept)
        .env("HALTLINE_APP", request.app.as_str())
        .env("HALTLINE_VERSION", request.version.key())
        .env("HALTLINE_STAGE", request.stage.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            format!(
                "{program} cannot be run: {error}; write its full path, or one from the config's folder on; there is no shell"
            )
        })?;
    let group = Group::of(&child);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended = async {
        let status = child.wait().await;
        // What it has left running would keep its output open, and this waiting.
        drop(group);
        status
    };
    let (out, err, status) = tokio::join!(tail(out), tail(err), ended);
    let status = status.map_err(|error| format!("{program} was lost: {error}"))?;
    let said = Some(last_word(&out)).filter(|word| !word.is_empty());
    let said = said.or_else(|| Some(last_word(&err)).filter(|word| !word.is_empty()));
    match (status.success(), said) {
        (true, said) => Ok(said.unwrap_or_else(|| "it passed".into())),
        (false, Some(said)) => Err(format!("{said} ({})", ending(status)).into()),
        (false, None) => Err(ending(status).into()),
    }
}

/// A relative path is one from the config's folder on; a bare name is looked up in `PATH`.
fn located(program: &str, folder: &Path) -> PathBuf {
    if program.contains(std::path::MAIN_SEPARATOR) {
        folder.join(program)
    } else {
        program.into()
    }
}

fn ending(status: ExitStatus) -> String {
    status.code().map_or_else(
        || "it was killed".to_owned(),
        |code| format!("it ended with {code}"),
    )
}

/// A program and whatever it has started; ended when dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &tokio::process::Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It may be gone already, which is as well.
        let _gone = self
            .0
            .is_some_and(|group| kill_process_group(group, Signal::KILL).is_err());
    }
}

/// Reads to the end and keeps the last of it: a program may say a lot before its last word.
async fn tail(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let (mut kept, mut chunk) = (Vec::new(), vec![0; 8 << 10]);
    let Some(mut pipe) = pipe else {
        return kept;
    };
    while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
        kept.extend_from_slice(chunk.get(..read).unwrap_or_default());
        if kept.len() > 2 * LONGEST_ANSWER {
            kept.drain(..kept.len() - LONGEST_ANSWER);
        }
    }
    kept.split_off(kept.len().saturating_sub(LONGEST_ANSWER))
}
