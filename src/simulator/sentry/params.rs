//! Query strings of both endpoints: ranges, projects, cursors, and the search language as far as release health has it.

use axum::http::StatusCode;
use chrono::{DateTime, NaiveDateTime, TimeDelta};

use super::reply::Refusal;
use super::{FIRST_PROJECT, Sentry};
use crate::domain::Timestamp;
use crate::simulator::scenario::AppPlan;

pub(super) struct Params(pub(super) Vec<(String, String)>);

impl Params {
    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn one(&self, name: &'static str) -> Option<&str> {
        self.all(name).last()
    }

    pub(super) fn number(&self, name: &'static str) -> Result<Option<usize>, Refusal> {
        self.one(name)
            .map(|raw| {
                raw.parse()
                    .map_err(|_not_a_number| Refusal::bad(format!("Invalid {name} parameter.")))
            })
            .transpose()
    }

    /// The question as it was asked, without its cursor, for a paging link.
    pub(super) fn question(&self) -> String {
        let mut url = reqwest::Url::parse("http://sentry.io/").ok();
        if let Some(url) = &mut url {
            let asked = self.0.iter().filter(|(key, _)| key != "cursor");
            url.query_pairs_mut().extend_pairs(asked);
        }
        url.and_then(|url| url.query().map(str::to_owned))
            .unwrap_or_default()
    }

    /// `0:OFFSET:0`
    pub(super) fn offset(&self) -> Result<usize, Refusal> {
        let Some(cursor) = self.one("cursor") else {
            return Ok(0);
        };
        cursor
            .split(':')
            .nth(1)
            .and_then(|offset| offset.parse().ok())
            .ok_or_else(|| Refusal::bad("Invalid cursor parameter."))
    }

    /// `statsPeriod` wins over `start` and `end`.
    pub(super) fn range(
        &self,
        now: Timestamp,
        default: TimeDelta,
    ) -> Result<(Timestamp, Timestamp), Refusal> {
        if let Some(raw) = self.one("statsPeriod") {
            let period =
                period(raw).ok_or_else(|| Refusal::bad(format!("Invalid statsPeriod: {raw:?}")))?;
            return Ok((now - period, now));
        }
        match (self.one("start"), self.one("end")) {
            (None, None) => Ok((now - default, now)),
            (Some(start), Some(end)) => {
                let (start, end) = (instant(start)?, instant(end)?);
                if start > end {
                    return Err(Refusal::bad("start must be before end"));
                }
                Ok((start, end))
            }
            _ => Err(Refusal::bad("start and end are both required")),
        }
    }

    /// The apps whose projects are asked for, with their numbers. None named, or `-1`: all.
    pub(super) fn projects<'a>(
        &self,
        sentry: &'a Sentry,
    ) -> Result<Vec<(u64, &'a AppPlan)>, Refusal> {
        let all: Vec<_> = (FIRST_PROJECT..).zip(sentry.world.apps()).collect();
        let named: Vec<&str> = self.all("project").filter(|p| !p.is_empty()).collect();
        if named.is_empty() || named.contains(&"-1") {
            return Ok(all);
        }
        let not_a_number = |name: &&str| name.parse::<i64>().is_err();
        if sentry.server.older && named.iter().any(not_a_number) {
            return Err(Refusal::bad(
                "Invalid project parameter. Values must be numbers.",
            ));
        }
        let named = named.iter().map(|name| {
            all.iter()
                .find(|(number, app)| app.id.as_str() == *name || number.to_string() == **name)
                .copied()
                .ok_or_else(Refusal::forbidden)
        });
        named.collect()
    }

    /// Every session of the world is of this environment.
    pub(super) fn is_production(&self) -> bool {
        let mut named = self.all("environment").peekable();
        named.peek().is_none() || named.any(|name| name == "production")
    }
}

/// `24h`: a number and one of `s m h d w`.
pub(super) fn period(raw: &str) -> Option<TimeDelta> {
    let at = raw.len().checked_sub(1)?;
    let (number, unit) = raw.split_at_checked(at)?;
    let number = number.parse::<i64>().ok().filter(|n| *n >= 0)?;
    match unit {
        "s" => TimeDelta::try_seconds(number),
        "m" => TimeDelta::try_minutes(number),
        "h" => TimeDelta::try_hours(number),
        "d" => TimeDelta::try_days(number),
        "w" => TimeDelta::try_weeks(number),
        _ => None,
    }
}

fn instant(raw: &str) -> Result<Timestamp, Refusal> {
    DateTime::parse_from_rfc3339(raw)
        .map(|t| t.to_utc())
        .or_else(|_no_zone| raw.parse::<NaiveDateTime>().map(|t| t.and_utc()))
        .map_err(|_not_a_time| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                &format!("{raw:?} is not a valid ISO8601 date query"),
            )
        })
}

/// One `key:value` of a search; a list `key:[a,b]` holds where any of its values does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

impl Term {
    pub(super) fn admits(&self, value: &str) -> bool {
        self.values.iter().any(|wanted| wanted == value)
    }
}

/// Terms side by side, which all must hold. A star that is not escaped is the wildcard that release health refuses.
pub(super) fn search(raw: &str) -> Result<Vec<Term>, Refusal> {
    let mut terms = Vec::new();
    let mut rest = raw.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest
            .split_once(':')
            .filter(|(key, _)| !key.is_empty() && !key.contains(char::is_whitespace))
            .ok_or_else(|| Refusal::bad(format!("Error parsing search query near {rest:?}")))?;
        let (values, after) = if let Some(list) = after.strip_prefix('[') {
            list_of(list)?
        } else {
            let (one, after) = value(after, &[])?;
            (vec![one], after)
        };
        terms.push(Term {
            key: key.to_owned(),
            values,
        });
        rest = after.trim_start();
    }
    Ok(terms)
}

fn list_of(raw: &str) -> Result<(Vec<String>, &str), Refusal> {
    let mut values = Vec::new();
    let mut rest = raw;
    loop {
        let (one, after) = value(rest.trim_start(), &[',', ']'])?;
        values.push(one);
        let after = after.trim_start();
        if let Some(after) = after.strip_prefix(']') {
            return Ok((values, after));
        }
        rest = after
            .strip_prefix(',')
            .ok_or_else(|| Refusal::bad("Error parsing search query: a list is not closed"))?;
    }
}

/// One value, quoted or up to a blank or one of `ends`.
fn value<'a>(raw: &'a str, ends: &[char]) -> Result<(String, &'a str), Refusal> {
    let (quoted, body) = match raw.strip_prefix('"') {
        Some(body) => (true, body),
        None => (false, raw),
    };
    let mut out = String::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        let over = if quoted {
            c == '"'
        } else {
            c.is_whitespace() || ends.contains(&c)
        };
        if over {
            let skip = if quoted { at + c.len_utf8() } else { at };
            let rest = body.split_at_checked(skip).map_or("", |(_, rest)| rest);
            return Ok((out, rest));
        }
        match c {
            '*' => {
                return Err(Refusal::bad(
                    "Invalid condition: wildcard search is not supported",
                ));
            }
            '\\' => out.extend(chars.next().map(|(_, c)| c)),
            c => out.push(c),
        }
    }
    if quoted {
        return Err(Refusal::bad(
            "Error parsing search query: a quote is not closed",
        ));
    }
    Ok((out, ""))
}
