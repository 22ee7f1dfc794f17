//! Programs of the user's: run without a shell, in a group of their own that ends with them, with hardly an environment.
//!
//! Must not know what a program is asked, or what its answer means. The time limit is the caller's: a run that is dropped before
//! its end ends the program and what that has started.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};

use crate::domain::PlainText;

/// Bytes of standard error that are looked at: the last.
const LONGEST_COMPLAINT: usize = 64 << 10;

/// What is run, and how.
pub struct Program<'a> {
    /// The program and its arguments.
    pub words: &'a [String],
    /// Where it is run; a relative path of the program is one from here on, a bare name is looked up in `PATH`.
    pub folder: &'a Path,
    /// Variables of our environment that it gets: secrets are passed in variables, and this is not who they are for.
    pub kept: &'a [&'a str],
    /// Further variables.
    pub env: Vec<(&'a str, OsString)>,
    /// Its standard input.
    pub input: Vec<u8>,
    pub output: Output,
}

/// How much of standard output is kept, in bytes.
#[derive(Clone, Copy, Debug)]
pub enum Output {
    /// The last of it: a program may say a lot before its last word.
    Last(usize),
    /// All of it; one that says more is ended.
    Whole(usize),
}

/// What became of it.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub output: Vec<u8>,
    /// The last of standard error.
    pub complaint: Vec<u8>,
}

/// Why there is no end to speak of.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    #[error("no program is named")]
    Unnamed,
    #[error(
        "{program} cannot be run: {why}; write its full path, or one from the config's folder on; there is no shell"
    )]
    NotRun { program: String, why: io::Error },
    #[error("{program} was lost: {why}")]
    Lost { program: String, why: io::Error },
    #[error("{program} says more than {cap} bytes")]
    TooMuch { program: String, cap: usize },
}

impl Program<'_> {
    pub async fn run(self) -> Result<Ended, ProgramError> {
        let (program, arguments) = self.words.split_first().ok_or(ProgramError::Unnamed)?;
        let kept = self.kept.iter();
        let kept = kept.filter_map(|name| Some((name, std::env::var_os(name)?)));
        let input = if self.input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        };
        let mut child = Command::new(located(program, self.folder))
            .args(arguments)
            .current_dir(self.folder)
            .env_clear()
            .envs(kept)
            .envs(self.env)
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|why| ProgramError::NotRun {
                program: program.clone(),
                why,
            })?;
        let group = Group::of(&child);
        let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let output = async {
            match self.output {
                Output::Last(bytes) => Ok(tail(out, bytes).await),
                Output::Whole(cap) => whole(out, cap).await.ok_or_else(|| {
                    let program = program.clone();
                    ProgramError::TooMuch { program, cap }
                }),
            }
        };
        let complaint = async { Ok(tail(err, LONGEST_COMPLAINT).await) };
        let ended = async {
            let status = child.wait().await;
            // What it has left running would keep its output open, and this waiting.
            drop(group);
            status.map_err(|why| ProgramError::Lost {
                program: program.clone(),
                why,
            })
        };
        let ((), output, complaint, status) =
            tokio::try_join!(tell(stdin, self.input), output, complaint, ended)?;
        Ok(Ended {
            status,
            output,
            complaint,
        })
    }
}

/// Whether there is such a program, without running it.
pub fn find(program: &str, folder: &Path) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates: Vec<PathBuf> = if program.contains(std::path::MAIN_SEPARATOR) {
        vec![folder.join(program)]
    } else {
        std::env::split_paths(&path)
            .map(|at| at.join(program))
            .collect()
    };
    let runs = |path: &PathBuf| {
        path.metadata()
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    candidates.iter().any(runs)
}

/// The last line in which something is written.
pub fn last_word(said: &[u8]) -> PlainText {
    let text = String::from_utf8_lossy(said);
    text.lines()
        .rev()
        .map(PlainText::from)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
}

/// How it ended, in words.
pub fn ending(status: ExitStatus) -> String {
    status.code().map_or_else(
        || "it was killed".to_owned(),
        |code| format!("it ended with {code}"),
    )
}

fn located(program: &str, folder: &Path) -> PathBuf {
    if program.contains(std::path::MAIN_SEPARATOR) {
        folder.join(program)
    } else {
        program.into()
    }
}

/// A program and whatever it has started; ended when dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
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

/// A program need not listen: that it has closed its input is no failure.
async fn tell(pipe: Option<ChildStdin>, input: Vec<u8>) -> Result<(), ProgramError> {
    if let Some(mut pipe) = pipe {
        drop(pipe.write_all(&input).await);
    }
    Ok(())
}

/// Reads to the end and keeps the last of it.
async fn tail(pipe: Option<impl AsyncRead + Unpin>, bytes: usize) -> Vec<u8> {
    let mut kept = Vec::new();
    chunks(pipe, |chunk| {
        kept.extend_from_slice(chunk);
        if kept.len() > 2 * bytes {
            kept.drain(..kept.len() - bytes);
        }
        true
    })
    .await;
    kept.split_off(kept.len().saturating_sub(bytes))
}

/// Reads to the end; `None` as soon as there is more than `cap`.
async fn whole(pipe: Option<impl AsyncRead + Unpin>, cap: usize) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    chunks(pipe, |chunk| {
        kept.extend_from_slice(chunk);
        kept.len() <= cap
    })
    .await;
    (kept.len() <= cap).then_some(kept)
}

async fn chunks(pipe: Option<impl AsyncRead + Unpin>, mut go_on: impl FnMut(&[u8]) -> bool) {
    let mut chunk = vec![0; 8 << 10];
    let Some(mut pipe) = pipe else { return };
    while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
        if !go_on(chunk.get(..read).unwrap_or_default()) {
            return;
        }
    }
}
