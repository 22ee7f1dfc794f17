//! A check that is a program: passed where it ends with 0, its last word either way.

use std::path::Path;

use super::LONGEST_ANSWER;
use crate::domain::PlainText;
use crate::ports::CheckRequest;
use crate::program::{Output, Program, ProgramError, ending, last_word};

/// What a program gets of our environment.
const KEPT: [&str; 2] = ["PATH", "HOME"];

/// Dropped before its end, it ends the program and what that has started.
pub(super) async fn run(
    words: &[String],
    folder: &Path,
    request: &CheckRequest,
) -> Result<PlainText, PlainText> {
    let program = Program {
        words,
        folder,
        kept: &KEPT,
        env: vec![
            ("HALTLINE_APP", request.app.as_str().into()),
            ("HALTLINE_VERSION", request.version.key().into()),
            ("HALTLINE_STAGE", request.stage.to_string().into()),
        ],
        input: Vec::new(),
        output: Output::Last(LONGEST_ANSWER),
    };
    let ended = program.run().await.map_err(|error| match error {
        ProgramError::Unnamed => "the check names no program".to_owned(),
        error => error.to_string(),
    })?;
    let said = Some(last_word(&ended.output)).filter(|word| !word.is_empty());
    let said = said.or_else(|| Some(last_word(&ended.complaint)).filter(|word| !word.is_empty()));
    let ending = ending(ended.status);
    match (ended.status.success(), said) {
        (true, said) => Ok(said.unwrap_or_else(|| "it passed".into())),
        (false, Some(said)) => Err(format!("{said} ({ending})").into()),
        (false, None) => Err(ending.into()),
    }
}
