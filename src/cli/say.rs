//! Output: JSON and results on stdout, words for people on stderr. A reader that has gone away is no error.

use std::io::{self, Write as _};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

/// One line on stdout.
pub(super) fn out(line: &str) {
    finish(writeln!(io::stdout().lock(), "{line}"));
}

/// The same; false where nobody reads any more, so that a stream ends quietly.
pub(super) fn reaches(line: &str) -> bool {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => false,
        result => {
            finish(result);
            true
        }
    }
}

/// Whoever read stdout has gone, though nothing was written to it: the other end of the pipe is closed.
pub(super) fn nobody_reads() -> bool {
    let out = io::stdout();
    let mut ends = [PollFd::new(&out, PollFlags::empty())];
    let now = Timespec::default();
    let gone = PollFlags::ERR | PollFlags::HUP;
    // Without an answer it is taken to be read: the next line tells.
    poll(&mut ends, Some(&now)).is_ok_and(|n| n > 0)
        && ends.iter().any(|end| end.revents().intersects(gone))
}

/// One JSON document on one line of stdout.
pub(super) fn json(document: &impl Serialize) {
    match serde_json::to_string(document) {
        Ok(line) => out(&line),
        Err(error) => err(&format!("cannot write JSON: {error}")),
    }
}

/// One line on stderr.
pub(super) fn err(line: &str) {
    finish(writeln!(io::stderr().lock(), "{line}"));
}

/// Takes a reader that has gone away for no error.
pub(super) fn forgiving(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writing failed because nobody reads any more, or there is nowhere to say so.
fn finish(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "output lost");
    }
}
