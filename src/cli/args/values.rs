//! What stands behind an option, as it is written: names, spans of time, volumes, shares.

use chrono::TimeDelta;
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::StrDeserializer;

use crate::domain::{AppId, Fix, PlainText};
use crate::policy::ledger::Clustering;
use crate::policy::units::Percent;

/// An app id, checked while the command line is parsed.
#[derive(Clone, Debug)]
pub(in crate::cli) struct AppIdArg(pub AppId);

impl std::str::FromStr for AppIdArg {
    type Err = crate::domain::app::BadAppId;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        AppId::try_from(raw.to_owned()).map(Self)
    }
}

pub(in crate::cli) fn duration(raw: &str) -> Result<TimeDelta, String> {
    let parsed = humantime::parse_duration(raw).map_err(|e| format!("{e}; write 30m, 2h or 1d"))?;
    match TimeDelta::from_std(parsed) {
        Ok(duration) if duration > TimeDelta::zero() => Ok(duration),
        Ok(_) => Err("it has to last for some time, such as 2h".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// A span of time in whole seconds.
pub(super) fn seconds(raw: &str) -> Result<u32, String> {
    let seconds = duration(raw)?.num_seconds().max(1);
    u32::try_from(seconds).map_err(|_too_long| "that is too long; write 30m, 2h or 1d".into())
}

pub(super) fn fix(raw: &str) -> Result<Fix, String> {
    let text: StrDeserializer<'_, serde::de::value::Error> = raw.into_deserializer();
    Fix::deserialize(text).map_err(|_other| "write known or unknown".into())
}

/// A name with something in it.
pub(super) fn plain(raw: &str) -> Result<PlainText, String> {
    let text = PlainText::from(raw);
    if text.is_empty() {
        Err("this is empty".into())
    } else {
        Ok(text)
    }
}

/// A reason has words in it: it is what the audit log is read for.
pub(super) fn reason(raw: &str) -> Result<String, String> {
    match raw.trim() {
        "" => Err("say why in a few words".into()),
        words => Ok(words.to_owned()),
    }
}

/// `1000000`, `1_000_000`, `250k`, `1.5M`
pub(in crate::cli) fn volume(raw: &str) -> Result<f64, String> {
    let digits = raw.replace(['_', ','], "");
    let (number, unit) = match digits.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (digits.split_at(at).0, 1e3),
        Some((at, 'm' | 'M')) => (digits.split_at(at).0, 1e6),
        _ => (digits.as_str(), 1.0),
    };
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    match number.parse::<f64>() {
        Ok(number) if plain && (1.0..=1e12).contains(&(number * unit)) => Ok(number * unit),
        _ => Err("write how many there are in a day, such as 250000, 250k or 1M".into()),
    }
}

pub(in crate::cli) fn percent(raw: &str) -> Result<Percent, String> {
    let text: StrDeserializer<'_, serde::de::value::Error> = raw.into_deserializer();
    Percent::deserialize(text).map_err(|error| error.to_string())
}

pub(super) fn clustering(raw: &str) -> Result<Clustering, String> {
    if raw == "distinct" {
        return Ok(Clustering::Distinct);
    }
    match raw.parse::<f64>() {
        Ok(phi) if (1.0..=1e6).contains(&phi) => Ok(Clustering::Measured { phi }),
        _ => Err("write a number of 1 or more, such as 2.5, or \"distinct\"".into()),
    }
}

pub(super) fn speed(raw: &str) -> Result<f64, String> {
    match raw.parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed <= 1e6 => Ok(speed),
        _ => Err("a speed is a number above 0, such as 60".into()),
    }
}

/// 0 as well: time stands still.
pub(super) fn speed_or_held(raw: &str) -> Result<f64, String> {
    match raw.parse::<f64>() {
        Ok(0.0) => Ok(0.0),
        _ => speed(raw),
    }
}

pub(super) fn regression(raw: &str) -> Result<f64, String> {
    match raw.trim_end_matches(['x', '×']).parse::<f64>() {
        Ok(times) if times > 1.0 && times <= 1e6 => Ok(times),
        _ => Err("write how many times the failures of the version before, such as 2.0".into()),
    }
}
