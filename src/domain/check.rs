//! An outside check: a program or an address that says whether a stage may be entered.

use chrono::TimeDelta;
use serde::Serialize;

use super::PlainText;

/// Something outside that says whether the stage may be entered: a QA gate, a release checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub how: CheckHow,
    /// How long it may take.
    pub timeout: TimeDelta,
    /// How long to wait before it is asked again after it said no.
    pub every: TimeDelta,
}

/// How a check is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckHow {
    /// Program and arguments, no shell; passed where it ends with 0. Its last line says why.
    Exec(Vec<String>),
    /// GET; passed where it answers 2xx. https anywhere, http to loopback only.
    Http(String),
}

impl CheckHow {
    /// For people: `exec qa-gate`, `https://qa.example.com`. Without arguments or path, which may hold secrets.
    pub fn name(&self) -> PlainText {
        match self {
            Self::Exec(words) => {
                let program = words.first().map_or("", String::as_str);
                format!("exec {program}").into()
            }
            Self::Http(url) => {
                let host = url.split('/').take(3).collect::<Vec<_>>().join("/");
                host.rsplit_once('@')
                    .map_or(host.clone(), |(_, host)| host.to_owned())
                    .into()
            }
        }
    }
}
