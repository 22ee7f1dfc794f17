//! A program of one's own as a [`HealthSource`]: it is told what is wanted, and prints a document of windows.
//!
//! Owns what the program is told and how long it may take. Must not judge the numbers.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, ready};
use secrecy::{ExposeSecret as _, SecretString};

use super::document::{self, BadDocument, Strata};
use crate::domain::{Failure, FailureKind, PlainText, Reach, SourceId, SourceReport, Version};
use crate::ports::{AccessCheck, HealthQuery, HealthSource};
use crate::program::{self, Output, Program, ProgramError};

/// Bytes of a document.
pub const LONGEST_DOCUMENT: usize = 1 << 20;
/// What a program gets of our environment.
const KEPT: [&str; 1] = ["PATH"];

/// Which program, and how it is run.
#[derive(Clone, Debug)]
pub struct Settings {
    pub id: SourceId,
    /// The program and its arguments.
    pub run: Vec<String>,
    /// All of its environment but `PATH` and what it is told.
    pub env: Vec<(String, SecretString)>,
    pub timeout: Duration,
    /// The config's folder: the program is run in it.
    pub folder: PathBuf,
    /// Package or bundle id.
    pub package: String,
}

/// One program.
pub struct Exec {
    settings: Settings,
    strata: Mutex<Strata>,
}

/// Why a run gave no windows.
#[derive(Debug, thiserror::Error)]
enum ExecError {
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error("no answer within {}", humantime::format_duration(*.0))]
    TooLate(Duration),
    /// With the last line of its standard error.
    #[error("{ending}: {said}")]
    Failed { ending: String, said: PlainText },
    #[error("its answer cannot be used: {0}")]
    Nonsense(#[from] BadDocument),
}

impl Exec {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            strata: Mutex::default(),
        }
    }

    async fn report(&self, query: &HealthQuery) -> Result<SourceReport, ExecError> {
        let Settings {
            run,
            folder,
            timeout,
            ..
        } = &self.settings;
        let program = Program {
            words: run,
            folder,
            kept: &KEPT,
            env: self.environment(query),
            input: format!("{}\n", document::question(&self.settings.package, query)).into_bytes(),
            output: Output::Whole(LONGEST_DOCUMENT),
        };
        let ended = tokio::time::timeout(*timeout, program.run())
            .await
            .map_err(|_elapsed| ExecError::TooLate(*timeout))??;
        if !ended.status.success() {
            let said = program::last_word(&ended.complaint);
            let said = Some(self.without_secrets(&said)).filter(|said| !said.is_empty());
            return Err(ExecError::Failed {
                ending: program::ending(ended.status),
                said: said.unwrap_or_else(|| "it said nothing on standard error".into()),
            });
        }
        let mut strata = self.strata.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(document::read(&ended.output, query, &mut strata)?)
    }

    /// What the config gives it, and what is wanted; nobody takes the place of the latter.
    fn environment(&self, query: &HealthQuery) -> Vec<(&str, OsString)> {
        let text = |version: Option<&Version>| version.map(Version::key).unwrap_or_default();
        let build = |version: Option<&Version>| {
            version.map_or_else(String::new, |version| version.build.to_string())
        };
        let (version, baseline) = (Some(&query.version), query.baseline.as_ref());
        let since = query.since.map(|since| since.to_rfc3339());
        let told = [
            ("HALTLINE_PACKAGE", self.settings.package.clone()),
            ("HALTLINE_VERSION", text(version)),
            ("HALTLINE_BUILD", build(version)),
            ("HALTLINE_BASELINE", text(baseline)),
            ("HALTLINE_BASELINE_BUILD", build(baseline)),
            ("HALTLINE_SINCE", since.unwrap_or_default()),
            ("HALTLINE_NOW", query.now.to_rfc3339()),
        ];
        let given = self.settings.env.iter();
        given
            .map(|(name, value)| (name.as_str(), value.expose_secret().into()))
            .chain(told.map(|(name, value)| (name, value.into())))
            .collect()
    }

    /// Programs complain of what they were given, and quote it. What is shorter than eight characters is no secret.
    fn without_secrets(&self, said: &PlainText) -> PlainText {
        let values = self.settings.env.iter();
        let secrets = values.map(|(_, value)| value.expose_secret());
        let clean = secrets
            .filter(|secret| secret.len() >= 8)
            .fold(said.to_string(), |said, secret| {
                said.replace(secret, "[secret]")
            });
        clean.into()
    }

    fn name(&self) -> &str {
        self.settings.run.first().map_or("", String::as_str)
    }

    fn failure(&self, error: &ExecError) -> Failure {
        let (kind, hint) = match error {
            ExecError::Program(ProgramError::Lost { .. }) | ExecError::TooLate(_) => {
                (FailureKind::Retry, "give it more time: timeout = \"1m\"")
            }
            ExecError::Failed { .. } => (
                FailureKind::Retry,
                "run it by hand in the config's folder; it gets PATH and what env names, and no more",
            ),
            ExecError::Program(ProgramError::TooMuch { .. }) | ExecError::Nonsense(_) => (
                FailureKind::Malformed,
                "it must print one document of the schema haltline/windows/v1 and nothing else",
            ),
            ExecError::Program(_) => (FailureKind::Refused, ""),
        };
        let place = format!("run {}", self.name());
        Failure::new(kind, error.to_string()).at(place).hint(hint)
    }
}

impl HealthSource for Exec {
    fn id(&self) -> &SourceId {
        &self.settings.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move {
            let report = self.report(query).await;
            report.map_err(|error| self.failure(&error))
        })
    }

    /// A document without counts, of levels alone, halts nothing by what levels are.
    fn reach(&self) -> Reach {
        Reach::Halt
    }

    /// Looks for the program, and does not run it: it would ask to be told of a version.
    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        let found = program::find(self.name(), &self.settings.folder);
        let result = if found {
            Ok(())
        } else {
            let what = "there is no such program, or it may not be run";
            let hint =
                "write its full path, or one from the config's folder on, and make it executable";
            Err(Failure::new(FailureKind::NotFound, what).hint(hint))
        };
        let right = format!("watch: run {}", self.name()).into();
        Box::pin(ready(vec![AccessCheck { right, result }]))
    }
}

#[cfg(test)]
mod tests;
