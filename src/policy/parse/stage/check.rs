//! `check = { exec = ["qa-gate", "--strict"], timeout = "1m", every = "5m" }`, `check = { http = "https://qa.example.com/gate" }`

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::{Check, CheckHow, address};
use crate::policy::units::Duration;

const TIMEOUT: TimeDelta = TimeDelta::minutes(1);
const LONGEST_TIMEOUT: TimeDelta = TimeDelta::hours(1);
const EVERY: TimeDelta = TimeDelta::minutes(5);
const SHORTEST_EVERY: TimeDelta = TimeDelta::seconds(10);

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "CheckTable")]
#[schemars(with = "CheckTable")]
pub(super) struct RawCheck(pub Check);

/// An outside check: exactly one of exec and http.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CheckTable {
    /// Program and arguments, no shell; passed where it ends with 0.
    exec: Option<Program>,
    /// GET; passed where it answers 2xx. https anywhere, http to loopback only.
    http: Option<Address>,
    /// How long it may take, at most an hour; default 1m.
    timeout: Option<Duration>,
    /// How long to wait before it is asked again after it said no, at least 10s; default 5m.
    every: Option<Duration>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>")]
#[schemars(with = "Vec<String>")]
struct Program(Vec<String>);

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
struct Address(String);

/// What is wrong with a check.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error(
        "a check needs exactly one of exec = [\"program\", \"argument\"] and http = \"https://…\"; it has {0}"
    )]
    OneWay(&'static str),
    #[error("exec names a program first: write [\"qa-gate\", \"--strict\"]")]
    NoProgram,
    #[error("{0}")]
    Address(&'static str),
    #[error("the timeout of a check is more than zero and at most an hour")]
    Timeout,
    #[error("a check is asked again every 10s at most: write \"10s\" or more")]
    Every,
}

impl TryFrom<Vec<String>> for Program {
    type Error = CheckError;

    fn try_from(words: Vec<String>) -> Result<Self, CheckError> {
        match words.first() {
            Some(program) if !program.trim().is_empty() => Ok(Self(words)),
            _ => Err(CheckError::NoProgram),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = CheckError;

    fn try_from(url: String) -> Result<Self, CheckError> {
        address::check(&url).map_err(CheckError::Address)?;
        Ok(Self(url))
    }
}

impl TryFrom<CheckTable> for RawCheck {
    type Error = CheckError;

    fn try_from(table: CheckTable) -> Result<Self, CheckError> {
        let how = match (table.exec, table.http) {
            (Some(Program(words)), None) => CheckHow::Exec(words),
            (None, Some(Address(url))) => CheckHow::Http(url),
            (None, None) => return Err(CheckError::OneWay("none")),
            (Some(_), Some(_)) => return Err(CheckError::OneWay("both")),
        };
        let timeout = table.timeout.map_or(TIMEOUT, |timeout| timeout.0);
        if timeout <= TimeDelta::zero() || timeout > LONGEST_TIMEOUT {
            return Err(CheckError::Timeout);
        }
        let every = table.every.map_or(EVERY, |every| every.0);
        if every < SHORTEST_EVERY {
            return Err(CheckError::Every);
        }
        Ok(Self(Check {
            how,
            timeout,
            every,
        }))
    }
}
