//! A channel that is a program of the user's: the message as JSON on its standard input, and its exit code for an answer.
//!
//! 0: taken. 75 (EX_TEMPFAIL of sysexits): not now. Anything else: never.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use super::document;
use crate::domain::{Failure, FailureKind, PlainText};
use crate::ports::{Message, Notifier};
use crate::program::{Output, Program, ProgramError, ending, last_word};

/// What a program gets of our environment.
const KEPT: [&str; 2] = ["PATH", "HOME"];
/// Bytes of what it says that are looked at.
const LONGEST_ANSWER: usize = 16 << 10;
/// EX_TEMPFAIL.
const NOT_NOW: i32 = 75;
/// Anything shorter is no secret, and would be found in many an innocent word.
const SHORTEST_SECRET: usize = 8;

/// Which program, and how it is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program and its arguments.
    pub run: Vec<String>,
    /// All of its environment but `PATH`, `HOME` and what it is told.
    pub env: Vec<(String, SecretString)>,
    pub timeout: Duration,
    /// The config's folder: the program is run in it.
    pub folder: PathBuf,
    /// This machine.
    pub host: PlainText,
}

/// A program that tells people.
pub struct Exec {
    name: PlainText,
    settings: Settings,
}

impl Exec {
    pub fn new(name: PlainText, settings: Settings) -> Self {
        Self { name, settings }
    }

    async fn run(&self, message: &Message) -> Result<(), Failure> {
        let Settings {
            run,
            folder,
            timeout,
            host,
            ..
        } = &self.settings;
        let program = Program {
            words: run,
            folder,
            kept: &KEPT,
            env: self.environment(message),
            input: format!("{}\n", document::of(message, host)).into_bytes(),
            output: Output::Last(LONGEST_ANSWER),
        };
        let ended = match tokio::time::timeout(*timeout, program.run()).await {
            Ok(ended) => ended.map_err(|error| self.not_run(&error))?,
            Err(_elapsed) => {
                let limit = humantime::format_duration(*timeout);
                let what = format!("no end within {limit}: it was killed");
                return Err(self.failure(
                    FailureKind::Retry,
                    what,
                    "give it more time: timeout = \"1m\"",
                ));
            }
        };
        if ended.status.success() {
            return Ok(());
        }
        let said = last_word(&ended.complaint);
        let what = match self.without_secrets(&said) {
            said if said.is_empty() => ending(ended.status),
            said => format!("{said} ({})", ending(ended.status)),
        };
        Err(match ended.status.code() {
            // Without a code it was killed by somebody, or out of memory: it has not said no.
            Some(NOT_NOW) | None => self.failure(FailureKind::Retry, what, ""),
            Some(_) => {
                let hint = "a program that wants to be asked again ends with 75";
                self.failure(FailureKind::Refused, what, hint)
            }
        })
    }

    /// What the config gives it, and a little of the message for those who need no more; nobody takes the place of the latter.
    fn environment(&self, message: &Message) -> Vec<(&str, OsString)> {
        let app = message.about.as_ref().map(|about| about.app.to_string());
        let incident = message.incident.as_ref().map(|news| news.key.to_string());
        let told = [
            ("HALTLINE_URGENCY", document::urgency(message).to_owned()),
            ("HALTLINE_APP", app.unwrap_or_default()),
            ("HALTLINE_INCIDENT", incident.unwrap_or_default()),
        ];
        let given = self.settings.env.iter();
        given
            .map(|(name, value)| (name.as_str(), value.expose_secret().into()))
            .chain(told.map(|(name, value)| (name, value.into())))
            .collect()
    }

    fn not_run(&self, error: &ProgramError) -> Failure {
        let kind = match error {
            ProgramError::Unnamed => FailureKind::Refused,
            // A folder that is not mounted yet, too many processes: not for ever.
            ProgramError::NotRun { .. }
            | ProgramError::Lost { .. }
            | ProgramError::TooMuch { .. } => FailureKind::Retry,
        };
        self.failure(kind, error.to_string(), "")
    }

    /// Programs complain of what they were given, and quote it.
    fn without_secrets(&self, said: &PlainText) -> String {
        let values = self.settings.env.iter();
        let secrets = values.map(|(_, value)| value.expose_secret());
        secrets
            .filter(|secret| secret.len() >= SHORTEST_SECRET)
            .fold(said.to_string(), |said, secret| {
                said.replace(secret, "[secret]")
            })
    }

    fn failure(&self, kind: FailureKind, what: String, hint: &str) -> Failure {
        let place = format!("run {}", self.program());
        Failure::new(kind, what).at(place).hint(hint)
    }

    fn program(&self) -> &str {
        self.settings.run.first().map_or("", String::as_str)
    }
}

impl Notifier for Exec {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn describe(&self) -> String {
        format!("program {}", self.program())
    }

    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        Box::pin(async move { self.run(message).await.map(|()| None) })
    }
}

#[cfg(test)]
mod tests;
