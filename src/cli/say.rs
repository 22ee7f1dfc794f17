//! Output: JSON and results on stdout, words for people on stderr. A reader that has gone away is no error.

use std::io::{self, Write as _};

use serde::Serialize;

/// One line on stdout.
pub(super) fn out(line: &str) {
    finish(writeln!(io::stdout().lock(), "{line}"));
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
