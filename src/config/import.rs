//! A stage file of another tool, from its path to a policy; what is wrong with it is told as of any config.

use std::path::Path;

use super::Report;
use super::load::{self, read};
use super::problem::{Place, Problem, place};
use crate::policy::import::{self, ImportError, Imported};

const STAGE_FILE: load::Role = (
    "stage file",
    "name a .gpcrc-train.json, a rollout-policy.yaml or a rollout policy of AppDispatch",
);

/// What came of a file, and where its remarks stand in it.
#[derive(Clone, Debug)]
pub struct Placed {
    pub imported: Imported,
    /// Of `imported.assumed`, in its order.
    pub assumed: Vec<Place>,
    /// Of `imported.lost`, in its order.
    pub lost: Vec<Place>,
}

/// Reads the file at `path` as a policy called `name`.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn import(path: &Path, name: &str) -> Result<Placed, Report> {
    let text = read(path, STAGE_FILE)
        .map_err(|(text, problem)| Report::new(path, &text, vec![*problem]))?;
    let imported = import::import(&text, name).map_err(|errors| {
        let problem = |error: ImportError| Problem::error(error.span, error.what).help(error.help);
        Report::new(path, &text, errors.into_iter().map(problem).collect())
    })?;
    let places = |notes: &[import::Note]| {
        let places = notes.iter().map(|note| place(&text, note.span.start));
        places.collect()
    };
    Ok(Placed {
        assumed: places(&imported.assumed),
        lost: places(&imported.lost),
        imported,
    })
}
